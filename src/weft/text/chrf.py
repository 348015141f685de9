"""chrF: the F-score of character n-grams of a translation and its reference, with word n-grams chrF++.

After Popović 2015 (chrF: character n-gram F-score for automatic MT evaluation) and 2017 (chrF++: words helping
character n-grams); the values of single sentences are those of sacrebleu 2 without its smoothing.
"""

from __future__ import annotations

import functools
import string
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings, string_buffers
from weft.text.decode import code_point, item, put
from weft.text.hashing import mix
from weft.text.jit import I32, I64, I64_IN, U8_IN, U64, kernel, part, types

Doubles = npt.NDArray[np.float64]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@functools.cache
def _spaces() -> npt.NDArray[np.uint8]:
    """1 of what Python splits words at, 2 of ASCII punctuation, up to U+3000, after which no space comes."""
    held = np.zeros(0x3001, np.uint8)
    held[[n for n in range(len(held)) if chr(n).isspace()]] = 1
    held[[ord(sign) for sign in string.punctuation]] = 2
    return held


@part
def _read(text: Any, table: Any, letters: Any, words: Any) -> tuple[int, int]:
    """Characters of a text without its spaces and hashes of its words into the given rooms; how many there are.

    One sign of ASCII punctuation at the end of a word, else at its start, is a word of its own.
    """
    data, at, stop = text
    size = count = first = 0
    while True:
        kind, width, point = 1, 0, 0
        if at < stop:
            point, width = code_point(data, at)
            kind = item(table, point) if point < len(table) else 0
        if kind == 1:
            if size > first:
                count = _words(letters, first, size, table, words, count)
            first = size
        else:
            put(letters, size, np.uint64(point))
            size += 1
        if at >= stop:
            return size, count
        at += width


@part
def _words(letters: Any, start: int, stop: int, table: Any, words: Any, count: int) -> int:
    cut = 0
    if stop - start > 1:
        if _punctuation(letters, stop - 1, table):
            cut = stop - 1
        elif _punctuation(letters, start, table):
            cut = start + 1
    value = _ZERO
    for at in range(start, stop):
        if at == cut and cut > start:
            put(words, count, mix(value))
            count, value = count + 1, _ZERO
        value = (value + item(letters, at) + _ONE) * _PRIME
    put(words, count, mix(value))
    return count + 1


@part
def _punctuation(letters: Any, at: int, table: Any) -> Any:
    point = np.int64(item(letters, at))
    return point < len(table) and item(table, point) == 2


@part
def _place(keys: Any, counts: Any, key: Any) -> Any:
    """Where a key is, or the free place where it goes: one whose count is 0."""
    last = len(keys) - 1
    at = np.int64(key & np.uint64(last))
    while item(counts, at) and item(keys, at) != key:
        at = (at + 1) & last
    return at


@part
def _matches(hypothesis: Any, reference: Any, order: int, table: Any, out: Any) -> None:
    """N-grams of both sides and those in common, each as often as in the side that has it less often."""
    units, sums, size = hypothesis
    to_units, to_sums, to_size = reference
    keys, counts, used = table
    for n in range(size):
        put(sums, n, _ZERO)
    for n in range(to_size):
        put(to_sums, n, _ZERO)
    for length in range(order):
        here, there = max(size - length, 0), max(to_size - length, 0)
        matched = distinct = 0
        for n in range(there):
            value = (item(to_sums, n) + item(to_units, n + length) + _ONE) * _PRIME
            put(to_sums, n, value)
            key = mix(value)
            at = _place(keys, counts, key)
            if not item(counts, at):
                put(keys, at, key)
                put(counts, at, 1)  # one more than there are: a place stays taken when all have been matched
                put(used, distinct, at)
                distinct += 1
            put(counts, at, item(counts, at) + 1)
        for n in range(here):
            value = (item(sums, n) + item(units, n + length) + _ONE) * _PRIME
            put(sums, n, value)
            at = _place(keys, counts, mix(value))
            if item(counts, at) > 1:
                put(counts, at, item(counts, at) - 1)
                matched += 1
        for n in range(distinct):
            put(counts, item(used, n), 0)
        out[3 * length] = here if there else 0  # what has no reference is not counted
        out[3 * length + 1], out[3 * length + 2] = there, matched


