"""What a recipe of synthesis would ask, and what that would cost: its steps run on a sample, and nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from weft.engine import build
from weft.engine.plan_lanes import names_in
from weft.engine.plan_synthesis import sources_of
from weft.engine.reading import Build
from weft.engine.scheduler import Listener
from weft.engine.synthesis_estimate_client import Answer, Asked, Estimating
from weft.engine.tasks.judging import SETTINGS, asking
from weft.engine.tasks.made_tables import PURPOSE, register
from weft.engine.work import rooms_registry
from weft.errors import WeftError
from weft.govern import purposes
from weft.model.records import RECORD
from weft.recipe import Recipe, Step
from weft.synthesize import judging
from weft.synthesize.gates import trusted
from weft.synthesize.making import PARENT


def estimate(
    recipe: Recipe, into: str | Path, sample: int, answer: Answer, listener: Listener | None = None
) -> dict[str, Any]:
    """Calls, tokens and cost of labels, steps and judges, from `sample` documents of each; nobody is asked.

    All documents are read and labelled first, but for labels that ask services, and labels that read those: a condition
    on such a label is taken to be met, and what a step that reads one asks is unknown. Judges are asked about every
    record, as if all passed the other gates. `most` is the cost if every reply were as long as `max_tokens` lets it be.
    Calls whose answers are in the folder cost nothing. Raises WeftError where documents cannot be read.
    """
    free = _without_services(recipe)
    result = build.run(free, into, only="label", listener=listener)
    if result.status:
        failed = result.tally.failures
        raise WeftError(f"{into}: documents cannot be read: {failed[0].failure if failed else result.stopped}")
    sampled = _Sampled(Build.open(into), recipe, sample, answer)
    steps = [*sampled.labels(), *sampled.steps(), *sampled.judges()]
    currency = next((s.price.currency for s in recipe.services.values() if s.price is not None), None)
    totals = {name: _total([step[name] for step in steps]) for name in ("calls", "cost", "most")}
    return {"name": recipe.name, "currency": currency, "steps": steps, **totals}


def _without_services(recipe: Recipe) -> Recipe:
    """The recipe with the labels that cost nothing."""
    gone: set[str] = set()
    kept = []
    for step in recipe.label:
        spec = rooms_registry().get(step.operator)
        if spec.service is not None or gone & {*spec.reading(step.params), *names_in(step.where)}:
            gone |= set(spec.writes)
        else:
            kept.append(step)
    return recipe.model_copy(update={"label": type(recipe.label)(kept)})


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


class _Sampled:
    """A sample of the documents that each step is given, and what is asked about it."""

    def __init__(self, held: Build, recipe: Recipe, sample: int, answer: Answer) -> None:
        self._held, self._recipe, self._sample, self._answer = held, recipe, sample, answer
        self._consents = register(recipe.synthesis.consents)
        self._columns = held.documents().collect_schema().names()
        self._made: list[tuple[pa.Table, float]] = []

    def labels(self) -> Iterator[dict[str, Any]]:
        """Labels that ask services."""
        for step in self._recipe.label:
            if rooms_registry().get(step.operator).service is not None:
                ids = self._meeting(step)["id"].sort()
                _, asked = self._run(step, ids)
                yield _told(step.operator, ids.len(), asked, self._scale(ids))

    def steps(self) -> Iterator[dict[str, Any]]:
        """The recipe's steps; what they make is kept for the judges."""
        for step in self._recipe.synthesize:
            terms = self._meeting(step).filter(pl.col("source").is_in(sources_of(self._recipe, step)))
            denied = purposes.denied(terms.to_arrow(), PURPOSE, self._consents)
            ids = terms.filter(pl.Series(pl.from_arrow(denied), dtype=pl.String).is_null())["id"].sort()
            made, asked = self._run(step, ids)
            self._made.append((made, self._scale(ids)))
            yield _told(step.operator, ids.len(), asked, self._scale(ids))

    def judges(self) -> Iterator[dict[str, Any]]:
        """Services that judge the records, and text by people first."""
        settings = self._recipe.synthesis
        for gate, given in settings.dear().items():
            people = judging.items_of_trusted(self._people(), given.trusted, gate)
            whole, count = _told(f"gates.{gate}", 0, self._judged(gate, given, people), 1.0), float(len(people))
            for made, scale in self._made:
                passed = made["problem"].is_null().to_pylist()
                items = judging.items_of(made, passed, gate)
                part = _told("", 0, self._judged(gate, given, items), scale)
                count += len(items) * scale
                for name in ("calls", "answered", "tokens_in", "tokens_out", "cost", "most"):
                    whole[name] = _total([whole[name], part[name]])
            yield whole | {"documents": round(count)}

    def _people(self) -> pa.Table:
        gates = self._recipe.synthesis.gates
        ids = self._held.documents(text=False).select("id").collect()["id"].sort()
        return trusted.sample(self._rows(ids, PARENT), gates.trusted, gates.seed)

    def _judged(self, gate: str, given: Any, items: Sequence[judging.Item]) -> Asked:
        asked = Asked()
        services = {gate: self._recipe.services[given.service]}
        client = Estimating(services, asked, self._answer, self._held)
        asyncio.run(asking(client, SETTINGS[gate].model_validate(given.model_dump()), items))
        return asked

    def _meeting(self, step: Step) -> pl.DataFrame:
        """Id and terms of the documents that meet the condition of a step, as far as it can be told."""
        frame = self._held.documents(text=False)
        if step.where is not None and names_in(step.where) <= set(self._columns):
            frame = frame.filter(pl.sql_expr(step.where))
        return frame.select("id", "source", *purposes.READS).collect()

    def _scale(self, ids: pl.Series) -> float:
        return ids.len() / min(self._sample, ids.len()) if ids.len() else 0.0

    def _rows(self, ids: pl.Series, reads: Sequence[str]) -> pa.Table:
        """The first documents by id, which is a hash: they are drawn at random."""
        chosen = ids.head(self._sample)
        rows = self._held.documents().filter(pl.col("id").is_in(chosen.implode())).sort("id").collect()
        return _batch(rows, reads)

    def _run(self, step: Step, ids: pl.Series) -> tuple[pa.Table, Asked]:
        spec, asked = rooms_registry().get(step.operator), Asked()
        reads = spec.reading(step.params)
        if not set(reads) <= set(self._columns):
            asked.cost = asked.most = None
            return RECORD.empty_table(), asked
        batch = self._rows(ids, reads)
        if spec.kind != "service":
            return spec.build(**step.params)(batch), asked
        services = {name: self._recipe.services[value] for name, value in spec.asking(step.params).items()}
        client = Estimating(services, asked, self._answer, self._held)
        return asyncio.run(spec.build(**step.params)(batch, client)), asked


def _told(name: str, documents: int, asked: Asked, scale: float) -> dict[str, Any]:
    found: dict[str, Any] = {"recipe": name, "documents": documents}
    for count in ("calls", "answered", "tokens_in", "tokens_out"):
        found[count] = round(getattr(asked, count) * scale)
    for cost in ("cost", "most"):
        value = getattr(asked, cost)
        found[cost] = None if value is None else value * scale
    return found


def _batch(rows: pl.DataFrame, reads: Sequence[str]) -> pa.Table:
    """Rows as an operator gets them from a shard."""
    table = rows.select(reads).to_arrow()
    if rows.height == 0:
        return table
    strings = {name: pa.large_string() if name == "text" else pa.string() for name in reads}
    columns = [
        column.cast(strings[name]) if pa.types.is_large_string(column.type) else column
        for name, column in zip(reads, table.columns, strict=True)
    ]
    return pa.table(columns, names=list(reads))
