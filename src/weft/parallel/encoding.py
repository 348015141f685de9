"""How near a pair is to an encoder: cosine, and ratio margin over neighbours in a sample that is always the same.

The sample comes from the seed and is kept with the model. So what a pair gets depends on the pair alone: the same on
any number of workers, in any block of any file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError
from weft.text.cosine import MOST_NUMBERS, SCALE, Floats, lengths, nearest, whole_numbers

NEIGHBOURS = 4
COLUMNS = ("margin", "cosine")
_LEAST_USUAL = 0.05
"""A mean cosine of neighbours below this counts as this much: a ratio to about nothing says nothing."""
_ROWS = 1_024
_NONE = np.float32(-1e9)


class Vectors(NamedTuple):
    """Vectors (texts, numbers) of length one as whole numbers (`cosine.whole_numbers`), and which texts have one."""

    values: Floats
    known: npt.NDArray[np.bool_]


Embed = Callable[[Sequence[str]], Vectors]


class Background(NamedTuple):
    """Vectors of both sides of some pairs of the seed, as whole numbers: among them are the neighbours."""

    source: Floats
    target: Floats


def directed(vectors: Floats, known: npt.NDArray[np.bool_]) -> Vectors:
    """Vectors to length one; one that is not finite, or all zeros, is none. Raises WeftError for too many numbers."""
    if vectors.shape[1] > MOST_NUMBERS:
        raise WeftError(f"vectors of {vectors.shape[1]} numbers; expected {MOST_NUMBERS} at most")
    held = np.ascontiguousarray(vectors, np.float32)
    held[~(known & np.isfinite(held).all(axis=1))] = 0
    size = lengths(held)
    found = (size > 0) & np.isfinite(size)
    held[~found] = 0
    return Vectors(whole_numbers(np.asarray(held / np.where(found, size, 1)[:, None], np.float32)), found)


def meaning(source: Vectors, target: Vectors, background: Background) -> Floats:
    """COLUMNS of each pair, (pairs, 2); no number where a side has no vector.

    The ratio margin of Artetxe and Schwenk (2019): the cosine, divided by the mean of what the source has with its four
    nearest targets of the background and the target with its four nearest sources there. The pair's own texts are no
    neighbours, where the background has them. Exact: products are of whole numbers.
    Raises WeftError for vectors of another length than those of the background.
    """
    for side, there in zip((source, target), background, strict=True):
        if side.known.any() and side.values.shape[1] != there.shape[1]:
            raise WeftError(
                f"the encoder gave vectors of {side.values.shape[1]} numbers; expected {there.shape[1]}, as in training"
            )
    out = np.full((len(source.known), len(COLUMNS)), np.nan, np.float32)
    both = np.flatnonzero(source.known & target.known)
    for first in range(0, len(both), _ROWS):
        rows = both[first : first + _ROWS]
        one, other = source.values[rows], target.values[rows]
        cosine = np.einsum("nd,nd->n", one.astype(np.float64), other.astype(np.float64)) / SCALE**2
        usual = (_usual(one, background.target, other) + _usual(other, background.source, one)) / 2
        out[rows, 0], out[rows, 1] = cosine / np.maximum(usual, _LEAST_USUAL), cosine
    return out


def _usual(rows: Floats, there: Floats, own: Floats) -> npt.NDArray[np.float64]:
    """Mean cosine of each row with its nearest vectors `there` that are not those of `own`."""
    products = rows @ there.T
    # Of whole numbers this is |own - there|^2, exactly; it is 0 of the same vector alone.
    apart = np.sum(own * own, axis=1)[:, None] + np.sum(there * there, axis=1) - 2 * (own @ there.T)
    products[apart == 0] = _NONE
    best = nearest(products, NEIGHBOURS)
    found = np.take_along_axis(products, best.astype(np.int64), 1).astype(np.float64)
    held = found > _NONE / 2
    return np.asarray(np.where(held, found, 0).sum(axis=1) / np.maximum(held.sum(axis=1), 1) / SCALE**2)
