"""Repeated passages: characters that count, their fingerprints by winnowing, and how far two texts agree.

What counts are all characters but white space, case folded. Fingerprints: Schleimer, Wilkerson and Aiken 2003,
"Winnowing: Local Algorithms for Document Fingerprinting": of every `window` hashes of `width` characters in a row the
lowest is taken, so two texts with `width + window - 1` characters in common share one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item, put
from weft.text.hashing import mix
from weft.text.jit import I32, I32_IN, I64, I64_IN, U8, U8_IN, U32, U32_IN, U64, kernel, part, types
from weft.text.unicode import EAST, LETTER, MARK, NUMBER, SOUTH_EAST, SPACE, characters

_PRIME = np.uint64(0x100000001B3)
_WORD, _DENSE = LETTER | MARK | NUMBER, SOUTH_EAST | EAST
_LONG_WORDS = 24
"""Letters to a word above which a text has no spaces between words, as for shingles."""


_PASSES = 16
"""Comparisons for each character of a text after which only places that no passage covers yet are looked at: a line
over and over agrees with itself at every distance, and would take quadratic time."""


class Stream(NamedTuple):
    """Characters that count, texts end to end: `points[offsets[n]:offsets[n + 1]]` are those of text `n`.

    `places` are their characters in the text, `fresh` is 1 where white space or the text's begin stands before one.
    `spaced[n]` is 1 where the text has spaces between its words.
    """

    points: npt.NDArray[np.uint32]
    places: npt.NDArray[np.int32]
    fresh: npt.NDArray[np.uint8]
    offsets: Longs
    spaced: npt.NDArray[np.uint8]


@kernel(types.int64(U8_IN, I64_IN, U32_IN, U32, I32, U8, I64, U8))
def _stream(
    data: Any, offsets: Any, characters: Any, points: Any, places: Any, fresh: Any, out_offsets: Any, spaced: Any
) -> int:
    size = 0
    for row in range(len(offsets) - 1):
        out_offsets[row] = size
        at, stop, chars = offsets[row], offsets[row + 1], 0
        apart, letters, dense, words = 1, 0, 0, 0
        while at < stop:
            point, width = code_point(data, at)
            known = item(characters, point)
            bits = known >> 24
            at += width
            if bits & SPACE:
                apart = 1
            else:
                put(points, size, known & 0x1FFFFF)
                put(places, size, chars)
                put(fresh, size, apart)
                letters += (bits & _WORD) != 0
                dense += (bits & _DENSE) != 0
                words += apart
                apart = 0
                size += 1
            chars += 1
        spaced[row] = 2 * dense <= letters and letters <= _LONG_WORDS * words
    out_offsets[len(offsets) - 1] = size
    return size


def stream_of(strings: Strings) -> Stream:
    """The characters that count; 9 bytes for each."""
    most = len(strings.data)
    points, places, fresh = np.empty(most, np.uint32), np.empty(most, np.int32), np.empty(most, np.uint8)
    offsets = np.zeros(len(strings.offsets), np.int64)
    spaced = np.zeros(len(strings.offsets) - 1, np.uint8)
    size = _stream(strings.data, strings.offsets, characters(), points, places, fresh, offsets, spaced)
    return Stream(points[:size], places[:size], fresh[:size], offsets, spaced)


@kernel(types.int64(U32_IN, I64_IN, types.int64, types.int64, U64, U64, I32, I32))
def _winnow(
    points: Any, offsets: Any, width: int, window: int, hashes: Any, keys: Any, row_out: Any, at_out: Any
) -> int:
    """Fingerprints of all texts; `hashes` is a ring of the last `window` hashes."""
    size = 0
    power = np.uint64(1)
    for _ in range(width):
        power *= _PRIME
    for row in range(len(offsets) - 1):
        base, count = offsets[row], offsets[row + 1] - offsets[row] - width + 1
        if count < window:
            continue
        value = np.uint64(0)
        for n in range(width):
            value = value * _PRIME + np.uint64(item(points, base + n)) + np.uint64(1)
        lowest = -1
        for n in range(count):
            if n:
                entering = np.uint64(item(points, base + n + width - 1)) + np.uint64(1)
                value = value * _PRIME + entering - (np.uint64(item(points, base + n - 1)) + np.uint64(1)) * power
            hashes[n % window] = mix(value)
            if n < window - 1:
                continue
            before = lowest
            if lowest <= n - window:
                lowest = n - window + 1
                for other in range(n - window + 2, n + 1):
                    if hashes[other % window] <= hashes[lowest % window]:
                        lowest = other
            elif hashes[n % window] < hashes[lowest % window]:
                lowest = n
            if lowest != before:
                keys[size], row_out[size], at_out[size] = hashes[lowest % window], row, lowest
                size += 1
    return size


def fingerprints(
    stream: Stream, width: int, window: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Key, text and place (among the characters that count) of every fingerprint, in text order.

    Texts of fewer than `width + window - 1` characters have none. About 2 / (window + 1) of the places are taken.
    """
    most = len(stream.points) + 1
    keys, row, at = np.empty(most, np.uint64), np.empty(most, np.int32), np.empty(most, np.int32)
    size = _winnow(stream.points, stream.offsets, width, window, np.empty(window, np.uint64), keys, row, at)
    return keys[:size], row[:size], at[:size]


