"""Shingle hashes of documents: word 5-grams where words are spaced, character runs where they are not.

Case is folded; combining marks are kept, because in most scripts they are vowels and tones; punctuation is skipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import (
    HIGH,
    code_point,
    first_bytes,
    item,
    letters_among,
    marked,
    other_than_words,
    put,
    word,
)
from weft.text.hashing import mix, steps, take_in
from weft.text.jit import I32_IN, I64, I64_IN, U8_IN, U32_IN, U64, kernel, part, types
from weft.text.unicode import EAST, LETTER, MARK, NUMBER, SOUTH_EAST, characters

_PRIME = np.uint64(0x100000001B3)
_STEPS = steps(int(_PRIME))
_TO_LOWER = np.uint64(2)
_WORD = LETTER | MARK | NUMBER
_DENSE = SOUTH_EAST | EAST
_EACH = np.uint64(0x0101010101010101)
_FROM_E0, _FROM_E1, _FROM_B8 = (
    _EACH * np.uint64(0x80 - 0x60),
    _EACH * np.uint64(0x80 - 0x61),
    _EACH * np.uint64(0x80 - 0x38),
)
_BLOCK = 256
LONG_WORDS = 24
"""Letters to a word above which a text has no spaces between words, such as Javanese or Balinese script.
Kalaallisut, the longest words of 400 languages of the Declaration of Human Rights, has 15; Javanese script 48."""


@part
def _word_hashes(
    data: Any, base: int, stop: int, tokens: Any, start: int, end: int, characters: Any, out: Any, place: int
) -> int:
    """Hashes of the folded tokens that hold a letter, mark or digit, into `out` from `place`; their number."""
    size = 0
    for n in range(start, end):
        at, last = base + item(tokens, 2 * n), base + item(tokens, 2 * n + 1)
        value, found = np.uint64(0), 0
        while at < last:
            if at + 8 <= stop and item(data, at) < 0x80:
                length = min(last - at, 8)
                eight = first_bytes(word(data, at), length)
                if eight & HIGH == 0:
                    found |= other_than_words(eight) != HIGH
                    value = take_in(value, eight | (letters_among(eight) >> _TO_LOWER), length, _STEPS)
                    at += length
                    continue
            point, width = code_point(data, at)
            at += width
            known = item(characters, point)
            found |= ((known >> 24) & _WORD) != 0
            value = value * _PRIME + np.uint64((known & 0x1FFFFF) + 1)
        if found:
            put(out, place + size, mix(value))
            size += 1
    return size


@part
def _perhaps_unspaced(data: Any, base: int, stop: int) -> bool:
    """Whether letters of scripts without spaces may stand in a text: of no other does this matter.

    They begin with 0xE0 and then 0xB8 or more, or with more than 0xE0; so do others, which are looked at.
    """
    for begin in range(base, stop - 1, _BLOCK):
        last, found = min(begin + _BLOCK, stop - 1), np.uint64(_BLOCK)
        if begin + _BLOCK + 8 <= stop:
            found = np.uint64(0)
            for at in range(begin, last, 8):
                lead, after = word(data, at), word(data, at + 1)
                low, next_low = lead & ~HIGH, after & ~HIGH
                found |= ((low + _FROM_E1) | ((low + _FROM_E0) & (next_low + _FROM_B8) & after)) & lead & HIGH
        if found:
            some = 0
            for at in range(begin, last):
                some |= _unspaced_row(item(data, at), item(data, at + 1))
            if some:
                return True
    return False


@part
def _unspaced_row(lead: Any, second: Any) -> Any:
    """Whether a character that begins with these two bytes may be of a script without spaces."""
    found = (lead == 0xE0) & (second >= 0xB8) & (second <= 0xBB) | (lead == 0xE2) & (second >= 0xBA)
    found |= (lead == 0xE1) & ((second <= 0x82) | (second >= 0x9E) & (second <= 0x9F) | (second >= 0xA5))
    return found | (lead >= 0xE3) & ((lead <= 0xEA) | (lead >= 0xEF))


@part
def _letters(data: Any, base: int, stop: int, characters: Any) -> tuple[int, int]:
    """Number of letters, marks and digits; and how many of them belong to scripts without spaces."""
    size, dense, at = 0, 0, base
    while at < stop:
        if at + 8 <= stop and item(data, at) < 0x80:
            eight = word(data, at)
            if eight & HIGH == 0:
                size += 8 - marked(other_than_words(eight))
                at += 8
                continue
        point, width = code_point(data, at)
        at += width
        bits = item(characters, point) >> 24
        size += (bits & _WORD) != 0
        dense += (bits & _DENSE) != 0
    return size, dense


@part
def _char_hashes(data: Any, base: int, stop: int, characters: Any, out: Any, place: int) -> tuple[int, int]:
    """Hashes of the folded letters, marks and digits, into `out` from `place`; both numbers of `_letters`."""
    size, dense, at = 0, 0, base
    while at < stop:
        point, width = code_point(data, at)
        at += width
        known = item(characters, point)
        put(out, place + size, mix(np.uint64(known & 0x1FFFFF)))  # written over when it is no letter
        size += ((known >> 24) & _WORD) != 0
        dense += ((known >> 24) & _DENSE) != 0
    return size, dense


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
        value = value * _PRIME + item(out, at + n)
    leaving = item(out, at)
    put(out, at, mix(value))
    for n in range(1, size - width + 1):
        value = value * _PRIME + (item(out, at + n + width - 1) - leaving * power)
        leaving = item(out, at + n)
        put(out, at + n, mix(value))
    return size - width + 1


@part
def _by_words(
    data: Any, base: int, stop: int, tokens: Any, start: int, end: int, characters: Any, out: Any, at: int
) -> int:
    """Hashes of the words of a text, into `out` from `at`, and their number; -1 if it has no spaces between words."""
    letters, dense, counted = stop - base, 0, False
    if _perhaps_unspaced(data, base, stop):
        letters, dense = _letters(data, base, stop, characters)
        counted = True
    if 2 * dense > letters:
        return -1
    size = _word_hashes(data, base, stop, tokens, start, end, characters, out, at)
    # A text has no more letters than bytes: mostly that says enough.
    if 0 < LONG_WORDS * size < letters and not counted:
        letters, dense = _letters(data, base, stop, characters)
    return -1 if 0 < LONG_WORDS * size < letters else size


@part
def document_shingles(
    data: Any, base: int, stop: int, tokens: Any, start: int, end: int, held: Any, out: Any, at: int, by_chars: bool
) -> tuple[int, bool]:
    """Number of shingles of one document, which go into `out` from `at` on, and whether they are of characters.

    `held` are the table of characters and the widths by words and by characters. `by_chars` is what is tried first and
    changes nothing: texts of a batch mostly are of one kind.
    """
    characters, words, chars = held
    letters, dense = 0, 0
    if by_chars:
        letters, dense = _char_hashes(data, base, stop, characters, out, at)
        if 2 * dense > letters:
            return _grams(out, at, letters, chars), True
    size = _by_words(data, base, stop, tokens, start, end, characters, out, at)
    if size >= 0:
        return _grams(out, at, size, words), False
    size, dense = _char_hashes(data, base, stop, characters, out, at)
    return _grams(out, at, size, chars), True


HELD = types.Tuple((U32_IN, types.int64, types.int64))


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, HELD, U64, I64))
def _shingles(data: Any, offsets: Any, tokens: Any, token_offsets: Any, held: Any, out: Any, out_offsets: Any) -> None:
    """Shingles of all documents end to end."""
    at, by_chars = 0, False
    for row in range(len(offsets) - 1):
        out_offsets[row] = at
        first, last = token_offsets[row], token_offsets[row + 1]
        base, stop = offsets[row], offsets[row + 1]
        size, by_chars = document_shingles(data, base, stop, tokens, first, last, held, out, at, by_chars)
        at += size
    out_offsets[len(offsets) - 1] = at


def shingle_hashes(
    strings: Strings, tokens: npt.NDArray[np.int32], token_offsets: Longs, words: int, chars: int
) -> tuple[npt.NDArray[np.uint64], Longs]:
    """64-bit shingle hashes of all documents (with repeats, in text order) and the offsets of each document."""
    rows = len(strings.offsets) - 1
    lengths = np.diff(strings.offsets)
    # A document has at most one shingle per character, and bytes bound characters; what is not used is not touched.
    out = np.empty(int(lengths.sum()) + 1, np.uint64)
    offsets = np.zeros(rows + 1, np.int64)
    _shingles(strings.data, strings.offsets, tokens, token_offsets, (characters(), words, chars), out, offsets)
    return out[: offsets[-1]], offsets
