"""Tokens of a text: words and punctuation, for spaced scripts by character class, for the others as ICU gives them.

A word is a run of letters, marks and digits; invisible format characters (joiners, soft hyphen, variation
selectors) stay with what they follow, and an apostrophe or middle dot stays inside a word when a letter stands on
both sides. A run also ends where a script without spaces begins or ends. Inside a run of Thai, Lao, Khmer, Burmese,
Chinese or Japanese, words are those of ICU's dictionaries (UAX #29 word boundaries). Any other visible character is
a token, or part of a token of equal characters (`...`). White space, the printed word separators of Tibetan and
Ethiopic, and format characters that follow nothing are no tokens.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.text.buffers import Longs, Strings, int_lists, string_buffers
from weft.text.decode import before_first, code_point, item, other_than_words, word
from weft.text.dictionary import CANDIDATES, block_of, dictionaries, divide_run, symbol_of
from weft.text.jit import I32, I64, I64_IN, U8, U8_IN, U32_IN, kernel, part, types
from weft.text.unicode import EAST, JOINER, LETTER, MARK, NUMBER, SOUTH_EAST, SPACE, characters

_WORD = LETTER | MARK | NUMBER
_DENSE = SOUTH_EAST | EAST
_DICTIONARIES = types.Tuple((U32_IN, I64_IN, U8_IN))
_SCRATCH = types.Tuple((I32, U8, U8, U8, I64, I64))


@part
def _is_format(point: int) -> bool:
    """Whether a character is invisible and belongs to what stands before it: joiners, soft hyphen, direction."""
    if point < 0x2070:
        marks = 0x200C <= point < 0x2010 or 0x202A <= point < 0x202F or point >= 0x2060
        return marks or point in (0xAD, 0x061C, 0x180E)
    return 0xFE00 <= point < 0xFE10 or point == 0xFEFF or 0xE0000 <= point < 0xE01F0


@part
def _joins(data: Any, at: int, stop: int, characters: Any) -> bool:
    """Whether the character at `at` is a letter of a spaced script."""
    if at >= stop:
        return False
    point, _ = code_point(data, at)
    bits = item(characters, point) >> 24
    return bool((bits & (LETTER | MARK)) != 0 and (bits & _DENSE) == 0)


@part
def _any_east(data: Any, at: int, stop: int) -> bool:
    """Whether bytes may hold Chinese or Japanese: all of these scripts lie above U+2E80. Vectors of bytes are read."""
    found = 0
    for place in range(at, stop - 1):
        lead = item(data, place)
        found |= (lead >= 0xE3) | ((lead == 0xE2) & (item(data, place + 1) >= 0xBA))
    return found != 0


@kernel(types.int64(U8_IN, I64_IN, U32_IN, types.boolean, U8))
def _east_text(data: Any, offsets: Any, characters: Any, write: bool, out: Any) -> int:
    """Copies every run of Chinese and Japanese letters, a line end after each; returns the number of bytes."""
    size = 0
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        if not _any_east(data, at, stop):
            continue
        while at < stop:
            while at < stop and data[at] < 0xE2:  # all of these scripts lie above
                at += 1
            begun = False
            while at < stop:
                point, width = code_point(data, at)
                if (item(characters, point) >> 24) & EAST:
                    begun = True
                    if write:
                        for n in range(width):
                            out[size + n] = data[at + n]
                    size += width
                elif not (begun and _is_format(point)):
                    break
                at += width
            if begun:
                if write:
                    out[size] = 10
                size += 1
            elif at < stop:
                at += width
    return size


@part
def _south_east(
    data: Any, at: int, stop: int, base: int, held: Any, scratch: Any, out: Any, count: int
) -> tuple[int, int]:
    """Tokens of a run of Thai, Lao, Burmese, Khmer and the like: where it ends, and the number of tokens so far."""
    characters, dictionary = held
    places, symbols, kinds, cuts, first, second = scratch
    size = 0
    while at < stop:
        point, width = code_point(data, at)
        bits = item(characters, point) >> 24
        if bits & SOUTH_EAST:
            block = block_of(point)
            kinds[size] = 128 * ((bits & MARK) != 0)
            if bits & (LETTER | MARK) and block >= 0:
                kinds[size] += block + 1
                symbols[size] = symbol_of(point, block)
        elif _is_format(point):
            kinds[size] = 64
        else:
            break
        places[size] = at - base
        size += 1
        at += width
    places[size] = at - base
    divide_run(symbols, kinds, size, dictionary, first, second, cuts)
    out[2 * count] = places[0]
    for n in range(1, size):
        if cuts[n]:
            out[2 * count + 1] = places[n]
            count += 1
            out[2 * count] = places[n]
    out[2 * count + 1] = places[size]
    return at, count + 1


@part
def _east(data: Any, at: int, stop: int, characters: Any, breaks: Any, edge: int, number: int) -> tuple[int, int, int]:
    """Where a word of Chinese or Japanese ends, the next of ICU's breaks, the UTF-16 units of `_east_text` passed."""
    begun = False
    while at < stop:
        point, width = code_point(data, at)
        if (item(characters, point) >> 24) & EAST == 0:
            if not _is_format(point):
                number += 1
                break
        elif begun and breaks[edge] == number:
            return at, edge, number
        else:
            number += 1 + (width == 4)
            begun = True
            while edge < len(breaks) and breaks[edge] < number:
                edge += 1
        at += width
    if at >= stop:
        number += 1
    return at, edge, number


