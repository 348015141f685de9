"""How alike words of two languages are by their consonants, in whatever scripts: names and loans."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import code_point, item
from weft.text.hashing import mix
from weft.text.jit import F32, I32_IN, I64, I64_IN, U8_IN, U64, kernel, types
from weft.text.romanized import CLASSES, romanization
from weft.text.tokens import WORD, Tokens

_MOST = 24
"""Symbols of a word that are looked at."""
_LETTERS, _SYMBOLS = 4, 5
"""Words of fewer letters are never alike; nor are two of fewer symbols together, unless they have the same ones."""
_SOUND_LETTERS, _SOUND_SYMBOLS = 4, 3
"""Words of fewer are not told by their sound alone."""
_SYLLABARIES = (
    *("ETHIOPIC SYLLABLE ", "NKO LETTER ", "THAANA LETTER "),
    *("MEETEI MAYEK LETTER ", "OL CHIKI LETTER ", "VAI SYLLABLE "),
)
"""Beginnings of the names of letters whose sound their names tell (Unicode Standard, section 4.8)."""
_NASAL, _BACK = CLASSES.index("N") + 1, CLASSES.index("K") + 1
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


@functools.cache
def _sounding() -> npt.NDArray[np.uint8]:
    """`romanization`, and the first consonant in the name of letters of six more scripts."""
    out = romanization().copy()
    # All of them stand in the Basic Multilingual Plane.
    for point in range(0x780, 0x10000):
        name = unicodedata.name(chr(point), "")
        begin = next((one for one in _SYLLABARIES if name.startswith(one)), None)
        if begin is not None:
            letters = [int(romanization()[ord(letter)]) for letter in name[len(begin) :].split()[0].lower()]
            out[point] = next((symbol for symbol in letters if symbol), 0)
    return out


@kernel(types.void(U8_IN, I64_IN, U8_IN, types.boolean[::1], U8_IN, types.UniTuple(types.int64, 2), U64))
def _sounds(data: Any, places: Any, kinds: Any, wanted: Any, symbols: Any, limits: Any, out: Any) -> None:
    for n in range(len(out)):
        out[n] = 0
        if not wanted[n] or kinds[n] != WORD:
            continue
        at, stop = places[2 * n], places[2 * n + 1]
        letters, size, before, held = 0, 0, 0, np.uint64(0)
        while at < stop:
            point, width = code_point(data, at)
            at += width
            letters += 1
            symbol = int(item(symbols, point))
            # ng is one letter in some scripts and two in others.
            if symbol == 0 or symbol == before or (symbol == _BACK and before == _NASAL):
                continue
            before = symbol
            held = mix(held + np.uint64(symbol))
            size += 1
        if letters >= limits[0] and size >= limits[1]:
            out[n] = held


def sounds(data: Any, found: Tokens, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """A hash of the consonants of each token that is `wanted`: words of like sound have the same, in any script.

    0 for other tokens, for words of fewer than four letters or three symbols of `romanized.CLASSES` (a run of
    one symbol once), and in scripts that it has no symbols for.
    """
    out = np.empty(len(found.kinds), np.uint64)
    places = np.ascontiguousarray(found.places).reshape(-1)
    _sounds(data, places, found.kinds, wanted, _sounding(), (_SOUND_LETTERS, _SOUND_SYMBOLS), out)
    return out
