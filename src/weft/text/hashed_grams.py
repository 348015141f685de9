"""Hashed n-grams of texts, of characters and of words, as rows of a sparse matrix, and what is done with such rows.

Characters are those of `char_model`: case folded, runs of white space one, all digits one. Each n-gram that a text has
counts 1 + ln(how often), times what `weights` give its place; rows have the length 1 (tf-idf of Salton and Buckley
1988, by hashing of Weinberger et al. 2009, without signs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.char_model import codes
from weft.text.hashing import mix
from weft.text.jit import F32, F32_IN, I32, I32_IN, I64, I64_IN, U64_IN, kernel, part, types
from weft.text.tokens import Tokens

_PRIME = np.uint64(0x100000001B3)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_WORDS = np.uint64(0xA0761D6478BD642F)


class Rows(NamedTuple):
    """A sparse matrix: row `n` has `values[k]` at `columns[k]` for k from `starts[n]` to `starts[n + 1]`."""

    starts: Longs
    columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]


@part
def _count(place: Any, first: int, size: int, columns: Any, values: Any, where: Any) -> int:
    """One more of a place in the row that begins at `first`; `where` holds its index there, or that of an older row."""
    at = where[place]
    if first <= at < size and columns[at] == place:
        values[at] += np.float32(1.0)
        return size
    where[place] = size
    columns[size] = place
    values[size] = np.float32(1.0)
    return size + 1


_TEXT = types.Tuple((I64_IN, I32_IN, I64_IN, U64_IN))


@kernel(types.int64(_TEXT, types.int64, types.int64, types.uint64, I64, I64, I32, F32))
def _rows(
    texts: Any, longest: int, most_words: int, shift: Any, where: Any, starts: Any, columns: Any, values: Any
) -> int:
    """Places and counts of the n-grams of each text; returns how many there are."""
    begins, held, word_begins, words = texts
    size = 0
    for row in range(len(begins) - 1):
        first = size
        starts[row] = first
        for at in range(begins[row], begins[row + 1]):
            value = np.uint64(0)
            for order in range(min(longest, begins[row + 1] - at)):
                value = (value + np.uint64(held[at + order] + 1)) * _PRIME
                place = np.int64(mix(value + np.uint64(order) * _STEP) >> shift)
                size = _count(place, first, size, columns, values, where)
        for at in range(word_begins[row], word_begins[row + 1]):
            value = _WORDS
            for order in range(min(most_words, word_begins[row + 1] - at)):
                value = (value + words[at + order]) * _PRIME
                place = np.int64(mix(value + np.uint64(order)) >> shift)
                size = _count(place, first, size, columns, values, where)
        for at in range(first, size):
            values[at] = np.float32(1.0) + np.log(values[at])
    starts[len(begins) - 1] = size
    return size


@kernel(types.void(I64_IN, I32_IN, F32_IN, F32))
def _scaled(starts: Any, columns: Any, weights: Any, values: Any) -> None:
    """Values times the weights of their columns, each row of length 1; a row of zeros stays one."""
    for row in range(len(starts) - 1):
        total = 0.0
        for at in range(starts[row], starts[row + 1]):
            value = values[at] * weights[columns[at]]
            values[at] = value
            total += value * value
        if total > 0.0:
            share = np.float32(1.0 / np.sqrt(total))
            for at in range(starts[row], starts[row + 1]):
                values[at] *= share


def rows(strings: Strings, tokens: Tokens, bits: int, characters: int = 5, words: int = 2) -> Rows:
    """Counts of the n-grams of up to so many characters and words: a row of 2 ** `bits` columns for each text.

    `tokens` are the words of the same texts.
    """
    begins, held = codes(strings)
    most = len(held) * characters + len(tokens.hashes) * words
    starts, columns = np.empty(len(begins), np.int64), np.empty(most, np.int32)
    values = np.empty(most, np.float32)
    where = np.full(1 << bits, -1, np.int64)
    texts = (begins, held, tokens.starts, tokens.hashes)
    size = _rows(texts, characters, words, np.uint64(64 - bits), where, starts, columns, values)
    return Rows(starts, columns[:size].copy(), values[:size].copy())


def rarity(held: Rows, bits: int) -> npt.NDArray[np.float32]:
    """ln((1 + rows) / (1 + rows that have it)) + 1 of each column."""
    count = len(held.starts) - 1
    having = np.bincount(held.columns, minlength=1 << bits)
    return (np.log((1 + count) / (1 + having)) + 1).astype(np.float32)


def scaled(held: Rows, weights: npt.NDArray[np.float32]) -> Rows:
    """Rows of length 1, each value times the weight of its column."""
    values = held.values.copy()
    _scaled(held.starts, held.columns, weights, values)
    return Rows(held.starts, held.columns, values)


def dense(held: npt.NDArray[np.float32]) -> Rows:
    """A matrix of which every value is kept."""
    count, width = held.shape
    columns = np.tile(np.arange(width, dtype=np.int32), count)
    return Rows(np.arange(0, count * width + 1, max(width, 1), dtype=np.int64)[: count + 1], columns, held.ravel())


def chosen(held: Rows, rows: Longs) -> Rows:
    """These rows, in this order."""
    sizes = np.diff(held.starts)[rows]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    where = np.repeat(held.starts[rows] - starts[:-1], sizes) + np.arange(starts[-1])
    return Rows(starts, held.columns[where], held.values[where])


def side_by_side(blocks: Sequence[Rows], widths: Sequence[int]) -> Rows:
    """One matrix of several with as many rows, the columns of each after those of the one before."""
    count = len(blocks[0].starts) - 1
    sizes = [np.diff(block.starts) for block in blocks]
    starts = np.concatenate([[0], np.cumsum(np.sum(sizes, axis=0))]).astype(np.int64)
    columns, values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    places, base = starts[:-1].copy(), 0
    for block, size, width in zip(blocks, sizes, widths, strict=True):
        where = np.repeat(places - block.starts[:-1], size) + np.arange(len(block.columns))
        columns[where], values[where] = block.columns + np.int32(base), block.values
        places += size
        base += width
    if len(starts) != count + 1:
        raise ValueError(f"{count} rows in the first block; expected as many in all")
    return Rows(starts, columns, values)