@part
def _spaced(data: Any, at: int, stop: int, characters: Any) -> int:
    """Where a word of a spaced script ends."""
    while at < stop:
        # Characters of three bytes first: no script has more of them to a word.
        while at + 3 <= stop and item(data, at) & 0xF0 == 0xE0:
            point = (item(data, at) & 0x0F) << 12 | (item(data, at + 1) & 0x3F) << 6 | (item(data, at + 2) & 0x3F)
            bits = item(characters, point) >> 24
            if bits & _WORD == 0 or bits & _DENSE:
                break
            at += 3
        if at >= stop:
            break
        if item(data, at) < 0x80:
            if at + 8 <= stop:
                other = other_than_words(word(data, at))
                if other == 0:
                    at += 8
                    continue
                at += before_first(other)
            lead = item(data, at)
            if lead < 0x80 and (item(characters, lead) >> 24) & (_WORD | JOINER) == 0:
                break
        point, width = code_point(data, at)
        bits = item(characters, point) >> 24
        if bits & _WORD:
            if bits & _DENSE:
                break
        elif bits & JOINER:
            if not _joins(data, at + width, stop, characters):
                break
        elif not _is_format(point):
            break
        at += width
    return at


@kernel(types.int64(U8_IN, I64_IN, types.Tuple((U32_IN, _DICTIONARIES)), I64_IN, _SCRATCH, I32, I64))
def _tokens(data: Any, offsets: Any, held: Any, breaks: Any, scratch: Any, out: Any, out_offsets: Any) -> int:
    """Token starts and ends, in bytes from the start of the document; returns their number.

    `breaks` holds ICU's boundaries in the text that `_east_text` makes, in UTF-16 units, ascending.
    """
    characters = held[0]
    count, edge, number = 0, 0, 0
    for row in range(len(offsets) - 1):
        base, stop = offsets[row], offsets[row + 1]
        at = base
        out_offsets[row] = count
        while at < stop:
            if item(data, at) == 0x20:
                at += 1
                continue
            point, width = code_point(data, at)
            bits = item(characters, point) >> 24
            if bits & SPACE or ((bits & _WORD) == 0 and _is_format(point)):
                at += width
                continue
            if bits & SOUTH_EAST:
                at, count = _south_east(data, at, stop, base, held, scratch, out, count)
                continue
            start = at
            if bits & EAST:
                at, edge, number = _east(data, at, stop, characters, breaks, edge, number)
            elif bits & _WORD:
                at = _spaced(data, at + width, stop, characters)
            else:
                at += width
                while at < stop:
                    after, width = code_point(data, at)
                    if after != point and not _is_format(after):
                        break
                    at += width
            out[2 * count] = start - base
            out[2 * count + 1] = at - base
            count += 1
    out_offsets[len(offsets) - 1] = count
    return count


def _icu_breaks(text: str) -> Longs:
    """ICU's word boundaries, in UTF-16 units."""
    if not text:
        return np.empty(0, np.int64)
    from icu4py.breakers import WordBreaker

    return np.fromiter((end for _, end in WordBreaker(text, "en").segments()), np.int64)


def token_arrays(strings: Strings) -> tuple[npt.NDArray[np.int32], Longs]:
    """Flat starts and ends of tokens (bytes from the start of each document), and token offsets by document."""
    known = characters()
    rows = len(strings.offsets) - 1
    given = (strings.data, strings.offsets, known)
    size = _east_text(*given, False, np.empty(0, np.uint8))
    east = np.empty(size, np.uint8)
    if size:
        _east_text(*given, True, east)
    # ICU wants a Python string: one for the batch, and only of what these scripts have in it.
    breaks = _icu_breaks(east.tobytes().decode("utf-8"))
    # A run holds letters of three bytes and more, and soft hyphens and the like of two.
    longest = int(np.diff(strings.offsets).max()) // 2 + 2 if rows else 2
    scratch = (
        np.empty(longest, np.int32),
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint8),
        np.empty(CANDIDATES, np.int64),
        np.empty(CANDIDATES, np.int64),
    )
    most = int(strings.offsets[-1] - strings.offsets[0]) if rows else 0
    out = np.empty(2 * most, np.int32)  # pages that stay unwritten take no memory
    offsets = np.empty(rows + 1, np.int64)
    count = _tokens(strings.data, strings.offsets, (known, tuple(dictionaries())), breaks, scratch, out, offsets)
    return out[: 2 * count].copy(), offsets


def tokenize(column: Any) -> pa.Array:
    """Tokens of a string column as list<int32>: start and end of each, in bytes of its document's UTF-8."""
    strings = string_buffers(column)
    values, offsets = token_arrays(strings)
    return int_lists(values, offsets * 2)
