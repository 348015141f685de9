"""Which of the records that passed the gates are released: near copies, ratings of people and balance decide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.ledger import Entry
from weft.engine.storage import record_to_json
from weft.engine.tasks.made_tables import first_fail, judged, told_json
from weft.engine.tasks.releasing import DECISION, made_amounts
from weft.engine.work import Context, Task, entry
from weft.errors import WeftError
from weft.model.records import RECORD
from weft.synthesize import review
from weft.synthesize.balance import BalanceSettings, balance, drawn
from weft.synthesize.gates import outputs
from weft.synthesize.gates.settings import GateSettings
from weft.synthesize.review_acceptance import HELD, UNRATED, acceptance, release_gate, unmatched
from weft.synthesize.review_guidelines import guidelines

_NAMES = ("id", "kind", "recipe", "language", "skill")
_FACTS = {**DECISION, **dict.fromkeys(_NAMES, pl.String), "version": pl.Int32, "size": pl.Int64}


def choose(task: Task, context: Context) -> list[Entry]:
    """A decision about every record: the rule that leaves it out, or null; what people rate, and what they said.

    Rules are the names of gates, and near_duplicate, people, not_rated and balance.
    """
    given = task.arguments
    settings = BalanceSettings.model_validate(given["balance"])
    rows = pl.concat([pl.DataFrame(schema=_FACTS), *_gated(task, context, settings.unit)])
    rows = _ruled(rows, _copies(task, context, rows), "near_duplicate")
    sample = _sample(task, context, rows)
    told, states = _people(given["people"], sample)
    rows = _ruled(rows, in_state(rows, states, HELD), "people")
    if given["people"]["required"]:
        rows = _ruled(rows, in_state(rows, states, UNRATED), "not_rated")
    rows = _ruled(rows, _unbalanced(rows, given["human"], settings), "balance")
    storage, name = context.storage, task.key[:12]
    table = rows.select(list(DECISION)).to_arrow()
    files = [
        storage.write_table(f"synthesize/choice/{name}.parquet", [table], table.schema),
        storage.write_bytes(f"synthesize/people/{name}.json", told_json(told).encode("utf-8")),
        storage.write_bytes(f"synthesize/people/{name}.jsonl", sample.jsonl().encode("utf-8")),
        storage.write_table(f"synthesize/people/{name}-key.parquet", [sample.key], review.KEY),
    ]
    counts = {"rows_in": rows.height, "kept": rows["rule"].null_count()}
    return [entry(task, task.key, [record_to_json(record) for record in files], counts)]


def _ruled(rows: pl.DataFrame, out: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Rows with a rule for those of `out` (place, row, out), which says why."""
    joined = rows.join(out, on=["place", "row"], how="left", maintain_order="left")
    left_out = pl.col("out").is_not_null()
    return joined.with_columns(
        pl.when(left_out).then(pl.lit(rule)).otherwise("rule").alias("rule"),
        pl.when(left_out).then("out").otherwise("detail").alias("detail"),
    ).drop("out")


def _gated(task: Task, context: Context, unit: str) -> Iterator[pl.DataFrame]:
    """What the gates alone decide: the first that failed; of a parent without record, why it has none."""
    for number, start, batch, verdicts in judged(task.arguments["places"], context.storage):
        held = first_fail(verdicts["gates"], start)
        problem = pl.Series(pl.from_arrow(pc.struct_field(batch["problem"], "reason")), dtype=pl.String)
        yield held.select(
            pl.lit(number, pl.Int32).alias("place"),
            pl.col("row").cast(pl.Int64),
            pl.when(problem.is_not_null()).then(problem).otherwise(pl.col("gate")).alias("rule"),
            pl.col("detail"),
        ).with_columns(
            *(pl.Series(name, pl.from_arrow(batch[name]), dtype=pl.String) for name in _NAMES),
            pl.Series("version", pl.from_arrow(batch["version"]), dtype=pl.Int32),
            _sizes(batch, unit),
        )


def _sizes(batch: pa.Table, unit: str) -> pl.Series:
    """How much of each record a machine made."""
    held = made_amounts(batch, unit).group_by("row").agg(pl.col("size").sum())
    rows = pl.DataFrame({"row": pl.int_range(batch.num_rows, dtype=pl.UInt32, eager=True)})
    return rows.join(held, on="row", how="left", maintain_order="left")["size"].fill_null(0)


