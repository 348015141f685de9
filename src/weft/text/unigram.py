"""A unigram model of pieces: how often each is expected in words, and the best division of a piece into others.

Kudo 2018 (Subword regularization): a word's probability is the sum, over its divisions into pieces, of the products of
their probabilities. All scores are natural logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.hashing import mix
from weft.text.jit import I32, I64, U64, kernel, part, types

Floats = npt.NDArray[np.float64]
_F64 = types.float64[::1]
_NEVER = -1e300


class Points(NamedTuple):
    """Code points of strings end to end; string `i` is `values[offsets[i]:offsets[i + 1]]`."""

    values: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]


class Trie(NamedTuple):
    """Pieces by their characters: an open hash table of (node, character) to node, and the piece that ends there."""

    keys: npt.NDArray[np.uint64]
    children: npt.NDArray[np.int32]
    piece: npt.NDArray[np.int32]


_TRIE = types.Tuple((U64, I32, I32))
_STRINGS = types.Tuple((I32, I64))


def points_of(strings: Sequence[str]) -> Points:
    """The code points of strings."""
    sizes = np.fromiter((len(one) for one in strings), np.int64, len(strings))
    values = np.frombuffer("".join(strings).encode("utf-32-le"), "<i4").astype(np.int32)
    return Points(values, np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]))


@part
def _slot(keys: Any, key: Any) -> int:
    """Where a key is in the table, or where it would go."""
    mask = np.uint64(len(keys) - 1)
    at = mix(key) & mask
    while keys[at] != 0 and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return int(at)


@part
def _key(node: int, point: int) -> Any:
    return (np.uint64(node) << np.uint64(21)) | np.uint64(point + 1)


@kernel(types.int64(_STRINGS, U64, I32, I32))
def _fill(pieces: Any, keys: Any, children: Any, piece: Any) -> int:
    values, offsets = pieces
    nodes = 1
    piece[0] = -1
    for number in range(len(offsets) - 1):
        node = 0
        for at in range(offsets[number], offsets[number + 1]):
            key = _key(node, values[at])
            slot = _slot(keys, key)
            if keys[slot] == 0:
                keys[slot] = key
                children[slot] = nodes
                piece[nodes] = -1
                nodes += 1
            node = children[slot]
        if node > 0:
            piece[node] = number
    return nodes


def trie_of(pieces: Points) -> Trie:
    """A trie of different, non-empty strings."""
    size = 1 << max(4, (2 * len(pieces.values)).bit_length())
    keys, children = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    piece = np.empty(len(pieces.values) + 1, np.int32)
    nodes = _fill(tuple(pieces), keys, children, piece)
    return Trie(keys, children, piece[:nodes].copy())


@part
def _child(keys: Any, children: Any, node: int, point: int) -> int:
    slot = _slot(keys, _key(node, point))
    return children[slot] if keys[slot] != 0 else -1


@part
def _added(one: float, other: float) -> float:
    """The logarithm of the sum of two probabilities."""
    if one < other:
        one, other = other, one
    return one if other <= _NEVER else one + math.log1p(math.exp(other - one))


@kernel(types.float64(_STRINGS, _F64, _TRIE, _F64, _F64, _F64, _F64))
def _expect(words: Any, weights: Any, trie: Any, scores: Any, ahead: Any, behind: Any, out: Any) -> float:
    values, offsets = words
    keys, children, piece = trie
    total = 0.0
    for number in range(len(offsets) - 1):
        start, stop = offsets[number], offsets[number + 1]
        size = stop - start
        ahead[: size + 1] = _NEVER
        behind[: size + 1] = _NEVER
        ahead[0], behind[size] = 0.0, 0.0
        for at in range(size):
            node, end = 0, at
            while ahead[at] > _NEVER and end < size:
                node = _child(keys, children, node, values[start + end])
                if node < 0:
                    break
                end += 1
                if piece[node] >= 0:
                    ahead[end] = _added(ahead[end], ahead[at] + scores[piece[node]])
        whole = ahead[size]
        if whole <= _NEVER:
            continue
        total += weights[number] * whole
        for at in range(size - 1, -1, -1):
            node, end = 0, at
            while end < size:
                node = _child(keys, children, node, values[start + end])
                if node < 0:
                    break
                end += 1
                if piece[node] >= 0 and behind[end] > _NEVER:
                    score = scores[piece[node]] + behind[end]
                    behind[at] = _added(behind[at], score)
                    out[piece[node]] += weights[number] * math.exp(ahead[at] + score - whole)
    return total


def expected(words: Points, weights: Floats, trie: Trie, scores: Floats) -> tuple[Floats, float]:
    """(pieces,) how often each piece is expected in the words, and the words' log likelihood, both weighed.

    Words that the pieces cannot make are left out.
    """
    longest = int(np.diff(words.offsets).max(initial=0)) + 1
    out = np.zeros(len(scores), np.float64)
    likelihood = _expect(tuple(words), weights, tuple(trie), scores, np.empty(longest), np.empty(longest), out)
    return out, float(likelihood)


@kernel(types.void(_STRINGS, _TRIE, _F64, _F64, I32, I64, I32, I64))
def _divide(pieces: Any, trie: Any, scores: Any, best: Any, by: Any, came: Any, out: Any, out_offsets: Any) -> None:
    values, offsets = pieces
    keys, children, piece = trie
    count = 0
    out_offsets[0] = 0
    for number in range(len(offsets) - 1):
        start, stop = offsets[number], offsets[number + 1]
        size = stop - start
        best[: size + 1] = _NEVER
        best[0] = 0.0
        for at in range(size):
            node, end = 0, at
            while best[at] > _NEVER and end < size:
                node = _child(keys, children, node, values[start + end])
                if node < 0:
                    break
                end += 1
                held = piece[node]
                if held >= 0 and held != number and best[at] + scores[held] > best[end]:
                    best[end] = best[at] + scores[held]
                    by[end], came[end] = held, at
        end = size
        while end > 0 and best[size] > _NEVER:
            out[count] = by[end]
            count += 1
            end = came[end]
        out_offsets[number + 1] = count


def others(pieces: Points, trie: Trie, scores: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """For each piece of the trie, the pieces of its best division without itself, last one first, and offsets."""
    longest = int(np.diff(pieces.offsets).max(initial=0)) + 1
    out, offsets = np.empty(len(pieces.values), np.int32), np.empty(len(pieces.offsets), np.int64)
    scratch = np.empty(longest), np.empty(longest, np.int32), np.empty(longest, np.int64)
    _divide(tuple(pieces), tuple(trie), scores, *scratch, out, offsets)
    return out[: offsets[-1]].copy(), offsets
