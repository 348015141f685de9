"""What a linear model makes of a text before it names a label: its features, and the mean of their embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.hashing import mix
from weft.text.jit import F32_2, I32, I64, I64_IN, U8_IN, U32, U32_IN, kernel, types
from weft.text.ngrams import WIDEST, features, letters, read_letters, shift_for

MOST_LETTERS = 1_000
_PLACES = np.uint64(1 << 20)
_EMBEDDING = types.Array(types.int8, 2, "C", readonly=True)
_SPACE = types.Tuple((U32, I32))


@kernel(types.void(U8_IN, I64_IN, U32_IN, types.uint64, _EMBEDDING, _SPACE, I32, F32_2))
def _mean(
    data: Any, offsets: Any, table: Any, shift: Any, embedding: Any, scratch: Any, total: Any, out: Any
) -> None:  # fmt: skip
    read, numbers = scratch
    width = embedding.shape[1]
    for row in range(len(offsets) - 1):
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        found = features(read, size, shift, numbers)
        total[:] = 0
        for n in range(found):
            place = numbers[n]
            for d in range(width):
                total[d] += embedding[place, d]
        share = np.float32(1.0) / np.float32(max(found, 1))
        for d in range(width):
            out[row, d] = np.float32(total[d]) * share


@kernel(types.void(U8_IN, I64_IN, U32_IN, types.uint64, _SPACE, I64))
def _tally(data: Any, offsets: Any, table: Any, shift: Any, scratch: Any, counts: Any) -> None:
    read, numbers = scratch
    for row in range(len(offsets) - 1):
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        for n in range(features(read, size, shift, numbers)):
            counts[numbers[n]] += 1


@kernel(types.void(U8_IN, I64_IN, U32_IN, types.uint64, _SPACE, types.int32[:, ::1]))
def _sample(data: Any, offsets: Any, table: Any, shift: Any, scratch: Any, out: Any) -> None:
    read, numbers = scratch
    for row in range(len(offsets) - 1):
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        found = features(read, size, shift, numbers)
        for n in range(out.shape[1]):
            out[row, n] = -1
            if found > 0:
                draw = mix(np.uint64(row) * _PLACES + np.uint64(n + 1))
                out[row, n] = numbers[np.int64(draw % np.uint64(found))]


def _scratch() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    size = MOST_LETTERS + 8
    return np.empty(size, np.uint32), np.empty(size * (WIDEST + 1), np.int32)


def mean_embedding(strings: Strings, embedding: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """(texts, width): the mean row of `embedding` (a power of two of rows) over the features of each text."""
    width = embedding.shape[1]
    out = np.empty((len(strings.offsets) - 1, width), np.float32)
    given = strings.data, strings.offsets, letters(), shift_for(embedding), embedding
    _mean(*given, _scratch(), np.empty(width, np.int32), out)
    return out


def tally(strings: Strings, bits: int) -> Longs:
    """(2**bits,): how often the texts hold each feature."""
    counts = np.zeros(1 << bits, np.int64)
    _tally(strings.data, strings.offsets, letters(), shift_for(counts), _scratch(), counts)
    return counts


def sample(strings: Strings, bits: int, most: int) -> npt.NDArray[np.int32]:
    """(texts, most): features of each text, drawn evenly with repetition, the same each time; -1 where it has none."""
    out = np.empty((len(strings.offsets) - 1, most), np.int32)
    _sample(strings.data, strings.offsets, letters(), np.uint64(64 - bits), _scratch(), out)
    return out