_SIDE = types.Tuple((U8_IN, I64_IN))
_ROOMS = types.Tuple((types.UniTuple(U64, 3), types.UniTuple(U64, 3), types.Tuple((U64, I32, I64))))


@kernel(types.void(_SIDE, _SIDE, U8_IN, types.int64, types.int64, _ROOMS, types.int64[:, ::1]))
def _count(hypotheses: Any, references: Any, spaces: Any, order: int, words: int, rooms: Any, out: Any) -> None:
    data, offsets = hypotheses
    to_data, to_offsets = references
    (units, pieces, sums), (to_units, to_pieces, to_sums), table = rooms
    for row in range(out.shape[0]):
        read = _read((data, offsets[row], offsets[row + 1]), spaces, units, pieces)
        held = _read((to_data, to_offsets[row], to_offsets[row + 1]), spaces, to_units, to_pieces)
        _matches((units, sums, read[0]), (to_units, to_sums, held[0]), order, table, out[row])
        _matches((pieces, sums, read[1]), (to_pieces, to_sums, held[1]), words, table, out[row, 3 * order :])


def counts(hypotheses: Any, references: Any, order: int = 6, words: int = 0) -> npt.NDArray[np.int64]:
    """N-grams of each pair of texts: those of the hypothesis, of the reference and of both, for every length.

    One row of 3 * (order + words) for a pair; lengths of characters are first. Sums of rows are the counts of a corpus.
    """
    sides = string_buffers(hypotheses), string_buffers(references)
    rows = len(sides[0].offsets) - 1
    if rows != len(sides[1].offsets) - 1:
        raise ValueError(f"{rows} hypotheses and {len(sides[1].offsets) - 1} references: expected as many")
    longest = max((int(np.diff(side.offsets).max(initial=0)) for side in sides), default=0) + 1
    places = 1 << (2 * longest).bit_length()
    rooms = tuple(tuple(np.empty(longest, np.uint64) for _ in range(3)) for _ in sides)
    table = (np.empty(places, np.uint64), np.zeros(places, np.int32), np.empty(longest, np.int64))
    out = np.zeros((rows, 3 * (order + words)), np.int64)
    _count(_flat(sides[0]), _flat(sides[1]), _spaces(), order, words, (*rooms, table), out)
    return out


def _flat(strings: Strings) -> tuple[npt.NDArray[np.uint8], Longs]:
    return strings.data, strings.offsets


def scores(counted: npt.NDArray[np.int64], beta: float = 2.0) -> Doubles:
    """chrF of each row of `counts`, from 0 to 100.

    Precision and recall are means over the lengths that both texts have n-grams of; with none of them chrF is 0.
    """
    here, there, both = (counted[:, n::3].astype(np.float64) for n in range(3))
    used = (here > 0) & (there > 0)
    lengths = np.maximum(used.sum(axis=1), 1)
    precision = np.divide(both, here, out=np.zeros_like(both), where=used).sum(axis=1) / lengths
    recall = np.divide(both, there, out=np.zeros_like(both), where=used).sum(axis=1) / lengths
    below = beta**2 * precision + recall
    found: Doubles = np.divide((1 + beta**2) * precision * recall, below, out=np.zeros_like(below), where=below > 0)
    return 100 * found


def chrf(hypotheses: Any, references: Any, order: int = 6, words: int = 0, beta: float = 2.0) -> Doubles:
    """chrF of each hypothesis with its reference, from 0 to 100; `words=2` is chrF++. A null is an empty text."""
    return scores(counts(hypotheses, references, order, words), beta)
