"""Mergeable histograms of label values per language: integer counts in fixed bins, so that order never matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

KEYS = ("language", "measure", "bin")
EMPTY: dict[str, type[pl.DataType]] = {"language": pl.String, "measure": pl.String, "bin": pl.Int32, "count": pl.Int64}


@dataclass(frozen=True)
class Scale:
    """Fixed bins: `linear` ones of `width`, or `log` ones, `1 / width` of them for each doubling of 1 + value."""

    width: float
    kind: Literal["linear", "log"] = "linear"
    highest: int = 10_000

    def bin(self, value: pl.Expr) -> pl.Expr:
        """Number of the bin that holds a value; null for null, NaN and infinite values."""
        number = value.cast(pl.Float64)
        place = number if self.kind == "linear" else (number + 1.0).log(2.0)
        # The nudge keeps a float32 value that is a bin's edge in the upper bin: float32 0.7 / 0.001 is 699.99999.
        found = (place / self.width + 1e-3).floor().clip(0, self.highest)
        return pl.when(number.is_finite()).then(found).otherwise(None).cast(pl.Int32)

    def edge(self, number: pl.Expr) -> pl.Expr:
        """Lower edge of a bin (of a whole or fractional bin number)."""
        place = number.cast(pl.Float64) * self.width
        return place if self.kind == "linear" else pl.lit(2.0).pow(place) - 1.0


def path(name: str) -> pl.Expr:
    """The column or struct field that `signals.words` names."""
    column, _, field = name.partition(".")
    return pl.col(column).struct.field(field) if field else pl.col(column)


def has(frame: pl.DataFrame, name: str) -> bool:
    """Whether a table has the column or struct field that `name` names."""
    column, _, field = name.partition(".")
    if column not in frame.columns:
        return False
    kind = frame.schema[column]
    return not field or (isinstance(kind, pl.Struct) and field in {f.name for f in kind.fields})


def sketch(frame: pl.DataFrame, measures: Mapping[str, Scale]) -> pl.DataFrame:
    """Counts by language, measure and bin, sorted; measures that the table lacks are left out."""
    known = [name for name in measures if has(frame, name)]
    if not known or not has(frame, "lid.language"):
        return pl.DataFrame(schema=EMPTY)
    bins = frame.lazy().select(
        path("lid.language").alias("language"), *[measures[name].bin(path(name)).alias(name) for name in known]
    )
    long = bins.unpivot(known, index="language", variable_name="measure", value_name="bin")
    counted = long.drop_nulls().group_by(KEYS).agg(pl.len().cast(pl.Int64).alias("count"))
    return counted.sort(KEYS).collect().select(list(EMPTY))


def merge(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """One sketch from several, by adding counts."""
    if not parts:
        return pl.DataFrame(schema=EMPTY)
    return pl.concat(parts).group_by(KEYS).agg(pl.col("count").sum()).sort(KEYS).select(list(EMPTY))


def quantile(sketch: pl.DataFrame, group: list[str], share: float) -> pl.DataFrame:
    """Per group, the lowest bin (column `bin`) at or below which lies at least `share` of the count."""
    total = pl.col("count").sum().over(group)
    wanted = (total * share - 1e-9).ceil().clip(1)
    reached = pl.col("count").cum_sum().over(group) >= wanted
    return sketch.sort(*group, "bin").filter(reached).group_by(group).agg(pl.col("bin").min()).sort(group)


def moments(sketch: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """Per group `n`, and mean and standard deviation of bin numbers, from exact integer sums."""
    place, count = pl.col("bin").cast(pl.Int64), pl.col("count")
    sums = sketch.group_by(group).agg(
        count.sum().alias("n"), (place * count).sum().alias("one"), (place * place * count).sum().alias("two")
    )
    mean = pl.col("one") / pl.col("n")
    spread = (pl.col("two") / pl.col("n") - mean * mean).clip(0.0).sqrt()
    return sums.select(*group, "n", mean.alias("mean"), spread.alias("spread")).sort(group)


def median_deviation(sketch: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """Per group the median bin (`median`) and the median absolute deviation from it in bins (`deviation`)."""
    middle = quantile(sketch, group, 0.5).rename({"bin": "median"})
    away = sketch.join(middle, on=group).with_columns((pl.col("bin") - pl.col("median")).abs().alias("bin"))
    away = away.group_by(*group, "bin").agg(pl.col("count").sum())
    return middle.join(quantile(away, group, 0.5).rename({"bin": "deviation"}), on=group).sort(group)
