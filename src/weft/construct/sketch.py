"""Mergeable histograms of label values per language: integer counts in fixed bins, so that order never matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

KEYS = ("language", "measure", "bin")
EMPTY: dict[str, type[pl.DataType]] = {"language": pl.String, "measure": pl.String, "bin": pl.Int32, "count": pl.Int64}


@dataclass(frozen=True)
class Scale:
    """Fixed bins: `linear` ones of `width`, or `log` ones, `1 / width` of them for each doubling of 1 + value."""

    width: float
    kind: Literal["linear", "log"] = "linear"
    highest: int = 10_000

    def bins(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Number of the bin that holds each value; -1 for NaN (null) and infinite values."""
        finite = np.isfinite(values)
        number = np.where(finite, values, 0.0)
        place = number if self.kind == "linear" else np.log2(np.maximum(number + 1.0, 1.0))
        # The nudge keeps a float32 value that is a bin's edge in the upper bin: float32 0.7 / 0.001 is 699.99999.
        found = np.clip(np.floor(place / self.width + 1e-3), 0, self.highest)
        return np.where(finite, found, -1).astype(np.int64)

    def edge(self, number: pl.Expr) -> pl.Expr:
        """Lower edge of a bin (of a whole or fractional bin number)."""
        place = number.cast(pl.Float64) * self.width
        return place if self.kind == "linear" else pl.lit(2.0).pow(place) - 1.0


def path(name: str) -> pl.Expr:
    """The column or struct field that `signals.words` names."""
    column, _, field = name.partition(".")
    return pl.col(column).struct.field(field) if field else pl.col(column)


def names(frame: pl.DataFrame) -> set[str]:
    """Every column, and every field of a struct column as `signals.words`."""
    found = set(frame.columns)
    for column, kind in frame.schema.items():
        if isinstance(kind, pl.Struct):
            found |= {f"{column}.{field.name}" for field in kind.fields}
    return found


def has(frame: pl.DataFrame, name: str) -> bool:
    """Whether a table has the column or struct field that `name` names."""
    column, _, field = name.partition(".")
    if column not in frame.columns:
        return False
    kind = frame.schema[column]
    return not field or (isinstance(kind, pl.Struct) and field in {f.name for f in kind.fields})


def sketch(frame: pl.DataFrame, measures: Mapping[str, Scale]) -> pl.DataFrame:
    """Counts by language, measure and bin, sorted; measures that the table lacks are left out."""
    present = names(frame)
    known = [name for name in measures if name in present]
    if not known or "lid.language" not in present:
        return pl.DataFrame(schema=EMPTY)
    columns = frame.select(path("lid.language").alias("language"), *(path(n).cast(pl.Float64).alias(n) for n in known))
    languages = columns["language"].unique().drop_nulls().sort()
    code = columns["language"].replace_strict(languages, range(len(languages)), default=-1, return_dtype=pl.Int64)
    return _counted({name: columns[name] for name in sorted(known)}, measures, code.to_numpy(), languages)


def _counted(
    columns: Mapping[str, pl.Series],
    measures: Mapping[str, Scale],
    code: npt.NDArray[np.int64],
    languages: pl.Series,
) -> pl.DataFrame:
    """Counts in order of language, measure and bin; by numpy, as a query takes longer to plan than a shard to count."""
    wide = 1 + max(measures[name].highest for name in columns)
    keys = [np.empty(0, np.int64)]
    for number, (name, values) in enumerate(columns.items()):
        bins = measures[name].bins(values.to_numpy())
        held = (code >= 0) & (bins >= 0)
        keys.append((code[held] * len(columns) + number) * wide + bins[held])
    found, counts = np.unique(np.concatenate(keys), return_counts=True)
    kind = found // wide
    content = {
        "language": languages.gather(kind // len(columns)),
        "measure": pl.Series(list(columns), dtype=pl.String).gather(kind % len(columns)),
        "bin": pl.Series(found % wide, dtype=pl.Int32),
        "count": pl.Series(counts, dtype=pl.Int64),
    }
    return pl.DataFrame(content, schema=EMPTY)


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
