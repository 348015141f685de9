"""How two rows of figures go together: Pearson, Spearman and Kendall, and Pearson's interval by the bootstrap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError
from weft.statistics.resampling import SAMPLES, Doubles, Interval, bootstrap

Longs = npt.NDArray[np.int64]


def _pair(first: Any, second: Any) -> tuple[Doubles, Doubles]:
    held = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if held[0].ndim != 1 or held[0].shape != held[1].shape:
        raise WeftError(
            f"two rows of figures of shapes {held[0].shape} and {held[1].shape}; expected one shape (items,)"
        )
    there = ~(np.isnan(held[0]) | np.isnan(held[1]))
    return held[0][there], held[1][there]


def pearson(first: Any, second: Any) -> float:
    """Pearson's r of the items that both have (NaN is none); NaN where one side does not vary."""
    x, y = _pair(first, second)
    if len(x) < 2:
        return float("nan")
    return float(of_moments(moments(x, y).sum(axis=0)))


def spearman(first: Any, second: Any) -> float:
    """Pearson's r of ranks, equal figures with their mean rank."""
    x, y = _pair(first, second)
    return pearson(ranks(x), ranks(y))


def kendall(first: Any, second: Any) -> float:
    """Kendall's tau-b (1945): (C - D) / sqrt((n0 - n1) (n0 - n2)), corrected for ties of either side."""
    x, y = _pair(first, second)
    _, x_of = np.unique(x, return_inverse=True)
    _, y_of = np.unique(y, return_inverse=True)
    order = np.lexsort((y_of, x_of))
    apart = inversions(y_of[order])
    pairs = len(x) * (len(x) - 1) // 2
    tied_x, tied_y = _tied(x_of), _tied(y_of)
    tied_both = _tied(x_of * (int(y_of.max(initial=0)) + 1) + y_of)
    below = float(pairs - tied_x) * float(pairs - tied_y)
    if below <= 0:
        return float("nan")
    together = pairs - tied_x - tied_y + tied_both - apart
    return float((together - apart) / np.sqrt(below))


def ranks(values: Any) -> Doubles:
    """Ranks from 1, equal values with the mean of theirs."""
    _, which, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Doubles = (ends - (counts - 1) / 2.0)[which]
    return found


def inversions(values: Any) -> int:
    """Pairs of which the earlier is larger, in whole numbers from 0: bit by bit, in the time of so many sorts."""
    held = np.asarray(values, np.int64)
    total = 0
    for bit in range(int(held.max(initial=0)).bit_length() - 1, -1, -1):
        # Those that agree in all higher bits lie together, in their first order.
        groups, ones = held >> (bit + 1), (held >> bit) & 1
        before = np.cumsum(ones) - ones
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        base = np.repeat(before[starts], np.diff(np.append(starts, len(held))))
        total += int((before - base)[ones == 0].sum())
        held = held[np.argsort(held >> bit, kind="stable")]
    return total


def pearson_interval(
    first: Any, second: Any, *, clusters: Any = None, samples: int = SAMPLES, seed: int = 0
) -> Interval:
    """Pearson's r and its interval of 95 %, items (or clusters of them) drawn again."""
    x, y = _pair(first, second)
    held = np.asarray(first, np.float64), np.asarray(second, np.float64)
    names = None if clusters is None else np.asarray(clusters)[~(np.isnan(held[0]) | np.isnan(held[1]))]
    return bootstrap(moments(x, y)[:, None], of_moments, clusters=names, samples=samples, seed=seed)[0]


def moments(x: Doubles, y: Doubles) -> Doubles:
    """Sums of which `of_moments` makes Pearson's r, (items, 6), about the means of these items."""
    # About their means: squares of large figures that hardly differ would lose all digits.
    x, y = x - x.mean(), y - y.mean()
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def of_moments(sums: Doubles) -> Doubles:
    """Pearson's r of sums along the last axis; NaN where one side does not vary."""
    count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Doubles = (count * xy - x * y) / np.sqrt((count * xx - x * x) * (count * yy - y * y))
    # A side that does not vary leaves what rounding left, over 0 or next to it.
    return np.where(np.abs(found) <= 1 + 1e-6, found, np.nan)


def williams(first: float, second: float, between: float, items: int) -> float:
    """The two-sided p-value of Williams (1959) that two correlations with one row of figures are equal.

    `first` and `second` are Pearson's r of two metrics with it, `between` is that of the metrics with each other, as
    Graham and Baldwin (2014) test metrics; items count as independent. NaN for fewer than four, or for
    metrics that are one.
    """
    if items < 4:
        return float("nan")
    k = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    below = 2 * k * (items - 1) / (items - 3) + (first + second) ** 2 / 4 * (1 - between) ** 3
    if not below > 0:
        return float("nan")
    t = (first - second) * math.sqrt((items - 1) * (1 + between) / below)
    return _beyond(abs(t), items - 3)


def _beyond(t: float, degrees: int) -> float:
    """The share of Student's distribution beyond t on both sides, by the continued fraction of the incomplete beta."""
    x, a, b = degrees / (degrees + t * t), degrees / 2, 0.5
    if t == 0:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's method; Numerical Recipes, section 6.4."""
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    found = d
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / (1 + step * d or tiny), 1 + step / c or tiny
            found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return found


def _tied(which: Longs) -> int:
    counts = np.unique(which, return_counts=True)[1].astype(object)
    return int((counts * (counts - 1) // 2).sum())
