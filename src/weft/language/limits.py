"""What refusals may cost: weights and thresholds by which no source loses more right answers than its share.

The sources are constraints. Their weights in learning are their multipliers (as in Lagrange's method), and thresholds
of all labels rise together until a source has lost its share; those of its labels stay there, the others rise on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from weft.language.logistic import alike, logistic
from weft.language.refusal import KNOTS
from weft.language.tents import Floats, bounds_of, products

_ROUNDS, _STEP = 4, 0.5
_EXTREMES = 0.02, 50.0
"""Least and most that a source counts, beside one of weight 1."""
_FEWEST = 100
"""Right answers of a source below which its lowest scores say little."""
_PENALTY = 0.01
_HIGHEST = 0.5
"""Of all thresholds. The score is the log odds of being right, were every other text of an unknown language: above this
an answer is likelier right by far, and of a label that one source alone bounds little is known on other texts."""


def learn(
    known: Floats, source: npt.NDArray[np.object_], unknown: Floats, weight: Floats, costs: Mapping[str, float]
) -> npt.NDArray[np.float32]:
    """Weights of the score: right answers against answers to texts whose language the model does not have.

    `known` and `unknown` are witnesses (texts, 4) of both, `source` (texts) is that of right answers, `weight` (texts)
    that of the others, which sums to 1. A source whose lowest scores, of the share in `costs`, are lower than those of
    most others counts more in the next round.
    """
    (right, places), (other, _) = products(known, KNOTS), products(unknown, KNOTS)
    seen = np.concatenate([right, other])
    truth = np.repeat([1.0, 0.0], [len(right), len(other)])
    even = alike(source)
    # in the order of names: sums of numbers depend on it
    bound = {name: rows for name in sorted(costs) if (rows := source == name).sum() >= _FEWEST}
    times = np.ones(len(source))
    found = np.zeros(0, np.float32)
    for _ in range(_ROUNDS + 1):
        mine = even * times
        found = logistic(seen, truth, np.concatenate([mine / mine.sum(), weight]) / 2, _PENALTY, scaled=False)
        if not bound:
            break
        scores = right @ found.astype(np.float64)
        lowest = {name: float(np.quantile(scores[rows], costs[name])) for name, rows in bound.items()}
        middle = float(np.median(list(lowest.values())))
        for name, rows in bound.items():
            moved = times[rows] * np.exp(_STEP * np.clip(middle - lowest[name], -1, 1))
            times[rows] = np.clip(moved, *_EXTREMES)
    size = bounds_of(KNOTS)[-1]
    weights = np.zeros((size, size), np.float32)
    weights[places] = found
    return weights


def thresholds(
    label: npt.NDArray[np.int32],
    source: npt.NDArray[np.object_],
    scores: Floats,
    labels: int,
    costs: Mapping[str, float],
) -> npt.NDArray[np.float32]:
    """(labels,): for each label the score below which answers are refused, as high as the costs allow.

    `label`, `source` and `scores` (answers) are those of right answers, `costs` the share of each source's that may be
    refused. No threshold is above _HIGHEST; a label of none of these sources has the lowest of all.
    """
    found, rising = np.full(labels, -np.inf, np.float32), np.ones(labels, np.bool_)
    rows = {name: np.flatnonzero(source == name) for name in sorted(costs)}
    open_ = {name: own for name, own in rows.items() if len(own)}
    lowest = -np.inf if not open_ else _HIGHEST
    while open_:
        level, name = min(
            (_highest(own, costs[name], label, scores, found, rising), name) for name, own in open_.items()
        )
        lowest = min(lowest, level)
        stays = np.unique(label[open_.pop(name)])
        stays = stays[rising[stays]]
        found[stays], rising[stays] = _below(level), False
    found[rising] = _below(lowest)
    return found


def _highest(
    rows: npt.NDArray[np.int64],
    cost: float,
    label: npt.NDArray[np.int32],
    scores: Floats,
    found: npt.NDArray[np.float32],
    rising: npt.NDArray[np.bool_],
) -> float:
    """The highest level for labels that still rise at which a source loses no more."""
    free = rising[label[rows]]
    fixed = rows[~free]
    may = int(cost * len(rows)) - int((scores[fixed] < found[label[fixed]]).sum())
    own = np.sort(scores[rows[free]])
    return min(float(own[max(may, 0)]), _HIGHEST) if may < len(own) else _HIGHEST


def _below(level: float) -> np.float32:
    """The number of half the length that is not above a level: an answer of just this score is not refused."""
    near = np.float32(level)
    return near if float(near) <= level else np.nextafter(near, np.float32(-np.inf))
