"""train, validation and test: by a hash of what belongs together, so that none of it is on both sides of a border."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from weft.construct.draw import draw
from weft.errors import ShardError, WeftError

FRACTIONS: dict[str, float] = {"train": 0.98, "validation": 0.01, "test": 0.01}
_STEPS = 1 << 32


class LeakError(ShardError):
    """A cluster, a group or the side of a pair has rows in two splits: the corpus must not be published."""


def assign(
    frame: pl.DataFrame, fractions: Mapping[str, float] | None = None, seed: int = 0, whole: Iterable[str] = ()
) -> pl.Series:
    """The split of each row (`split`), from a hash alone: a corpus that grows moves no row, unless units join.

    Hashes `split_unit.id`, else `deduplicate.cluster`, else `id`. Languages in `whole` go to the first split entirely,
    and a unit that is `whole` to the one of the largest share; shares of small languages vary, as they are drawn, not
    counted. Raises WeftError when the fractions do not add up to 1.
    """
    shares = dict(fractions or FRACTIONS)
    if not shares or any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise WeftError(f"split: {shares} has to be shares that add up to 1, such as {FRACTIONS}")
    place = pl.Series((draw(_keys(frame), seed) >> np.uint64(32)).astype(np.int64))
    names = list(shares)
    bounds, total = [], 0.0
    for name in names[:-1]:
        total += shares[name]
        bounds.append(round(total * _STEPS))
    chosen = pl.lit(names[-1])
    for name, bound in reversed(list(zip(names, bounds, strict=False))):
        chosen = pl.when(pl.col("place") < bound).then(pl.lit(name)).otherwise(chosen)
    if "split_unit" in frame.columns:
        large = pl.col("split_unit").struct.field("whole").fill_null(False)
        chosen = pl.when(large).then(pl.lit(max(names, key=lambda name: shares[name]))).otherwise(chosen)
    table = frame.with_columns(place.alias("place"))
    languages = list(whole)
    if languages:
        language = pl.col("lid").struct.field("language")
        chosen = pl.when(language.is_in(languages)).then(pl.lit(names[0])).otherwise(chosen)
    return table.select(chosen.cast(pl.String).alias("split"))["split"]


def _keys(frame: pl.DataFrame) -> pl.Series:
    known = [("split_unit", "id"), ("deduplicate", "cluster")]
    named = [pl.col(name).struct.field(field) for name, field in known if name in frame.columns]
    return frame.select(pl.coalesce(*named, pl.col("id")).alias("key"))["key"]


def check_no_leak(tables: Iterable[pl.DataFrame]) -> None:
    """Raise LeakError when a cluster is in two splits. Tables have `split`, and `deduplicate` or `cluster`."""
    seen = [_borders(table) for table in tables]
    if not seen:
        return
    both = (
        pl.concat(seen).unique().group_by("cluster").agg(pl.col("split").sort()).filter(pl.col("split").list.len() > 1)
    )
    if both.height:
        first = both.sort("cluster").row(0)
        raise LeakError(f"{both.height} clusters are in several splits; first {first[0]}: {', '.join(first[1])}")


def _borders(table: pl.DataFrame) -> pl.DataFrame:
    cluster = pl.col("cluster") if "cluster" in table.columns else pl.col("deduplicate").struct.field("cluster")
    return table.select(cluster.alias("cluster"), pl.col("split")).drop_nulls().unique()
