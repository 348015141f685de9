"""Hashed features of short texts: character n-grams within words, and whole words.

A text is read as lower-case letters and marks with one space before, between and after words; all else is a space.
Digits, punctuation and symbols say nothing of a language, and are not read.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.decode import code_point, item, put
from weft.text.hashing import mix
from weft.text.jit import part
from weft.text.unicode import CATEGORIES, LETTER, MARK, flat, tables

WIDEST = 5
"""Characters of the longest n-gram."""
WORD_FROM = 4
"""Letters from which a word is a feature of its own: shorter ones are n-grams already."""
LONGEST_WORD = 40
"""Longer runs, of scripts without spaces, are no words."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_WORD_SEED = np.uint64(0x5851F42D4C957F2D)
_APOSTROPHES = "\u2018\u2019\u02bc\u02bb\u02b9\u2032\uff07`´"
_JOINERS = "\u200c\u200d"


@functools.cache
def letters() -> npt.NDArray[np.uint32]:
    """What each code point is read as: its lower case, an apostrophe, or 0 where it stands for a space.

    ZWJ and ZWNJ are letters, for in many scripts they make others; other format characters are 1: left out.
    """
    found = tables()
    points = np.arange(0x110000, dtype=np.int32)
    flags, category = flat(found.flags), flat(found.category)
    read = np.where(flags & (LETTER | MARK), points + flat(found.lower), 0).astype(np.uint32)
    read[category == CATEGORIES.index("Cf")] = 1
    for char in _APOSTROPHES:
        read[ord(char)] = ord("'")
    read[ord("'")] = ord("'")
    for char in _JOINERS:
        read[ord(char)] = ord(char)
    return read


@part
def read_letters(data: Any, at: int, stop: int, table: Any, out: Any, most: int) -> tuple[int, int]:
    """Letters of `data[at:stop]` into `out`, at most `most` of them, spaces around words.

    Returns how many were written, and how many of them are letters.
    """
    put(out, 0, np.uint32(32))
    size, count = 1, 0
    while at < stop and size < most:
        point, width = code_point(data, at)
        at += width
        letter = item(table, point)
        if letter > 1:
            put(out, size, letter)
            size += 1
            count += 1
        elif letter == 0 and item(out, size - 1) != 32:
            put(out, size, np.uint32(32))
            size += 1
    if item(out, size - 1) != 32:
        put(out, size, np.uint32(32))
        size += 1
    return size, count


def shift_for(table: npt.NDArray[Any]) -> np.uint64:
    """What `features` takes for a table whose rows, a power of two, are the features."""
    return np.uint64(65 - len(table).bit_length())


@part
def features(letters_read: Any, size: int, shift: Any, out: Any) -> int:
    """Numbers of the features of `size` letters into `out`, in order; returns how many there are.

    At most WIDEST + 1 for each letter. `shift` is 64 minus the bits of a number.
    """
    found = 0
    word = np.uint64(0)
    length = 0
    for start in range(size):
        first = item(letters_read, start)
        if first == 32:
            if WORD_FROM <= length <= LONGEST_WORD:
                put(out, found, np.int32(mix(word ^ _WORD_SEED) >> shift))
                found += 1
            word, length = np.uint64(0), 0
        else:
            word = (word + np.uint64(first)) * _PRIME
            length += 1
        value = np.uint64(0)
        stop = min(start + WIDEST, size)
        for at in range(start, stop):
            letter = item(letters_read, at)
            value = (value + np.uint64(letter)) * _PRIME
            if letter == 32 and at > start:
                put(out, found, np.int32(mix(value) >> shift))
                found += 1
                break  # no n-gram goes on past the end of its word
            if at > start or first != 32:
                put(out, found, np.int32(mix(value) >> shift))
                found += 1
    return found
