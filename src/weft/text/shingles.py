"""Shingle hashes of documents: word 5-grams where words are spaced, character runs where they are not.

Case is folded; combining marks are kept, because in most scripts they are vowels and tones; punctuation is skipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, look_up
from weft.text.hashing import mix
from weft.text.jit import I32_IN, I64, I64_IN, U8_IN, U16_IN, U64, kernel, part, types
from weft.text.unicode import EAST, LETTER, MARK, NUMBER, SOUTH_EAST, tables

_PRIME = np.uint64(0x100000001B3)
_DENSE = SOUTH_EAST | EAST
LONG_WORDS = 24
"""Letters to a word above which a text has no spaces between words, such as Javanese or Balinese script.
Kalaallisut, the longest words of 400 languages of the Declaration of Human Rights, has 15; Javanese script 48."""


@part
def _word_hashes(data: Any, base: int, tokens: Any, start: int, stop: int, held: Any, out: Any, place: int) -> int:
    """Hashes of the folded tokens that hold a letter, mark or digit, into `out` from `place`; their number."""
    size = 0
    for n in range(start, stop):
        at, last = base + tokens[2 * n], base + tokens[2 * n + 1]
        value, word = np.uint64(0), 0
        while at < last:
            point, width = code_point(data, at)
            at += width
            word |= (look_up(held[0], held[1], point) & (LETTER | MARK | NUMBER)) != 0
            value = value * _PRIME + np.uint64(point + look_up(held[2], held[3], point) + 1)
        if word:
            out[place + size] = mix(value)
            size += 1
    return size


@part
def _letters(data: Any, base: int, stop: int, held: Any) -> tuple[int, int]:
    """Number of letters, marks and digits; and how many of them belong to scripts without spaces."""
    size, dense, at = 0, 0, base
    while at < stop:
        point, width = code_point(data, at)
        at += width
        bits = look_up(held[0], held[1], point)
        size += (bits & (LETTER | MARK | NUMBER)) != 0
        dense += (bits & _DENSE) != 0
    return size, dense


@part
def _char_hashes(data: Any, base: int, stop: int, held: Any, out: Any, place: int) -> int:
    """Hashes of the folded letters, marks and digits, into `out` from `place`; their number."""
    size, at = 0, base
    while at < stop:
        point, width = code_point(data, at)
        at += width
        if look_up(held[0], held[1], point) & (LETTER | MARK | NUMBER):
            out[place + size] = mix(np.uint64(point + look_up(held[2], held[3], point)))
            size += 1
    return size


@part
def _grams(out: Any, at: int, size: int, width: int) -> int:
    """Turn `size` items from `at` into the hash of every run of `width`; of the whole when there are fewer.

    Works in place, as a page may have a hundred million items. Returns the number of hashes.
    """
    if size == 0:
        return 0
    if size < width:
        width = size
    power = np.uint64(1)
    for _ in range(width):
        power *= _PRIME
    value = np.uint64(0)
    for n in range(width):
        value = value * _PRIME + out[at + n]
    leaving = out[at]
    out[at] = mix(value)
    for n in range(1, size - width + 1):
        value = value * _PRIME + out[at + n + width - 1] - leaving * power
        leaving = out[at + n]
        out[at + n] = mix(value)
    return size - width + 1


_TABLES = types.Tuple((U16_IN, U8_IN, U16_IN, I32_IN))


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, _TABLES, types.int64, types.int64, U64, I64))
def _shingles(
    data: Any,
    offsets: Any,
    tokens: Any,
    token_offsets: Any,
    held: Any,
    words: int,
    chars: int,
    out: Any,
    out_offsets: Any,
) -> None:
    """Shingles of all documents end to end."""
    at = 0
    for row in range(len(offsets) - 1):
        out_offsets[row] = at
        base, stop = offsets[row], offsets[row + 1]
        letters, dense = _letters(data, base, stop, held)
        size = 0
        by_chars = 2 * dense > letters
        if not by_chars:
            size = _word_hashes(data, base, tokens, token_offsets[row], token_offsets[row + 1], held, out, at)
            by_chars = 0 < LONG_WORDS * size < letters
        if by_chars:
            size = _char_hashes(data, base, stop, held, out, at)
        at += _grams(out, at, size, chars if by_chars else words)
    out_offsets[len(offsets) - 1] = at


def shingle_hashes(
    strings: Strings, tokens: npt.NDArray[np.int32], token_offsets: Longs, words: int, chars: int
) -> tuple[npt.NDArray[np.uint64], Longs]:
    """64-bit shingle hashes of all documents (with repeats, in text order) and the offsets of each document."""
    rows = len(strings.offsets) - 1
    lengths = np.diff(strings.offsets)
    found = tables()
    held = (*found.flags, *found.fold)
    # A document has at most one shingle per character, and bytes bound characters; what is not used is not touched.
    out = np.empty(int(lengths.sum()) + 1, np.uint64)
    offsets = np.zeros(rows + 1, np.int64)
    _shingles(strings.data, strings.offsets, tokens, token_offsets, held, words, chars, out, offsets)
    return out[: offsets[-1]], offsets
