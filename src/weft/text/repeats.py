"""The parts of the signals kernel that find what occurs twice: lines, paragraphs, n-grams of tokens.

A table is `keys` and `marks`: an entry counts only when the upper half of its mark is the current epoch, so that
nothing is cleared between documents. The lower half of a mark holds how often the key was met.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.jit import part

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_NEXT = np.uint64(0xD6E8FEB86659FD93)
_TALLY = 0x3FFFFFFF
_SEEN = 0x40000000


@part
def _shift(size: int) -> int:
    """Right shift of a 64-bit hash that leaves the slots of a table with room for `size` keys."""
    bits = 4
    while (1 << bits) < size + size // 2:
        bits += 1
    return 64 - bits


@part
def _met(keys: Any, marks: Any, epoch: int, shift: int, mask: int, key: Any) -> Any:
    """Counts a key; returns its slot."""
    slot: Any = np.int64((key * _SPREAD) >> np.uint64(shift))
    while True:
        mark = marks[slot]
        if mark >> 32 != epoch:
            marks[slot] = (epoch << 32) | 1
            keys[slot] = key
            return slot
        if keys[slot] == key:
            marks[slot] = mark + 1
            return slot
        slot = (slot + 1) & mask


@part
def count_duplicates(hashes: Any, lengths: Any, size: int, keys: Any, marks: Any, epoch: int) -> tuple[int, int]:
    """How many items occurred before, and their characters."""
    count, chars, shift = 0, 0, _shift(size)
    mask = (1 << (64 - shift)) - 1
    for n in range(size if size > 1 else 0):
        slot = _met(keys, marks, epoch, shift, mask, hashes[n])
        if marks[slot] & _TALLY > 1:
            count += 1
            chars += lengths[n]
    return count, chars


@part
def _repeated(
    grams: Any, places: Any, slots: Any, size: int, keys: Any, marks: Any, epoch: int
) -> tuple[int, int, int]:
    """Keeps, of the first `size` places, those whose n-gram occurs twice or more: their number.

    Also the count of the most frequent n-gram, and its first place.
    """
    shift = _shift(size)
    mask = (1 << (64 - shift)) - 1
    for k in range(size):
        slots[k] = _met(keys, marks, epoch, shift, mask, grams[places[k]])
    kept, most, first = 0, 1, 0
    for k in range(size):
        tally = marks[slots[k]] & _TALLY
        if tally > 1:
            if tally > most:
                most, first = tally, places[k]
            places[kept], slots[kept] = places[k], slots[k]
            kept += 1
    return kept, most, first


@part
def _passages(places: Any, slots: Any, size: int, marks: Any, ends: Any, n: int) -> int:
    """Characters in n-grams seen before, in text order; after one, the scan jumps over its tokens."""
    chars, free = 0, 0
    for k in range(size):
        place = places[k]
        if place < free:
            continue
        if marks[slots[k]] & _SEEN:
            chars += ends[place + n] - ends[place]
            free = place + n
        else:
            marks[slots[k]] |= _SEEN
    return int(chars)


@part
def ngrams(
    hashes: Any, ends: Any, size: int, grams: Any, places: Any, slots: Any, keys: Any, marks: Any, epoch: int, row: Any
) -> int:
    """Writes, for n = 2 to 4, the characters of the most frequent n-gram, its tokens joined by spaces, times its count
    (of several the first); for n = 5 to 10, the characters in repeated n-grams. Returns the last epoch used.

    An n-gram can occur twice only where the (n-1)-grams at its place and the next do, so few places are looked at.
    """
    kept = size
    for k in range(size):
        grams[k], places[k] = hashes[k], k
    for n in range(2, 11):
        if size < n:
            break
        candidates = 0
        for k in range(kept - 1):
            place = places[k]
            if places[k + 1] == place + 1:
                grams[place] = (grams[place] ^ (grams[place] >> np.uint64(29))) * _NEXT + hashes[place + n - 1]
                places[candidates] = place
                candidates += 1
        epoch += 1
        kept, most, first = _repeated(grams, places, slots, candidates, keys, marks, epoch)
        if n < 5:
            row[n - 2] = (ends[first + n] - ends[first] + n - 1) * most
        elif kept:
            row[n - 2] = _passages(places, slots, kept, marks, ends, n)
        else:
            break
    return epoch
