"""Records among the documents: their parts are mended one by one, as texts of their own, and joined again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.acquire.records import BETWEEN
from weft.model.tables import PART, PROBLEM

Numbers = npt.NDArray[np.int64]
_PARTS = pa.list_(PART)
_EMPTY = "a part of the record holds nothing but white space or characters that are taken out"
_EQUAL = "chosen and rejected are the same once they are mended"


class Taken(NamedTuple):
    """A batch in which every part is a row, and the way back: the row that each came from, and what it is a part of."""

    batch: pa.Table
    whole: pa.Table
    row: Numbers
    parts: pa.StructArray


def take_apart(batch: pa.Table) -> Taken | None:
    """Every part of a record as a row of its own, beside plain texts; None when there is no record.

    The rows of a record repeat all its columns but `text`.
    """
    given = batch["given_parts"].combine_chunks()
    if given.null_count == len(given):
        return None
    counts = np.asarray(pc.fill_null(pc.list_value_length(given), 0), np.int64)
    row = np.repeat(np.arange(len(counts)), np.maximum(counts, 1))
    place = np.full(len(row), -1, np.int64)
    place[np.asarray(counts > 0)[row]] = np.arange(int(counts.sum()))
    parts = given.flatten().take(pa.array(place, mask=place < 0))
    text = pc.coalesce(parts.field("text"), batch["text"].combine_chunks().take(pa.array(row)))
    apart = batch.take(pa.array(row))
    return Taken(apart.set_column(apart.column_names.index("text"), "text", text), batch, row, parts)


def put_together(taken: Taken, mended: pa.Table, row: Numbers, parts: pa.StructArray) -> pa.Table:
    """The whole rows again, from their mended parts: text, `parts` with their places, and the steps' counts.

    `row` and `parts` are those of the rows of `mended`. What steps counted is added up; a flag is true when it is true
    of a part. A record with an empty part becomes a problem: what it said is lost. So does a preference whose answers
    mending has made the same.
    """
    frame = pl.DataFrame({"row": row, "text": pl.from_arrow(mended["text"])})
    frame = frame.with_columns(pl.col("text").fill_null("").str.len_chars().cast(pl.Int64).alias("chars"))
    gap = len(BETWEEN)
    end = (pl.col("chars") + gap).cum_sum().over("row") - gap
    frame = frame.with_columns(
        pl.Series("record", parts.is_valid().to_numpy(zero_copy_only=False)),
        (end - pl.col("chars")).alias("begin"),
        end.alias("end"),
    )
    named = pl.DataFrame({name: pl.from_arrow(parts.field(name)) for name in ("field", "role", "language")})
    frame = pl.concat([frame, named], how="horizontal")
    together = frame.group_by("row", maintain_order=True).agg(
        pl.col("text").str.join(BETWEEN),
        pl.col("record").first(),
        (pl.col("record") & (pl.col("chars") == 0)).any().alias("empty"),
        (pl.col("field").eq("chosen").any() & (_answer("chosen") == _answer("rejected"))).alias("equal"),
        pl.struct(field.name for field in PART).alias("parts"),
    )
    made = taken.whole.take(pa.array(together["row"].to_numpy()))
    made = made.set_column(made.column_names.index("text"), "text", together["text"].to_arrow().cast(pa.large_string()))
    lists = together.select(pl.when("record").then("parts").alias("parts"))["parts"]
    made = made.append_column("parts", lists.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(_PARTS))
    made = _with_problem(made, together["empty"], "empty_part", _EMPTY)
    made = _with_problem(made, together["equal"].fill_null(False), "no_preference", _EQUAL)
    for name in mended.column_names:
        if name not in made.column_names:
            made = made.append_column(name, _added_up(mended[name], row))
    return made


def _answer(field: str) -> pl.Expr:
    """What stands in the messages of an answer, with their roles."""
    return pl.concat_str("role", "text", separator=": ").filter(pl.col("field") == field).str.join(BETWEEN)


def _with_problem(made: pa.Table, bad: pl.Series, reason: str, detail: str) -> pa.Table:
    if not bad.any():
        return made
    said = {"kind": "reject", "reason": reason, "detail": detail}
    held = made["problem"].to_pylist()
    problems = [said if wrong and old is None else old for wrong, old in zip(bad, held, strict=True)]
    return made.set_column(made.column_names.index("problem"), "problem", pa.array(problems, PROBLEM))


def _added_up(column: pa.ChunkedArray, row: Numbers) -> pa.Array:
    """A step's counts of each whole row: sums, the highest probability, whether any part was changed."""
    kind = column.type
    names = [field.name for field in kind] if pa.types.is_struct(kind) else ["value"]
    frame = pl.DataFrame({"value": pl.from_arrow(column)})
    known = pl.Series("known", column.is_valid().to_numpy())
    if pa.types.is_struct(kind):
        frame = frame.unnest("value")
    frame = frame.with_columns(pl.Series("row", row), known)
    whole = [
        pl.col(n).any(ignore_nulls=True) if t == pl.Boolean else pl.col(n).sum() if t.is_integer() else pl.col(n).max()
        for n, t in frame.schema.items()
        if n in names
    ]
    grouped = frame.group_by("row", maintain_order=True).agg(*whole, pl.col("known").any())
    value = pl.struct(names) if pa.types.is_struct(kind) else pl.col("value")
    made = grouped.select(pl.when("known").then(value).alias("value"))["value"]
    return made.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(kind)
