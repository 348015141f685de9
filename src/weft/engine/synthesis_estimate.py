"""What a recipe of synthesis would ask, and what that would cost: its steps run on a sample, and nobody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.engine import build
from weft.engine.places import in_objects
from weft.engine.reading import Build
from weft.engine.scheduler import Listener
from weft.engine.service_account import account
from weft.engine.service_replies import FOLDER, Replies, folder_of, key_of
from weft.engine.tasks.made_tables import PURPOSE, register
from weft.engine.work import rooms_registry
from weft.errors import WeftError
from weft.govern import purposes
from weft.operators.protocols import PROTOCOLS
from weft.operators.service import Answered
from weft.recipe import Recipe, Step
from weft.recipe.services import Service

Answer = Callable[[Mapping[str, Any]], str]
"""A likely answer to a request: its length is what counts."""


@dataclass
class _Asked:
    """Requests of a sample, each once."""

    keys: set[bytes] = field(default_factory=set)
    calls: int = 0
    answered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    most: float | None = 0.0


def estimate(
    recipe: Recipe, into: str | Path, sample: int, answer: Answer, listener: Listener | None = None
) -> dict[str, Any]:
    """Calls, tokens and cost of every step, from `sample` documents of each; reads and labels all documents first.

    `most` is the cost if every reply were as long as `max_tokens` lets it be. Calls whose answers are in the folder
    cost nothing. Raises WeftError where documents cannot be read.
    """
    result = build.run(recipe, into, only="label", listener=listener)
    if result.status:
        failed = result.tally.failures
        raise WeftError(f"{into}: documents cannot be read: {failed[0].failure if failed else result.stopped}")
    held = Build.open(into)
    consents = register(recipe.synthesis.consents)
    steps = [_step(held, recipe, step, sample, answer, consents) for step in recipe.synthesize]
    currency = next((s.price.currency for s in recipe.services.values() if s.price is not None), None)
    totals = {name: _total([step[name] for step in steps]) for name in ("calls", "cost", "most")}
    return {"name": recipe.name, "currency": currency, "steps": steps, **totals}


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _step(
    held: Build, recipe: Recipe, step: Step, sample: int, answer: Answer, consents: purposes.Register | None
) -> dict[str, Any]:
    spec = rooms_registry().get(step.operator)
    frame = held.documents(text=False)
    ids = frame.filter(pl.sql_expr(step.where)).select("id") if step.where is not None else frame.select("id")
    terms = frame.select("id", *purposes.READS).join(ids, on="id", how="semi").collect()
    denied = pl.Series(pl.from_arrow(purposes.denied(terms.to_arrow(), PURPOSE, consents)), dtype=pl.String)
    eligible = terms.filter(denied.is_null())["id"].sort()  # an id is a hash: the first ones are drawn at random
    asked = _Asked()
    if spec.kind == "service":
        chosen = eligible.head(sample)
        rows = held.documents().filter(pl.col("id").is_in(chosen.implode())).sort("id").collect()
        services = {name: recipe.services[value] for name, value in spec.asking(step.params).items()}
        client = _Estimating(services, asked, answer, held)
        asyncio.run(spec.build(**step.params)(_batch(rows, spec.reads), client))
    scale = eligible.len() / min(sample, eligible.len()) if eligible.len() else 0.0
    found: dict[str, Any] = {"recipe": step.operator, "documents": eligible.len()}
    for name in ("calls", "answered", "tokens_in", "tokens_out"):
        found[name] = round(getattr(asked, name) * scale)
    for name in ("cost", "most"):
        value = getattr(asked, name)
        found[name] = None if value is None else value * scale
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


class _Estimating:
    """A client that asks nobody: it counts what would be sent, and answers what is likely."""

    def __init__(self, services: Mapping[str, Service], asked: _Asked, answer: Answer, held: Build) -> None:
        self._services, self._asked, self._answer, self._held = services, asked, answer, held
        self._service = next(iter(services.values()))
        folder = held.storage.root / FOLDER / folder_of(self._service.identity())
        self._replies = Replies(folder) if folder.is_dir() and not in_objects(held.storage.place) else None

    @property
    def protocol(self) -> str:
        return self._service.protocol

    @property
    def structured(self) -> str:
        return "json_schema"  # so that the request says the form that a likely answer has to have

    def beside(self, parameter: str) -> _Estimating:
        return _Estimating({parameter: self._services[parameter]}, self._asked, self._answer, self._held)

    def fail(self, row: int, reason: str, detail: str) -> None:
        """A sample loses a row; the others tell."""

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        answered = await self.call(row, body)
        return answered.value

    async def ask_each(self, rows: Sequence[int], items: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
        """Translation models in a folder are free; a likely translation is as long as its source.

        What an encoder asks for is not counted: to it all texts are alike.
        """
        if self._service.protocol == "openai-embeddings":
            return [np.ones(1, np.float32) for _ in items]
        return [{"text": item, "finish": "stop", "tokens": [0, 0]} for item in items]

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered:
        sent = self._sent(body)
        key = key_of(self._service.identity(), [sent, sample] if sample else sent)
        kept = self._replies.get(key) if self._replies is not None else None
        if kept is not None:
            value = PROTOCOLS[self._service.protocol].unpack(kept.body)
        else:
            value = {"text": self._answer(body), "finish": "stop"}
        told = account(self._service, key, sent, value)
        if key not in self._asked.keys:
            self._asked.keys.add(key)
            self._count(told, sent, kept is not None)
        return Answered(value, told)

    def _count(self, told: Mapping[str, Any], sent: Mapping[str, Any], answered: bool) -> None:
        asked, price = self._asked, self._service.price
        asked.calls += 1
        asked.answered += answered
        if answered:
            return
        asked.tokens_in += told["tokens_in"]
        asked.tokens_out += told["tokens_out"]
        if price is None or asked.cost is None or asked.most is None:
            asked.cost = asked.most = None
            return
        asked.cost += price.of(told["tokens_in"], told["tokens_out"])
        asked.most += price.of(told["tokens_in"], sent.get("max_tokens") or told["tokens_out"])

    def _sent(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The request as the service would get it."""
        sent = dict(body)
        form = sent.get("response_format")
        if not isinstance(form, dict) or form.get("type") != "json_schema":
            return sent
        mode = self._service.structured_output
        if mode == "none":
            del sent["response_format"]
        elif mode == "json_object":
            sent["response_format"] = {"type": "json_object"}
        return sent
