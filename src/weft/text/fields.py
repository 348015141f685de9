"""Lines of a block of bytes, the fields of each between single separators, and texts put end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Bytes, Longs
from weft.text.decode import item
from weft.text.jit import I64, I64_IN, U8, U8_IN, kernel, types


@kernel(types.int64(U8_IN, types.boolean, I64))
def _lines(data: Any, write: bool, starts: Any) -> int:
    count = 0
    for at in range(len(data)):
        if item(data, at) == 0x0A:
            count += 1
            if write:
                starts[count] = at + 1
    return count


def line_starts(data: Bytes) -> Longs:
    """(lines + 1,) bytes where lines begin, and the end of the last; each holds its line feed, the last may lack it."""
    count = _lines(data, False, np.empty(0, np.int64))
    starts = np.zeros(count + 1, np.int64)
    _lines(data, True, starts)
    return starts if not len(data) or data[-1] == 0x0A else np.append(starts, len(data))


@kernel(types.void(U8_IN, I64_IN, types.uint8, I64_IN, types.int64[:, ::1], types.int64[:, ::1], I64))
def _fields(data: Any, starts: Any, separator: int, wanted: Any, begins: Any, ends: Any, counts: Any) -> None:
    for line in range(len(starts) - 1):
        begin, stop = starts[line], starts[line + 1]
        while stop > begin and (item(data, stop - 1) == 0x0A or item(data, stop - 1) == 0x0D):
            stop -= 1
        for place in range(len(wanted)):
            begins[place, line] = ends[place, line] = begin
        number, at = 0, begin
        while at <= stop:
            if at == stop or item(data, at) == separator:
                for place in range(len(wanted)):
                    if wanted[place] == number:
                        begins[place, line], ends[place, line] = begin, at
                number += 1
                begin = at + 1
            at += 1
        counts[line] = number


def fields(
    data: Bytes, starts: Longs, separator: str, wanted: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Longs]:
    """Where the fields with these numbers (from 0) begin and end, (wanted, lines), and how many fields each line has.

    A field that a line lacks is empty. Nothing is quoted; line ends belong to no field.
    """
    shape = (len(wanted), len(starts) - 1)
    begins, ends, counts = np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty(shape[1], np.int64)
    _fields(data, starts, ord(separator), np.array(wanted, np.int64), begins, ends, counts)
    return begins, ends, counts


@kernel(types.void(U8_IN, I64_IN, I64_IN, I64_IN, U8))
def _gather(data: Any, begins: Any, ends: Any, offsets: Any, out: Any) -> None:
    for n in range(len(begins)):
        place = offsets[n]
        for at in range(begins[n], ends[n]):
            out[place] = item(data, at)
            place += 1


def gathered(data: Bytes, begins: Longs, ends: Longs) -> tuple[Bytes, Longs]:
    """Bytes of texts end to end, and (texts + 1) offsets."""
    offsets = np.zeros(len(begins) + 1, np.int64)
    np.cumsum(ends - begins, out=offsets[1:])
    if len(begins) and np.array_equal(begins[1:], ends[:-1]):
        return data[begins[0] : ends[-1]], offsets
    out = np.empty(int(offsets[-1]), np.uint8)
    _gather(data, begins, ends, offsets, out)
    return out, offsets
