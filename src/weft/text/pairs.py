"""Candidate pairs inside groups of equal keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.hashing import mix
from weft.text.jit import I64, I64_IN, U8, U64, U64_IN, kernel, types

FULL = 16
"""Distinct members up to which all pairs of a group are candidates."""
_FIRST, _NEXT = 4, 4
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Longs = npt.NDArray[np.int64]


@kernel(types.UniTuple(types.int64, 2)(U64_IN, U64_IN, I64_IN, types.boolean, I64, I64, I64, I64, I64))
def _pairs(
    keys: Any, texts: Any, address: Any, write: bool, same_a: Any, same_b: Any, near_a: Any, near_b: Any, held: Any
) -> tuple[int, int]:
    """Pairs of equal text hash and candidate pairs of different ones; of rows sorted by key, text hash, address."""
    same, near, at = 0, 0, 0
    while at < len(keys):
        stop, size = at, 0
        while stop < len(keys) and keys[stop] == keys[at]:
            if stop == at or texts[stop] != texts[stop - 1]:
                held[size] = address[stop]
                size += 1
            else:
                if write:
                    same_a[same], same_b[same] = held[size - 1], address[stop]
                same += 1
            stop += 1
        for n in range(size):
            last = size if size <= FULL else min(size, n + 1 + _NEXT)
            for other in range(n + 1, last):
                if write:
                    near_a[near], near_b[near] = held[n], held[other]
                near += 1
            if size > FULL and n > _NEXT:
                for other in range(min(_FIRST, n - _NEXT)):
                    if write:
                        near_a[near], near_b[near] = held[other], held[n]
                    near += 1
        at = stop
    return same, near


@kernel(types.int64(U64_IN, types.uint64, U8, I64))
def _repeated(keys: Any, shift: Any, seen: Any, kept: Any) -> int:
    """Rows whose key may occur twice: all that do, and a few whose key only meets another in `seen`."""
    for n in range(len(keys)):
        slot = (keys[n] * _SPREAD) >> shift
        seen[slot] = min(seen[slot] + 1, 2)
    size = 0
    for n in range(len(keys)):
        if seen[(keys[n] * _SPREAD) >> shift] > 1:
            kept[size] = n
            size += 1
    return size


@kernel(types.void(U64_IN, U64_IN, U64))
def _ranks(keys: Any, texts: Any, out: Any) -> None:
    for n in range(len(keys)):
        out[n] = mix(keys[n] ^ texts[n])


def in_groups(keys: npt.NDArray[np.uint64]) -> Longs:
    """Rows that may share their key: the others, most of a corpus, need no sorting."""
    bits = (4 * len(keys) + 1).bit_length()
    kept = np.empty(len(keys), np.int64)
    return kept[: _repeated(keys, 64 - bits, np.zeros(1 << bits, np.uint8), kept)]


def candidate_pairs(
    keys: npt.NDArray[np.uint64], texts: npt.NDArray[np.uint64], address: Longs
) -> tuple[Longs, Longs, Longs, Longs]:
    """Ends of pairs with equal text hash (`texts`), and of candidate pairs, as addresses (shard << 32 | row).

    Among the distinct texts of a group of up to 16 every pair is a candidate. In a larger group each is paired with
    the next four and with the first four: work stays linear, and clusters stay connected. Their order mixes the text
    hash with the key, so that each band of a large family tries other pairs.
    """
    grouped = in_groups(keys)
    keys, texts, address = keys[grouped], texts[grouped], address[grouped]
    ranks = np.empty(len(keys), np.uint64)
    _ranks(keys, texts, ranks)
    order = np.lexsort((address, ranks, keys))
    keys, texts, address = keys[order], texts[order], address[order]
    held = np.empty(len(keys) + 1, np.int64)
    empty = np.empty(0, np.int64)
    same, near = _pairs(keys, texts, address, False, empty, empty, empty, empty, held)
    same_a, same_b = np.empty(same, np.int64), np.empty(same, np.int64)
    near_a, near_b = np.empty(near, np.int64), np.empty(near, np.int64)
    _pairs(keys, texts, address, True, same_a, same_b, near_a, near_b, held)
    return same_a, same_b, near_a, near_b
