"""What vectors of sentences say in an alignment: how near runs of both sides are, beside what any two runs have.

The distance is vecalign's (Thompson and Koehn 2019, section 3.2), with the mean vector of a run in place of the vector
of its joined text: one vector for each sentence is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.agreement import Band, Floats
from weft.text.buffers import Longs
from weft.text.cosine import SCALE, cosines, whole_numbers

SAMPLED = 100
"""Sentences of the other document that say what is usual."""
LEAST_RISE = 0.5
"""Correlation of the places of sentences and of their nearest ones under which vectors are left out."""
TRUST = 0.5
"""What a discriminant says of vectors is believed so far: of one half and the whole the better, on Swahili and Dinka of
TICO-19."""
_ROWS = 200
_LEAST_VARIANCE = 1e-3


class Fit(NamedTuple):
    """How vectors are to be weighed: the weight and the level from which on they speak for a bead; and how far nearest
    sentences stand in the same order (1: entirely)."""

    weight: float
    level: float
    rise: float


def joined(vectors: Floats, step: int) -> Floats:
    """Vectors of runs of `step` sentences, to length one; zeros where there is none."""
    return vectors if step == 1 else _unit(np.add.reduceat(vectors, np.arange(0, len(vectors), step), axis=0))


def _unit(vectors: Any) -> Floats:
    size = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1))
    return np.asarray(vectors / np.where(size > 0, size, 1)[:, None], np.float32)


def _run(vectors: Floats, count: int) -> Floats:
    """Of each sentence the run of `count` that ends with it."""
    found = vectors.copy()
    for k in range(1, count):
        found[k:] += vectors[:-k]
    return _unit(found)


def _there(vectors: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray((vectors != 0).any(axis=1))


def _mean(vectors: Floats) -> npt.NDArray[np.float64]:
    held = vectors[_there(vectors)]
    size = min(len(held), SAMPLED)
    rows = np.arange(size) * len(held) // max(size, 1)
    return np.asarray(held[rows].astype(np.float64).sum(axis=0) / max(size, 1))


def _nearness(cosine: Any, usual: Any) -> Any:
    """1 for the same direction, 0 for what is usual: one less vecalign's cost."""
    return (cosine - usual) / np.maximum(1 - usual, 0.05)


def nearness(sides: tuple[Floats, Floats], shapes: Longs, places: Band, row: Longs, column: Longs) -> Floats:
    """(places, kinds): how near the runs of the bead of each kind are that ends at each place.

    No number where a bead has one side, begins before the document does, or has a run without vectors.
    """
    out = np.full((places.size, len(shapes)), np.nan, np.float32)
    means = [_mean(side) for side in sides]
    for k, (a, b) in enumerate(shapes.tolist()):
        at = np.flatnonzero((row >= a) & (column >= b)) if a and b else np.empty(0, np.int64)
        if not len(at):
            continue
        runs = [_run(sides[0], a), _run(sides[1], b)]
        usual = [(run * mean).sum(axis=1) for run, mean in zip(runs, means[::-1], strict=True)]
        first, second = row[at] - 1, column[at] - 1
        there = _there(runs[0])[first] & _there(runs[1])[second]
        at, first, second = at[there], first[there], second[there]
        cosine = cosines(np.concatenate(runs), first, second + len(runs[0]))
        out[at, k] = _nearness(cosine, (usual[0][first] + usual[1][second]) / 2)
    return out


def charged(prices: Floats, near: Floats, shapes: Longs, weight: float, level: float) -> Floats:
    """Prices of beads less what vectors say for them, by sentences of the bead; where they say nothing, as they are."""
    said = np.float32(weight) * (near - np.float32(level)) * (shapes.sum(axis=1) / 2).astype(np.float32)
    return np.asarray(prices - np.nan_to_num(said, nan=0.0), np.float32)


def fitted(documents: Sequence[tuple[Floats, Floats]]) -> Fit:
    """How the vectors of pairs of documents are to be weighed before any alignment is known; weight 0 for not at all.

    Of some sentences of each document the nearest one of the other is looked for. If these stand in about the same
    order as the sentences they are taken for translations, and all others for none (linear discriminant).
    """
    each = max(1, min(_ROWS, 4_000 // max(len(documents), 1)))
    found = [_looked(pair, each) for pair in documents if len(pair[0]) and len(pair[1])]
    own, other, best, total, squares, count = (
        np.concatenate([np.atleast_1d(one[n]) for one in found]) if found else np.empty(0) for n in range(6)
    )
    if len(own) < 8 or own.std() == 0 or other.std() == 0:
        return Fit(0.0, 0.0, 0.0)
    rise = float(np.corrcoef(own, other)[0, 1])
    false = float(total.sum() / count.sum())
    spread = float(squares.sum() / count.sum()) - false**2
    gap = float(np.median(best)) - false
    variance = max((spread + float(best.var())) / 2, _LEAST_VARIANCE)
    return Fit(TRUST * gap / variance if rise >= LEAST_RISE else 0.0, false + gap / 2, rise)


def _looked(pair: tuple[Floats, Floats], most: int) -> tuple[Any, ...]:
    """Relative places of some sentences and of their nearest ones, how near these are, and sums over all pairs."""
    one, other = pair
    size = min(len(one), most)
    rows = np.arange(size) * len(one) // size
    rows = rows[_there(one)[rows]]
    columns = np.flatnonzero(_there(other))
    if not len(rows) or not len(columns):
        return (np.empty(0),) * 3 + (0.0, 0.0, 0.0)
    products = whole_numbers(one[rows]) @ whole_numbers(other[columns]).T
    usual = ((one[rows] * _mean(other)).sum(axis=1)[:, None] + (other[columns] * _mean(one)).sum(axis=1)) / 2
    near = _nearness(products.astype(np.float64) / SCALE**2, usual)
    place = near.argmax(axis=1)
    return (
        rows / len(one), columns[place] / len(other), near.max(axis=1), near.sum(), (near**2).sum(), float(near.size)
    )  # fmt: skip


def together(
    true: npt.NDArray[np.float64], false: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights and levels of words and vectors, (2,) each, by their values (beads, 2) in beads of a path and beside it.

    The linear discriminant of both; of a weight below 0 the other alone.
    """
    below = false.mean(axis=0)
    gap = np.maximum(np.average(true, axis=0, weights=weight + 1e-9) - below, 0.0)
    spread = (np.cov(true.T) + np.cov(false.T)) / 2 + np.diag([1e-6, _LEAST_VARIANCE])
    found = np.linalg.solve(spread, gap)
    alone = gap / np.diag(spread)
    if found[0] < 0:
        found = np.array([0.0, alone[1]])
    elif found[1] < 0:
        found = np.array([alone[0], 0.0])
    return found * np.array([1.0, TRUST]), below + gap / 2
