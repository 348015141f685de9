"""True Jaccard similarity of sorted shingle sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import F32, I64, I64_IN, U64_IN, kernel, types


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


@kernel(types.int64(types.uint64[::1], I64), allocates=True)
def _unique(values: Any, offsets: Any) -> int:
    """Sort each set in place and drop repeats; offsets are moved along. Returns the number of values kept."""
    at = 0
    start = offsets[0]
    for row in range(len(offsets) - 1):
        stop = offsets[row + 1]
        part = np.sort(values[start:stop])
        offsets[row] = at
        for n in range(len(part)):
            if n == 0 or part[n] != part[n - 1]:
                values[at] = part[n]
                at += 1
        start = stop
    offsets[len(offsets) - 1] = at
    return at


def sorted_sets(values: npt.NDArray[np.uint64], offsets: Longs) -> tuple[npt.NDArray[np.uint64], Longs]:
    """The same lists as sorted sets; the given arrays are used up."""
    kept = _unique(values, offsets)
    return values[:kept], offsets
