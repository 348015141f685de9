"""N-grams of known texts as an index, and where other texts hold them.

The index is an open-addressing table of 64-bit hashes, behind a bit array that most n-grams of other texts do not pass.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import item
from weft.text.hashing import mix
from weft.text.jit import I32, I32_IN, I64, I64_IN, U8_IN, U32, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.units import RING, is_word, kinds, next_unit, power_of, rolled

_BITS_PER_KEY = 16
_LOW = np.uint64(63)
_SIX = np.uint64(6)
_HITS = 1 << 16
"""Hits for which there is room at first."""
_OFTEN = 32
"""Occurrences of one n-gram in a row that are looked at: a page that repeats itself costs no more than others."""


class Width(NamedTuple):
    """Units of an n-gram: `words` where it ends with a word, `chars` where it ends with a character."""

    words: int
    chars: int


class Index(NamedTuple):
    """Slot `s` holds the n-gram with hash `keys[s]` and number `gram[s] - 1`; 0: it is empty.

    N-gram `g` occurs in texts `text[starts[g]:starts[g + 1]]`, where its last units have these `place`s.
    """

    bits: npt.NDArray[np.uint64]
    keys: npt.NDArray[np.uint64]
    gram: npt.NDArray[np.uint32]
    starts: Longs
    text: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]


@kernel(types.int64(U8_IN, I64_IN, U32_IN, types.int64, types.int64, U64, U64, I32, I32))
def _grams(
    data: Any, offsets: Any, table: Any, words: int, chars: int, ring: Any, hashes: Any, text: Any, place: Any
) -> int:
    """Every n-gram of every text: hash, text, place of its last unit; only their number where there is no room."""
    count, word_power, char_power = 0, power_of(words), power_of(chars)
    for row in range(len(offsets) - 1):
        at, stop, cut, seen = offsets[row], offsets[row + 1], offsets[row], 0
        by_words, by_chars = np.uint64(0), np.uint64(0)
        ring[:] = np.uint64(0)
        while True:
            begin, at, size, value, cut = next_unit(data, at, stop, cut, table)
            if size == 0:
                break
            by_words = rolled(by_words, value, ring[(seen - words) & (RING - 1)], word_power)
            by_chars = rolled(by_chars, value, ring[(seen - chars) & (RING - 1)], char_power)
            ring[seen & (RING - 1)] = value
            seen += 1
            word = is_word(size, data, begin, cut, table)
            if seen >= (words if word else chars):
                if len(hashes):
                    hashes[count] = mix(by_words if word else by_chars)
                    text[count], place[count] = row, seen - 1
                count += 1
    return count


def grams(
    strings: Strings, width: Width
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Of every n-gram of some texts, in their order: its hash, the text, the place of its last unit among the units."""
    none, ring = np.empty(0, np.int32), np.zeros(RING, np.uint64)
    given = (strings.data, strings.offsets, kinds(), width.words, width.chars, ring)
    size = _grams(*given, np.empty(0, np.uint64), none, none)
    hashes, text, place = np.empty(size, np.uint64), np.empty(size, np.int32), np.empty(size, np.int32)
    if size:
        _grams(*given, hashes, text, place)
    return hashes, text, place


@kernel(types.void(U64_IN, U64, U64, U32))
def _fill(hashes: Any, bits: Any, keys: Any, gram: Any) -> None:
    mask, low = np.uint64(len(bits) * 64 - 1), len(keys) - 1
    for number in range(len(hashes)):
        value = hashes[number]
        place = value & mask
        bits[np.int64(place >> _SIX)] |= np.uint64(1) << (place & _LOW)
        slot = np.int64(value >> np.uint64(32)) & low
        while gram[slot]:
            slot = (slot + 1) & low
        keys[slot], gram[slot] = value, number + 1


