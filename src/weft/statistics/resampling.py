"""The bootstrap over items, or over clusters of items: the same resamples for every system, and the same bytes always.

A score is a function of sums: a mean of values and a count, chrF of counts of n-grams, accuracy of rights and a count.
So items of a cluster are summed once, and a resample is a row of how often each cluster was drawn, times those sums.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError
from weft.statistics.percentiles import bounds

Doubles = npt.NDArray[np.float64]
Finish = Callable[[Doubles], Doubles]
"""Scores of sums: the last axis of what is given holds the sums of one system, and goes."""
SAMPLES = 10_000
LEVEL = 0.95
_AT_ONCE = 1 << 23
"""Doubles of one block of resamples."""
_KEPT = 1 << 21
"""Doubles of draws that are kept for the next call."""
_EXACT = 2.0**52


def mean(sums: Doubles) -> Doubles:
    """A mean: of sums of values and of counts, in this order; NaN of nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Doubles = sums[..., 0] / sums[..., 1]
    return found


def of_values(values: Any) -> Doubles:
    """Statistics of `mean`: (items, systems, 2) of values (items, systems). NaN is an item that was not run."""
    held = np.asarray(values, np.float64)
    held = held[:, None] if held.ndim == 1 else held
    there = ~np.isnan(held)
    return np.stack([np.where(there, held, 0.0), there.astype(np.float64)], axis=-1)


def clustered(statistics: Any, clusters: Any = None) -> Doubles:
    """Sums of the items of each cluster, clusters in the order of their first items.

    `statistics` are (items, systems, sums), `clusters` a name for each item or None where each stands for itself: the
    questions of one passage, sentences of one document and versions of one item are no independent draws. Raises
    WeftError when the numbers of items differ or a statistic is not finite.
    """
    held = np.asarray(statistics, np.float64)
    if held.ndim != 3:
        raise WeftError(f"statistics of shape {held.shape}; expected (items, systems, sums)")
    if not np.isfinite(held).all():
        raise WeftError("statistics: a value is not finite; expected one that was not run to be left out, or counted 0")
    if clusters is None:
        return held
    names = np.asarray(clusters)
    if names.shape != (len(held),):
        raise WeftError(f"clusters: {names.shape} names for {len(held)} items; expected one for each")
    _, first, which = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    sums = np.zeros((len(first), *held.shape[1:]))
    np.add.at(sums, order[which], held)
    return sums


def resampled(sums: Doubles, samples: int = SAMPLES, seed: int = 0) -> Iterator[Doubles]:
    """Sums of each resample, (some, systems, sums) at a time: clusters drawn with replacement, as many as there are.

    All systems see the same draws. The sums are exact (`Product`).
    """
    count = len(sums)
    if count == 0:
        raise WeftError("no items to draw from; expected one at least")
    product = Product(sums.reshape(count, -1), count)
    block = max(1, min(samples, _AT_ONCE // max(count, sums[0].size)))
    draws = np.random.Generator(np.random.PCG64(seed))
    if samples <= block and samples * count <= _KEPT:
        yield product.of(_same_draws(count, samples, seed)).reshape(samples, *sums.shape[1:])
        return
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        yield product.of(_times(draws, rows, count)).reshape(rows, *sums.shape[1:])


def _times(draws: np.random.Generator, rows: int, count: int) -> Doubles:
    """How often each cluster is drawn, (rows, clusters)."""
    drawn = draws.integers(0, count, (rows, count), dtype=np.int64)
    drawn += np.arange(rows, dtype=np.int64)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


@functools.lru_cache(2)
def _same_draws(count: int, samples: int, seed: int) -> Doubles:
    """Draws of one block; languages of a suite have as many items one after the other, and the same draws."""
    made = _times(np.random.Generator(np.random.PCG64(seed)), samples, count)
    made.flags.writeable = False
    return made


class Product:
    """Products of whole numbers and columns of values, exact: neither the number of threads nor their order shows.

    The values are first rounded to multiples of a power of two, so that 2**52 of it holds `most` times the largest.
    """

    def __init__(self, values: Doubles, most: int) -> None:
        if (np.rint(values) == values).all() and np.abs(values).max(initial=0) * most < _EXACT:
            self._whole, self._scale = values, np.ones(values.shape[1])
        else:
            largest = np.abs(values).max(axis=0, initial=0) * most
            self._scale = np.exp2(np.floor(np.log2(_EXACT / np.where(largest > 0, largest, 1.0))))
            self._whole = np.rint(values * self._scale)

    def of(self, times: Doubles) -> Doubles:
        """Rows (…, columns) of whole numbers (…, rows of values) of which no row adds up to more than `most`."""
        found: Doubles = (times @ self._whole) / self._scale
        return found


@dataclass(frozen=True)
class Interval:
    """A score and its bounds by percentiles of resamples (`percentiles.bounds`)."""

    value: float
    low: float
    high: float
    items: int
    """Clusters that were drawn from."""


def bootstrap(
    statistics: Any,
    finish: Finish = mean,
    *,
    clusters: Any = None,
    samples: int = SAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Interval]:
    """The score of each system and its interval.

    `statistics` are (items, systems, sums), e.g. of `of_values`; `finish` makes scores of sums. A resample in which a
    system has no score (none of its items was drawn) is left out for that system. Raises WeftError for bad shapes.
    """
    sums = clustered(statistics, clusters)
    whole = finish(sums.sum(axis=0))
    drawn = np.concatenate([finish(block) for block in resampled(sums, samples, seed)])
    found = []
    for system, value in enumerate(whole):
        known = drawn[:, system][~np.isnan(drawn[:, system])]
        found.append(Interval(float(value), *bounds(known, len(sums), level), len(sums)))
    return found
