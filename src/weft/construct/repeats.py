"""The rows of a mixture: what each belongs to, its size and draw, and how often the rounded plan has it read."""

from __future__ import annotations

import polars as pl

from weft.construct import facets
from weft.construct.draw import draw
from weft.construct.facets import Unit
from weft.construct.mixture_settings import Mixture

STREAM = 0x6D6978
"""Added to the seed: the draw of splits and samples is another one."""
_BUCKET = 1 << 52
"""A draw's top twelve bits are its bucket: only the bucket in which a cell's target ends is looked into."""


SEEN: dict[str, type[pl.DataType]] = {"facet": pl.String, "value": pl.String}


def bucket_schema(mixture: Mixture) -> dict[str, type[pl.DataType]]:
    """Columns of `buckets`."""
    rest = {"fit": pl.String, "size": pl.Int32, "bucket": pl.UInt64, "documents": pl.Int64, "units": pl.Int64}
    return {name: pl.String for name in keys(mixture)} | rest


def keys(mixture: Mixture) -> list[str]:
    """Columns that make a cell, besides its weight."""
    return ["group", *(f"quota_{place}" for place in range(len(mixture.quotas)))]


def keyed(frame: pl.DataFrame, mixture: Mixture, unit: Unit, seed: int, text: pl.Series | None = None) -> pl.DataFrame:
    """`row`, the keys, `fit`, `size`, `units`, `draw` of rows with `row`, `id` and the columns of the facets.

    Values of a facet that no quota names are one: the empty text. `size` is that of the cluster.
    """
    quotas = [
        pl.when(facets.value(name).is_in(list(shares))).then(facets.value(name)).otherwise(pl.lit("")).alias(column)
        for column, (name, shares) in zip(keys(mixture)[1:], mixture.quotas.items(), strict=True)
    ]
    made = frame.select(
        pl.col("row").cast(pl.Int32),
        facets.value(mixture.by).alias("group"),
        *quotas,
        fit(mixture).alias("fit"),
        cluster_size(frame, mixture).alias("size"),
    )
    drawn = pl.Series("draw", draw(frame["id"], seed + STREAM), dtype=pl.UInt64)
    return made.with_columns(facets.sizes(frame, unit, text), drawn)


def fit(mixture: Mixture) -> pl.Expr:
    """Value of the facet whose clusters are fitted together."""
    by = mixture.rehydrate.by if mixture.rehydrate is not None else None
    return pl.lit("") if by is None else facets.value(by)


def cluster_size(frame: pl.DataFrame, mixture: Mixture) -> pl.Expr:
    """Size of each row's cluster; 1 where it does not matter."""
    if mixture.rehydrate is None or "deduplicate" not in frame.columns:
        return pl.lit(1, pl.Int32)
    return pl.col("deduplicate").struct.field("size").fill_null(1).cast(pl.Int32)


def seen(frame: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """`facet`, `value`: what rows hold in the facets with quotas, against which the names of quotas are checked."""
    found = [
        frame.select(pl.lit(name).alias("facet"), facets.value(name).alias("value")).unique() for name in mixture.quotas
    ]
    return pl.concat([pl.DataFrame(schema=SEEN), *found]).sort("facet", "value")


def buckets(rows: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """Documents and units by keys, `fit`, `size` and `bucket` of the draw; adding up tables of shards is exact."""
    by = [name for name in bucket_schema(mixture) if name not in ("documents", "units")]
    return (
        with_bucket(rows)
        .group_by(by)
        .agg(pl.len().cast(pl.Int64).alias("documents"), pl.col("units").sum().alias("units"))
        .sort(by)
    )


def with_bucket(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the `bucket` of their draw."""
    return rows.with_columns((pl.col("draw") // pl.lit(_BUCKET, pl.UInt64)).alias("bucket"))


def weighed(table: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """The table with `weight`, by `fit` and `size`; 1 where there are no weights."""
    if not weights.height:
        return table.with_columns(pl.lit(1, pl.Int32).alias("weight"))
    return table.join(weights, on=["fit", "size"], how="left", maintain_order="left").with_columns(
        pl.col("weight").fill_null(1)
    )


def repeats(rows: pl.DataFrame, cells: pl.DataFrame, mixture: Mixture, shard: int = 0) -> pl.Series:
    """How often each row of a shard is read (`repeats`, Int32), from keyed rows with `weight` and the planned cells.

    `base` times its cell's, and once more up to the cell's edge in the order of draw, shard and row.
    """
    by = [*keys(mixture), "weight"]
    edge = cells.select(*by, "base", "edge_draw", "edge_shard", "edge_row", "inclusive")
    joined = rows.join(edge, on=by, how="left", maintain_order="left", validate="m:1")
    place = pl.lit(shard, pl.Int32)
    at_row = (pl.col("row") < pl.col("edge_row")) | ((pl.col("row") == pl.col("edge_row")) & pl.col("inclusive"))
    same_draw = (place < pl.col("edge_shard")) | ((place == pl.col("edge_shard")) & at_row)
    once_more = (pl.col("draw") < pl.col("edge_draw")) | ((pl.col("draw") == pl.col("edge_draw")) & same_draw)
    return joined.select((pl.col("base") + once_more.cast(pl.Int32)).cast(pl.Int32).alias("repeats"))["repeats"]
