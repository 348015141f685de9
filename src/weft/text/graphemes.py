"""Letters with all that belongs to them, which can be moved or left out without a mark losing its base."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.jit import I64, I64_IN, U8, U8_IN, kernel, types
from weft.text.unicode import LETTER, MARK, flat, tables

LETTERS, EXTENDS = 1, 2
_JOINERS = (0x200C, 0x200D)


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    flags = flat(tables().flags)
    held = np.where(flags & LETTER, np.uint8(LETTERS), np.uint8(0))
    held[(flags & MARK) != 0] = EXTENDS
    held[0xFE00:0xFE10] = EXTENDS
    held[list(_JOINERS)] = EXTENDS
    held[0x1160:0x1200] = EXTENDS  # vowels and finals of Hangul syllables that are written apart
    return held


@kernel(types.int64(U8_IN, I64_IN, U8_IN, types.boolean, I64, I64, U8))
def _clusters(data: Any, offsets: Any, kinds: Any, write: bool, begins: Any, rows: Any, letters: Any) -> int:
    count = 0
    for row in range(len(offsets) - 1):
        at, stop, first = offsets[row], offsets[row + 1], True
        while at < stop:
            point, width = code_point(data, at)
            kind = item(kinds, point)
            if first or kind != EXTENDS:
                if write:
                    begins[count], rows[count], letters[count] = at, row, kind == LETTERS
                count += 1
            first = False
            at += width
    return count


class Clusters(NamedTuple):
    """Every text in pieces, end to end: piece `n` is `data[begin[n]:begin[n + 1]]` of text `row[n]`.

    `letter`: the piece begins with a letter.
    """

    begin: Longs
    row: Longs
    letter: npt.NDArray[np.bool_]


def clusters(strings: Strings) -> Clusters:
    """The characters of texts, each with the marks, joiners and variation selectors behind it.

    As the extended grapheme clusters of UAX #29 for letters; emoji and line ends are in more pieces than there.
    """
    given, none = (strings.data, strings.offsets, _kinds()), np.empty(0, np.int64)
    size = _clusters(*given, False, none, none, np.empty(0, np.uint8))
    begins, rows, letters = np.empty(size + 1, np.int64), np.empty(size, np.int64), np.empty(size, np.uint8)
    _clusters(*given, True, begins, rows, letters)
    begins[size] = strings.offsets[-1] if len(strings.offsets) else 0
    return Clusters(begins, rows, letters.astype(np.bool_))
