"""Which row of each kind stays in a cluster: decided among those that pass, the same on any number of workers."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from weft.errors import ShardError

CANDIDATE = pa.schema(
    {
        "cluster": pa.string(),
        "form": pa.string(),  # kind of record, of pairs also the languages: other forms are no copies
        "shard": pa.int32(),
        "row": pa.int32(),
        "chars": pa.int64(),
        "priority": pa.int32(),
        "consented": pa.bool_(),
        "id": pa.string(),
    }
)
"""A passing row of a cluster of several: what the election needs to know of it."""

ELECTED = pa.schema(
    {"shard": pa.int32(), "row": pa.int32(), "id": pa.string(), "cluster": pa.string(), "kept": pa.string()}
)
"""A row that was not elected, and the id of the one that is kept in its place."""


LAST = -(1 << 31)
"""The priority of a row that stays only where no other can."""

ORDER = {"priority": True, "consented": True, "chars": True, "id": False}
"""What decides between the documents of a cluster, in this order; true: the highest wins."""


def decided_by(two: pl.DataFrame) -> str:
    """The first column of ORDER in which two rows of CANDIDATE differ."""
    return next((name for name in ORDER if two[name].n_unique() > 1), "id")


def candidates(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of CANDIDATE from passing rows: `id`, `shard`, `row`, `deduplicate`, and if there `priority`, `consent`,
    `record_kind` and `parts`.

    Length is `signals.chars` where there is one, else that of `text`, else 0. A higher priority wins; null is 0. A
    document is consented when it has an id in the consent register.
    """
    cluster = pl.col("deduplicate").struct.field("cluster")
    size = pl.col("deduplicate").struct.field("size")
    rows = frame.lazy().filter(size > 1)
    return rows.select(
        cluster.alias("cluster"),
        form(frame).alias("form"),
        pl.col("shard", "row").cast(pl.Int32),
        *standing(frame),
        pl.col("id"),
    ).collect()


def standing(frame: pl.DataFrame) -> list[pl.Expr]:
    """`chars`, `priority` and `consented` of the rows of a frame: what decides between copies, beside their ids."""
    priority = pl.col("priority").fill_null(0) if "priority" in frame.columns else pl.lit(0)
    consented = pl.col("consent").is_not_null() if "consent" in frame.columns else pl.lit(False)
    return [
        _length(frame).fill_null(0).cast(pl.Int64).alias("chars"),
        priority.cast(pl.Int32).alias("priority"),
        consented.alias("consented"),
    ]


def form(frame: pl.DataFrame) -> pl.Expr:
    """What a row can be a copy of: `text`, `sft`, `dpo`, or `pair` with its languages.

    A conversation about a page is no copy of it, and one sentence translated into two languages is two pairs.
    """
    if "record_kind" not in frame.columns:
        return pl.lit("text")
    kind = pl.col("record_kind").fill_null("text")
    if not isinstance(frame.schema.get("parts"), pl.List):
        return kind
    languages = pl.col("parts").list.eval(pl.element().struct.field("language")).list.join(" ")
    return pl.when(kind == "pair").then(pl.format("pair {}", languages.fill_null(""))).otherwise(kind)


def _length(frame: pl.DataFrame) -> pl.Expr:
    kind = frame.schema.get("signals")
    if isinstance(kind, pl.Struct) and "chars" in {field.name for field in kind.fields}:
        return pl.col("signals").struct.field("chars")
    return pl.col("text").str.len_chars() if "text" in frame.columns else pl.lit(0)


def elect(tables: Iterable[pl.DataFrame | pa.Table]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(survivors, dropped) of all candidates: highest priority, then consented, then longest, then smallest id.

    One row of each form stays in a cluster. Survivors have `cluster, form, shard, row, id`; dropped have ELECTED. Every
    candidate is in exactly one.
    """
    frames = [_frame(table) for table in tables]
    rows = pl.concat(frames) if frames else _frame(CANDIDATE.empty_table())
    copies = ["cluster", "form"]
    rows = rows.sort([*copies, *ORDER, "shard", "row"], descending=[False, False, *ORDER.values(), False, False])
    ranked = rows.with_columns(
        pl.int_range(pl.len()).over(copies).alias("rank"), pl.col("id").first().over(copies).alias("kept")
    )
    survivors = ranked.filter(pl.col("rank") == 0).select(*copies, "shard", "row", "id").sort("shard", "row")
    dropped = ranked.filter(pl.col("rank") > 0).select(ELECTED.names).sort("shard", "row")
    if survivors.height + dropped.height != rows.height:
        raise ShardError(f"election: {rows.height} rows in, {survivors.height} kept and {dropped.height} dropped")
    return survivors, dropped


def _frame(table: pl.DataFrame | pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table) if isinstance(table, pa.Table) else table
    assert isinstance(frame, pl.DataFrame)
    return frame.select(CANDIDATE.names)
