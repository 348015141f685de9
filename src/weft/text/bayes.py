"""Naive Bayes over the distinct hashed features of texts, for the few labels of one confusable group."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.jit import F32_2, I32, I32_IN, I64_IN, U8_IN, U32, U32_IN, kernel, part, types
from weft.text.ngrams import WIDEST, features, letters, read_letters, shift_for

MOST_LETTERS = 1_000
_F32_2_IN = types.Array(types.float32, 2, "C", readonly=True)
_SPACE = types.Tuple((U32, I32, I32))


@part
def _distinct(numbers: Any, found: int, seen: Any, stamp: int) -> int:
    """Move the first of each number to the front; `seen` keeps the stamp of the text that held a number last."""
    kept = 0
    for n in range(found):
        place = numbers[n]
        if seen[place] != stamp:
            seen[place] = stamp
            numbers[kept] = place
            kept += 1
    return kept


@kernel(types.void(U8_IN, I64_IN, I32_IN, U32_IN, types.uint64, _SPACE, F32_2))
def _count(
    data: Any, offsets: Any, labels: Any, table: Any, shift: Any, scratch: Any, counts: Any
) -> None:  # fmt: skip
    read, numbers, seen = scratch
    seen[:] = -1
    for row in range(len(offsets) - 1):
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        kept = _distinct(numbers, features(read, size, shift, numbers), seen, row)
        for n in range(kept):
            counts[numbers[n], labels[row]] += 1.0


@kernel(types.void(U8_IN, I64_IN, U32_IN, types.uint64, _SPACE, _F32_2_IN, F32_2))
def _sum(data: Any, offsets: Any, table: Any, shift: Any, scratch: Any, evidence: Any, out: Any) -> None:
    read, numbers, seen = scratch
    seen[:] = -1
    for row in range(len(offsets) - 1):
        out[row, :] = 0.0
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        kept = _distinct(numbers, features(read, size, shift, numbers), seen, row)
        for n in range(kept):
            for label in range(evidence.shape[1]):
                out[row, label] += evidence[numbers[n], label]


@kernel(types.void(U8_IN, I64_IN, U32_IN, types.uint64, _SPACE, I32_IN, _F32_2_IN, F32_2))
def _part_sums(
    data: Any, offsets: Any, table: Any, shift: Any, scratch: Any, rows_of: Any, evidence: Any, out: Any
) -> None:  # fmt: skip
    read, numbers, seen = scratch
    seen[:] = -1
    classes = evidence.shape[1]
    for row in range(len(offsets) - 1):
        out[row, :] = 0.0
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        kept = _distinct(numbers, features(read, size, shift, numbers), seen, row)
        for n in range(kept):
            held = rows_of[numbers[n]]
            if held >= 0:
                for label in range(classes):
                    value = evidence[held, label]
                    out[row, label if value > 0 else classes + label] += value


def _scratch(table: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    size = MOST_LETTERS + 8
    return np.empty(size, np.uint32), np.empty(size * (WIDEST + 1), np.int32), np.empty(len(table), np.int32)


def count(strings: Strings, labels: npt.NDArray[np.int32], classes: int, bits: int) -> npt.NDArray[np.float32]:
    """(2**bits, classes): how many texts of each class hold a feature."""
    counts = np.zeros((1 << bits, classes), np.float32)
    _count(strings.data, strings.offsets, labels, letters(), shift_for(counts), _scratch(counts), counts)
    return counts


def evidence(strings: Strings, table: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(texts, classes): the sum of the rows of `table` over the distinct features of each text."""
    out = np.empty((len(strings.offsets) - 1, table.shape[1]), np.float32)
    _sum(strings.data, strings.offsets, letters(), shift_for(table), _scratch(table), table, out)
    return out


def both_sides(
    strings: Strings, bits: int, places: npt.NDArray[Any], table: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """(texts, 2 * classes): what `evidence` gives, of values above 0 and then of those below, for features that are
    few: row `n` of `table` is that of feature `places[n]` of 2**bits, the others are 0."""
    rows_of = np.full(1 << bits, -1, np.int32)
    rows_of[places] = np.arange(len(places), dtype=np.int32)
    out = np.empty((len(strings.offsets) - 1, 2 * table.shape[1]), np.float32)
    _part_sums(strings.data, strings.offsets, letters(), shift_for(rows_of), _scratch(rows_of), rows_of, table, out)
    return out
