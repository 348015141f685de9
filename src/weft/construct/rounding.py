"""From shares to whole documents: each cell's target met to within one document, and so each language's and the whole.

Documents of one cell (a language, values of the facets with quotas, a weight) are read alike: `base` times, and once
more those with the lowest draws, as far as the target goes. What this leaves over goes to the cells with the largest
remainder, first within a language and then between languages. A language with any share has at least one document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from math import floor

import polars as pl

from weft.construct.mixture_settings import Mixture
from weft.construct.repeats import keys, weighed, with_bucket
from weft.construct.targets import Cell
from weft.errors import ShardError, WeftError

MOST_REPEATS = 10_000
PLAN: dict[str, type[pl.DataType]] = {
    "weight": pl.Int32,
    "documents": pl.Int64,
    "available": pl.Int64,
    "target": pl.Float64,
    "base": pl.Int32,
    "edge_draw": pl.UInt64,
    "edge_shard": pl.Int32,
    "edge_row": pl.Int32,
    "inclusive": pl.Boolean,
    "rows": pl.Int64,
    "sampled": pl.Int64,
}
"""A planned cell, after its keys: what it has, what it is to hold, where the extra reading ends, what that gives."""


def plan(
    found: Sequence[Cell],
    targets: Sequence[Fraction],
    buckets: pl.DataFrame,
    shards: Iterable[tuple[int, pl.DataFrame]],
    weights: pl.DataFrame,
    mixture: Mixture,
) -> pl.DataFrame:
    """The keys and PLAN of every cell. `buckets` are merged; `shards` gives each shard's keyed rows, read once.

    Memory is the rows of one bucket in 4,096 for each cell, and one shard's.
    """
    names = [*keys(mixture), "weight"]
    base = [target // cell.size for cell, target in zip(found, targets, strict=True)]
    rest = [target - times * cell.size for cell, target, times in zip(found, targets, base, strict=True)]
    _check_repeats(found, base, mixture)
    table = _keys_of(found, names).with_columns(pl.Series("whole", [floor(part) for part in rest], dtype=pl.Int64))
    border = _borders(weighed(buckets, weights), table, names)
    ends = _ends(border, shards, weights, names)
    if not ends.select(names).equals(table.select(names)):
        raise ShardError(f"mixture: {len(found)} cells planned, the ends of {ends.height} found")
    rounded = _rounded(found, base, rest, ends, mixture.cap)
    made = {
        "documents": [cell.documents for cell in found],
        "available": [cell.size for cell in found],
        "target": [float(target) for target in targets],
        "base": [int(times) for times in base],
        "inclusive": rounded,
        "rows": [
            int(times) * cell.documents + taken + more
            for times, cell, taken, more in zip(base, found, ends["taken"].to_list(), rounded, strict=True)
        ],
        "sampled": [
            int(times) * cell.size + filled + more * following
            for times, cell, filled, following, more in zip(
                base, found, ends["filled"].to_list(), ends["following"].to_list(), rounded, strict=True
            )
        ],
    }
    whole = pl.concat([ends, pl.DataFrame(made, schema={name: PLAN[name] for name in made})], how="horizontal")
    return whole.select(*keys(mixture), *PLAN).cast(PLAN)  # type: ignore[arg-type]


def _check_repeats(found: Sequence[Cell], base: Sequence[int], mixture: Mixture) -> None:
    for cell, times in zip(found, base, strict=True):
        if times >= MOST_REPEATS:
            raise WeftError(
                f"construct.mixture: documents of {mixture.by} {cell.key[0]} would be read {times:,} times each; "
                "expected a cap of epochs (4 is usual) or a smaller budget"
            )


def _keys_of(found: Sequence[Cell], names: Sequence[str]) -> pl.DataFrame:
    columns = list(zip(*((*cell.key, cell.weight) for cell in found), strict=True)) or [()] * len(names)
    kinds = {name: pl.Int32 if name == "weight" else pl.String for name in names}
    return pl.DataFrame(dict(zip(names, columns, strict=True)), schema=kinds)


def _borders(buckets: pl.DataFrame, table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The table with the `bucket` in which each cell's remainder ends, and units and documents `below` it."""
    summed = buckets.group_by(*names, "bucket").agg(pl.col("documents", "units").sum()).sort(*names, "bucket")
    running = summed.with_columns(
        (pl.col("units").cum_sum().over(names) - pl.col("units")).alias("below"),
        (pl.col("documents").cum_sum().over(names) - pl.col("documents")).alias("documents_below"),
    )
    joined = running.join(table, on=names, how="inner").filter(pl.col("below") + pl.col("units") > pl.col("whole"))
    first = joined.sort(*names, "bucket").unique(subset=names, keep="first", maintain_order=True)
    return first.select(*names, "bucket", "whole", "below", "documents_below")


