"""What rules about pairs are written over: counts of each side, and what one side has that the other lacks.

Words are counted where words are spaced, characters where they are not (`units`). All in one pass over the bytes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Bytes, Longs, string_buffers
from weft.text.decode import item
from weft.text.hashing import mix
from weft.text.jit import F32, F32_2, I64, I64_IN, U8, U8_IN, U64, U64_IN, kernel, part, types
from weft.text.pair_characters import decoded, of_scripts, table
from weft.text.pair_counts import characters, ending, traces, units
from weft.text.pair_markup import marked_up
from weft.text.pair_numbers import MOST, numbers, unmatched
from weft.text.unicode import script_number

MOST_CHARACTERS = 16_384
"""Of a text no more are looked at."""
_UNITS = 2_048
"""Units of a text among which repetitions and copies are sought."""
SIDE = (
    *("length", "characters", "letters", "digits", "signs", "units", "longest_word", "tokens", "longest_token"),
    *("cased", "upper", "scripted", "in_script", "listed", "run", "trigrams", "repeated", "addresses", "markup"),
    *("mojibake", "ending", "numbers", "alphabetic", "english_stops"),
)
"""Counts of one side. `length` counts all code points, `characters` those that are no white space; `tokens` lie between
white space; `cased` letters have a case; `scripted` letters are of one script, `in_script` of one of the language's;
`listed` units are stop words; `run` is the longest of one character; `repeated` of the `trigrams` of units stood
before; `ending` is a class of `pair_characters`; `numbers` are groups of digits; `alphabetic` and `english_stops` are
what other tools count."""
BOTH = ("copied", "same", "source_numbers_left", "target_numbers_left", "target_numbers_new")
"""Of a pair: share of the target's units with a letter that the source has; 1 where all units are the same in the same
order; groups of digits that the other side lacks or has not as often; those of the target that the source never has."""
COLUMNS = (*(f"source_{name}" for name in SIDE), *(f"target_{name}" for name in SIDE), *BOTH)
_WIDTH = len(SIDE)
_ONE, _STEP = np.uint64(1), np.uint64(0x9E3779B97F4A7C15)


@part
def _add(key: Any, stamp: int, keys: Any, stamps: Any) -> bool:
    """Whether a set has the key already; it has then. What has another stamp is not there."""
    mask = np.uint64(len(keys) - 1)
    place = key & mask
    while stamps[place] == stamp:
        if keys[place] == key:
            return True
        place = (place + _ONE) & mask
    keys[place], stamps[place] = key, stamp
    return False


@part
def _repeated(hashes: Any, count: int, stamp: int, keys: Any, stamps: Any) -> int:
    """Trigrams of units that stood in the text before."""
    found = 0
    for n in range(2, count):
        key = mix((hashes[n - 2] * _STEP + hashes[n - 1]) * _STEP + hashes[n])
        found += _add(key, stamp, keys, stamps)
    return found


@part
def _listed(hashes: Any, count: int, stop: Any) -> int:
    """Units that are in a table of stop words, which is never full."""
    mask, found = np.uint64(len(stop) - 1), 0
    for n in range(count):
        key = hashes[n]
        place = key & mask
        while key and item(stop, place):
            if item(stop, place) == key:
                found += 1
                break
            place = (place + _ONE) & mask
    return found


@part
def _side(text: Any, row: int, known: Any, side: Any, scratch: Any, stamp: int, greek: int, out: Any) -> Any:
    """SIDE of one text into `out`; how many units and numbers were kept."""
    data, begins, ends = text
    scripts, stop = side
    held, kinds, hashes, digits, keys, stamps = scratch
    size = decoded(data, begins[row], ends[row], known, held)
    markup = characters(held, size, scripts, kinds, out)
    count = units(held, size, hashes, kinds[8:], out)
    out[13] = _listed(hashes, count, stop)
    out[15], out[16] = max(count - 2, 0), _repeated(hashes, count, stamp, keys, stamps)
    if markup:
        addresses, marks = marked_up(held, size)
        out[17] += addresses
        out[18] = marks
    else:
        out[18] = 0
    out[19], out[20] = traces(held, size), ending(held, size, greek)
    found = 0
    if out[3]:
        found = numbers(held, size, digits[0], digits[1], digits[2])
        out[21] = digits[1][found]
    else:
        out[21] = 0
    return count, found


@part
def _copied(source: Any, count: int, target: Any, size: int, stamp: int, keys: Any, stamps: Any) -> tuple[Any, bool]:
    """Share of the target's units with letters that the source has, and whether both are the same in order."""
    for n in range(count):
        if source[n]:
            _add(source[n], stamp, keys, stamps)
    mask, found, whole = np.uint64(len(keys) - 1), 0, 0
    same = count == size and count > 0
    for n in range(size):
        same = same and source[n] == target[n]
        key = target[n]
        if key == 0:
            continue
        whole += 1
        place = key & mask
        while stamps[place] == stamp:
            if keys[place] == key:
                found += 1
                break
            place = (place + _ONE) & mask
    return np.float32(found) / np.float32(max(whole, 1)), same


