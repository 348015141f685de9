"""A head: ridge regression of scores on hashed n-grams of both texts and smooth functions of what is known of a pair.

One sum of squares for all parts, so that no part is learnt from what another one was fitted to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.hashed_grams import Rows, chosen, dense, side_by_side
from weft.text.sparse_ridge import fitted, product
from weft.text.waves import drawn, waves

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
BITS = 18
"""2 ** BITS columns for the n-grams of a side."""
WAVES = 512
_WIDTH = 0.15
_GRAMS, _LINEAR, _VECTORS = (0.3, 0.15), 0.1, 1.0
"""How much of the variance of scores n-grams of each side, the columns themselves and vectors explain at first, where
the waves explain 1. Chosen with PENALTY by cross-validation on the train rows of MLQE-PE."""
PENALTY = 1.0
_FARTHEST = 4.0


@dataclass(frozen=True)
class Seen:
    """What a head sees of pairs: rows of n-grams of both sides, columns and vectors or None (NaN: not known)."""

    grams: tuple[Rows, Rows]
    columns: Floats
    vectors: Floats | None = None

    def __len__(self) -> int:
        return len(self.columns)

    def part(self, rows: npt.NDArray[np.int64]) -> Seen:
        """These pairs alone."""
        vectors = None if self.vectors is None else self.vectors[rows]
        return Seen((chosen(self.grams[0], rows), chosen(self.grams[1], rows)), self.columns[rows], vectors)


@dataclass(frozen=True)
class Head:
    """Weights: of n-grams of both sides (2 ** BITS each), of waves, of columns, of vectors, and a constant.

    Columns, and vectors after them, are standardised by `middle` and `spread` and cut at four deviations; what is not
    known counts 0.
    """

    middle: Floats
    spread: Floats
    ways: Floats
    shifts: Floats
    grams: tuple[Floats, Floats]
    waves: Floats
    linear: Floats
    vectors: Floats
    constant: float

    def values(self, seen: Seen) -> Doubles:
        """Scores before calibration; each sum in one order, whatever else is in the batch."""
        blocks, _ = _blocks(seen, self.middle, self.spread, self.ways, self.shifts)
        weights = (*self.grams, self.waves, self.linear, self.vectors)
        total = np.full(len(seen), self.constant)
        for block, weight in zip(blocks, weights, strict=False):
            total += product(block, weight.astype(np.float64))
        return total


def _standardised(columns: Floats, middle: Floats, spread: Floats) -> Floats:
    held = np.clip((columns - middle) / spread, -_FARTHEST, _FARTHEST)
    return np.asarray(np.nan_to_num(held, nan=0.0), np.float32)


def _blocks(seen: Seen, middle: Floats, spread: Floats, ways: Floats, shifts: Floats) -> tuple[list[Rows], list[int]]:
    count = seen.columns.shape[1]
    held = _standardised(seen.columns, middle[:count], spread[:count])
    shares = [np.float32(np.sqrt(weight)) for weight in _GRAMS]
    sides = zip(seen.grams, shares, strict=True)
    blocks = [Rows(side.starts, side.columns, side.values * share) for side, share in sides]
    blocks += [dense(waves(held, ways, shifts)), dense(held * np.float32(np.sqrt(_LINEAR / max(count, 1))))]
    widths = [1 << BITS, 1 << BITS, len(shifts), count]
    if seen.vectors is not None:
        width = seen.vectors.shape[1]
        numbers = _standardised(seen.vectors, middle[count:], spread[count:])
        blocks.append(dense(numbers * np.float32(np.sqrt(_VECTORS / max(width, 1)))))
        widths.append(width)
    return blocks, widths


def fit(seen: Seen, scores: Doubles, seed: int) -> Head:
    """The head of these pairs and scores."""
    every = seen.columns if seen.vectors is None else np.concatenate([seen.columns, seen.vectors], axis=1)
    known = np.ma.masked_invalid(every)
    middle = np.asarray(known.mean(axis=0).filled(0), np.float32)
    spread = np.asarray(np.maximum(known.std(axis=0).filled(0), 1e-6), np.float32)
    ways, shifts = drawn(seen.columns.shape[1], WAVES, _WIDTH, seed)
    blocks, widths = _blocks(seen, middle, spread, ways, shifts)
    # Scores of unit variance, so that one penalty serves all scales.
    constant, unit = float(scores.mean()), max(float(scores.std()), 1e-9)
    weights = fitted(side_by_side(blocks, widths), (scores - constant) / unit, PENALTY, sum(widths)) * unit
    parts = [part.astype(np.float32) for part in np.split(weights, np.cumsum(widths)[:-1])]
    vectors = parts[4] if len(parts) > 4 else np.empty(0, np.float32)
    return Head(middle, spread, ways, shifts, (parts[0], parts[1]), parts[2], parts[3], vectors, constant)


def crossed(seen: Seen, scores: Doubles, folds: npt.NDArray[np.int64], seed: int) -> Doubles:
    """What heads of the other folds say of each pair."""
    found = np.empty(len(scores))
    for fold in np.unique(folds):
        own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        found[own] = fit(seen.part(others), scores[others], seed).values(seen.part(own))
    return found


def folds_of(groups: Sequence[Any], count: int, seed: int) -> npt.NDArray[np.int64]:
    """A fold from 0 to `count` for each row, whole groups together, about as many rows in each."""
    names, which, sizes = np.unique(np.asarray(groups).astype(str), return_inverse=True, return_counts=True)
    random = np.random.Generator(np.random.PCG64(seed))
    # The largest groups first, each where there are fewest rows; equal ones in an order that is drawn.
    order = np.lexsort((random.permutation(len(names)), -sizes))
    filled, place = np.zeros(count, np.int64), np.empty(len(names), np.int64)
    for name in order.tolist():
        place[name] = int(np.argmin(filled))
        filled[place[name]] += sizes[name]
    return np.asarray(place[which], np.int64)