def _ends(
    border: pl.DataFrame, shards: Iterable[tuple[int, pl.DataFrame]], weights: pl.DataFrame, names: list[str]
) -> pl.DataFrame:
    """For each cell, sorted: documents `taken` and units `filled`, the edge, and the size of the document `following`.

    The edge is the first document that does not fit, by draw, shard and row.
    """
    schema = {"draw": pl.UInt64, "row": pl.Int32, "units": pl.Int64}
    kept = [pl.DataFrame(schema={n: border.schema[n] for n in names} | schema | {"shard": pl.Int32})]
    for shard, rows in shards:
        held = with_bucket(weighed(rows, weights)).join(border.select(*names, "bucket"), on=[*names, "bucket"])
        kept.append(held.select(*names, *schema, pl.lit(shard, pl.Int32).alias("shard")))
    rows = pl.concat(kept).join(border, on=names, how="inner").sort(*names, "draw", "shard", "row")
    rows = rows.with_columns((pl.col("below") + pl.col("units").cum_sum().over(names)).alias("reached"))
    fits = pl.col("reached") <= pl.col("whole")
    return (
        rows.group_by(names, maintain_order=True)
        .agg(
            (pl.col("documents_below").first() + fits.sum()).cast(pl.Int64).alias("taken"),
            (pl.col("below").first() + pl.col("units").filter(fits).sum()).alias("filled"),
            pl.col("units").filter(~fits).first().alias("following"),
            pl.col("draw").filter(~fits).first().alias("edge_draw"),
            pl.col("shard").filter(~fits).first().alias("edge_shard"),
            pl.col("row").filter(~fits).first().alias("edge_row"),
        )
        .sort(names)
    )


def _rounded(
    found: Sequence[Cell],
    base: Sequence[int],
    rest: Sequence[Fraction],
    ends: pl.DataFrame,
    cap: Fraction | None,
) -> list[bool]:
    """Which cells take the document after their edge: those with the largest remainder, while it fits what is left."""
    filled, following = ends["filled"].to_list(), ends["following"].to_list()
    lacking = [part - full for part, full in zip(rest, filled, strict=True)]
    given = [False] * len(found)

    def allowed(place: int) -> bool:
        within = cap is None or base[place] * found[place].size + filled[place] + following[place] <= (
            cap * found[place].size
        )
        return lacking[place] > 0 and not given[place] and within

    def by_remainder(places: Iterable[int]) -> list[int]:
        return sorted(filter(allowed, places), key=lambda place: (-lacking[place] / following[place], place))

    left = Fraction(0)
    offered: dict[int, Fraction] = {}
    for _, members in groupby(range(len(found)), key=lambda place: found[place].key[0]):
        places = list(members)
        open_here = sum((lacking[place] for place in places), Fraction(0))
        candidates = by_remainder(places)
        nothing = not any(base[place] or filled[place] for place in places)
        for place in candidates:
            if following[place] <= open_here or nothing:
                given[place], nothing = True, False
                open_here -= following[place]
        left += open_here
        rest_of_group = by_remainder(places)
        if rest_of_group and open_here > 0:
            offered[rest_of_group[0]] = open_here
    for place in sorted(offered, key=lambda place: (-offered[place] / following[place], place)):
        if following[place] <= left:
            given[place] = True
            left -= following[place]
    return given
