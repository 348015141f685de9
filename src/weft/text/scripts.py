"""The dominant script of a text, by its letters and marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import code_point, look_up
from weft.text.jit import F32, I32, I64_IN, U8_IN, U16_IN, kernel, types
from weft.text.unicode import LETTER, MARK, script_number, tables

_IGNORED = ("Zyyy", "Zinh", "Zzzz")
_ONE_IN = 50
"""Kana among Han letters from which a text is Japanese: Chinese pages hold a decorative one here and there."""


@kernel(
    types.void(U8_IN, I64_IN, U16_IN, U8_IN, U16_IN, U8_IN, U8_IN, I64_IN, types.int64, I32, F32, F32), allocates=True
)
def _dominant(
    data: Any, offsets: Any, index: Any, blocks: Any, script_index: Any, script_blocks: Any, merged: Any, japanese: Any,
    most: int, script: Any, share: Any, second: Any,
) -> None:  # fmt: skip
    """Number of the most frequent script, its share of letters and marks, and the share of the next one."""
    counts = np.zeros(256, np.int64)
    han, kana, one_in = japanese
    for row in range(len(offsets) - 1):
        counts[:] = 0
        at, stop, total = offsets[row], offsets[row + 1], 0
        while at < stop and total < most:
            point, size = code_point(data, at)
            at += size
            if look_up(index, blocks, point) & (LETTER | MARK):
                counts[merged[look_up(script_index, script_blocks, point)]] += 1
                total += 1
        counts[255] = 0
        if counts[kana] * one_in >= counts[han] + counts[kana]:
            counts[kana] += counts[han]
            counts[han] = 0
        known = counts.sum()
        best = np.argmax(counts)
        first = counts[best]
        counts[best] = 0
        script[row] = best if first else -1
        share[row] = first / known if known else 0.0
        second[row] = counts.max() / known if known else 0.0


def dominant_script(
    strings: Strings, most: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Script number (-1: no letters), its share, and the share of the second script, of each document.

    Hiragana and katakana count as one, and Han with them where one in _ONE_IN of these letters is kana. At most
    `most` letters are read.
    """
    found = tables()
    han, kana = script_number("Hani"), script_number("Hira")
    merged = np.arange(256, dtype=np.uint8)
    for name in _IGNORED:
        merged[script_number(name)] = 255
    merged[script_number("Kana")], merged[script_number("Bopo")] = kana, han
    rows = len(strings.offsets) - 1
    script, share, second = np.empty(rows, np.int32), np.empty(rows, np.float32), np.empty(rows, np.float32)
    japanese = np.array([han, kana, _ONE_IN])
    given = (strings.data, strings.offsets, *found.flags, *found.script, merged, japanese, most)
    _dominant(*given, script, share, second)
    return script, share, second
