"""Text without some of its spans: what stands around a cut is closed up, and no blank lines pile up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Bytes, Longs, Strings
from weft.text.decode import code_point, item, put
from weft.text.jit import I64, I64_IN, U8, U8_IN, U32_IN, kernel, part, types
from weft.text.unicode import SPACE, characters


@part
def _space(data: Any, at: int, characters: Any) -> tuple[bool, int]:
    """Whether white space stands at a byte, and its width."""
    point, width = code_point(data, at)
    return (item(characters, point) >> 24) & SPACE != 0, width


@part
def _after_cut(data: Any, at: int, stop: int, out: Any, first: int, size: int, characters: Any) -> int:
    """Where copying goes on after a cut: white space that would stand twice is left out."""
    lines = 2 if size == first else 0
    while lines < 2 and size - lines > first and out[size - lines - 1] == 10:
        lines += 1
    spaced = size == first or out[size - 1] == 32 or lines > 0
    end = at
    while end < stop:
        is_space, width = _space(data, end, characters)
        if not is_space:
            return end if spaced else at
        if item(data, end) == 10:
            if lines == 0:
                return end
            if lines == 1:
                return end + width
        end += width
    return end


@kernel(types.void(U8_IN, I64_IN, I64_IN, I64_IN, I64_IN, U32_IN, U8, I64))
def _without(
    data: Any, offsets: Any, bounds: Any, begin: Any, end: Any, characters: Any, out: Any, out_offsets: Any
) -> None:
    size = 0
    for row in range(len(offsets) - 1):
        out_offsets[row] = size
        at, stop, chars, first = offsets[row], offsets[row + 1], 0, size
        for span in range(bounds[row], bounds[row + 1]):
            while at < stop and chars < begin[span]:
                _, width = code_point(data, at)
                for n in range(width):
                    put(out, size + n, item(data, at + n))
                at, size, chars = at + width, size + width, chars + 1
            while at < stop and chars < end[span]:
                at += code_point(data, at)[1]
                chars += 1
            to = _after_cut(data, at, stop, out, first, size, characters)
            while at < to:
                at += code_point(data, at)[1]
                chars += 1
        while at < stop:
            put(out, size, item(data, at))
            at, size = at + 1, size + 1
        if bounds[row] < bounds[row + 1]:
            while size > first and out[size - 1] <= 32:
                size -= 1
    out_offsets[len(offsets) - 1] = size


def without_spans(strings: Strings, bounds: Longs, begin: Longs, end: Longs) -> tuple[Bytes, Longs]:
    """Bytes and offsets of the texts without their spans; text `n` has those from `bounds[n]` to `bounds[n + 1]`.

    `begin` and `end` are characters; the spans of a text are in order and do not overlap. A line of which nothing is
    left goes with its line end, and a text that was cut has no white space at its end.
    """
    out = np.empty(len(strings.data), np.uint8)
    offsets = np.zeros(len(strings.offsets), np.int64)
    _without(strings.data, strings.offsets, bounds, begin, end, characters(), out, offsets)
    return out[: offsets[-1]], offsets


def merged(begin: Longs, end: Longs, row: Longs) -> tuple[Longs, Longs, Longs]:
    """Row, begin and end of spans that neither overlap nor touch, from spans sorted by row and begin."""
    if not len(row):
        return row, begin, end
    # Ends of earlier rows lie below every begin of a later row, so one running maximum serves all.
    step = int(max(end.max(), begin.max())) + 1
    low, high = begin + row * (step + 1), end + row * (step + 1)
    reach = np.maximum.accumulate(high)
    fresh: npt.NDArray[np.bool_] = np.ones(len(row), np.bool_)
    fresh[1:] = low[1:] > reach[:-1]
    starts = np.flatnonzero(fresh)
    last = np.append(starts[1:], len(row)) - 1
    return row[starts], begin[starts], reach[last] - row[starts] * (step + 1)
