"""Words of Thai, Lao, Burmese and Khmer runs, as ICU's dictionary break engines find them.

The rules are those of ICU's `dictbe.cpp` (Unicode License v3): take the longest word from which two more words can
follow; join what is in no dictionary to a short word before it; never break before a combining mark.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.decode import item
from weft.text.jit import part
from weft.text.unicode import LETTER, MARK, tables

BLOCKS = (0x0E00, 0x0E80, 0x1000, 0x1780)
"""First code points of Thai, Lao, Burmese and Khmer: the order of the roots in the shipped dictionaries."""
_BEGIN, _END, _MARK = 1, 2, 4
_SYMBOLS = 256
_SHORT = 3
"""Below this many characters a word takes what follows it and is in no dictionary (all of ICU's thresholds)."""
CANDIDATES = 20
"""Most words that are considered at one place: the size of the scratch arrays `first` and `second`."""
_OUTSIDE, _OUTSIDE_MARK = 254, 255
_ELISION, _REPEAT = 0x0E2F - 0x0E00 + 1, 0x0E46 - 0x0E00 + 1


class Dictionaries(NamedTuple):
    """A double array (layout: tools/make_word_dictionaries.py), its roots, and what each letter of a script may do."""

    cells: npt.NDArray[np.uint32]
    roots: npt.NDArray[np.int64]
    roles: npt.NDArray[np.uint8]


@functools.cache
def dictionaries() -> Dictionaries:
    """The shipped dictionaries; licences in LICENSE-word-dictionaries beside them."""
    with resources.files("weft.text").joinpath("word_dictionaries.npz").open("rb") as source:
        held = np.load(source)
        cells, roots = held["cells"], held["roots"]
    return Dictionaries(cells, roots, _roles().reshape(-1))


def _roles() -> npt.NDArray[np.uint8]:
    """Which characters may begin a word, end one, or are marks, by script and symbol (sets of ICU's engines)."""
    flags = tables().flags
    roles = np.zeros((len(BLOCKS), _SYMBOLS), np.uint8)
    begins = ((0x0E01, 0x0E2E), (0x0E40, 0x0E44)), ((0x0E81, 0x0EAE), (0x0EDC, 0x0EDD), (0x0EC0, 0x0EC4))
    rest = ((0x1000, 0x102A),), ((0x1780, 0x17B3),)
    never_last = ({0x0E31, *range(0x0E40, 0x0E45)}, set(range(0x0EC0, 0x0EC5)), set[int](), {0x17D2})
    for script, start in enumerate(BLOCKS):
        for symbol in range(1, 161 if start == 0x1000 else 129):
            point = start + symbol - 1
            bits = int(flags.blocks[int(flags.stage[point >> 8]) * 256 + (point & 255)])
            if bits & (LETTER | MARK):
                roles[script, symbol] |= _MARK * bool(bits & MARK) | _END * (point not in never_last[script])
        for low, high in (*begins, *rest)[script]:
            roles[script, low - start + 1 : high - start + 2] |= _BEGIN
    roles[2, _OUTSIDE], roles[2, _OUTSIDE_MARK] = _END, _END | _MARK
    return roles


@part
def block_of(point: int) -> int:
    """Number of the script with a dictionary that a letter or mark belongs to, or -1."""
    if 0x0E00 <= point < 0x0E80:
        return 0
    if 0x0E80 <= point < 0x0F00:
        return 1
    if 0x1000 <= point < 0x10A0 or 0xA9E0 <= point < 0xAA00 or 0xAA60 <= point < 0xAA80 or 0x116D0 <= point < 0x11700:
        return 2
    return 3 if 0x1780 <= point < 0x1800 else -1


@part
def symbol_of(point: int, block: int) -> int:
    """Symbol of a character in the dictionary of its script; the extensions of Burmese are in none."""
    if block == 2 and point >= 0x10A0:
        return _OUTSIDE_MARK if point in (0xA9E5, 0xAA7B, 0xAA7C, 0xAA7D) else _OUTSIDE
    return point - 0x0FFF if block == 2 else (point & 0x7F) + 1


@part
def _words(cells: Any, root: int, symbols: Any, at: int, stop: int, lengths: Any) -> tuple[int, int]:
    """Lengths of the dictionary words at a place, ascending: how many, and characters read (ICU's prefix)."""
    count, base, place = 0, root, at
    while place < stop:
        symbol = item(symbols, place)
        cell = np.int64(item(cells, base + symbol))
        place += 1
        if (cell & 0xFF) != symbol:
            break
        if cell & 0x100 and count < CANDIDATES:
            lengths[count] = place - at
            count += 1
        base = int(cell >> 9)
        if base == 0:
            break
    return count, place - at


@part
def _any_word(cells: Any, root: int, symbols: Any, at: int, stop: int) -> bool:
    """Whether a dictionary word starts at a place."""
    base, place = root, at
    while place < stop:
        symbol = item(symbols, place)
        cell = np.int64(item(cells, base + symbol))
        if (cell & 0xFF) != symbol:
            return False
        if cell & 0x100:
            return True
        base = int(cell >> 9)
        place += 1
    return False


@part
def _best(
    cells: Any, root: int, symbols: Any, at: int, stop: int, first: Any, second: Any, count: int
) -> tuple[int, int]:
    """Length of the longest candidate that two words, or the end, can follow; else one word; else the longest.

    Also how many words follow it, when `second` holds their lengths; else -1.
    """
    best = first[count - 1]
    if at + best >= stop:
        return int(best), -1
    for n in range(count - 1, -1, -1):
        middle = at + first[n]
        follow, _ = _words(cells, root, symbols, middle, stop, second)
        if follow == 0:
            continue
        best = first[n]
        if middle + second[follow - 1] >= stop:
            return int(best), follow
        for k in range(follow - 1, -1, -1):
            if _any_word(cells, root, symbols, middle + second[k], stop):
                return int(best), follow
    return int(best), -1


@part
def _suffix(cells: Any, root: int, symbols: Any, at: int, stop: int) -> int:
    """Characters of a Thai elision or repetition sign that belongs to the word before it."""
    sign = symbols[at]
    if (sign != _ELISION and sign != _REPEAT) or _any_word(cells, root, symbols, at, stop):
        return 0
    size = 0
    if sign == _ELISION and symbols[at - 1] != _ELISION and symbols[at - 1] != _REPEAT:
        size = 1
        sign = symbols[at + 1] if at + 1 < stop else 0
    if sign == _REPEAT and symbols[at + size - 1] != _REPEAT:
        size += 1
    return size


@part
def _resynchronized(cells: Any, root: int, roles: Any, offset: int, symbols: Any, at: int, stop: int) -> int:
    """The next place where a word may begin and one of the dictionary does."""
    at += 1
    while at < stop:
        between = item(roles, offset + symbols[at - 1]) & _END and item(roles, offset + symbols[at]) & _BEGIN
        if between and _any_word(cells, root, symbols, at, stop):
            break
        at += 1
    return at


@part
def _divide(held: Any, block: int, symbols: Any, start: int, stop: int, first: Any, second: Any, cuts: Any) -> None:
    """cuts[i] = 1 where a word ends before character i of `symbols[start:stop]`, all of one script."""
    cells, roots, roles = held
    if stop - start < 4 or (block == 0 and stop - start == 4):
        return  # too short for two words, says ICU
    root, offset, at, count = roots[block], block * _SYMBOLS, start, -1
    while at < stop:
        if count < 0:
            count, _ = _words(cells, root, symbols, at, stop, first)
        size, follow = 0, -1
        if count == 1:
            size = int(first[0])
        elif count > 1:
            size, follow = _best(cells, root, symbols, at, stop, first, second, count)
        after = at + size
        if follow < 0 and after < stop and size < _SHORT:
            follow, prefix = _words(cells, root, symbols, after, stop, second)
            if follow == 0 and (size == 0 or prefix < _SHORT):
                after = _resynchronized(cells, root, roles, offset, symbols, after, stop)
        while after < stop and item(roles, offset + item(symbols, after)) & _MARK:
            after += 1
        if block == 0 and after < stop:
            after += _suffix(cells, root, symbols, after, stop)
        if after < stop:
            cuts[after] = 1
        count = -1
        if follow > 0 and after == at + size:  # the words that begin here were looked up on the way
            first, second = second, first
            count = follow
        at = after


@part
def divide_run(symbols: Any, kinds: Any, size: int, held: Any, first: Any, second: Any, cuts: Any) -> None:
    """cuts[i] = 1 where a word ends before character i of a run of letters, marks, digits and format characters.

    `kinds` is 1 + the script's number for letters and marks that a dictionary may hold, else 0; 128 more for marks,
    64 more for format characters.
    """
    at = 0
    cuts[:size] = 0
    while at < size and kinds[at] & (128 | 64):  # a mark that stands on nothing stays alone
        at += 1
    if at < size:
        cuts[at] = 1
    while at < size:
        kind = kinds[at] & 63
        start = at
        while at < size and kinds[at] & 63 == kind:
            at += 1
        if kind:
            _divide(held, kind - 1, symbols, start, at, first, second, cuts)
