"""How alike words of two languages are by their consonants, in whatever scripts: names and loans."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import code_point, item
from weft.text.jit import F32, I32_IN, I64, I64_IN, U8_IN, kernel, types
from weft.text.romanized import romanization

_MOST = 24
"""Symbols of a word that are looked at."""
_LETTERS, _SYMBOLS = 4, 5
"""Words of fewer letters are never alike; nor are two of fewer symbols together, unless they have the same ones."""
_U8 = types.uint8[::1]
_U8_2 = types.uint8[:, ::1]


@kernel(types.void(U8_IN, I64_IN, U8_IN, _U8_2, I64, I64))
def _skeletons(data: Any, offsets: Any, symbols: Any, out: Any, sizes: Any, letters: Any) -> None:
    for n in range(len(offsets) - 1):
        at, size, before = offsets[n], 0, 0
        while at < offsets[n + 1]:
            point, width = code_point(data, at)
            at += width
            letters[n] += 1
            symbol = item(symbols, point)
            if symbol and symbol != before and size < _MOST:
                out[n, size] = symbol
                size += 1
            before = symbol if symbol else before
        sizes[n] = size


_SIDE = types.Tuple((_U8_2, I64, I64))


@kernel(types.void(_SIDE, _SIDE, I32_IN, I32_IN, F32, types.int64[:, ::1]))
def _alike(source: Any, target: Any, rows: Any, columns: Any, out: Any, room: Any) -> None:
    for n in range(len(rows)):
        one, other = source[0][rows[n]], target[0][columns[n]]
        size, count = source[1][rows[n]], target[1][columns[n]]
        if min(size, count) < 2 or min(source[2][rows[n]], target[2][columns[n]]) < _LETTERS:
            out[n] = 0.0
            continue
        for j in range(count + 1):
            room[0, j] = j
        for i in range(size):
            before, after = room[i & 1], room[(i + 1) & 1]
            after[0] = i + 1
            for j in range(count):
                after[j + 1] = min(before[j] + (one[i] != other[j]), min(before[j + 1], after[j]) + 1)
        share = 1.0 - room[size & 1, count] / max(size, count)
        out[n] = share if share == 1.0 or size + count >= _SYMBOLS else 0.0


def alike(
    source: Strings, target: Strings, rows: npt.NDArray[np.int32], columns: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """0 to 1 for word `rows[k]` of the source and word `columns[k]` of the target.

    1 - distance / length of their skeletons of consonants (`romanized.CLASSES`, a run of one symbol once), by the edit
    distance of Levenshtein (1966).
    """
    sides = []
    for words in (source, target):
        size = len(words.offsets) - 1
        side = (np.zeros((size, _MOST), np.uint8), np.zeros(size, np.int64), np.zeros(size, np.int64))
        _skeletons(words.data, words.offsets, romanization(), *side)
        sides.append(side)
    out = np.empty(len(rows), np.float32)
    _alike(sides[0], sides[1], rows, columns, out, np.zeros((2, _MOST + 1), np.int64))
    return out