@part
def _words_only(fresh: Any, base: int, stop: int, begin: int, end: int) -> tuple[int, int, int]:
    """A span without the words that it cuts at its ends, and its number of words."""
    while begin < end and not item(fresh, begin):
        begin += 1
    while end > begin and end < stop and not item(fresh, end):
        end -= 1
    words = 0
    for n in range(begin, end):
        words += item(fresh, n)
    return begin, end, words


@kernel(
    types.int64(
        *(U32_IN, I64_IN, U32_IN, U8_IN, I64_IN, U8_IN, I32_IN, I32_IN, I32_IN, I32_IN),
        *(types.int64, types.int64, U8, I64, I64, I64, I64),
    )
)
def _agree(
    a: Any,
    a_offsets: Any,
    b: Any,
    b_fresh: Any,
    b_offsets: Any,
    b_spaced: Any,
    a_row: Any,
    a_at: Any,
    b_row: Any,
    b_at: Any,
    chars: int,
    words: int,
    covered: Any,
    pair: Any,
    begin: Any,
    end: Any,
    origin: Any,
) -> int:
    size, done, last, spent = 0, -1, -1, 0
    for n in range(len(a_row)):
        a_base, a_stop = a_offsets[a_row[n]], a_offsets[a_row[n] + 1]
        base, stop = b_offsets[b_row[n]], b_offsets[b_row[n] + 1]
        left, right = a_base + a_at[n], base + b_at[n]
        same = last >= 0 and a_row[n] == a_row[last] and b_row[n] == b_row[last]
        if same and b_at[n] - a_at[n] == b_at[last] - a_at[last] and right < done:
            continue  # on the diagonal of the passage before, and within it
        if last >= 0 and b_row[n] != b_row[last]:
            spent = 0
        if spent > _PASSES * (stop - base) and covered[right]:
            continue
        first = 0
        while left - first > a_base and right - first > base and a[left - first - 1] == b[right - first - 1]:
            first += 1
        length = 0
        while left + length < a_stop and right + length < stop and a[left + length] == b[right + length]:
            length += 1
        done, last = right + length, n
        low, high = right - first, right + length
        spent += first + length
        enough = high - low >= chars
        if b_spaced[b_row[n]]:
            low, high, count = _words_only(b_fresh, base, stop, low, high)
            enough = count >= words
        if enough:
            for place in range(low, high):
                covered[place] = 1
            pair[size], begin[size], end[size] = n, low - base, high - base
            origin[size] = left - first + (low - (right - first)) - a_base
            size += 1
    return size


def agreements(
    earlier: Stream,
    later: Stream,
    pairs: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]],
    chars: int,
    words: int,
) -> tuple[Longs, Longs, Longs, Longs]:
    """Maximal equal passages at places where two texts may agree; every character is compared.

    `pairs`: text and place in `earlier`, text and place in `later`, sorted by both texts, then by the difference of
    the places, then by place. Given are number of the pair, begin and end in the later text, begin in the earlier one,
    all in characters that count. A passage of a text with spaces is one of at least `words` whole words; of others, one
    of at least `chars` characters.
    """
    size = len(pairs[0])
    out = [np.empty(size, np.int64) for _ in range(4)]
    covered = np.zeros(len(later.points), np.uint8)
    held: tuple[Any, ...] = (earlier.points, earlier.offsets, later.points, later.fresh, later.offsets, later.spaced)
    found = int(_agree(*held, *pairs, chars, words, covered, *out))  # type: ignore[call-arg]
    return out[0][:found], out[1][:found], out[2][:found], out[3][:found]
