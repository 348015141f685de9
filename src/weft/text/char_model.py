"""A language model of characters: how surprising a text is to one who has read some text of its language.

Interpolated Witten-Bell smoothing (Witten and Bell 1991; Chen and Goodman 1998, section 2.6) of n-grams of up to four
characters. Case is folded, runs of white space are one, all digits are one.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.hashing import mix
from weft.text.jit import F32, I32, I32_IN, I64, I64_IN, U8_IN, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.unicode import NUMBER, SPACE, characters

ORDER = 4
_PRIME = np.uint64(0x100000001B3)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_BEGIN, _BLANK, _DIGIT = 2, 32, 48
_LITTLE = 1e-100
"""Below it a product of probabilities takes no further one: the least of them is above 1e-9."""
_SEEN, _FOLLOWED, _MASK = np.uint64(42), np.uint64(21), np.uint64((1 << 21) - 1)
_ANY = np.float32(1.0 / 0x1000)
"""Probability of a character of which nothing is known."""


class CharModel(NamedTuple):
    """Of every n-gram: how often it was seen, how often something followed it, and how many different characters.

    A hash table with open addressing: two numbers for each place, a key (0: free) and these three, 22 bits for the
    first and 21 for each of the others.
    """

    table: npt.NDArray[np.uint64]
    whole: int
    different: int
    """Characters that were read, and different ones."""


@functools.cache
def _table() -> npt.NDArray[np.uint32]:
    known = characters()
    flags, folded = known >> np.uint32(24), known & np.uint32(0x1FFFFF)
    made = np.where((flags & NUMBER) != 0, np.uint32(_DIGIT), folded)
    made[: _BLANK + 1] = _BLANK
    return np.where((flags & SPACE) != 0, np.uint32(_BLANK), made)


@kernel(types.int64(U8_IN, I64_IN, U32_IN, I64, I32))
def _codes(data: Any, offsets: Any, table: Any, starts: Any, out: Any) -> int:
    """Characters of texts as they are compared, a mark of the beginning before each text; returns how many."""
    count = 0
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        starts[row] = count
        out[count] = _BEGIN
        count += 1
        blank = True
        while at < stop:
            point, width = code_point(data, at)
            code = item(table, point)
            at += width
            if code == _BLANK and blank:
                continue
            blank = code == _BLANK
            out[count] = code
            count += 1
    starts[len(offsets) - 1] = count
    return count


def codes(strings: Strings) -> tuple[Longs, npt.NDArray[np.int32]]:
    """Starts of texts (texts + 1) and their characters, each text with a mark of its beginning."""
    size = int(strings.offsets[-1] - strings.offsets[0]) + len(strings.offsets)
    starts, out = np.empty(len(strings.offsets), np.int64), np.empty(size, np.int32)
    return starts, out[: _codes(strings.data, strings.offsets, _table(), starts, out)]


@kernel(types.void(I64_IN, I32_IN, types.int64, U64))
def _grams(starts: Any, held: Any, order: int, keys: Any) -> None:
    """Keys of all n-grams of this order by the place of their last character; 0 where a text has none there yet."""
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            keys[at] = np.uint64(0)
            if at - order + 1 < starts[row]:
                continue
            value, power = np.uint64(0), np.uint64(1)
            for n in range(order):
                value += np.uint64(held[at - n] + 1) * power
                power *= _PRIME
            keys[at] = mix(value + np.uint64(order) * _STEP)


@kernel(types.void(U64_IN, U64_IN, U64))
def _fill(keys: Any, held: Any, table: Any) -> None:
    mask = np.uint64(len(table) // 2 - 1)
    for n in range(len(keys)):
        place = keys[n] & mask
        while table[2 * place] != 0:
            place = (place + np.uint64(1)) & mask
        table[2 * place], table[2 * place + 1] = keys[n], held[n]


def train(strings: Strings) -> CharModel:
    """The model of some texts."""
    starts, held = codes(strings)
    last = np.zeros(len(held), bool)
    last[starts[1:] - 1] = True
    grams = np.empty((ORDER + 1, len(held)), np.uint64)
    grams[0] = 0
    for n in range(1, ORDER + 1):
        _grams(starts, held, n, grams[n])
    parts: list[list[npt.NDArray[Any]]] = []
    for n in range(1, ORDER + 1):
        there = np.flatnonzero(grams[n])
        found, count = np.unique(grams[n][there], return_counts=True)
        ends = np.unique(grams[n][there[last[there]]], return_counts=True)
        after = count.copy()
        after[np.searchsorted(found, ends[0])] -= ends[1]
        different = np.zeros(len(found), np.int64)
        if n < ORDER:
            longer = np.flatnonzero(grams[n + 1])
            _, first = np.unique(grams[n + 1][longer], return_index=True)
            # What a longer one begins with ends one place before it does.
            np.add.at(different, np.searchsorted(found, grams[n][longer[first] - 1]), 1)
        parts.append([found, count, after, different])
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    packed = np.zeros(len(joined[0]), np.uint64)
    for part_of, bits in zip(joined[1:], (22, 21, 21), strict=True):
        packed = packed << np.uint64(bits) | np.minimum(part_of, (1 << bits) - 1).astype(np.uint64)
    # As small as it can be: what does not lie in the processor's cache is waited for.
    table = np.zeros(2 << max(4, int(1.2 * len(packed)).bit_length()), np.uint64)
    _fill(joined[0], packed, table)
    return CharModel(table, len(held) - len(starts) + 1, len(parts[0][0]))


@part
def _find(table: Any, key: Any) -> Any:
    """What is held of an n-gram, 0 where it was never seen."""
    mask = np.uint64(len(table) // 2 - 1)
    place = key & mask
    while True:
        held = item(table, 2 * place)
        if held == key:
            return item(table, 2 * place + np.uint64(1))
        if held == 0:
            return np.uint64(0)
        place = (place + np.uint64(1)) & mask


@kernel(types.void(U64_IN, types.int64, types.int64, I64_IN, I32_IN, U64, U64, F32))
def _surprise(table: Any, whole: int, different: int, starts: Any, held: Any, before: Any, now: Any, out: Any) -> None:
    """`before` and `now` hold what is known of the n-grams that end at the character before, and at this one."""
    order = len(now)
    for row in range(len(starts) - 1):
        total, product = 0.0, 1.0
        for n in range(order):
            before[n] = np.uint64(0)
        for at in range(starts[row], starts[row + 1]):
            for n in range(order):
                now[n] = np.uint64(0)
            value, power = np.uint64(0), np.uint64(1)
            for n in range(min(order, at - starts[row] + 1)):
                value += np.uint64(held[at - n] + 1) * power
                power *= _PRIME
                now[n] = _find(table, mix(value + np.uint64(n + 1) * _STEP))
                if now[n] == 0:
                    break
            if at > starts[row]:
                chance = (float(now[0] >> _SEEN) + different * _ANY) / (whole + different)
                for n in range(1, order):
                    context = before[n - 1]
                    kinds = float(context & _MASK)
                    if kinds == 0:
                        break
                    chance = (float(now[n] >> _SEEN) + kinds * chance) / (float((context >> _FOLLOWED) & _MASK) + kinds)
                # Logarithms are slow: one for some characters together.
                product *= float(chance)
                if product < _LITTLE:
                    total -= np.log2(product)
                    product = 1.0
            for n in range(order):
                before[n] = now[n]
        total -= np.log2(product)
        size = starts[row + 1] - starts[row] - 1
        out[row] = np.float32(total / max(size, 1))


def surprise(model: CharModel, strings: Strings) -> npt.NDArray[np.float32]:
    """Cross-entropy of each text in bits for a character; 0 of an empty one."""
    starts, held = codes(strings)
    out = np.empty(len(starts) - 1, np.float32)
    _surprise(*model, starts, held, np.empty(ORDER, np.uint64), np.empty(ORDER, np.uint64), out)
    return out
