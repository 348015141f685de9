"""Hashes of text: with case and white space folded, and as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import HIGH, code_point, item, word
from weft.text.hashing import hash_bytes, mix
from weft.text.jit import I64_IN, U8_IN, U32_IN, U64, kernel, part, types
from weft.text.unicode import SPACE, characters, digits_alike

_P1 = np.uint64(0x9E3779B97F4A7C15)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_POINT, _SPACE_BIT = np.uint64(0x1FFFFF), np.uint64(24 + SPACE.bit_length() - 1)


@part
def _after_space(data: Any, at: int, stop: int, characters: Any) -> int:
    """Where white space ends."""
    while at < stop:
        point, width = code_point(data, at)
        if (item(characters, point) >> 24) & SPACE == 0:
            break
        at += width
    return at


@kernel(types.void(U8_IN, I64_IN, U32_IN, U64, U64))
def _folded(data: Any, offsets: Any, characters: Any, high: Any, low: Any) -> None:
    for row in range(len(offsets) - 1):
        stop = offsets[row + 1]
        at = _after_space(data, offsets[row], stop, characters)
        one, two, size, space = np.uint64(1), np.uint64(2), np.int64(0), np.uint64(0)
        while at < stop:
            if at + 8 <= stop and word(data, at) & HIGH == 0:
                # ASCII is hashed without branches: where words end is hard to predict.
                for n in range(8):
                    found = np.uint64(item(characters, item(data, at + n)))
                    value = (found & _POINT) | space
                    space = (found >> _SPACE_BIT & np.uint64(1)) << np.uint64(32)
                    stays = (space >> np.uint64(32)) - np.uint64(1)
                    first = (one ^ value) * _P1
                    one ^= (first ^ (first >> np.uint64(29)) ^ one) & stays
                    second = (two + value) * _P2
                    two ^= (second ^ (second >> np.uint64(32)) ^ two) & stays
                    size += 1 - np.int64(space >> np.uint64(32))
                at += 8
                continue
            point, width = code_point(data, at)
            at += width
            found = np.uint64(item(characters, point))
            if found >> _SPACE_BIT & np.uint64(1):
                space = np.uint64(1) << np.uint64(32)
                continue
            value = (found & _POINT) | space
            space = np.uint64(0)
            one = (one ^ value) * _P1
            one ^= one >> np.uint64(29)
            two = (two + value) * _P2
            two ^= two >> np.uint64(32)
            size += 1
        high[row] = mix(one ^ np.uint64(size))
        low[row] = mix(two + np.uint64(size))


def folded_hashes(
    strings: Strings, *, numbers_alike: bool = False
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Two independent 64-bit hashes of each text: case folded, runs of white space as one, none at the ends.

    With `numbers_alike` all digits are one character, which no text has.
    """
    rows = len(strings.offsets) - 1
    high, low = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    _folded(strings.data, strings.offsets, digits_alike() if numbers_alike else characters(), high, low)
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
