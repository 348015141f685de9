"""Pairs of a batch of documents by the languages of their sides, and a label column from what is said of each pair."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from weft.text.sides import sides


def paired(batch: pa.Table, depth_field: str | None = None) -> pl.DataFrame:
    """A row for each side but the first of each pair, which is judged with it: `row` and `number` (of the side).

    `first` and `language` are the languages, `source` and `text` the texts; `depth` is what `meta` says in
    `depth_field`.
    """
    apart = sides(batch).with_columns(number=pl.int_range(pl.len()).over("row"))
    first = apart.filter(pl.col("number") == 0).select("row", first="language", source="text")
    later = apart.filter(pl.col("number") > 0).join(first, on="row", maintain_order="left")
    depth = pl.lit(None, pl.Float32)
    if depth_field is not None:
        meta: Any = pl.from_arrow(batch["meta"])
        steps = meta.cast(pl.String).str.json_path_match(f"$.{depth_field}").cast(pl.Float32, strict=False)
        depth = pl.lit(steps).gather(pl.col("row"))
    return later.with_columns(depth.alias("depth"))


def column_of(found: list[pl.DataFrame], rows: int, kind: pa.StructType, worse: pl.Expr) -> pa.Array:
    """One struct of type `kind` for each row of a batch; null where it is no pair.

    A part of `found` has `row`, `number` and the fields of `kind`. Of several sides of a row `keep` says that none is
    refused, `reasons` are those of all, and the rest is that of the side where `worse` is highest, the first of them.
    """
    if not found:
        return pa.nulls(rows, kind)
    every = pl.concat(found)
    worst = every.with_columns(worse.alias("worse"))
    worst = worst.sort("row", "worse", "number", descending=[False, True, False], nulls_last=True)
    merged = (
        every.sort("row", "number")
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("keep").drop_nulls().all().alias("keep"),
            pl.col("keep").is_not_null().any().alias("known"),
            pl.col("reasons").drop_nulls().list.explode().unique(maintain_order=True).alias("reasons"),
        )
    )
    known = pl.col("known")
    merged = merged.select(
        "row", pl.when(known).then("keep").alias("keep"), pl.when(known).then("reasons").alias("reasons")
    )
    one = worst.unique("row", keep="first", maintain_order=True).drop("keep", "reasons").join(merged, on="row")
    whole = pl.DataFrame({"row": pl.arange(rows, dtype=pl.UInt32, eager=True)}).join(one, on="row", how="left")
    whole = whole.sort("row")
    parts = [whole[field.name].to_arrow().cast(field.type) for field in kind]
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=whole["source"].is_null().to_arrow())
