"""Nearest centres of vectors, and which vectors are similar: exact cosines, summed in a fixed order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import F32, F32_2, I32_2, I64, I64_IN, kernel, part, types
from weft.text.vectors import product

Floats = npt.NDArray[np.float32]

SCALE = 4000
"""Whole numbers to a length of one: |x| |y| stays below 2^24 up to MOST_NUMBERS numbers, so that float32 holds every
partial sum of x · y exactly and a matrix product is the same in any order, on any machine."""
MOST_NUMBERS = 8192


def whole_numbers(vectors: Floats) -> Floats:
    """Rows of length one as whole numbers, SCALE to one; each is at most half a unit off in every place."""
    return np.asarray(np.rint(vectors * np.float32(SCALE)), np.float32)


def least_product(threshold: float, numbers: int) -> np.float32:
    """The product of `whole_numbers` that no pair of at least this cosine stays below, for vectors of `numbers`."""
    # Each row is off by at most sqrt(numbers) / 2 units; the last term is for what float32 rounds off a cosine.
    off = SCALE * np.sqrt(numbers) + numbers / 4 + 1e-5 * SCALE * SCALE
    return np.float32(np.floor(threshold * SCALE * SCALE - off))


@kernel(types.void(F32_2, I32_2))
def _nearest(scores: Any, out: Any) -> None:
    """Columns of the highest scores of each row, highest first; of equal ones the first column."""
    wanted = out.shape[1]
    for row in range(scores.shape[0]):
        held = 0
        for column in range(scores.shape[1]):
            score = scores[row, column]
            if held == wanted and score <= scores[row, out[row, held - 1]]:
                continue
            at = held if held < wanted else wanted - 1
            while at > 0 and scores[row, out[row, at - 1]] < score:
                out[row, at] = out[row, at - 1]
                at -= 1
            out[row, at] = column
            held = min(held + 1, wanted)


def nearest(scores: Floats, wanted: int) -> npt.NDArray[np.int32]:
    """The `wanted` columns of highest score of each row, highest first, of equal scores the first column."""
    out = np.empty((len(scores), min(wanted, scores.shape[1])), np.int32)
    _nearest(scores, out)
    return out


@part
def _root(parents: Any, item: int) -> int:
    while parents[item] != item:
        parents[item] = parents[parents[item]]
        item = parents[item]
    return item


@part
def _cosine(vectors: Any, lengths: Any, first: int, second: int) -> Any:
    return product(vectors[first], vectors[second]) / (lengths[first] * lengths[second])


@kernel(types.void(F32_2, F32))
def _lengths(vectors: Any, out: Any) -> None:
    for row in range(vectors.shape[0]):
        out[row] = np.sqrt(product(vectors[row], vectors[row]))


def lengths(vectors: Floats) -> Floats:
    """The length of each row."""
    out = np.empty(len(vectors), np.float32)
    _lengths(vectors, out)
    return out


@kernel(types.void(F32_2, F32, I64_IN, I64_IN, F32))
def _cosines(vectors: Any, length: Any, first: Any, second: Any, out: Any) -> None:
    for n in range(len(first)):
        out[n] = _cosine(vectors, length, first[n], second[n])


def cosines(vectors: Floats, first: Longs, second: Longs) -> Floats:
    """The cosine of each pair of rows, summed in float32 in a fixed order; no number where a row has length 0."""
    out = np.empty(len(first), np.float32)
    _cosines(vectors, lengths(vectors), first, second, out)
    return out


@kernel(
    types.int64(
        *(F32_2, types.float32, types.float32, I64_IN, I64_IN, F32_2, F32),
        *(I64, I64, I64, F32, types.int64),
    )
)
def join(
    products: Any,
    least: Any,
    threshold: Any,
    rows: Any,
    columns: Any,
    vectors: Any,
    length: Any,
    parents: Any,
    first: Any,
    second: Any,
    cosine: Any,
    found: int,
) -> int:
    """Join the sets of similar vectors and note the pair that joined them; gives the number of pairs noted so far.

    `products` are those of `whole_numbers` of the vectors `rows` and `columns`. A pair of at least `least` whose ends
    are in different sets of `parents` is joined when its true cosine is at least `threshold`.
    """
    for n in range(products.shape[0]):
        one = rows[n]
        for m in range(products.shape[1]):
            if products[n, m] < least:
                continue
            a, b = _root(parents, one), _root(parents, columns[m])
            if a == b:
                continue
            similar = _cosine(vectors, length, one, columns[m])
            if similar >= threshold:
                parents[max(a, b)] = min(a, b)
                first[found], second[found], cosine[found] = one, columns[m], similar
                found += 1
    return found
