"""Weights by cluster size (FineWeb-2): text that was copied often and passes the rules is read more often.

For clusters of size s of which the share r_s fails the rules, and g the share over all: weight 1 where r_s >= g, else
1 + (M - 1)(g - r_s) / (g - r_min). Instead of a moving average, sizes are pooled until there are enough clusters, and
the rates are fitted to fall and then rise with size, so that the weights of small languages are smooth as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

RATE: dict[str, type[pl.DataType]] = {"fit": pl.String, "size": pl.Int32, "rows": pl.Int64, "removed": pl.Int64}
"""Rows of clusters of one size, and how many of them fail a rule; `fit` is the value of the facet that is fitted."""
WEIGHT: dict[str, type[pl.DataType]] = {"fit": pl.String, "size": pl.Int32, "weight": pl.Int32}

Floats = npt.NDArray[np.float64]


def rates(frame: pl.DataFrame) -> pl.DataFrame:
    """RATE of a shard's rows with `fit`, `size` and `removed` (true: fails a rule). Merge with `merge_rates`."""
    grouped = frame.group_by("fit", "size").agg(pl.len().alias("rows"), pl.col("removed").sum().alias("removed"))
    return grouped.select(list(RATE)).cast(RATE).sort("fit", "size")  # type: ignore[arg-type]


def merge_rates(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One RATE table from those of several shards."""
    whole = pl.concat([pl.DataFrame(schema=RATE), *tables])
    return whole.group_by("fit", "size").agg(pl.col("rows", "removed").sum()).select(list(RATE)).sort("fit", "size")


def weights(rates: pl.DataFrame, most: int, pool: int = 200) -> pl.DataFrame:
    """WEIGHT of every `fit` and size of a RATE table: whole numbers from 1 to `most`.

    A value of `fit` with too few clusters for two pools takes the fit over all of them.
    """
    together = rates.group_by("size").agg(pl.col("rows", "removed").sum()).sort("size")
    everywhere = _fitted(together, most, pool)
    parts = [pl.DataFrame(schema=WEIGHT)]
    for (fit,), own in rates.group_by("fit", maintain_order=True):
        own = own.sort("size")
        enough = float((own["rows"] / own["size"]).sum()) >= 2 * pool
        found = _fitted(own, most, pool) if enough else own.select("size").join(everywhere, on="size", how="left")
        parts.append(found.with_columns(pl.lit(fit, pl.String).alias("fit")).select(list(WEIGHT)).cast(WEIGHT))  # type: ignore[arg-type]
    return pl.concat(parts).sort("fit", "size")


def _fitted(table: pl.DataFrame, most: int, pool: int) -> pl.DataFrame:
    """`size`, `weight` of rows sorted by size. A cluster counts once, however many rows it has."""
    size = table["size"].to_numpy().astype(np.float64)
    clusters = table["rows"].to_numpy() / size
    removed = table["removed"].to_numpy() / size
    number = pools(clusters, pool)
    weight = weights_of_rates(_sums(removed, number), _sums(clusters, number), most)
    return pl.DataFrame({"size": table["size"], "weight": weight[number]})


def _sums(values: Floats, number: npt.NDArray[np.int64]) -> Floats:
    return np.bincount(number, weights=values).astype(np.float64)


def pools(clusters: Floats, least: int) -> npt.NDArray[np.int64]:
    """Number of the pool of each size, in order: a pool ends when it holds `least`; a rest joins the last pool."""
    number = np.zeros(len(clusters), np.int64)
    current, held = 0, 0.0
    for place, count in enumerate(clusters.tolist()):
        number[place] = current
        held += count
        if held >= least:
            current, held = current + 1, 0.0
    return np.minimum(number, max(current - 1, 0))


def weights_of_rates(removed: Floats, clusters: Floats, most: int) -> npt.NDArray[np.int32]:
    """Weights of pools in order of size, from clusters removed and in all; half weights are rounded up."""
    if not len(clusters):
        return np.zeros(0, np.int32)
    overall = float(removed.sum() / clusters.sum())
    fitted = down_then_up(removed / clusters, clusters)
    lowest = float(fitted.min())
    if lowest >= overall:
        return np.ones(len(fitted), np.int32)
    better = np.maximum(overall - fitted, 0.0) / (overall - lowest)
    # The nudge rounds up a half that doubles make 5.4999999: rates are ratios of whole numbers.
    return np.floor(1 + (most - 1) * better + 0.5 + 1e-9).astype(np.int32)


def down_then_up(values: Floats, counts: Floats) -> Floats:
    """The closest values (least squares, by `counts`) that fall up to some place and rise from there."""
    left_errors = _rising(-values, counts)[1]
    right_errors = _rising(-values[::-1], counts[::-1])[1]
    cut = int(np.argmin(left_errors + right_errors[::-1]))
    return np.concatenate([-_rising(-values[:cut], counts[:cut])[0], _rising(values[cut:], counts[cut:])[0]])


def _rising(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Values fitted to rise, by pooling neighbours that do not; and the squared error of each beginning's fit."""
    blocks: list[tuple[float, float, int, float]] = []
    errors = np.zeros(len(values) + 1)
    for place, (value, count) in enumerate(zip(values.tolist(), counts.tolist(), strict=True)):
        mean, weight, length, error = value, count, 1, 0.0
        while blocks and blocks[-1][0] >= mean:
            other, heavy, more, before = blocks.pop()
            error += before + heavy * weight / (heavy + weight) * (other - mean) ** 2
            mean, weight, length = (other * heavy + mean * weight) / (heavy + weight), heavy + weight, length + more
        blocks.append((mean, weight, length, error))
        errors[place + 1] = sum(block[3] for block in blocks)
    fitted = np.repeat([block[0] for block in blocks], [block[2] for block in blocks]) if blocks else np.zeros(0)
    return fitted.astype(np.float64), errors
