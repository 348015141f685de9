"""What gives a machine away in one text, and what it took over from another: repetitions, and common n-grams.

Case is folded; white space is left out; of a text the first MOST characters are read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.hashing import mix
from weft.text.jit import F32, F32_2, I32, I64, I64_IN, U8_IN, U32, U32_IN, U64, kernel, part, types
from weft.text.unicode import LETTER, MARK, NUMBER, SPACE, characters

MOST = 8_192
"""Characters of a text that are read."""
GRAM = 10
"""Characters of an n-gram whose repetitions are counted."""
PERIOD = 400
"""The longest run of characters that is looked for again behind itself at the end of a text."""
ORDERS = 6
"""chrF counts n-grams of one to six characters (Popović 2015)."""
_SLOTS = 1 << 15
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_POINT = np.uint32(0x1FFFFF)
_WORD = LETTER | MARK | NUMBER
_TABLE = types.Tuple((U64, I32, I32))


@part
def _read(data: Any, at: int, stop: int, known: Any, out: Any) -> int:
    """Folded characters of a text that are no white space, from the front; how many."""
    size = 0
    while at < stop and size < len(out):
        point, length = code_point(data, at)
        at += length
        entry = item(known, point)
        if (entry >> np.uint32(24)) & np.uint32(SPACE) == 0:
            out[size] = entry
            size += 1
    return size


@part
def _gram(held: Any, at: int, width: int) -> Any:
    value = np.uint64(width)
    for n in range(at, at + width):
        value = (value + np.uint64(held[n] & _POINT) + np.uint64(1)) * _PRIME
    return mix(value)


@part
def _place(keys: Any, stamps: Any, stamp: int, value: Any) -> Any:
    """Where a key is in a hash table, or where it can be put: that place has another stamp."""
    mask = np.uint64(len(keys) - 1)
    place = value & mask
    while stamps[place] == stamp and keys[place] != value:
        place = (place + np.uint64(1)) & mask
    return np.int64(place)


@part
def _repeated(held: Any, size: int, table: Any, stamp: int) -> tuple[Any, Any]:
    """Share of a text that the occurrences of its commonest n-gram could fill, and of n-grams that stood before."""
    keys, stamps, counts = table
    most, again, grams = 1, 0, size - GRAM + 1
    for at in range(grams):
        value = _gram(held, at, GRAM)
        place = _place(keys, stamps, stamp, value)
        if stamps[place] == stamp:
            counts[place] += 1
            again += 1
            most = max(most, counts[place])
        else:
            keys[place], stamps[place], counts[place] = value, stamp, 1
    if grams < 1 or most < 2:
        return np.float32(0.0), np.float32(0.0)
    return np.float32(min(1.0, most * GRAM / size)), np.float32(again / grams)


@part
def _tail(held: Any, size: int) -> int:
    """Characters at the end, marks aside, that a run of at most PERIOD characters makes by standing there thrice."""
    while size and (held[size - 1] >> np.uint32(24)) & np.uint32(_WORD) == 0:
        size -= 1
    best = 0
    for period in range(1, min(PERIOD, size // 3) + 1):
        if held[size - 1] != held[size - 1 - period]:
            continue
        same = 1
        while same < size - period and held[size - 1 - same] == held[size - 1 - same - period]:
            same += 1
        if same >= 2 * period and same + period > best:
            best = same + period
    return best


@kernel(types.void(U8_IN, I64_IN, U32_IN, U32, _TABLE, F32_2))
def _repetition(data: Any, offsets: Any, known: Any, held: Any, table: Any, out: Any) -> None:
    for row in range(len(offsets) - 1):
        size = _read(data, offsets[row], offsets[row + 1], known, held)
        most, again = _repeated(held, size, table, row + 1)
        out[row, 0], out[row, 1] = most, again
        out[row, 2] = _tail(held, size)
        out[row, 3] = size


@part
def _common(one: Any, size: int, other: Any, count: int, width: int, table: Any, stamp: int) -> int:
    """N-grams that two texts have in common, each as often as the one that has fewer of it."""
    keys, stamps, counts = table
    for at in range(size - width + 1):
        value = _gram(one, at, width)
        place = _place(keys, stamps, stamp, value)
        if stamps[place] != stamp:
            keys[place], stamps[place], counts[place] = value, stamp, 0
        counts[place] += 1
    found = 0
    for at in range(count - width + 1):
        place = _place(keys, stamps, stamp, _gram(other, at, width))
        if stamps[place] == stamp and counts[place] > 0:
            counts[place] -= 1
            found += 1
    return found


@kernel(types.void(U8_IN, I64_IN, U8_IN, I64_IN, U32_IN, U32, U32, _TABLE, F32))
def _chrf(
    data: Any, offsets: Any, others: Any, other_offsets: Any, known: Any, one: Any, other: Any, table: Any, out: Any
) -> None:
    stamp = 0
    for row in range(len(offsets) - 1):
        size = _read(data, offsets[row], offsets[row + 1], known, one)
        count = _read(others, other_offsets[row], other_offsets[row + 1], known, other)
        precision, recall, orders = 0.0, 0.0, 0
        for width in range(1, ORDERS + 1):
            if size < width or count < width:
                break
            stamp += 1
            found = _common(one, size, other, count, width, table, stamp)
            precision += found / (count - width + 1)
            recall += found / (size - width + 1)
            orders += 1
        total = 4.0 * precision + recall
        out[row] = 5.0 * precision * recall / total / orders if total > 0 else 0.0


@kernel(types.int64(U8_IN, I64_IN, U32_IN, types.int64, U32, I64, U64))
def _grams(data: Any, offsets: Any, known: Any, width: int, held: Any, starts: Any, out: Any) -> int:
    count = 0
    for row in range(len(offsets) - 1):
        starts[row] = count
        size = _read(data, offsets[row], offsets[row + 1], known, held)
        for at in range(size - width + 1):
            out[count] = _gram(held, at, width)
            count += 1
    starts[len(offsets) - 1] = count
    return count


def _table() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    return np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.int32), np.zeros(_SLOTS, np.int32)


REPETITION = ("commonest", "repeated", "tail", "characters")


def repetition(strings: Strings) -> npt.NDArray[np.float32]:
    """REPETITION of each text, (texts, 4).

    `commonest`: characters of the commonest 10-gram times its occurrences, as a share of the text, at most 1; 0 where
    none occurs twice. `repeated`: share of the 10-grams that stood before. `tail`: characters up to the last
    letter that are the same run of at most PERIOD characters, three times or more. `characters`: all but white
    space.
    """
    out = np.empty((len(strings.offsets) - 1, len(REPETITION)), np.float32)
    _repetition(strings.data, strings.offsets, characters(), np.empty(MOST, np.uint32), _table(), out)
    return out


def chrf(reference: Strings, made: Strings) -> npt.NDArray[np.float32]:
    """chrF of each text of `made` against its reference, 0 to 1: beta 2, n-grams of 1 to 6 characters without spaces.

    Orders that one of the two is too short for do not count (as in sacreBLEU). Case is folded, unlike there.
    """
    out = np.empty(len(made.offsets) - 1, np.float32)
    held = np.empty(MOST, np.uint32), np.empty(MOST, np.uint32)
    _chrf(reference.data, reference.offsets, made.data, made.offsets, characters(), *held, _table(), out)
    return out


def char_grams(strings: Strings, width: int) -> tuple[npt.NDArray[np.uint64], Longs]:
    """Hashes of the runs of `width` characters of each text end to end, repeats counted, and where each text's begin.

    A text of fewer characters has none.
    """
    out = np.empty(int(strings.offsets[-1] - strings.offsets[0]) + 1, np.uint64)
    starts = np.zeros(len(strings.offsets), np.int64)
    held = np.empty(MOST, np.uint32)
    size = _grams(strings.data, strings.offsets, characters(), width, held, starts, out)
    return out[:size], starts
