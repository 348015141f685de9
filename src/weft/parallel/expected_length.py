"""How long the translation of a text should be, by its words: some become long ones, some nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.parallel.lexicon import Side
from weft.text.buffers import Longs

Floats = npt.NDArray[np.float64]
_PENALTY = 0.3
_STEPS = 30
_SHORT = 20
"""Bytes that are added to every length: lengths of long texts vary more, of very short ones not less and less."""
_LEAST = 0.2
"""Of what the length alone lets expect; words never bring it below that."""


class Lengths(NamedTuple):
    """Bytes of the translation: `ratio` for each byte, and what each word adds by its number (0: unknown, nothing)."""

    ratio: float
    words: Floats

    def expected(self, side: Side, sizes: Longs) -> Floats:
        """Bytes of the translation of each text that has `sizes` bytes."""
        by_length = self.ratio * sizes
        added = _sums(self.words[side.numbers], _rows(side), len(side))
        return np.asarray(np.maximum(by_length + added, _LEAST * by_length))


def learn(side: Side, sizes: Longs, others: Longs, words: int) -> Lengths:
    """From texts with `sizes` bytes and their translations with `others`; `words` are numbered from 1 on.

    Ridge regression of what is left over the common ratio, texts weighted by the inverse of their length, solved by
    conjugate gradients (Hestenes and Stiefel 1952).
    """
    rows, numbers = _rows(side), side.numbers
    ratio = float(others.sum() / max(int(sizes.sum()), 1))
    weight = 1 / np.sqrt(sizes + _SHORT)

    def transposed(values: Floats) -> Floats:
        return _sums((values * weight)[rows], numbers, words + 1)

    found = np.zeros(words + 1)
    left = transposed((others - ratio * sizes) * weight)
    first = size = float((left * left).sum())
    way = left.copy()
    for _ in range(_STEPS):
        if size <= 1e-8 * first:
            break
        bent = transposed(_sums(way[numbers], rows, len(side)) * weight) + _PENALTY * way
        step = size / float((way * bent).sum())
        found += step * way
        left -= step * bent
        before, size = size, float((left * left).sum())
        way = left + size / before * way
    found[0] = 0
    return Lengths(ratio, found)


def _rows(side: Side) -> Longs:
    return np.repeat(np.arange(len(side)), np.diff(side.tokens.starts))


def _sums(values: Any, places: Any, size: int) -> Floats:
    return np.asarray(np.bincount(places, values, minlength=size), np.float64)
