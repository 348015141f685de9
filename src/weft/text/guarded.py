"""Which bytes of texts stay as they are when words are changed: addresses, numbers, tags, placeholders and code."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.buffers import Bytes, Strings
from weft.text.decode import code_point, item
from weft.text.jit import I64_IN, U8, U8_IN, U32_IN, kernel, part, types
from weft.text.unicode import EAST, LETTER, NUMBER, SOUTH_EAST, SPACE, characters

_DENSE = EAST | SOUTH_EAST
_TAG, _BRACES, _CODE = 200, 60, 4_000
"""Bytes that a tag, a placeholder in braces and code between marks may have."""
_SLASH, _COLON, _AT, _BACKSLASH, _LOW_LINE, _EQUAL, _PERCENT, _DOLLAR = (ord(c) for c in "/:@\\_=%$")
_LESS, _MORE, _BRACE, _UNBRACE, _TICK, _LINE, _EXCLAMATION = (ord(c) for c in "<>{}`\n!")


@part
def _set(out: Any, begin: int, end: int) -> None:
    for at in range(begin, end):
        out[at] = 1


@part
def _ascii_letter(data: Any, at: int, stop: int) -> bool:
    return at < stop and 97 <= (data[at] | 0x20) <= 122


@part
def _telling(data: Any, at: int, stop: int, point: int, bits: Any) -> bool:
    """Whether a character makes the run that it stands in no words: digits, and signs of addresses and code."""
    if bits & NUMBER:
        return True
    if point == _PERCENT:
        return _ascii_letter(data, at + 1, stop) or (at + 1 < stop and data[at + 1] == 40)
    if point == _SLASH:
        return at + 1 < stop and data[at + 1] == _SLASH
    return point in (_AT, _BACKSLASH, _LOW_LINE, _EQUAL, _DOLLAR)


@part
def _world_wide(data: Any, begin: int, end: int) -> bool:
    """Whether a run begins as www. does."""
    return (
        end - begin > 4
        and (data[begin] | 0x20) == 119
        and (data[begin + 1] | 0x20) == 119
        and (data[begin + 2] | 0x20) == 119
        and data[begin + 3] == 46
    )


@part
def _runs(data: Any, at: int, stop: int, characters: Any, out: Any) -> None:
    """Marks runs between white space, or letters of scripts without it, that hold a telling character."""
    begin, told = at, False
    while at <= stop:
        width, ends, point, bits = 1, True, 0, np.uint32(0)
        if at < stop:
            point, width = code_point(data, at)
            bits = item(characters, point) >> np.uint32(24)
            ends = (bits & SPACE) != 0 or ((bits & _DENSE) != 0 and (bits & NUMBER) == 0) or point in (9, 10, 13)
        if ends:
            if told or _world_wide(data, begin, at):
                _set(out, begin, at)
            begin, told = at + width, False
        else:
            told = told or _telling(data, at, stop, point, bits)
        at += width


@part
def _closing(data: Any, at: int, stop: int, mark: int, ticks: int, most: int, lines: bool) -> int:
    """The place behind `ticks` times the mark, where they stand within some bytes; else 0."""
    met = 0
    for n in range(at, min(stop, at + most)):
        if data[n] == _LINE and not lines:
            return 0
        met = met + 1 if data[n] == mark else 0
        if met == ticks:
            return n + 1
    return 0


@part
def _spans(data: Any, at: int, stop: int, characters: Any, out: Any) -> None:
    """Marks tags, placeholders in braces, and what stands between backticks."""
    while at < stop:
        mark, end = data[at], 0
        if mark == _LESS and at + 1 < stop:
            point, _ = code_point(data, at + 1)
            if point in (_SLASH, _EXCLAMATION) or (item(characters, point) >> np.uint32(24)) & LETTER:
                end = _closing(data, at + 1, stop, _MORE, 1, _TAG, False)
        elif mark == _BRACE:
            end = _closing(data, at + 1, stop, _UNBRACE, 1, _BRACES, False)
        elif mark == _TICK:
            ticks = 1
            while at + ticks < stop and data[at + ticks] == _TICK:
                ticks += 1
            end = _closing(data, at + ticks, stop, _TICK, ticks, _CODE, ticks > 2)
        if end:
            _set(out, at, end)
        at = max(end, at + 1)


@kernel(types.void(U8_IN, I64_IN, U32_IN, U8))
def _guard(data: Any, offsets: Any, characters: Any, out: Any) -> None:
    for row in range(len(offsets) - 1):
        _runs(data, offsets[row], offsets[row + 1], characters, out)
        _spans(data, offsets[row], offsets[row + 1], characters, out)


def guarded(strings: Strings) -> Bytes:
    """1 for every byte of `strings.data` that is part of an address, a number, a tag, a placeholder or code.

    Runs between white space are guarded as a whole where they hold a digit, `//`, one of `@ \\ _ = $`, or a per cent
    sign before a letter; so are tags, braces of at most 60 bytes, and what stands between backticks.
    """
    out = np.zeros(len(strings.data), np.uint8)
    _guard(strings.data, strings.offsets, characters(), out)
    return out
