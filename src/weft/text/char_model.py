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
_HALF, _LOW = np.uint64(32), np.uint64((1 << 32) - 1)
_NEVER = np.uint64((1 << 64) - 1)
_BIT = 1 << 26
"""Steps of a bit: surprise is added up in whole numbers."""
_ANY = 1.0 / 0x1000
"""Probability of a character of which nothing is known."""


class CharModel(NamedTuple):
    """Of every n-gram: how surprising its last character is there, and what it adds to a character that is new there.

    A hash table with open addressing: two numbers for each place, a key (0: free) and these two, 32 bits each, in
    steps of 1 / 2**26 of a bit.
    """

    table: npt.NDArray[np.uint64]
    unseen: int
    """Surprise of a character that was never seen, before what its context adds, in these steps."""


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


@part
def _gram(held: Any, at: int, order: int) -> Any:
    """The key of the n-gram that ends at a place."""
    value, power = np.uint64(0), np.uint64(1)
    for n in range(order):
        value += np.uint64(item(held, at - n) + 1) * power
        power *= _PRIME
    return mix(value + np.uint64(order) * _STEP)


@kernel(types.void(I64_IN, I32_IN, types.int64, U64))
def _grams(starts: Any, held: Any, order: int, keys: Any) -> None:
    """Keys of all n-grams of this order by the place of their last character; 0 where a text has none there yet."""
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            keys[at] = _gram(held, at, order) if at - order + 1 >= starts[row] else np.uint64(0)


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
    for n in range(1, ORDER + 1):
        _grams(starts, held, n, grams[n])
    shorter = _Order(np.empty(0, np.uint64), *(np.empty(0) for _ in range(3)))
    unseen, parts = 0.0, []
    for n in range(1, ORDER + 1):
        there = np.flatnonzero(grams[n])
        found, first, count = np.unique(grams[n][there], return_index=True, return_counts=True)
        ends = np.unique(grams[n][there[last[there]]], return_counts=True)
        after = count.astype(np.float64)
        after[np.searchsorted(found, ends[0])] -= ends[1]
        different = np.zeros(len(found))
        if n < ORDER:
            longer = np.flatnonzero(grams[n + 1])
            _, begin = np.unique(grams[n + 1][longer], return_index=True)
            # What a longer one begins with ends one place before it does.
            np.add.at(different, np.searchsorted(found, grams[n][longer[begin] - 1]), 1)
        if n == 1:
            whole = len(held) - len(starts) + 1 + len(found)
            unseen = len(found) * _ANY / whole
            chance = count / whole + unseen
        else:
            place = there[first]
            context = np.searchsorted(shorter.keys, grams[n - 1][place - 1])
            less = shorter.chance[np.searchsorted(shorter.keys, grams[n - 1][place])]
            kinds = shorter.different[context]
            chance = (count + kinds * less) / (shorter.after[context] + kinds)
        shorter = _Order(found, chance, after, different)
        parts.append((found, _steps(chance) << _HALF | _steps(different / np.maximum(after + different, 1))))
    keys, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    # As small as it can be: what does not lie in the processor's cache is waited for.
    table = np.zeros(2 << max(4, int(1.2 * len(keys)).bit_length()), np.uint64)
    _fill(keys, values, table)
    return CharModel(table, int(_steps(np.array([unseen]))[0]))


class _Order(NamedTuple):
    """N-grams of one length: keys (ascending), probabilities, how often something followed, and what different ones."""

    keys: npt.NDArray[np.uint64]
    chance: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]
    different: npt.NDArray[np.float64]


def _steps(chance: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """The surprise of probabilities; none of what has no probability."""
    bits = -np.log2(np.where(chance > 0, chance, 1.0))
    return np.minimum(np.round(bits * _BIT), float(_LOW)).astype(np.uint64)


@part
def _find(table: Any, key: Any) -> Any:
    """What is held of an n-gram, _NEVER where it was not seen."""
    mask = np.uint64(len(table) // 2 - 1)
    place = key & mask
    while True:
        held = item(table, 2 * place)
        if held == key:
            return item(table, 2 * place + np.uint64(1))
        if held == 0:
            return _NEVER
        place = (place + np.uint64(1)) & mask


@kernel(types.void(U64_IN, types.int64, I64_IN, I32_IN, F32))
def _surprise(table: Any, unseen: int, starts: Any, held: Any, out: Any) -> None:
    for row in range(len(starts) - 1):
        total, first = 0, starts[row]
        for at in range(first + 1, starts[row + 1]):
            # The longest n-gram that is known says it all, but for contexts in which it did not come.
            longest = min(ORDER, at - first + 1)
            known, found = longest, _find(table, _gram(held, at, longest))
            while found == _NEVER and known > 1:
                known -= 1
                found = _find(table, _gram(held, at, known))
            if found == _NEVER:
                known = 0
                total += unseen
            else:
                total += int(found >> _HALF)
            for order in range(max(known, 1), longest):
                found = _find(table, _gram(held, at - 1, order))
                if found == _NEVER:
                    break
                total += int(found & _LOW)
        size = starts[row + 1] - first - 1
        out[row] = np.float32(total / _BIT / max(size, 1))


def surprise(model: CharModel, strings: Strings) -> npt.NDArray[np.float32]:
    """Cross-entropy of each text in bits for a character; 0 of an empty one."""
    starts, held = codes(strings)
    out = np.empty(len(starts) - 1, np.float32)
    _surprise(*model, starts, held, out)
    return out
