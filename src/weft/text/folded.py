"""Hashes of text with case and white space folded."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import code_point, look_up
from weft.text.hashing import mix
from weft.text.jit import I32_IN, I64_IN, U8_IN, U16_IN, U64, kernel, types
from weft.text.unicode import SPACE, tables

_P1 = np.uint64(0x9E3779B97F4A7C15)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)


@kernel(types.void(U8_IN, I64_IN, types.Tuple((U16_IN, U8_IN, U16_IN, I32_IN)), U64, U64))
def _folded(data: Any, offsets: Any, held: Any, high: Any, low: Any) -> None:
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        one, two, space, size = np.uint64(1), np.uint64(2), False, np.uint64(0)
        while at < stop:
            point, width = code_point(data, at)
            at += width
            if look_up(held[0], held[1], point) & SPACE:
                space = True
                continue
            value = np.uint64(point + look_up(held[2], held[3], point))
            if space and size:
                value += np.uint64(1) << np.uint64(32)
            space = False
            size += np.uint64(1)
            one = (one ^ value) * _P1
            one ^= one >> np.uint64(29)
            two = (two + value) * _P2
            two ^= two >> np.uint64(32)
        high[row] = mix(one ^ size)
        low[row] = mix(two + size)


def folded_hashes(strings: Strings) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Two independent 64-bit hashes of each text: case folded, runs of white space as one, none at the ends."""
    rows = len(strings.offsets) - 1
    high, low = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    found = tables()
    _folded(strings.data, strings.offsets, (*found.flags, *found.fold), high, low)
    return high, low
