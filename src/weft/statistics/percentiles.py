"""Bounds of resampled scores: percentiles that allow for how few clusters there were to draw from."""

from __future__ import annotations

import functools
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt


def bounds(drawn: npt.NDArray[np.float64], clusters: int, level: float) -> tuple[float, float]:
    """Lower and upper bound of `level`, of resampled scores without NaN; NaN twice where there are none.

    Expanded percentiles (Hesterberg 2015, The American Statistician 69(4), section 4.2): those of a normal distribution
    at the quantile of Student's t with clusters - 1 degrees of freedom, times the square root of clusters / (clusters -
    1). Plain percentiles are too near to each other where clusters are few: a resample varies less than the draw that
    it stands for. Of one cluster they are the ends of what was drawn, which say nothing.
    """
    if not len(drawn):
        return math.nan, math.nan
    tail = 100 * expanded_tail(clusters, level)
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return float(low), float(high)


@functools.lru_cache(1 << 12)
def expanded_tail(clusters: int, level: float) -> float:
    """The share of resamples on each side that is beyond the bounds."""
    if clusters < 2:
        return 0.0
    far = student((1 + level) / 2, clusters - 1) * math.sqrt(clusters / (clusters - 1))
    return NormalDist().cdf(-far)


@functools.lru_cache(1 << 12)
def student(share: float, freedom: int) -> float:
    """The quantile of Student's t at a share of .5 or more, to nine digits."""
    low, high = 0.0, 1.0
    while _below(high, freedom) < share:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def _below(t: float, freedom: int) -> float:
    """The share of Student's distribution below t of 0 or more (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine: Any = math.cos(angle)
    if freedom % 2:
        term = total = cosine if freedom > 1 else 0.0
        for n in range(3, freedom - 1, 2):
            term *= cosine * cosine * (n - 1) / n
            total += term
        return 0.5 + (angle + math.sin(angle) * total) / math.pi
    term = total = 1.0
    for n in range(2, freedom, 2):
        term *= cosine * cosine * (n - 1) / n
        total += term
    return 0.5 + math.sin(angle) * total / 2
