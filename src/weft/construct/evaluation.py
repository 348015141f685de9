"""Evaluation items that were found in documents: counted by benchmark, and the first of them with their places."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

FOUND: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "item": pl.String,
    "document": pl.String,
    "start": pl.Int32,
    "end": pl.Int32,
    "kind": pl.String,
    "share": pl.Float32,
    "rule": pl.String,
}
"""An item in a document: characters `start` to `end` of its text; `rule` left the document out, null: it was kept."""

SOUGHT: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "items": pl.Int64,
    "sought": pl.Int64,
    "too_short": pl.Int64,
    "too_common": pl.Int64,
}
"""How many items a benchmark has, and how many of them can be sought."""
SHOWN = 5
"""Places that are shown of a benchmark."""


def found(frame: pl.DataFrame) -> pl.DataFrame:
    """FOUND of the rows of a shard, which have `id`, `rule` and, where the recipe seeks items, `contamination`."""
    if "contamination" not in frame.columns:
        return pl.DataFrame(schema=FOUND)
    rows = frame.select(pl.col("id").alias("document"), "rule", pl.col("contamination").struct.field("found"))
    listed = rows.drop_nulls("found").explode("found").unnest("found")
    return listed.select(list(FOUND)).cast(FOUND)  # type: ignore[arg-type]


def merged(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One FOUND table, in the order of the corpus."""
    return pl.concat([pl.DataFrame(schema=FOUND), *tables])


def by_benchmark(rows: pl.DataFrame, sought: pl.DataFrame) -> pl.DataFrame:
    """SOUGHT and, of each benchmark, `found` items, `verbatim` ones, `documents` that hold some, and how many of those
    were `kept`."""
    counted = rows.group_by("benchmark").agg(
        pl.col("item").n_unique().alias("found"),
        pl.col("item").filter(pl.col("kind") == "verbatim").n_unique().alias("verbatim"),
        pl.col("document").n_unique().alias("documents"),
        pl.col("document").filter(pl.col("rule").is_null()).n_unique().alias("kept"),
    )
    joined = sought.join(counted, on="benchmark", how="left", validate="1:1").sort("benchmark")
    return joined.with_columns(pl.col("found", "verbatim", "documents", "kept").fill_null(0).cast(pl.Int64))


def first_places(rows: pl.DataFrame) -> pl.DataFrame:
    """The first SHOWN rows of each benchmark, those of kept documents before others."""
    ordered = rows.with_columns(pl.col("rule").is_not_null().alias("out")).sort("benchmark", "out", maintain_order=True)
    return ordered.filter(pl.int_range(pl.len()).over("benchmark") < SHOWN).drop("out")


BENCHMARKS = ("benchmark", "items", "too short", "too common", "found", "word for word", "documents", "of these kept")
PLACES = ("benchmark", "item", "document", "characters", "kind", "share", "the document is")
NOTE = "Items that are too short, or made of what is common, cannot be told from ordinary text and were not sought."


def benchmark_rows(counted: pl.DataFrame) -> list[list[str]]:
    """The cells under BENCHMARKS of a table of `by_benchmark`."""
    columns = ("items", "too_short", "too_common", "found", "verbatim", "documents", "kept")
    return [[row["benchmark"], *(f"{row[name]:,}" for name in columns)] for row in counted.iter_rows(named=True)]


def place_rows(places: pl.DataFrame) -> list[list[str]]:
    """The cells under PLACES of a table of `first_places`."""
    rows = []
    for row in places.iter_rows(named=True):
        outcome = f"left out: {row['rule']}" if row["rule"] else "kept"
        place = f"{row['start']}-{row['end']}"
        rows.append(
            [row["benchmark"], row["item"], row["document"], place, row["kind"], f"{row['share']:.2f}", outcome]
        )
    return rows
