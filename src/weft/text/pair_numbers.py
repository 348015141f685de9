"""Numbers of texts in any digits, however their groups are divided, and which of them the other text lacks.

`1,250`, `1.250`, `1 250`, `1250` and `١٬٢٥٠` are one number. What differs as a whole is compared group by group, so
that `11/03/2020` meets `11.03.2020`. Numbers in words, and in numerals that are no decimal digits, are not read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.hashing import mix
from weft.text.jit import part
from weft.text.pair_characters import DIGIT, KIND, POINT, SEPARATOR

MOST = 128
"""Groups of digits of a text that are read."""
_PRIME = np.uint64(0x100000001B3)
_SEVEN, _ZERO, _SPACE = np.uint64(7), np.uint64(0x30), np.uint64(0x20)


@part
def _is_digit(held: Any, at: int, size: int) -> bool:
    return at < size and (held[at] >> KIND) & _SEVEN == DIGIT


@part
def _goes_on(held: Any, at: int, size: int, digits: int) -> bool:
    """Whether what stands at a place divides groups of one number, of which the last had some digits."""
    if not _is_digit(held, at + 1, size):
        return False
    if held[at] & SEPARATOR:
        return True
    whole = digits <= 3 and _is_digit(held, at + 2, size) and _is_digit(held, at + 3, size)
    return held[at] & POINT == _SPACE and whole and not _is_digit(held, at + 4, size)


@part
def numbers(held: Any, size: int, whole: Any, begins: Any, groups: Any) -> int:
    """Hashes of numbers and of their groups; those of number `n` are `begins[n]` to `begins[n + 1]`. How many."""
    count, place, at = 0, 0, 0
    while at < size and place < MOST:
        if not _is_digit(held, at, size):
            at += 1
            continue
        begins[count] = place
        number = np.uint64(0)
        while place < MOST:
            group, digits = np.uint64(0), 0
            while _is_digit(held, at, size):
                digit = (held[at] & POINT) - _ZERO
                if number or digit:
                    number = number * _PRIME + digit + np.uint64(1)
                if group or digit:
                    group = group * _PRIME + digit + np.uint64(1)
                digits += 1
                at += 1
            groups[place] = mix(group)
            place += 1
            if at >= size or not _goes_on(held, at, size, digits):
                break
            at += 1
        whole[count] = mix(number)
        count += 1
    begins[count] = place
    return count


@part
def _left(mine: Any, size: int, others: Any, more: int, used: Any, theirs: Any) -> None:
    """Marks in `used` and `theirs` what is found in both, each as often as it is there."""
    for n in range(size):
        if not used[n]:
            for m in range(more):
                if not theirs[m] and mine[n] == others[m]:
                    used[n], theirs[m] = 1, 1
                    break


@part
def unmatched(one: Any, count: int, other: Any, counted: int) -> tuple[Any, Any, int]:
    """Groups of digits of each text that the other lacks; `one` and `other` are (whole, begins, groups, used, rest).

    Each as often as it is too many; the last number counts those of the other that the first has not once.
    """
    used, theirs = one[3], other[3]
    used[:count] = 0
    theirs[:counted] = 0
    _left(one[0], count, other[0], counted, used, theirs)
    size, more = _apart(one, count), _apart(other, counted)
    used[:size] = 0
    theirs[:more] = 0
    _left(one[4], size, other[4], more, used, theirs)
    mine, new = size - np.int64(used[:size].sum()), 0
    for m in range(more):
        if not theirs[m]:
            new += not (_among(one[0], count, other[4][m]) or _among(one[2], one[1][count], other[4][m]))
    return mine, more - np.int64(theirs[:more].sum()), new


@part
def _among(held: Any, size: int, wanted: Any) -> bool:
    found = False
    for n in range(size):
        found = found or held[n] == wanted
    return found


@part
def _apart(text: Any, count: int) -> int:
    """Groups of the numbers that were not found, into `rest`; how many."""
    _, begins, groups, used, rest = text
    size = 0
    for n in range(count):
        if not used[n]:
            for place in range(begins[n], begins[n + 1]):
                rest[size] = groups[place]
                size += 1
    return size
