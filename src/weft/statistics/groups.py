"""Whether items of a group score otherwise than the rest: a score test that knows which items hang together."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.statistics.resampling import Doubles


def against_the_rest(values: Any, members: Any, clusters: Any = None) -> tuple[Doubles, Doubles]:
    """Of each group its mean less that of all other items, and the two-sided p-value of their being equal.

    `values` are (items,), `members` (items, groups) of truth values, `clusters` a name for each item. The test is the
    score test of a linear model with one 0/1 regressor, with the variance of clusters that are independent of one
    another (Liang and Zeger 1986, Biometrika 73): it takes the variance under the hypothesis, so that a small group in
    which all are right is no surprise by itself. Both figures are NaN of a group that has no item or all of them.
    """
    held, inside = np.asarray(values, np.float64), np.asarray(members, np.float64)
    count, size = len(held), inside.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = held @ inside
        apart = sums / size - (held.sum() - sums) / (count - size)
        parts = (held - held.mean())[:, None] * (inside - size / count)
        if clusters is not None:
            _, which = np.unique(np.asarray(clusters), return_inverse=True)
            whole = np.zeros((int(which.max(initial=-1)) + 1, parts.shape[1]))
            np.add.at(whole, which, parts)
            parts = whole
        alike = held.var() * np.square(inside - size / count).sum(axis=0)
        spread = np.sqrt(np.maximum(np.square(parts).sum(axis=0), alike))
        z = np.where(spread > 0, np.abs(parts.sum(axis=0)) / spread, 0.0)
    there = (size > 0) & (size < count)
    return np.where(there, apart, np.nan), np.where(there, _two_sided(z), np.nan)


def _two_sided(z: Doubles) -> Doubles:
    """The share of a normal distribution that is further from 0 than z."""
    from math import erfc, sqrt

    return np.array([erfc(one / sqrt(2)) for one in z.tolist()])