def _unbalanced(rows: pl.DataFrame, human: Mapping[str, int], settings: BalanceSettings) -> pl.DataFrame:
    """What balance leaves out of the records that are still in, and why."""
    alive = rows.filter(pl.col("rule").is_null()).rename({"size": settings.unit})
    reasons = balance(alive, human, settings)["reason"]
    return alive.select("place", "row").with_columns(reasons.alias("out")).filter(pl.col("out").is_not_null())


def _stratum() -> pl.Expr:
    return pl.concat_str("recipe", pl.lit("@"), pl.col("version").cast(pl.String))


def _sample(task: Task, context: Context, rows: pl.DataFrame) -> review.Drawn:
    """Tasks for people, of the records that are still in."""
    given, seed = task.arguments["people"], task.arguments["seed"]
    alive = rows.filter(pl.col("rule").is_null() & pl.col("language").is_not_null())
    alive = alive.with_columns(pl.Series("draw", drawn(alive["id"], seed), dtype=pl.UInt64)).sort("draw", "id")
    chosen = alive.filter(pl.int_range(pl.len()).over("recipe", "version", "language") < given["sample"])
    rows_of = {place: part["row"].sort() for (place,), part in chosen.group_by("place")}
    found = [RECORD.empty_table()]
    for number, start, batch, _ in judged(task.arguments["places"], context.storage):
        if number in rows_of:
            mine = rows_of[number].filter(rows_of[number].is_between(start, start + batch.num_rows, closed="left"))
            found.append(batch.take((mine - start).to_arrow()).select(RECORD.names))
    people = [
        json.loads(line)
        for path in task.arguments["controls"]
        for line in (context.storage.content(path) or b"").splitlines()
    ]
    records = pa.concat_tables(found)
    return review.tasks(records, given["sample"], seed, controls=people, share=given["controls"])


def _people(given: Mapping[str, Any], sample: review.Drawn) -> tuple[dict[str, Any], pl.DataFrame]:
    """What people said, and the state of each recipe and language. Raises WeftError for judgements that are none."""
    told: dict[str, Any] = {"tasks": len(sample.tasks), "guidelines": guidelines().title, "acceptance": []}
    held = [] if given["judgements"] is None else _judgements(given["judgements"])
    accepted = acceptance(held, sample.key)
    states = release_gate(accepted, given["floor"])
    if given["judgements"] is not None:
        rows = accepted.join(states, on=["recipe", "language"], how="left", maintain_order="left").to_dicts()
        told |= {"judgements": len(held), "unmatched": unmatched(held, sample.key), "acceptance": rows}
    return told, states


def _judgements(path: str) -> list[review.Judgement]:
    try:
        return review.read_judgements(Path(path).read_bytes(), path)
    except OSError as error:
        raise WeftError(f"{path}: cannot be read: {error.strerror}; expected judgements") from None


def in_state(rows: pl.DataFrame, states: pl.DataFrame, state: str) -> pl.DataFrame:
    """Records of the recipes and languages in a state, with what is said of it; without any they are unrated."""
    alive = rows.filter(pl.col("rule").is_null()).with_columns(_stratum().alias("recipe"))
    joined = alive.join(states, on=["recipe", "language"], how="left", maintain_order="left", suffix="_said")
    told = joined.select("place", "row", pl.col("state").fill_null(UNRATED), pl.col("detail_said").alias("out"))
    return told.filter(pl.col("state") == state).select("place", "row", pl.col("out").fill_null("nobody has rated it"))


def _copies(task: Task, context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """Records that nearly repeat an earlier one that is still in, in the order of steps and shards."""
    alive = rows.filter(pl.col("rule").is_null()).select("place", "row")
    tables = []
    for number, place in enumerate(task.arguments["places"]):
        mine = alive.filter(pl.col("place") == number)["row"]
        signed = context.storage.read_table(place["signatures"])
        tables.append(signed.filter(pc.is_in(signed["row"], mine.to_arrow())))
    near = GateSettings.model_validate(task.arguments["gates"]).near_output
    found = [pl.DataFrame(schema={"place": pl.Int32, "row": pl.Int64, "out": pl.String})]
    for number, (table, of) in enumerate(zip(tables, outputs.duplicates(tables, near), strict=True)):
        columns = {"place": [number] * table.num_rows, "row": table["row"].to_pylist(), "out": of.to_pylist()}
        found.append(pl.DataFrame(columns, found[0].schema).drop_nulls("out"))
    return pl.concat(found).with_columns(pl.format("nearly repeats {}", "out").alias("out"))
