"""How much of a known text stands in order at a place of another: banded local alignment of their units.

Smith and Waterman (1981) over words, or characters where words are not spaced. A unit counts by its letters; what is
left out of either text costs a quarter of what it would have earned. Units are the same when their letters are, not
their hashes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.jit import I32, I32_2, I32_IN, I64, I64_IN, U8_IN, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.units import DENSE, SPACED, kinds, next_unit

MOST_SLACK = 64
_KIND, _POINT = np.uint32(24), np.uint32(0x1FFFFF)
_SCORE, _START, _HELD, _RARE, _FIELDS = range(5)
_EARNED = 4


class Known(NamedTuple):
    """Known texts: their bytes, and of their units (see `units.units`) starts, byte places, hashes, letters, and
    letters that count as distinctive."""

    data: npt.NDArray[np.uint8]
    starts: Longs
    places: Longs
    hashes: npt.NDArray[np.uint64]
    letters: npt.NDArray[np.int32]
    rare: npt.NDArray[np.int32]


def slack_of(units: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Units by which an edited text of so many units may be shifted against the original."""
    return np.minimum(8 + units // 8, MOST_SLACK).astype(np.int32)


@part
def _next_letter(data: Any, at: int, stop: int, table: Any) -> tuple[int, int]:
    """The next folded letter, and the byte behind it; -1 at the end."""
    while at < stop:
        point, width = code_point(data, at)
        found = item(table, point)
        at += width
        if found >> _KIND == SPACED or found >> _KIND == DENSE:
            return int(found & _POINT), at
    return -1, stop


@part
def _same(a: Any, a_at: int, a_stop: int, b: Any, b_at: int, b_stop: int, table: Any) -> bool:
    """Whether two units have the same letters."""
    while True:
        one, a_at = _next_letter(a, a_at, a_stop, table)
        two, b_at = _next_letter(b, b_at, b_stop, table)
        if one != two:
            return False
        if one < 0:
            return True


@part
def _aligned(
    data: Any, table: Any, known: Any, text: int, row: Any, low: int, high: int, cells: Any
) -> tuple[int, int, int, int]:  # fmt: skip
    """First and last (exclusive) unit of the row, letters held, distinctive letters held; of the best alignment.

    The text begins between units `low` and `high` of the row. `cells` has two lines of fields for each unit.
    """
    known_data, starts, known_places, known_hashes, letters, rare = known
    places, hashes, sizes, count = row
    first, size = starts[text], starts[text + 1] - starts[text]
    best, begin, end, held, distinct = 0, 0, 0, 0, 0
    cells[:, :] = 0
    for i in range(size):
        now, before = (i & 1) * _FIELDS, (1 - (i & 1)) * _FIELDS
        left, right = max(low + i, 0), min(high + i, count - 1)
        if left > right:
            continue
        for field in range(_FIELDS):
            cells[left, now + field] = 0
            if high + i < count:
                cells[right + 1, before + field] = 0
        weight = letters[first + i]
        for j in range(left, right + 1):
            # Cell j + 1 is that of unit j: cell 0 stands before the first.
            top, gap = cells[j + 1, before + _SCORE] - weight, cells[j, now + _SCORE] - sizes[j]
            source, line, score, met = j + 1, before, top, False
            if gap > score:
                source, line, score = j, now, gap
            if hashes[j] == known_hashes[first + i] and cells[j, before + _SCORE] + _EARNED * weight > score:
                a, b = known_places[2 * (first + i)], known_places[2 * (first + i) + 1]
                if _same(known_data, a, b, data, places[2 * j], places[2 * j + 1], table):
                    source, line, score, met = j, before, cells[j, before + _SCORE] + _EARNED * weight, True
            if score <= 0:
                for field in range(_FIELDS):
                    cells[j + 1, now + field] = 0
                continue
            start = cells[source, line + _START] if cells[source, line + _SCORE] > 0 else j
            total, special = cells[source, line + _HELD], cells[source, line + _RARE]
            if met:
                total, special = total + weight, special + rare[first + i]
            cells[j + 1, now + _SCORE], cells[j + 1, now + _START] = score, start
            cells[j + 1, now + _HELD], cells[j + 1, now + _RARE] = total, special
            if score > best:
                best, begin, end, held, distinct = score, start, j + 1, total, special
    return begin, end, held, distinct


@part
def _read_units(data: Any, at: int, stop: int, cut: int, table: Any, row: Any, most: int) -> int:
    """At most `most` units from byte `at` of a text into `row`; how many there are."""
    places, hashes, sizes, _ = row
    for n in range(most):
        begin, at, size, value, cut = next_unit(data, at, stop, cut, table)
        if size == 0:
            return n
        places[2 * n], places[2 * n + 1], hashes[n], sizes[n] = begin, at, value, size
    return most


@part
def _characters(data: Any, at: int, stop: int) -> int:
    """Characters of valid UTF-8."""
    size = 0
    for n in range(at, stop):
        size += (item(data, n) & 0xC0) != 0x80
    return size


_KNOWN = types.Tuple((U8_IN, I64_IN, I64_IN, U64_IN, I32_IN, I32_IN))
_ROW = types.Tuple((I64, U64, I32))


@kernel(types.void(U8_IN, I64_IN, U32_IN, _KNOWN, I64_IN, I32_IN, _ROW, I32_2, I64))
def _align(
    data: Any, offsets: Any, table: Any, known: Any, candidates: Any, slack: Any, scratch: Any, cells: Any, out: Any
) -> None:  # fmt: skip
    """Candidates come by row and begin: what stands before the window of one is passed over once."""
    places, hashes, sizes = scratch
    starts, last = known[1], -1
    at, cut, seen, letters = 0, 0, 0, 0
    for n in range(len(candidates) // 4):
        number, text = candidates[4 * n], candidates[4 * n + 1]
        stop, first = offsets[number + 1], max(candidates[4 * n + 2] - slack[text], 0)
        if number != last:
            last, at, cut, seen, letters = number, offsets[number], offsets[number], 0, 0
        before = at
        while seen < first:
            _, at, _, _, cut = next_unit(data, at, stop, cut, table)
            seen += 1
        letters += _characters(data, before, at)
        length = starts[text + 1] - starts[text]
        low = candidates[4 * n + 2] - slack[text] - first
        high = candidates[4 * n + 3] + slack[text] - first
        count = _read_units(data, at, stop, cut, table, (places, hashes, sizes, 0), high + length)
        row = (places, hashes, sizes, count)
        begin, end, held, distinct = _aligned(data, table, known, text, row, low, high, cells[: count + 2])
        if end > begin:
            out[6 * n] = letters + _characters(data, at, places[2 * begin])
            out[6 * n + 1] = out[6 * n] + _characters(data, places[2 * begin], places[2 * end - 1])
        out[6 * n + 2], out[6 * n + 3], out[6 * n + 4], out[6 * n + 5] = held, distinct, end - begin, length


def align(strings: Strings, known: Known, candidates: Longs, slack: npt.NDArray[np.int32]) -> Longs:
    """(candidates, 6): first and last (exclusive) character of what a row holds of a text, the letters and distinctive
    letters of the text that it holds in order, its units there, and the units of the text.

    `candidates` are those of `seeds.gathered`.
    """
    out = np.zeros((len(candidates), 6), np.int64)
    if len(candidates):
        own = slack[candidates[:, 1]].astype(np.int64)
        order = np.lexsort((np.maximum(candidates[:, 2] - own, 0), candidates[:, 0]))
        spread = candidates[:, 3] - candidates[:, 2] + 2 * own
        room = int((np.diff(known.starts)[candidates[:, 1]] + spread).max()) + 2
        scratch = np.empty(2 * room, np.int64), np.empty(room, np.uint64), np.empty(room, np.int32)
        cells, made = np.empty((room + 2, 2 * _FIELDS), np.int32), np.zeros(6 * len(candidates), np.int64)
        given = np.ascontiguousarray(candidates[order]).ravel()
        _align(strings.data, strings.offsets, kinds(), tuple(known), given, slack, scratch, cells, made)
        out[order] = made.reshape(-1, 6)
    return out
