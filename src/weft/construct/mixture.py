"""A mixture over tables: the plan from what shards counted, and how often each document of one table is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

from weft.construct import facets, rehydrate, repeats, rounding, targets
from weft.construct.mixture_settings import Mixture
from weft.construct.split import LeakError
from weft.errors import WeftError

SUMMARY: dict[str, type[pl.DataType]] = {
    "group": pl.String,
    "documents": pl.Int64,
    "available": pl.Int64,
    "epochs": pl.Float64,
    "rows": pl.Int64,
    "sampled": pl.Int64,
    "share": pl.Float64,
}
"""One line of a mixture's table: what there is, how often it is read on average, what that gives, its part of all."""


class Supply(NamedTuple):
    """What several holders have together: tables as of one shard, without buckets of the draw."""

    buckets: pl.DataFrame
    seen: pl.DataFrame
    rates: pl.DataFrame


def solve(
    counted: Sequence[pl.DataFrame],
    rated: Sequence[pl.DataFrame],
    seen: Sequence[pl.DataFrame],
    shards: Iterable[tuple[int, pl.DataFrame]],
    mixture: Mixture,
    unit: str,
    over: Supply | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Planned cells and weights of cluster sizes, from each shard's buckets, rates, seen values and keyed rows.

    The targets are those of what there is, or of what several holders have (`over`): then of each cell this is the
    part that the own documents have of it.

    Raises WeftError for a budget that cannot be met, and for weights and quotas of what no document is.
    """
    weights = pl.DataFrame(schema=rehydrate.WEIGHT)
    if mixture.rehydrate is not None:
        most = mixture.rehydrate.most or int(mixture.epochs or 1)
        every = [over.rates] if over is not None else rated
        weights = rehydrate.weights(rehydrate.merge_rates(every), most, mixture.rehydrate.pool)
    names = repeats.keys(mixture)
    told = [over.seen] if over is not None else seen
    targets.check_values(pl.concat([pl.DataFrame(schema=repeats.SEEN), *told]).unique().sort("facet", "value"), mixture)
    buckets = pl.concat([pl.DataFrame(schema=repeats.bucket_schema(mixture)), *counted])
    found = targets.cells(repeats.weighed(buckets, weights), names)
    if over is None:
        wanted = targets.targets(found, mixture, unit)
    else:
        everywhere = targets.cells(repeats.weighed(over.buckets, weights), names)
        wanted = targets.parts(found, everywhere, targets.targets(everywhere, mixture, unit))
    return rounding.plan(found, wanted, buckets, shards, weights, mixture), weights


def mix(frame: pl.DataFrame, mixture: Mixture, seed: int = 1) -> tuple[pl.Series, pl.DataFrame]:
    """(`repeats` of each row, SUMMARY by language) of one table: 0 for rows that fail a rule or are not drawn.

    `frame` has `id`, the facets, the text or its counts, and optionally `split` (rows outside of train are read
    once), `rule` (null: passes; what `rehydrate` learns from) and `deduplicate`. Raises WeftError as `solve` does.
    """
    schema = frame.schema
    for name in mixture.columns():
        facets.check_facet(schema, name)
    unit = facets.unit_of(schema, mixture.unit)
    if mixture.rehydrate is not None and not {"rule", "deduplicate"} <= set(frame.columns):
        raise WeftError("construct.mixture.rehydrate: learns from the columns rule and deduplicate; expected both")
    rule = pl.col("rule").is_null() if "rule" in frame.columns else pl.lit(True)
    train = pl.col("split") == "train" if "split" in frame.columns else pl.lit(True)
    numbered = (
        frame.drop("row", strict=False).with_row_index("row").with_columns(rule.alias("__kept"), train.alias("__train"))
    )
    mixed = numbered.filter(pl.col("__kept") & pl.col("__train"))
    rows = repeats.keyed(mixed, mixture, unit, seed)
    rated = [rates_of(numbered, mixture)] if mixture.rehydrate is not None else []
    counted, seen = repeats.buckets(rows, mixture), repeats.seen(mixed, mixture)
    plan, weights = solve([counted], rated, [seen], [(0, rows)], mixture, unit.name)
    drawn = pl.DataFrame({"row": rows["row"], "drawn": repeats.repeats(repeats.weighed(rows, weights), plan, mixture)})
    made = numbered.with_columns(pl.col("row").cast(pl.Int32)).join(drawn, on="row", how="left", maintain_order="left")
    once = pl.when(pl.col("__kept")).then(1).otherwise(0)
    found = made.select(pl.coalesce("drawn", once).cast(pl.Int32).alias("repeats"))["repeats"]
    return found, summary(plan, ["group"])


def rates_of(frame: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """RATE of rows with `rule` and `deduplicate`: which fail a rule of quality.

    Duplicates passed; what licence or consent forbids says nothing of quality and is left out.
    """
    judged = frame.filter(pl.col("rule").is_null() | (pl.col("rule") != "not_allowed"))
    return rehydrate.rates(
        judged.select(
            repeats.fit(mixture).alias("fit"),
            repeats.cluster_size(judged, mixture).alias("size"),
            (pl.col("rule").is_not_null() & (pl.col("rule") != "duplicate")).fill_null(False).alias("removed"),
        )
    )


def summary(plan: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """SUMMARY by `group`, or by `quota_0`, … (then under that name), sorted by it; shares are of all that is read."""
    whole = plan["sampled"].sum()
    grouped = plan.group_by(by).agg(pl.col("documents", "available", "rows", "sampled").sum()).sort(by)
    return grouped.with_columns(
        (pl.col("sampled") / pl.col("available")).alias("epochs"),
        (pl.col("sampled") / max(whole, 1)).alias("share"),
    ).select(*by, *(name for name in SUMMARY if name != "group"))


def check_held_out(rows: pl.DataFrame) -> None:
    """Raise LeakError when a row outside of train is not read exactly once. Rows have `split` and `repeats`."""
    wrong = rows.filter((pl.col("split") != "train") & (pl.col("repeats") != 1))
    if wrong.height:
        split, times = wrong.select("split", "repeats").row(0)
        raise LeakError(f"{wrong.height} rows outside of train are in the mixture; first one of {split}, {times} times")
