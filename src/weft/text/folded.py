"""Hashes of text: with case and white space folded, and as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import HIGH, code_point, item, letters_among, put, put_word, word
from weft.text.hashing import hash_bytes, mix
from weft.text.jit import I64_IN, U8, U8_IN, U32_IN, U64, kernel, part, types
from weft.text.unicode import SPACE, characters, digits_alike

_P1 = np.uint64(0x9E3779B97F4A7C15)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_EACH = np.uint64(0x0101010101010101)
_LOW, _TOP, _UP = ~HIGH, np.uint64(7), np.uint64(2)
_SPACES, _FEEDS, _APART = _EACH * np.uint64(0x20), _EACH * np.uint64(0x0A), np.uint64(0x20 ^ 0x0A)
_FROM_21, _FROM_EF = _EACH * np.uint64(0x80 - 0x21), _EACH * np.uint64(0x80 - 0x6F)
_E0, _E1, _E2, _E3, _EA = (_EACH * np.uint64(lead) for lead in (0xE0, 0xE1, 0xE2, 0xE3, 0xEA))
_80, _9A, _BC = (_EACH * np.uint64(second) for second in (0x80, 0x9A, 0xBC))
_FROM_A0, _FROM_B0 = _EACH * np.uint64(0x80 - 0x20), _EACH * np.uint64(0x80 - 0x30)
_FROM_C2, _PAST_D6 = _EACH * np.uint64(0x80 - 0x42), _EACH * np.uint64(0x80 - 0x57)
_FROM_82, _PAST_83 = _EACH * np.uint64(0x80 - 0x02), _EACH * np.uint64(0x80 - 0x04)
_FROM_8D, _PAST_8F = _EACH * np.uint64(0x80 - 0x0D), _EACH * np.uint64(0x80 - 0x10)
_BLOCK, _STRETCH, _LANES = 256, 24, 8
"""Bytes that are looked at together; those folded by character before others are looked at; numbers side by side."""
_SHIFT = np.uint64(29)


@part
def _equal(eight: Any, other: Any) -> Any:
    """The top bit of each of eight bytes that are the same in both."""
    apart = eight ^ other
    return ~(((apart & _LOW) + _LOW) | apart) & HIGH


@part
def _may_change(eight: Any, after: Any) -> Any:
    """The top bit of each of eight bytes where a character may begin that has case or is white space, ASCII apart.

    `after` are the bytes behind each. Such characters begin with 0xC2 to 0xD6, 0xE1 and 0x82, 0x83, 0x8D to 0x8F, 0x9A
    or more than 0x9F, 0xE2, 0xE0 0xBC, 0xE3 0x80, 0xEA and less than 0xB0, or with 0xEF and above.
    """
    low, next_low = eight & _LOW, after & _LOW
    found = ((low + _FROM_C2) & ~(low + _PAST_D6)) | (low + _FROM_EF)
    second = (next_low + _FROM_A0) | ((next_low + _FROM_82) & ~(next_low + _PAST_83)) | _equal(after, _9A)
    second |= (next_low + _FROM_8D) & ~(next_low + _PAST_8F)
    found |= (_equal(eight, _E1) & second) | _equal(eight, _E2) | (_equal(eight, _E0) & _equal(after, _BC))
    found |= (_equal(eight, _E3) & _equal(after, _80)) | (_equal(eight, _EA) & ~(next_low + _FROM_B0))
    return found & eight & HIGH


@part
def _more_to_do(data: Any, at: int, stop: int) -> Any:
    """Not 0 where a text is not folded by `_copy`; of a multiple of eight bytes, behind which is another one.

    So it is where white space follows white space, at controls, and where a character may have case beyond ASCII or
    be white space. Vectors of bytes are read.
    """
    more = np.uint64(0)
    for place in range(at, stop, 8):
        eight, after = word(data, place), word(data, place + 1)
        blank = _equal(eight, _FEEDS) | _equal(eight, _SPACES)
        more |= ~((eight & _LOW) + _FROM_21) & ~eight & ~blank & HIGH
        more |= blank & (_equal(after, _FEEDS) | _equal(after, _SPACES))
        more |= _may_change(eight, after)
    return more


@part
def _copy(data: Any, at: int, stop: int, out: Any, ahead: int) -> None:
    """Copies bytes to `ahead` places further on in `out`: letters of ASCII in lower case, line feeds as spaces."""
    for place in range(at, stop, 8):
        eight = word(data, place)
        upper = letters_among(eight & _LOW) & ~eight
        feeds = (_equal(eight, _FEEDS) >> _TOP) * _APART
        put_word(out, place + ahead, (eight | (upper >> _UP)) ^ feeds)


@part
def _put_point(out: Any, place: int, point: int) -> int:
    """UTF-8 of a code point into `out`; the place behind it."""
    more = int(point >= 0x80) + int(point >= 0x800) + int(point >= 0x10000)
    put(out, place, point if more == 0 else (point >> (6 * more)) | (0x7F80 >> more) & 0xFF)
    for n in range(more - 1, -1, -1):
        put(out, place + more - n, (point >> (6 * n)) & 0x3F | 0x80)
    return place + more + 1


@part
def _fold_some(
    data: Any, at: int, last: int, stop: int, characters: Any, out: Any, size: int, blank: bool
) -> tuple[int, int, bool]:
    """Folds the characters that begin before `last`: where it ends, the bytes so far, whether the last is a space."""
    while at < last and item(data, at) & 0xC0 == 0x80:  # of a character whose beginning was copied
        put(out, size, item(data, at))
        at, size, blank = at + 1, size + 1, False
    while at < last:
        point, width = code_point(data, at)
        known = item(characters, point)
        folded = int(known & 0x1FFFFF)
        if (known >> 24) & SPACE:
            put(out, size, 0x20)
            size += not blank
            blank = True
        elif folded == point and at + 8 <= stop:
            put_word(out, size, word(data, at))
            size, blank = size + width, False
        else:
            size, blank = _put_point(out, size, folded), False
        at += width
    return at, size, blank


@part
def _fold(data: Any, at: int, stop: int, characters: Any, usual: bool, out: Any) -> int:
    """UTF-8 of a text with case folded, runs of white space as one space, none at the ends; returns its bytes.

    `usual`: digits are as they are, so that what has no case may be copied.
    """
    size, blank = 0, True
    while at < stop:
        ready = usual and not (blank and item(data, at) <= 0x20)
        if ready and at + _BLOCK + 8 <= stop and _more_to_do(data, at, at + _BLOCK) == 0:
            _copy(data, at, at + _BLOCK, out, size - at)
            at, size = at + _BLOCK, size + _BLOCK
            blank = item(out, size - 1) == 0x20
            continue
        last = min(at + _BLOCK, stop)
        while at < last:
            ready = usual and not (blank and item(data, at) <= 0x20)
            if ready and at + 16 <= stop and _more_to_do(data, at, at + 8) == 0:
                _copy(data, at, at + 8, out, size - at)
                at, size = at + 8, size + 8
                blank = item(out, size - 1) == 0x20
            else:
                at, size, blank = _fold_some(data, at, min(at + _STRETCH, stop), stop, characters, out, size, blank)
    return size - int(blank and size > 0)


@part
def _state(held: Any, size: int, lanes: Any, factor: Any) -> Any:
    """64-bit hash of the first `size` bytes, which zeros follow: eight numbers side by side, each of every eighth."""
    for lane in range(_LANES):
        lanes[lane] = np.uint64(lane + 1) * factor
    for at in range(0, size, 8 * _LANES):
        for lane in range(_LANES):
            value = (lanes[lane] ^ word(held, at + 8 * lane)) * factor
            lanes[lane] = value ^ (value >> _SHIFT)
    found = np.uint64(size)
    for lane in range(_LANES):
        found = mix(found ^ lanes[lane])
    return found


@kernel(types.void(U8_IN, I64_IN, U32_IN, types.boolean, U8, U64, U64, U64))
def _folded(data: Any, offsets: Any, characters: Any, usual: bool, held: Any, lanes: Any, high: Any, low: Any) -> None:
    for row in range(len(offsets) - 1):
        size = _fold(data, offsets[row], offsets[row + 1], characters, usual, held)
        for step in range(0, 8 * _LANES, 8):
            put_word(held, size + step, np.uint64(0))
        high[row] = _state(held, size, lanes, _P1)
        low[row] = _state(held, size, lanes, _P2)


def folded_hashes(
    strings: Strings, *, numbers_alike: bool = False
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Two independent 64-bit hashes of each text: case folded, runs of white space as one, none at the ends.

    With `numbers_alike` all digits are one character, which no text has.
    """
    rows = len(strings.offsets) - 1
    high, low = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    longest = int(np.diff(strings.offsets).max()) if rows else 0
    # Folding makes three bytes of two at most, of a digit four; zeros lie behind.
    held = np.empty(longest * (4 if numbers_alike else 1) + longest // 2 + _BLOCK, np.uint8)
    known, lanes = digits_alike() if numbers_alike else characters(), np.empty(_LANES, np.uint64)
    _folded(strings.data, strings.offsets, known, not numbers_alike, held, lanes, high, low)
    return high, low


@kernel(types.void(U8_IN, I64_IN, U64))
def _plain(data: Any, offsets: Any, out: Any) -> None:
    for row in range(len(offsets) - 1):
        out[row] = hash_bytes(data, offsets[row], offsets[row + 1], _P1)


def plain_hashes(strings: Strings) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each text's bytes as they are."""
    out = np.empty(len(strings.offsets) - 1, np.uint64)
    _plain(strings.data, strings.offsets, out)
    return out
