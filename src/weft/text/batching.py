"""Rows laid into batches one after another, as many as a number of padded places allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.buffers import Longs
from weft.text.jit import I64, kernel, types

_SIZES = types.Array(types.int64, 2, "C", readonly=True)


@kernel(types.void(_SIZES, types.int64, I64, I64))
def _fill(sizes: Any, most: Any, longest: Any, out: Any) -> None:
    batch, rows = 0, 0
    for n in range(len(sizes)):
        rows += 1
        width = 0
        for k in range(sizes.shape[1]):
            width += max(longest[k], sizes[n, k])
        if rows > 1 and rows * width > most:
            batch, rows = batch + 1, 1
            for k in range(sizes.shape[1]):
                longest[k] = 0
        for k in range(sizes.shape[1]):
            longest[k] = max(longest[k], sizes[n, k])
        out[n] = batch


def filled(sizes: Longs, most: int) -> Longs:
    """(rows,) batch of each row, from 0, in their order. `sizes` (rows, sides): tokens of each side.

    Every side of a batch is padded to its longest row: a batch holds rows as long as rows times the sum of these is at
    most `most`. A row that is longer by itself is a batch of its own.
    """
    out = np.zeros(len(sizes), np.int64)
    if len(sizes):
        _fill(np.ascontiguousarray(sizes, np.int64), most, np.zeros(sizes.shape[1], np.int64), out)
    return out