def make_index(
    hashes: npt.NDArray[np.uint64], text: npt.NDArray[np.int32], place: npt.NDArray[np.int32]
) -> tuple[Index, npt.NDArray[np.uint64]]:
    """An index of n-grams (see `grams`), each kept once for a text; and the distinct hashes, by number of n-gram."""
    order = np.lexsort((place, text, hashes))
    hashes, text, place = hashes[order], text[order], place[order]
    fresh = np.ones(len(hashes), np.bool_)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (text[1:] != text[:-1])
    hashes, text, place = hashes[fresh], text[fresh], place[fresh]
    distinct, starts = np.unique(hashes, return_index=True)
    size = 1 << max(6, (2 * len(distinct)).bit_length())
    bits = np.zeros(size * _BITS_PER_KEY // 64 // 2, np.uint64)
    keys, gram = np.zeros(size, np.uint64), np.zeros(size, np.uint32)
    _fill(distinct, bits, keys, gram)
    bounds = np.append(starts, len(hashes)).astype(np.int64)
    return Index(bits, keys, gram, bounds, text, place), distinct


@part
def _number(bits: Any, keys: Any, gram: Any, value: Any) -> int:
    """Number of an n-gram, or -1."""
    place = value & np.uint64(len(bits) * 64 - 1)
    if (item(bits, np.int64(place >> _SIX)) >> (place & _LOW)) & np.uint64(1) == 0:
        return -1
    low = len(keys) - 1
    slot = np.int64(value >> np.uint64(32)) & low
    while item(gram, slot):
        if item(keys, slot) == value:
            return int(item(gram, slot)) - 1
        slot = (slot + 1) & low
    return -1


_INDEX = types.Tuple((U64_IN, U64_IN, U32_IN, I64_IN, I32_IN, I32_IN))


@part
def _kept(pair: Any, shift: Any, at: int, stop: int, held_in: Any, least: Any) -> int:
    """Keep of the hits of one row those of texts that it has enough n-grams of; where they end."""
    # A text's count is made negative when it is kept and 0 when it is not: the next row finds no trace.
    first = at
    for n in range(first, stop):
        text = np.int64(pair[n] & 0xFFFFFFFF)
        if held_in[text] < 0 or held_in[text] >= least[text]:
            held_in[text] = -1
            pair[at], shift[at] = pair[n], shift[n]
            at += 1
        else:
            held_in[text] = 0
    for n in range(first, at):
        held_in[np.int64(pair[n] & 0xFFFFFFFF)] = 0
    return at


@kernel(types.int64(U8_IN, I64_IN, U32_IN, types.int64, types.int64, _INDEX, U64, I32, I32_IN, I64, I64, I32))
def _search(
    data: Any,
    offsets: Any,
    table: Any,
    words: int,
    chars: int,
    index: Any,
    ring: Any,
    seen_in: Any,
    least: Any,
    pair: Any,
    shift: Any,
    held_in: Any,
) -> int:
    """Hits as (row << 32 | text, place in the row - place in the text): how many; -1 where there is no room for them.

    `seen_in` has of each n-gram the last row with it (from 1), how often it was there, and in how many rows it was.
    Without texts in `held_in`, which is for the hits of each text in a row, only that is counted.
    """
    bits, keys, gram, starts, text, place = index
    count, room, word_power, char_power = 0, len(pair), power_of(words), power_of(chars)
    for row in range(len(offsets) - 1):
        at, stop, cut, seen, first = offsets[row], offsets[row + 1], offsets[row], 0, count
        by_words, by_chars = np.uint64(0), np.uint64(0)
        ring[:] = np.uint64(0)
        while True:
            begin, at, size, value, cut = next_unit(data, at, stop, cut, table)
            if size == 0:
                break
            by_words = rolled(by_words, value, ring[(seen - words) & (RING - 1)], word_power)
            by_chars = rolled(by_chars, value, ring[(seen - chars) & (RING - 1)], char_power)
            ring[seen & (RING - 1)] = value
            seen += 1
            word = is_word(size, data, begin, cut, table)
            if seen < (words if word else chars):
                continue
            number = _number(bits, keys, gram, mix(by_words if word else by_chars))
            if number < 0:
                continue
            if seen_in[3 * number] != row + 1:
                seen_in[3 * number], seen_in[3 * number + 1] = row + 1, 0
                seen_in[3 * number + 2] += 1
            seen_in[3 * number + 1] += 1
            if seen_in[3 * number + 1] > _OFTEN or len(held_in) == 0:
                continue
            if count + starts[number + 1] - starts[number] > room:
                return -1
            for n in range(starts[number], starts[number + 1]):
                pair[count], shift[count] = (row << 32) | np.int64(text[n]), seen - 1 - place[n]
                held_in[text[n]] += 1
                count += 1
        count = _kept(pair, shift, first, count, held_in, least)
    return count


def search(strings: Strings, index: Index, width: Width, least: npt.NDArray[np.int32]) -> tuple[Longs, Longs]:
    """Hits of n-grams of the index: row << 32 | text, and where the text would begin, in units of the row.

    Of texts of which a row holds at least `least` n-grams; sorted by both.
    """
    room = max(_HITS, int(strings.offsets[-1] - strings.offsets[0]) // 8)
    given = (strings.data, strings.offsets, kinds(), width.words, width.chars, tuple(index), np.zeros(RING, np.uint64))
    while True:
        pair, shift = np.empty(room, np.int64), np.empty(room, np.int64)
        seen_in, held_in = np.zeros(3 * (len(index.starts) - 1), np.int32), np.zeros(len(least), np.int32)
        count = _search(*given, seen_in, least, pair, shift, held_in)
        if count >= 0:
            break
        room *= 4
    order = np.lexsort((shift[:count], pair[:count]))
    return pair[order], shift[order]


def rows_with(strings: Strings, index: Index, width: Width) -> Longs:
    """In how many rows each n-gram of the index occurs."""
    seen_in = np.zeros(3 * (len(index.starts) - 1), np.int32)
    none, nothing, ring = np.empty(0, np.int64), np.empty(0, np.int32), np.zeros(RING, np.uint64)
    if len(seen_in):
        given = (strings.data, strings.offsets, kinds(), width.words, width.chars, tuple(index), ring)
        _search(*given, seen_in, nothing, none, none, nothing)
    return seen_in[2::3].astype(np.int64)


@part
def _put_candidate(out: Any, count: int, pair: Any, low: Any, high: Any) -> None:
    out[4 * count], out[4 * count + 1] = pair >> 32, pair & 0xFFFFFFFF
    out[4 * count + 2], out[4 * count + 3] = low, high


@kernel(types.int64(I64_IN, I64_IN, I32_IN, I32_IN, I64))
def _gathered(pair: Any, shift: Any, slack: Any, least: Any, out: Any) -> int:
    count, at = 0, 0
    while at < len(pair):
        text = np.int64(pair[at] & 0xFFFFFFFF)
        best, first, last, low = 0, at, at, at
        most, straight, same = 0, at, at
        stop = at
        while stop < len(pair) and pair[stop] == pair[at]:
            while shift[stop] - shift[low] > 2 * slack[text]:
                low += 1
            if stop - low + 1 > best:
                best, first, last = stop - low + 1, low, stop
            if shift[stop] != shift[same]:
                same = stop
            if stop - same + 1 > most:
                most, straight = stop - same + 1, same
            stop += 1
        if best >= least[text]:
            _put_candidate(out, count, pair[at], shift[first], shift[last])
            count += 1
            if most >= least[text] and not shift[first] <= shift[straight] <= shift[last]:
                _put_candidate(out, count, pair[at], shift[straight], shift[straight])
                count += 1
        at = stop
    return count


def gathered(pair: Longs, shift: Longs, slack: npt.NDArray[np.int32], least: npt.NDArray[np.int32]) -> Longs:
    """(candidates, 4): row, text, lowest and highest begin of the text: where most of its n-grams agree on one.

    Begins agree that differ by at most twice `slack` of the text, if there are `least` of them. Where most are the very
    same, as in a copy, is a candidate besides: repetitions elsewhere may have more. Of equals the first.
    """
    out = np.empty(8 * len(pair), np.int64)
    size = _gathered(pair, shift, slack, least, out)
    return out[: 4 * size].reshape(-1, 4)
