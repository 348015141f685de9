"""Words of texts as an identifier of languages reads them: where they stand, and the group of their script.

A word is a run of letters, marks, digits, apostrophes and joiners that holds a letter of some script. It has the script
of most of its letters: look-alikes of other alphabets do not divide it. Runs of scripts without spaces are cut into
pieces, and end where letters of other scripts begin.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Bytes, Longs, Strings
from weft.text.decode import code_point, item
from weft.text.jit import I32, I32_IN, I64, I64_IN, U8, U8_IN, kernel, types
from weft.text.ngrams import LONGEST_WORD, letters
from weft.text.unicode import EAST, LETTER, MARK, NUMBER, SOUTH_EAST, flat, script_number, tables

_OUTSIDE, _SILENT = 255, 254
"""Kinds of code points: no part of a word; part of one, but of no script. All others are numbers of scripts."""
_PIECE = 16
"""Letters of a piece of a run without spaces."""
_OF_NO_SCRIPT = ("Zyyy", "Zinh", "Zzzz")


@functools.cache
def _kinds() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Kind of every code point, and the letters after which a run of its like is cut."""
    found = tables()
    flags, script = flat(found.flags), flat(found.script).astype(np.uint8)
    inside = (letters() > 0) | ((flags & NUMBER) != 0)
    silent = np.isin(script, [script_number(name) for name in _OF_NO_SCRIPT]) | ((flags & (LETTER | MARK)) == 0)
    kinds = np.where(inside, np.where(silent, np.uint8(_SILENT), script), np.uint8(_OUTSIDE))
    most = np.where(flags & (EAST | SOUTH_EAST), np.uint8(_PIECE), np.uint8(LONGEST_WORD))
    return kinds, most


_TABLES = types.Tuple((U8_IN, U8_IN, I32_IN))


@kernel(types.int64(U8_IN, I64_IN, _TABLES, types.boolean, I64, I32, I32))
def _find(data: Any, offsets: Any, held: Any, write: bool, places: Any, group: Any, row_of: Any) -> int:
    """Bytes at which words begin and end, the groups of their scripts and their rows; returns how many there are.

    The group of most letters is found by their majority vote (Boyer and Moore 1991).
    """
    kinds, most, groups = held
    count = 0
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        begin, own, size, lead, cut = at, -1, 0, 0, 0
        while at <= stop:
            width, kind, limit, letter = 1, _OUTSIDE, 0, -1
            if at < stop:
                point, width = code_point(data, at)
                kind, limit = int(item(kinds, point)), int(item(most, point))
                if kind < _SILENT:
                    letter = int(item(groups, kind))
            dense = letter != own and (limit == _PIECE or cut == _PIECE)
            if kind == _OUTSIDE or (letter >= 0 and own >= 0 and (size >= limit or dense)):
                if own >= 0:
                    if write:
                        places[2 * count], places[2 * count + 1] = begin, at
                        group[count], row_of[count] = own, row
                    count += 1
                begin, own, size, lead = at, -1, 0, 0
            if kind == _OUTSIDE:
                begin = at + width
            elif letter >= 0:
                if lead == 0:
                    own, cut = letter, limit
                lead += 1 if letter == own else -1
                size += 1
            at += width
    return count


class Words(NamedTuple):
    """In the order of the text: first and last (exclusive) byte in `data`, group of the script, row of the text."""

    begin: Longs
    end: Longs
    group: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]

    def take(self, order: npt.NDArray[np.int64]) -> Words:
        """These words, in this order."""
        return Words(self.begin[order], self.end[order], self.group[order], self.row[order])


def find_words(strings: Strings, groups: npt.NDArray[np.int32]) -> Words:
    """Words of texts; `groups[n]` is the group to which script n belongs, 0 or more."""
    held = (*_kinds(), np.ascontiguousarray(groups, np.int32))
    none = np.empty(0, np.int32)
    size = _find(strings.data, strings.offsets, held, False, np.empty(0, np.int64), none, none)
    places, group, row = np.empty(2 * size, np.int64), np.empty(size, np.int32), np.empty(size, np.int32)
    _find(strings.data, strings.offsets, held, True, places, group, row)
    return Words(np.ascontiguousarray(places[::2]), np.ascontiguousarray(places[1::2]), group, row)


@kernel(types.void(U8_IN, I64_IN, I64_IN, I64_IN, I64_IN, types.boolean, I64, U8))
def _join(data: Any, begin: Any, end: Any, starts: Any, offsets: Any, write: bool, sizes: Any, out: Any) -> None:
    for text in range(len(starts) - 1):
        place = offsets[text] if write else 0
        for n in range(starts[text], starts[text + 1]):
            if write:
                for k in range(end[n] - begin[n]):
                    out[place + k] = data[begin[n] + k]
                out[place + end[n] - begin[n]] = 32
            place += end[n] - begin[n] + 1
        if not write:
            sizes[text + 1] = place


def join_words(data: Bytes, words: Words, starts: Longs) -> tuple[Bytes, Longs]:
    """Data and offsets of texts: text `n` has the words from `starts[n]` to `starts[n + 1]`, a space after each."""
    sizes, none = np.zeros(len(starts), np.int64), np.empty(0, np.uint8)
    given = (data, words.begin, words.end, starts)
    _join(*given, np.empty(0, np.int64), False, sizes, none)
    offsets = np.cumsum(sizes)
    out = np.empty(int(offsets[-1]), np.uint8)
    _join(*given, offsets, True, np.empty(0, np.int64), out)
    return out, offsets


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, I64))
def _count(data: Any, offsets: Any, row_of: Any, places: Any, out: Any) -> None:
    row, at, passed = -1, 0, 0
    for n in range(len(places)):
        if row_of[n] != row:
            row = row_of[n]
            at, passed = offsets[row], 0
        while at < places[n]:
            passed += (item(data, at) & 0xC0) != 0x80
            at += 1
        out[n] = passed


def characters_before(strings: Strings, row: npt.NDArray[np.int32], places: Longs) -> Longs:
    """Characters of its text before each byte of `places`, which ascend; `row` are their texts."""
    out = np.empty(len(places), np.int64)
    _count(strings.data, strings.offsets, row, places, out)
    return out
