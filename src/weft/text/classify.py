"""The most probable labels of texts by a linear model whose embedding is of bytes: what training gave, made small."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.jit import F32, F32_2, I32, I32_IN, I64_IN, U8_IN, U32, U32_IN, kernel, part, types
from weft.text.ngrams import WIDEST, features, letters, read_letters, shift_for
from weft.text.vectors import add_scaled, softmax


@part
def _forbid(scores: Any, allowed: Any) -> None:
    """Put labels that are not allowed so low that they take nothing from the others."""
    for n in range(len(scores)):
        if not allowed[n]:
            scores[n] = np.float32(-1e30)


@part
def _best(scores: Any, first: int, allowed: Any, best: Any, chance: Any) -> None:
    """The highest scores and their labels, counted from `first`; the first of equals first."""
    top = len(best)
    least = chance[top - 1]
    for n in range(len(scores)):
        if scores[n] > least and allowed[first + n]:
            k = top - 1
            while k > 0 and scores[n] > chance[k - 1]:
                best[k], chance[k] = best[k - 1], chance[k - 1]
                k -= 1
            best[k], chance[k] = first + n, scores[n]
            least = chance[top - 1]


_MODEL = types.Tuple(
    (types.Array(types.int8, 2, "C", readonly=True), types.Array(types.float32, 2, "C", readonly=True))
)
_RANGES = types.Tuple((I32_IN, I64_IN, I32_IN, U8_IN))
_SPACE = types.Tuple((U32, I32, types.int16[::1], I32, F32))
_BLOCK = 256
"""Bytes that can be added in 16 bits: twice as many at once as in 32."""


@kernel(
    types.void(
        U8_IN,
        I64_IN,
        _RANGES,
        U32_IN,
        types.uint64,
        types.int64,
        _MODEL,
        _SPACE,
        types.int32[:, ::1],
        F32_2,
        F32,
        I32,
    )
)
def _score(
    data: Any, offsets: Any, ranges: Any, table: Any, shift: Any, most: int, model: Any, scratch: Any, best: Any,
    chance: Any, mass: Any, letters_of: Any,
) -> None:  # fmt: skip
    """The `best.shape[1]` most probable labels of each text and their probabilities; -1 where there are fewer.

    A text competes among the allowed labels from `bounds[2 * group]` to `bounds[2 * group + 1]` of its script's group
    (-1: none). `mass` gets the probability of all labels of the best one's family, `letters_of` how many letters were
    read.
    """
    group, bounds, family, allowed = ranges
    embedding, output = model
    read, numbers, block, total, scores = scratch
    width = embedding.shape[1]
    for row in range(len(offsets) - 1):
        best[row, :], chance[row, :], mass[row], letters_of[row] = -1, 0.0, 0.0, 0
        if group[row] < 0:
            continue
        first, last = bounds[2 * group[row]], bounds[2 * group[row] + 1]
        size, letters_read = read_letters(data, offsets[row], offsets[row + 1], table, read, most)
        found = features(read, size, shift, numbers)
        letters_of[row] = letters_read
        possible = 0
        for n in range(first, last):
            possible += allowed[n]
        if found == 0 or possible == 0:
            continue
        total[:] = 0
        for begin in range(0, found, _BLOCK):
            block[:] = 0
            for n in range(begin, min(begin + _BLOCK, found)):
                place = numbers[n]
                for d in range(width):
                    block[d] += embedding[place, d]
            for d in range(width):
                total[d] += block[d]
        own = scores[first:last]
        own[:] = 0.0
        share = np.float32(1.0) / np.float32(found)
        for d in range(width):
            add_scaled(own, output[d, first:last], np.float32(total[d]) * share)
        if possible < last - first:
            _forbid(own, allowed[first:last])
        softmax(own)
        _best(own, first, allowed, best[row], chance[row])
        place = best[row, 0]
        mass[row] = chance[row, 0]
        if family[place] >= 0:
            for n in range(first, last):
                if n != place and family[n] == family[place] and allowed[n]:
                    mass[row] += scores[n]


class Classified(NamedTuple):
    """One row per text: labels and probabilities (texts, top); that of the best one's family; letters read."""

    label: npt.NDArray[np.int32]
    chance: npt.NDArray[np.float32]
    mass: npt.NDArray[np.float32]
    letters: npt.NDArray[np.int32]


class Rivals(NamedTuple):
    """Who competes: labels `bounds[2 * g]` to `bounds[2 * g + 1]` (exclusive) of a script's group `g`, if `allowed`.

    `family` numbers labels that are told apart badly, -1: none.
    """

    bounds: Longs
    family: npt.NDArray[np.int32]
    allowed: npt.NDArray[np.uint8]


def classify(
    strings: Strings,
    group: npt.NDArray[np.int32],
    rivals: Rivals,
    embedding: npt.NDArray[np.int8],
    output: npt.NDArray[np.float32],
    top: int,
    most_letters: int,
) -> Classified:
    """The most probable labels of texts whose script's group is known."""
    rows, size = len(strings.offsets) - 1, most_letters + 8
    best, chance = np.empty((rows, top), np.int32), np.empty((rows, top), np.float32)
    mass, letters_of = np.empty(rows, np.float32), np.empty(rows, np.int32)
    scratch = (
        np.empty(size, np.uint32),
        np.empty(size * (WIDEST + 1), np.int32),
        np.empty(embedding.shape[1], np.int16),
        np.empty(embedding.shape[1], np.int32),
        np.empty(output.shape[1], np.float32),
    )
    given = (
        strings.data,
        strings.offsets,
        (group, *rivals),
        letters(),
        shift_for(embedding),
        most_letters,
    )
    _score(*given, (embedding, output), scratch, best, chance, mass, letters_of)
    return Classified(best, chance, mass, letters_of)
