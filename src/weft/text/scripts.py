"""The dominant script of a text, by its letters and marks."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import HIGH, code_point, item, letters_among, marked, word
from weft.text.jit import F32, I32, I64, I64_IN, U8_IN, kernel, types
from weft.text.unicode import LETTER, MARK, flat, script_number, tables

_IGNORED = ("Zyyy", "Zinh", "Zzzz")
_NO_LETTER, _UNKNOWN = 254, 255
_ONE_IN = 50
"""Kana among Han letters from which a text is Japanese: Chinese pages hold a decorative one here and there."""


@kernel(types.void(U8_IN, I64_IN, U8_IN, I64_IN, types.int64, I64, I32, F32, F32))
def _dominant(
    data: Any, offsets: Any, kinds: Any, numbers: Any, most: int, counts: Any, script: Any, share: Any, second: Any
) -> None:
    """Number of the most frequent script, its share of letters and marks, and the share of the next one."""
    han, kana, latin = numbers
    for row in range(len(offsets) - 1):
        counts[:] = 0
        at, stop, total = offsets[row], offsets[row + 1], 0
        while at < stop and total < most:
            if at + 8 <= stop and total + 8 <= most:
                eight = word(data, at)
                if eight & HIGH == 0:
                    letters = marked(letters_among(eight))
                    counts[latin] += letters
                    total += letters
                    at += 8
                    continue
            point, size = code_point(data, at)
            kind = item(kinds, point)
            # Every other letter has counters of its own: adding to one again would wait for the sum before.
            counts[(at & 1) * 256 + kind] += 1
            total += kind != _NO_LETTER
            at += size
        for n in range(256):
            counts[n] += counts[256 + n]
        counts[_NO_LETTER], counts[_UNKNOWN] = 0, 0
        if counts[kana] * _ONE_IN >= counts[han] + counts[kana]:
            counts[kana] += counts[han]
            counts[han] = 0
        known = counts[:256].sum()
        best = np.argmax(counts[:256])
        first = counts[best]
        counts[best] = 0
        script[row] = best if first else -1
        share[row] = first / known if known else 0.0
        second[row] = counts[np.argmax(counts[:256])] / known if known else 0.0


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Script number of every letter and mark; _UNKNOWN for those of many scripts, _NO_LETTER for the rest."""
    found = tables()
    merged = np.arange(256, dtype=np.uint8)
    for name in _IGNORED:
        merged[script_number(name)] = _UNKNOWN
    merged[script_number("Kana")], merged[script_number("Bopo")] = script_number("Hira"), script_number("Hani")
    letters = flat(found.flags) & (LETTER | MARK)
    return np.where(letters, merged[flat(found.script)], np.uint8(_NO_LETTER))


def dominant_script(
    strings: Strings, most: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Script number (-1: no letters), its share, and the share of the second script, of each document.

    Hiragana and katakana count as one, and Han with them where one in _ONE_IN of these letters is kana. At most
    `most` letters are read.
    """
    numbers = np.array([script_number(name) for name in ("Hani", "Hira", "Latn")])
    rows = len(strings.offsets) - 1
    script, share, second = np.empty(rows, np.int32), np.empty(rows, np.float32), np.empty(rows, np.float32)
    counts = np.empty(512, np.int64)
    _dominant(strings.data, strings.offsets, _kinds(), numbers, most, counts, script, share, second)
    return script, share, second
