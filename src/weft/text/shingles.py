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
def _word_hashes(data: Any, base: int, tokens: Any, start: int, stop: int, held: Any, out: Any) -> int:
    """Hashes of the folded tokens that hold a letter, mark or digit."""
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
            out[size] = mix(value)
            size += 1
    return size


@part
def _char_hashes(data: Any, base: int, stop: int, held: Any, out: Any) -> tuple[int, int]:
    """Hashes of the folded letters, marks and digits; and how many belong to scripts without spaces."""
    size, dense, at = 0, 0, base
    while at < stop:
        point, width = code_point(data, at)
        at += width
        bits = look_up(held[0], held[1], point)
        if bits & (LETTER | MARK | NUMBER):
            out[size] = mix(np.uint64(point + look_up(held[2], held[3], point)))
            size += 1
            dense += (bits & _DENSE) != 0
    return size, dense


@part
def _grams(items: Any, size: int, width: int, out: Any, at: int) -> int:
    """Hash of every run of `width` items into `out` from `at`; of the whole when there are fewer. The number made."""
    if size == 0:
        return 0
    if size < width:
        width = size
    power = np.uint64(1)
    for _ in range(width):
        power *= _PRIME
    value = np.uint64(0)
    for n in range(width):
        value = value * _PRIME + items[n]
    out[at] = mix(value)
    for n in range(width, size):
        value = value * _PRIME + items[n] - items[n - width] * power
        out[at + n - width + 1] = mix(value)
    return size - width + 1


_TABLES = types.Tuple((U16_IN, U8_IN, U16_IN, I32_IN))


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, _TABLES, types.int64, types.int64, U64, U64, I64))
def _shingles(
    data: Any, offsets: Any, tokens: Any, token_offsets: Any, held: Any, words: int, chars: int, items: Any, out: Any,
    out_offsets: Any,
) -> None:  # fmt: skip
    """Shingles of all documents end to end; `items` is scratch for the longest one."""
    at = 0
    for row in range(len(offsets) - 1):
        out_offsets[row] = at
        base, stop = offsets[row], offsets[row + 1]
        size, dense = _char_hashes(data, base, stop, held, items)
        if 2 * dense > size:
            at += _grams(items, size, chars, out, at)
        else:
            letters = size
            size = _word_hashes(data, base, tokens, token_offsets[row], token_offsets[row + 1], held, items)
            if 0 < LONG_WORDS * size < letters:
                size, _ = _char_hashes(data, base, stop, held, items)
                at += _grams(items, size, chars, out, at)
            else:
                at += _grams(items, size, words, out, at)
    out_offsets[len(offsets) - 1] = at


def shingle_hashes(
    strings: Strings, tokens: npt.NDArray[np.int32], token_offsets: Longs, words: int, chars: int
) -> tuple[npt.NDArray[np.uint64], Longs]:
    """64-bit shingle hashes of all documents (with repeats, in text order) and the offsets of each document."""
    rows = len(strings.offsets) - 1
    lengths = np.diff(strings.offsets)
    longest = int(lengths.max()) + 1 if rows else 1
    found = tables()
    held = (*found.flags, *found.fold)
    # A document has at most one shingle per character; bytes bound characters, three to one in dense scripts.
    out = np.empty(int(lengths.sum()) + 1, np.uint64)
    offsets = np.zeros(rows + 1, np.int64)
    items = np.empty(longest, np.uint64)
    _shingles(strings.data, strings.offsets, tokens, token_offsets, held, words, chars, items, out, offsets)
    return out[: offsets[-1]], offsets
