"""Counts of one text: characters, units, endings, traces of wrong encodings; each a pass over decoded characters."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.decode import item
from weft.text.hashing import mix
from weft.text.jit import part
from weft.text.pair_characters import (
    ALPHABETIC,
    BROKEN,
    CASED,
    CLOSING,
    DENSE,
    DIGIT,
    DIVIDES,
    ENDING,
    ENGLISH_STOP,
    FOLLOWS,
    FOLLOWS_CAPITAL,
    FOLLOWS_CYRILLIC,
    KIND,
    LEAD,
    LEAD_CYRILLIC,
    OPENS_MARKUP,
    PAUSE,
    POINT,
    QUESTION,
    SCRIPT,
    SIGN,
    SILENT,
    SPACED,
    UPPER,
    WEAK,
    WHITE,
)

LONG_WORD = 24
"""Letters of a word above which each counts as a unit: such runs are of scripts without spaces (`text.units`)."""
_SEVEN, _BYTE, _CLASS, _ONE = np.uint64(7), np.uint64(0xFF), np.uint64(0xF), np.uint64(1)
_PRIME = np.uint64(0x100000001B3)
_UPPER, _CASED, _ALPHABETIC, _ENGLISH = (
    np.uint64(int(flag).bit_length() - 1) for flag in (UPPER, CASED, ALPHABETIC, ENGLISH_STOP)
)
_W, _STOP, _ASK = np.uint64(0x77), np.uint64(0x2E), np.uint64(0x3B)


@part
def characters(held: Any, size: int, scripts: Any, kinds: Any, out: Any) -> bool:
    """Counts of characters into `out`; whether the text may hold markup."""
    for n in range(8):
        kinds[n] = 0
    upper, cased, alphabetic, stops = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    scripted, own = 0, 0
    run, longest, last, flags, addresses = 0, 0, np.uint64(0xFFFFFFFF), np.uint64(0), 0
    for n in range(size):
        entry = held[n]
        kind, point = (entry >> KIND) & _SEVEN, entry & POINT
        kinds[np.int64(kind)] += 1
        flags |= entry
        upper += np.int64((entry >> _UPPER) & _ONE)
        cased += np.int64((entry >> _CASED) & _ONE)
        alphabetic += np.int64((entry >> _ALPHABETIC) & _ONE)
        stops += np.int64((entry >> _ENGLISH) & _ONE)
        if kind in (SPACED, DENSE):
            member = item(scripts, np.int64((entry >> SCRIPT) & _BYTE))
            scripted += member < 2
            own += member == 1
        if point == last:
            run += 1
        else:
            if run == 3 and last == _W and point == _STOP:
                addresses += 1
            run, last = 1, point
        if run > longest and kind != DIVIDES:
            longest = run
    out[0], out[1] = size, size - kinds[DIVIDES] - kinds[SILENT]
    out[2], out[3], out[4] = kinds[SPACED] + kinds[DENSE], kinds[DIGIT], kinds[SIGN]
    out[9], out[10], out[11], out[12], out[14], out[17] = cased, upper, scripted, own, longest, addresses
    out[22], out[23] = alphabetic, stops
    return bool(flags & OPENS_MARKUP)


@part
def traces(held: Any, size: int) -> int:
    """Places that look like UTF-8 read as a Windows code page, and characters that no encoding gives."""
    count, before, earlier = 0, np.uint64(0), np.uint64(0)
    for n in range(size):
        entry = held[n]
        count += (entry & BROKEN) != 0
        western = entry & FOLLOWS != 0 and (before & LEAD != 0 or (before & WEAK != 0 and earlier & LEAD != 0))
        western = western or (entry & FOLLOWS_CAPITAL != 0 and before & LEAD != 0 and before & UPPER != 0)
        count += western or (entry & FOLLOWS_CYRILLIC != 0 and before & LEAD_CYRILLIC != 0)
        earlier, before = before, entry
    return count


@part
def units(held: Any, size: int, hashes: Any, places: Any, out: Any) -> int:
    """Units into `hashes` (0 for numbers), their counts into `out`; returns how many hashes there are.

    `places` gets the characters where each begins and ends, if it has room.
    """
    count, units, longest, tokens, longest_token, token, at = 0, 0, 0, 0, 0, 0, 0
    while at < size:
        entry = held[at]
        kind = (entry >> KIND) & _SEVEN
        if entry & WHITE:
            token = 0
        else:
            tokens += token == 0
            token += 1
        if kind in (SPACED, DIGIT):
            value, letters, digits, begin = np.uint64(0), 0, 0, at
            while at < size:
                kind = (held[at] >> KIND) & _SEVEN
                if kind in (SPACED, DIGIT):
                    value = (value + (held[at] & POINT)) * _PRIME
                    letters += 1
                    digits += kind == DIGIT
                elif kind != SILENT:
                    break
                at += 1
            token += at - begin - 1
            units += letters if letters > LONG_WORD else 1
            longest = max(longest, letters)
            if count < len(hashes):
                hashes[count] = np.uint64(0) if digits == letters else mix(value)
                if len(places):
                    places[2 * count], places[2 * count + 1] = begin, at
                count += 1
        else:
            if kind == DENSE:
                units += 1
                if count < len(hashes):
                    hashes[count] = mix(entry & POINT)
                    if len(places):
                        places[2 * count], places[2 * count + 1] = at, at + 1
                    count += 1
            at += 1
        longest_token = max(longest_token, token)
    out[5], out[6], out[7], out[8] = units, longest, tokens, longest_token
    return count


@part
def ending(held: Any, size: int, greek: int) -> Any:
    """Class of the mark that ends a text, behind which only closing quotes, brackets and white space stand."""
    at = size - 1
    while at >= 0 and (held[at] & (WHITE | CLOSING) or (held[at] >> KIND) & _SEVEN == SILENT):
        at -= 1
    if at < 0:
        return 0
    found = np.int64((held[at] >> ENDING) & _CLASS)
    if found == PAUSE and held[at] & POINT == _ASK:
        while at >= 0 and (held[at] >> KIND) & _SEVEN != SPACED:
            at -= 1
        if at >= 0 and np.int64((held[at] >> SCRIPT) & _BYTE) == greek:
            return QUESTION
    return found
