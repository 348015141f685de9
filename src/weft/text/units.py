"""What texts are compared by: words where words are spaced, characters where they are not; n-grams are runs of them.

Case is folded. Letters, marks and digits count; marks, because in most scripts they are vowels and tones. Punctuation,
symbols and white space only divide words; apostrophes, joiners and Arabic's elongation do not even that.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.hashing import mix
from weft.text.jit import I32, I64, I64_IN, U8_IN, U32_IN, U64, kernel, part, types
from weft.text.shingles import LONG_WORDS
from weft.text.unicode import (
    CATEGORIES,
    EAST,
    JOINER,
    LETTER,
    MARK,
    NUMBER,
    SOUTH_EAST,
    characters,
    flat,
    script_number,
    tables,
)

DIVIDES, SILENT, SPACED, DENSE = range(4)
"""Kinds of code points: between units; nothing at all; part of a word; a unit of its own."""
_PRIME = np.uint64(0x100000001B3)
_POINT, _KIND = np.uint32(0x1FFFFF), np.uint32(24)
_ELONGATION = 0x640
RING = 64
"""Units that an n-gram may have at most, and the length of the scratch array that holds the last of them."""


@functools.cache
def kinds() -> npt.NDArray[np.uint32]:
    """Of every code point: its kind << 24 | the code point with case folded."""
    flags = flat(tables().flags)
    held = np.where(flags & (LETTER | MARK | NUMBER), SPACED, DIVIDES)
    held = np.where(flags & (EAST | SOUTH_EAST), DENSE, held)
    held[(flat(tables().category) == CATEGORIES.index("Cf")) | ((flags & JOINER) != 0)] = SILENT
    held[_ELONGATION] = SILENT
    # Tibetan divides syllables, by a mark that is left out or written as a space: its words are as unmarked as Thai's.
    held[(flat(tables().script) == script_number("Tibt")) & (held == SPACED)] = DENSE
    folded = characters() & _POINT
    return np.asarray(held.astype(np.uint32) << _KIND | folded)


@part
def _run(data: Any, at: int, stop: int, table: Any) -> tuple[int, int, Any]:
    """The run of letters at a place: where it ends, its letters, its hash."""
    end, size, value = at, 0, np.uint64(0)
    while at < stop:
        point, width = code_point(data, at)
        found = item(table, point)
        kind = found >> _KIND
        at += width
        if kind == SPACED:
            value = (value + np.uint64(found & _POINT)) * _PRIME
            size += 1
            end = at
        elif kind != SILENT:
            break
    return end, size, mix(value)


@part
def next_unit(data: Any, at: int, stop: int, cut: int, table: Any) -> tuple[int, int, int, Any, int]:
    """The next unit of `data[at:stop]`: first and last (exclusive) byte, letters (none: no unit), hash, `cut`.

    Before byte `cut` every letter is a unit: a run of more than LONG_WORDS letters is of a script without spaces.
    """
    while at < stop:
        point, width = code_point(data, at)
        found = item(table, point)
        kind = found >> _KIND
        if kind == DENSE or (kind == SPACED and at < cut):
            return at, at + width, 1, mix(np.uint64(found & _POINT)), cut
        if kind == SPACED:
            end, size, value = _run(data, at, stop, table)
            if size <= LONG_WORDS:
                return at, end, size, value, cut
            return at, at + width, 1, mix(np.uint64(found & _POINT)), end
        at += width
    return stop, stop, 0, np.uint64(0), cut


@part
def is_word(size: int, data: Any, begin: int, cut: int, table: Any) -> bool:
    """Whether a unit is a word, whose n-grams have `words` units, and no character of a script without spaces."""
    if size > 1:
        return True
    point, _ = code_point(data, begin)
    return bool(item(table, point) >> _KIND == SPACED and begin >= cut)


@part
def power_of(width: int) -> Any:
    """What a hash of `width` units has multiplied the first of them by once the next one is taken in."""
    power = np.uint64(1)
    for _ in range(width):
        power *= _PRIME
    return power


@part
def rolled(value: Any, entering: Any, leaving: Any, power: Any) -> Any:
    """The hash of a run of units, one step on (Karp and Rabin 1987)."""
    return value * _PRIME + entering - leaving * power


@kernel(types.int64(U8_IN, I64_IN, U32_IN, I64, I64, I32, U64))
def _units(data: Any, offsets: Any, table: Any, starts: Any, places: Any, sizes: Any, hashes: Any) -> int:
    count = 0
    for row in range(len(offsets) - 1):
        at, stop, cut = offsets[row], offsets[row + 1], offsets[row]
        starts[row] = count
        while True:
            begin, at, size, value, cut = next_unit(data, at, stop, cut, table)
            if size == 0:
                break
            if len(hashes):
                places[2 * count], places[2 * count + 1] = begin, at
                # A character of a script without spaces counts as one letter, and so does a word of one: told apart
                # by the sign, as their n-grams have different lengths.
                sizes[count] = size if is_word(size, data, begin, cut, table) else -1
                hashes[count] = value
            count += 1
    starts[len(offsets) - 1] = count
    return count


def units(
    strings: Strings,
) -> tuple[Longs, Longs, npt.NDArray[np.int32], npt.NDArray[np.uint64]]:
    """Units of all texts end to end: (texts + 1) starts, (units, 2) byte places, letters, hashes.

    Letters are -1 for a character of a script without spaces.
    """
    starts, table = np.zeros(len(strings.offsets), np.int64), kinds()
    none = np.empty(0, np.int64)
    size = _units(strings.data, strings.offsets, table, starts, none, np.empty(0, np.int32), np.empty(0, np.uint64))
    places, sizes, hashes = np.empty(2 * size, np.int64), np.empty(size, np.int32), np.empty(size, np.uint64)
    if size:
        _units(strings.data, strings.offsets, table, starts, places, sizes, hashes)
    return starts, places.reshape(-1, 2), sizes, hashes
