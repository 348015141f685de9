"""Tokens by which translations are compared: words or their beginnings, pairs of characters, numbers, symbols.

Case, width and the digits of all numeral systems are folded, and marks where a recipe of a model says so: those on
Latin, Greek and Cyrillic letters, and the points of Arabic and Hebrew. Vowel signs of other scripts are letters.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.hashing import mix
from weft.text.jit import I64, I64_IN, U8, U8_IN, U32_IN, U64, kernel, part, types
from weft.text.unicode import (
    CATEGORIES,
    EAST,
    JOINER,
    LETTER,
    MARK,
    SOUTH_EAST,
    characters,
    flat,
    script_number,
    tables,
)

DIVIDES, SILENT, SPACED, DENSE, DIGIT, SYMBOL = range(6)
"""Kinds of code points: white space and controls; nothing at all; part of a word; a letter of a script without
spaces; a decimal digit; a token of its own."""
WORD, PIECE, NUMBER, SIGN = range(4)
"""Kinds of tokens: a word, a character or two of a script without spaces, digits, a symbol or punctuation mark."""
POINT, KIND = np.uint32(0x1FFFFF), np.uint32(24)
"""Of a letter as it is compared: the bits of its code point, and how far its kind is shifted."""
_PRIME = np.uint64(0x100000001B3)
_ELONGATION = 0x640
_FOLDING = ("Latn", "Grek", "Cyrl")
_POINTS = ((0x0300, 0x036F), (0x064B, 0x065F), (0x0670, 0x0670), (0x0591, 0x05C7), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF))
"""Combining marks of no script of their own, of Arabic and of Hebrew."""


class Tokens(NamedTuple):
    """Tokens of all texts end to end: those of text `n` are from `starts[n]` to `starts[n + 1]`.

    `places` are (tokens, 2) bytes in the data of the texts, the end exclusive.
    """

    starts: Longs
    hashes: npt.NDArray[np.uint64]
    kinds: npt.NDArray[np.uint8]
    places: Longs


@functools.cache
def folded_letters(fold_marks: bool) -> npt.NDArray[np.uint32]:
    """Of every code point: its kind << 24 | the code point as it is compared."""
    flags, category = flat(tables().flags), flat(tables().category)
    held = np.full(0x110000, SYMBOL, np.int64)
    held[np.isin(category, [CATEGORIES.index(name) for name in ("Zs", "Zl", "Zp", "Cc", "Cs", "Co", "Cn")])] = DIVIDES
    held[(flags & (LETTER | MARK)) != 0] = SPACED
    held[np.isin(category, [CATEGORIES.index(name) for name in ("Nl", "No")])] = SPACED
    held[(flags & (EAST | SOUTH_EAST)) != 0] = DENSE
    held[(flat(tables().script) == script_number("Tibt")) & (held == SPACED)] = DENSE
    held[category == CATEGORIES.index("Nd")] = DIGIT
    held[(category == CATEGORIES.index("Cf")) | ((flags & JOINER) != 0)] = SILENT
    held[_ELONGATION] = SILENT
    folded = (characters() & POINT).astype(np.int64)
    digits = np.flatnonzero(held == DIGIT)
    # Decimal digits stand in runs of ten from zero on (Unicode Standard, section 4.6).
    begins = np.maximum.accumulate(np.where(np.diff(digits, prepend=-2) > 1, np.arange(len(digits)), 0))
    folded[digits] = ord("0") + (np.arange(len(digits)) - begins) % 10
    _fold_forms(held, folded)
    if fold_marks:
        _fold_marks(held, folded)
    return np.asarray(held.astype(np.uint32) << KIND | folded.astype(np.uint32))


def _fold_forms(held: npt.NDArray[np.int64], folded: npt.NDArray[np.int64]) -> None:
    """Compatibility forms of one character (Unicode Standard Annex 15) as it: wide letters, shapes of Arabic."""
    for low, high in ((0xFB50, 0xFDFF), (0xFE70, 0xFEFF), (0xFF00, 0xFFEF), (0x2100, 0x214F)):
        for point in range(low, high + 1):
            plain = unicodedata.normalize("NFKC", chr(point))
            if len(plain) == 1 and ord(plain) != point:
                held[point], folded[point] = held[ord(plain)], folded[ord(plain)]


def _fold_marks(held: npt.NDArray[np.int64], folded: npt.NDArray[np.int64]) -> None:
    scripts = flat(tables().script)
    for name in _FOLDING:
        for point in np.flatnonzero((scripts == script_number(name)) & (held == SPACED)):
            base = unicodedata.normalize("NFD", chr(point))[0]
            if ord(base) != point:
                folded[point] = folded[ord(base)]
    for low, high in _POINTS:
        inside = np.arange(low, high + 1)
        held[inside[held[inside] == SPACED]] = SILENT


@part
def _put(out: Any, count: int, begin: int, end: int, value: Any, kind: int) -> None:
    hashes, kinds, places = out
    if len(hashes):
        hashes[count], kinds[count] = mix(value + np.uint64(kind)), kind
        places[2 * count], places[2 * count + 1] = begin, end


_OUT = types.Tuple((U64, U8, I64))


@kernel(types.int64(U8_IN, I64_IN, U32_IN, types.int64, types.int64, I64, _OUT))
def _tokens(data: Any, offsets: Any, table: Any, prefix: int, most: int, starts: Any, out: Any) -> int:
    """Counts tokens, and writes them where there is room for them."""
    count = 0
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        starts[row] = count
        last = count + most
        while at < stop and count < last:
            begin = at
            point, width = code_point(data, at)
            found = item(table, point)
            kind = found >> KIND
            at += width
            if kind == SYMBOL:
                _put(out, count, begin, at, np.uint64(found & POINT), SIGN)
                count += 1
            elif kind == DENSE:
                previous = np.uint64(found & POINT)
                alone, end = True, at
                while at < stop and count < last:
                    point, width = code_point(data, at)
                    found = item(table, point)
                    if found >> KIND == SILENT:
                        at += width
                        continue
                    if found >> KIND != DENSE:
                        break
                    letter = np.uint64(found & POINT)
                    _put(out, count, begin, at + width, previous * _PRIME + letter, PIECE)
                    count, alone, previous = count + 1, False, letter
                    begin, at = at, at + width
                    end = at
                if alone:
                    _put(out, count, begin, end, previous, PIECE)
                    count += 1
            elif kind in (SPACED, DIGIT):
                value, size, end, digits = np.uint64(0), 0, at, True
                at = begin
                while at < stop:
                    point, width = code_point(data, at)
                    found = item(table, point)
                    kind = found >> KIND
                    if kind in (SPACED, DIGIT):
                        digits = digits and kind == DIGIT
                        if digits or prefix == 0 or size < prefix:
                            value = (value + np.uint64(found & POINT)) * _PRIME
                        size += 1
                        end = at + width
                    elif kind != SILENT:
                        break
                    at += width
                _put(out, count, begin, end, value, NUMBER if digits else WORD)
                count += 1
    starts[len(offsets) - 1] = count
    return count


def tokens(strings: Strings, *, fold_marks: bool = False, prefix: int = 0, most: int = 1 << 40) -> Tokens:
    """Tokens of texts, at most `most` of each; of words only the first `prefix` letters count where it is not 0."""
    starts, table = np.zeros(len(strings.offsets), np.int64), folded_letters(fold_marks)
    given = (strings.data, strings.offsets, table, prefix, most, starts)
    none = (np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.int64))
    size = _tokens(*given, none)
    out = (np.empty(size, np.uint64), np.empty(size, np.uint8), np.empty(2 * size, np.int64))
    if size:
        _tokens(*given, out)
    return Tokens(starts, out[0], out[1], out[2].reshape(-1, 2))
