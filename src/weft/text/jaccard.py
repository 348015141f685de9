"""True Jaccard similarity of sorted shingle sets."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import F32, I64, I64_IN, U64, U64_IN, kernel, types


@kernel(types.void(U64_IN, I64_IN, I64_IN, I64_IN, F32))
def _similarities(values: Any, offsets: Any, first: Any, second: Any, out: Any) -> None:
    for pair in range(len(first)):
        a, a_stop = offsets[first[pair]], offsets[first[pair] + 1]
        b, b_stop = offsets[second[pair]], offsets[second[pair] + 1]
        total, common = (a_stop - a) + (b_stop - b), 0
        while a < a_stop and b < b_stop:
            left, right = values[a], values[b]
            common += left == right
            a += left <= right
            b += right <= left
        out[pair] = common / (total - common) if total else 1.0


def similarities(
    values: npt.NDArray[np.uint64], offsets: Longs, first: Longs, second: Longs
) -> npt.NDArray[np.float32]:
    """|A ∩ B| / |A ∪ B| of the pairs (first[i], second[i]) of sets; each set sorted and without repeats."""
    out = np.empty(len(first), np.float32)
    _similarities(values, offsets, first, second, out)
    return out


@kernel(types.int64(U64, I64))
def _unique(values: Any, offsets: Any) -> int:
    """Drop repeats from each sorted list in place; offsets are moved along. Returns the number of values kept."""
    at = 0
    start = offsets[0]
    for row in range(len(offsets) - 1):
        stop = offsets[row + 1]
        offsets[row] = at
        if start < stop:
            last = values[start]
            values[at] = last
            for n in range(start + 1, stop):
                value = values[n]
                at += value != last  # no branch: whether a value repeats is hard to predict
                values[at] = value
                last = value
            at += 1
        start = stop
    offsets[len(offsets) - 1] = at
    return at


def sorted_sets(values: npt.NDArray[np.uint64], offsets: Longs) -> tuple[npt.NDArray[np.uint64], Longs]:
    """The same lists as sorted sets; the given arrays are used up."""
    places = offsets.tolist()
    for start, stop in pairwise(places):
        values[start:stop].sort()  # NumPy's sort uses the processor's vectors, one in a kernel does not
    kept = _unique(values, offsets)
    return values[:kept], offsets


def upper_halves(values: npt.NDArray[np.uint64], offsets: Longs) -> tuple[npt.NDArray[np.uint32], Longs]:
    """The first 32 bits of the hashes of sorted sets, as sorted sets.

    Of n hashes about n^2 / 2^33 have the same first half as another one: one of a set of 100,000.
    """
    held, moved = values >> np.uint64(32), offsets.copy()
    kept = _unique(held, moved)
    return held[:kept].astype(np.uint32), moved