_TEXT = types.Tuple((U8_IN, I64_IN, I64_IN))
_LISTS = types.Tuple((U8_IN, U64_IN))
_DIGITS = types.Tuple((U64, I64, U64, U8, U64))
_SCRATCH = types.Tuple((U64, I64, U64, _DIGITS, U64, I64))


@kernel(types.void(_TEXT, _TEXT, _LISTS, _LISTS, U64_IN, types.int64, _SCRATCH, _SCRATCH, F32_2))
def _measure(
    source: Any, target: Any, mine: Any, theirs: Any, known: Any, greek: int, first: Any, second: Any, out: Any
) -> None:
    width = _WIDTH
    keys, stamps = first[4], first[5]
    for row in range(len(out)):
        counts = out[row]
        stamp = 3 * row + 1
        count, found = _side(source, row, known, mine, first, stamp, greek, counts[:width])
        size, more = _side(target, row, known, theirs, second, stamp + 1, greek, counts[width : 2 * width])
        share, same = _copied(first[2], count, second[2], size, stamp + 2, keys, stamps)
        counts[2 * width], counts[2 * width + 1] = share, same
        left, over, new = 0, 0, 0
        if found or more:
            left, over, new = unmatched(first[3], found, second[3], more)
        counts[2 * width + 2], counts[2 * width + 3], counts[2 * width + 4] = left, over, new


class Texts(NamedTuple):
    """UTF-8 of texts anywhere in `data`: text `n` is `data[begins[n]:ends[n]]`."""

    data: Bytes
    begins: Longs
    ends: Longs


class Known(NamedTuple):
    """What is known of a language: its scripts (`of_scripts`), and a table of the hashes of its stop words."""

    scripts: Bytes
    stop: npt.NDArray[np.uint64]


def known(scripts: tuple[str, ...], words: npt.NDArray[np.uint64]) -> Known:
    """A language by the codes of its scripts and the hashes of its stop words (`unit_hashes`), 128 at most."""
    if len(words) > 128:
        raise ValueError(f"{len(words)} stop words; expected at most 128")
    stop = np.zeros(512, np.uint64)
    for word in words:
        place = int(word) & 511
        while stop[place]:
            place = (place + 1) & 511
        stop[place] = word
    return Known(of_scripts(scripts), stop)


def _scratch(keys: npt.NDArray[np.uint64], stamps: Longs) -> tuple[Any, ...]:
    digits = (
        np.empty(MOST + 1, np.uint64),
        np.zeros(MOST + 1, np.int64),
        np.empty(MOST + 1, np.uint64),
        np.zeros(MOST + 1, np.uint8),
        np.empty(MOST + 1, np.uint64),
    )
    held, hashes = np.empty(MOST_CHARACTERS, np.uint64), np.empty(_UNITS, np.uint64)
    return held, np.zeros(8, np.int64), hashes, digits, keys, stamps


def measure(source: Texts, target: Texts, mine: Known, theirs: Known) -> npt.NDArray[np.float32]:
    """COLUMNS of each pair, (pairs, columns)."""
    out = np.empty((len(source.begins), len(COLUMNS)), np.float32)
    keys, stamps = np.zeros(4 * _UNITS, np.uint64), np.zeros(4 * _UNITS, np.int64)
    first, second = _scratch(keys, stamps), _scratch(keys, stamps)
    _measure(
        tuple(source), tuple(target), tuple(mine), tuple(theirs), table(), script_number("Grek"), first, second, out
    )
    return out


@kernel(types.int64(U8_IN, I64_IN, I64_IN, U64_IN, U64, F32, U64, I64, I64))
def _all_units(
    data: Any, begins: Any, ends: Any, known: Any, held: Any, counts: Any, out: Any, places: Any, rows: Any
) -> int:
    size = 0
    for row in range(len(begins)):
        length = decoded(data, begins[row], ends[row], known, held)
        found = units(held, length, out[size : size + _UNITS], places[2 * size : 2 * (size + _UNITS)], counts)
        rows[size : size + found] = row
        size += found
    return size


class Units(NamedTuple):
    """Units of texts end to end: hashes (0 for numbers), (units, 2) characters where they stand, rows."""

    hashes: npt.NDArray[np.uint64]
    places: Longs
    rows: Longs


def units_of(texts: Texts) -> Units:
    """The units of all texts, as `measure` counts them."""
    held, counts = np.empty(MOST_CHARACTERS, np.uint64), np.zeros(len(SIDE), np.float32)
    # A unit has a byte at least, and no text gives more than are kept.
    room = int(np.minimum(texts.ends - texts.begins, _UNITS).sum()) + _UNITS
    out, places, rows = np.empty(room, np.uint64), np.empty(2 * room, np.int64), np.empty(room, np.int64)
    size = _all_units(texts.data, texts.begins, texts.ends, table(), held, counts, out, places, rows)
    return Units(out[:size], places[: 2 * size].reshape(-1, 2), rows[:size])


def texts(column: Any) -> Texts:
    """The texts of an Arrow or Polars column of strings; null is the empty text."""
    strings = string_buffers(column.to_arrow() if hasattr(column, "to_arrow") else column)
    return Texts(strings.data, strings.offsets[:-1], strings.offsets[1:])
