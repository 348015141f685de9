"""Words of texts that a list has, found by their longest match, and texts with pieces of them replaced."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Bytes, Longs, Strings
from weft.text.decode import code_point, item
from weft.text.guarded import guarded
from weft.text.hashing import mix
from weft.text.jit import I32, I32_IN, I64, I64_IN, U8, U8_IN, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.segment import token_arrays
from weft.text.unicode import CATEGORIES, EAST, LETTER, MARK, SOUTH_EAST, TERMINAL, characters, flat, tables

WORD, CAPITAL, CAPITALS, INITIAL, NAME, GUARDED, DENSE, JOINED = (1 << n for n in range(8))
"""Of a token: begins with a letter; its first letter is a capital; all of two letters or more are; it begins a
sentence; a capital elsewhere; guarded (`guarded.guarded`); of a script without spaces; a hyphen stands beside it."""
_PRIME, _LABEL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_POINT = np.uint32(0xFFFFFF)
_LETTERS, _UPPER, _LOWER, _ENDS, _IS_DENSE, _HYPHEN = (1 << n for n in range(6))
_APOSTROPHES = (0x2019, 0x02BC, 0xFF07)
_SHORT = 3
"""Letters of the longest capitalised word behind which a full stop ends no sentence: titles, initials."""


@functools.cache
def _folded() -> npt.NDArray[np.uint32]:
    """Every code point as words are compared: case folded, one apostrophe."""
    held = characters() & _POINT
    held[list(_APOSTROPHES)] = ord("'")
    return held


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    flags, category = flat(tables().flags), flat(tables().category)
    upper = np.isin(category, [CATEGORIES.index(name) for name in ("Lu", "Lt")])
    lower = category == CATEGORIES.index("Ll")
    bits = [(flags & (LETTER | MARK)) != 0, upper, lower, (flags & TERMINAL) != 0, (flags & (EAST | SOUTH_EAST)) != 0]
    held = np.zeros(0x110000, np.uint8)
    for n, chosen in enumerate(bits):
        held |= chosen.astype(np.uint8) << np.uint8(n)
    held[ord(":")] |= _ENDS
    held[[0x2D, 0x2010, 0x2011, 0x05BE]] |= _HYPHEN
    return held


@part
def _hashed(data: Any, at: int, stop: int, folded: Any, value: Any) -> Any:
    while at < stop:
        point, width = code_point(data, at)
        value = (value + np.uint64(item(folded, point)) + np.uint64(1)) * _PRIME
        at += width
    return value


@part
def _key(value: Any, label: int) -> Any:
    return mix(mix(value) ^ (np.uint64(label + 1) * _LABEL))


@part
def _place(keys: Any, key: Any) -> int:
    """The first place of a key among sorted keys, by halving; -1 where there is none."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if item(keys, middle) < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and item(keys, low) == key else -1


@kernel(types.void(U8_IN, I64_IN, I32_IN, U32_IN, U64))
def _keys(data: Any, offsets: Any, labels: Any, folded: Any, out: Any) -> None:
    for row in range(len(offsets) - 1):
        out[row] = _key(_hashed(data, offsets[row], offsets[row + 1], folded, np.uint64(0)), labels[row])


def keys_of(strings: Strings, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    """A key for each text under its label; case and the kind of apostrophe do not count."""
    out = np.empty(len(labels), np.uint64)
    _keys(strings.data, strings.offsets, labels, _folded(), out)
    return out


@part
def _looks(data: Any, base: int, begin: int, end: int, stop: int, kinds: Any) -> tuple[int, int]:
    """Bits of a token but INITIAL, NAME and GUARDED, and its letters without marks of case that it has not."""
    letters, upper, lower, first, bits = 0, 0, 0, 0, 0
    at = begin
    while at < end:
        point, width = code_point(data, at)
        kind = item(kinds, point)
        if kind & _LETTERS:
            if letters == 0:
                first = kind
                bits |= WORD * (at == begin)
            letters += 1
            upper += (kind & _UPPER) != 0
            lower += (kind & _LOWER) != 0
            bits |= DENSE * ((kind & _IS_DENSE) != 0)
        at += width
    bits |= CAPITAL * ((first & _UPPER) != 0) | CAPITALS * (upper > 1 and lower == 0)
    if end < stop:
        point, _ = code_point(data, end)
        bits |= JOINED * ((item(kinds, point) & _HYPHEN) != 0)
    if begin > base:
        at = begin - 1
        while at > base and data[at] & 0xC0 == 0x80:
            at -= 1
        point, _ = code_point(data, at)
        bits |= JOINED * ((item(kinds, point) & _HYPHEN) != 0)
    return bits, letters


@part
def _ends_sentence(data: Any, at: int, kinds: Any) -> bool:
    point, _ = code_point(data, at)
    return bool(item(kinds, point) & _ENDS)


@part
def _breaks_line(data: Any, at: int, end: int) -> bool:
    found = False
    for n in range(at, end):
        found = found or data[n] == 10
    return found


_TOKENS = types.Tuple((I32_IN, I64_IN))
_TEXT = types.Tuple((U8_IN, I64_IN, I32_IN, U8_IN))
_TABLES = types.Tuple((U32_IN, U8_IN))
_OUT = types.Tuple((U8, I32, U64, I32, I32))


@kernel(types.void(_TEXT, _TOKENS, _TABLES, U64_IN, types.int64, types.boolean, _OUT))
def _find(text: Any, tokens: Any, held: Any, keys: Any, most: int, spaces: bool, out: Any) -> None:
    data, offsets, labels, guard = text
    places, starts = tokens
    folded, kinds = held
    bits_of, letters_of, hash_of, match, size_of = out
    for row in range(len(offsets) - 1):
        base, stop, initial, last, short = offsets[row], offsets[row + 1], True, offsets[row], False
        taken = starts[row]
        for n in range(starts[row], starts[row + 1]):
            begin, end = base + places[2 * n], base + places[2 * n + 1]
            bits, letters = _looks(data, base, begin, end, stop, kinds)
            initial = initial or _breaks_line(data, last, begin)
            last = end
            bits |= GUARDED * int(guard[begin])
            if bits & WORD:
                if bits & CAPITAL:
                    bits |= INITIAL if initial else NAME
                    before = bits_of[n - 1] if n > starts[row] else 0
                    if not initial and before & INITIAL:
                        bits_of[n - 1] = before | NAME
                initial, short = False, (bits & CAPITAL) != 0 and letters <= _SHORT
            elif _ends_sentence(data, begin, kinds) and not (short and data[begin] == 46):
                initial = True
            bits_of[n], letters_of[n] = bits, letters
            value = np.uint64(0)
            match[n], size_of[n] = -1, 0
            hash_of[n] = mix(_hashed(data, begin, end, folded, np.uint64(0)))
            if labels[row] < 0 or n < taken or bits & WORD == 0:
                continue
            until = begin
            for m in range(n, min(n + most, starts[row + 1])):
                at, to = base + places[2 * m], base + places[2 * m + 1]
                if at != until and not (spaces and at == until + 1 and data[until] == 32):
                    break
                value = _hashed(data, until, to, folded, value)
                until = to
                found = _place(keys, _key(value, labels[row]))
                if found >= 0:
                    match[n], size_of[n] = found, m - n + 1
            taken = n + max(size_of[n], 1)


class Found(NamedTuple):
    """Tokens of all texts end to end: those of text `n` are from `starts[n]` to `starts[n + 1]`.

    `begin` and `end` are bytes in the data of the texts, `row` their texts, `bits` as the constants of this module,
    `letters` their letters and marks, `hashes` what `word_hashes` gives of their words. `match` is the place among the
    keys of the entry that begins with a token, -1 where none does, and `size` how many tokens it has.
    """

    starts: Longs
    row: Longs
    begin: Longs
    end: Longs
    bits: Bytes
    letters: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    match: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]


def word_hashes(strings: Strings) -> npt.NDArray[np.uint64]:
    """A hash of each text as `Found.hashes` has them of tokens."""
    out = np.empty(len(strings.offsets) - 1, np.uint64)
    _plain_hashes(strings.data, strings.offsets, _folded(), out)
    return out


@kernel(types.void(U8_IN, I64_IN, U32_IN, U64))
def _plain_hashes(data: Any, offsets: Any, folded: Any, out: Any) -> None:
    for row in range(len(offsets) - 1):
        out[row] = mix(_hashed(data, offsets[row], offsets[row + 1], folded, np.uint64(0)))


def find(
    strings: Strings, labels: npt.NDArray[np.int32], keys: npt.NDArray[np.uint64], *, most: int, spaces: bool
) -> Found:
    """Tokens of texts, and the longest entries of sorted `keys` (`keys_of`) under the label of each text.

    An entry has at most `most` tokens, between which nothing stands, or one space where `spaces`. A text with the
    label -1 has no matches. Matches do not overlap; the first of two wins.
    """
    places, starts = token_arrays(strings)
    count = len(places) // 2
    out = (
        np.empty(count, np.uint8),
        np.empty(count, np.int32),
        np.empty(count, np.uint64),
        np.empty(count, np.int32),
        np.empty(count, np.int32),
    )
    text = (strings.data, strings.offsets, np.ascontiguousarray(labels, np.int32), guarded(strings))
    _find(text, (places, starts), (_folded(), _kinds()), keys, most, spaces, out)
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    base = strings.offsets[row]
    begin, end = places[::2] + base, places[1::2] + base
    bits, letters, hashes, match, size = out
    return Found(starts, row, begin, end, bits, letters, hashes, match, size)


class Edits(NamedTuple):
    """Pieces of texts to replace: `data[begin:end]` of a text becomes `pool[first:last]`.

    New text `n` is text `of[n]` with the edits from `starts[n]` to `starts[n + 1]`, which ascend and do not overlap.
    """

    of: Longs
    starts: Longs
    begin: Longs
    end: Longs
    first: Longs
    last: Longs


_EDITS = types.Tuple((I64_IN, I64_IN, I64_IN, I64_IN, I64_IN, I64_IN))


@kernel(types.void(U8_IN, I64_IN, _EDITS, U8_IN, I64_IN, U8, I64))
def _splice(data: Any, offsets: Any, edits: Any, pool: Any, out_offsets: Any, out: Any, places: Any) -> None:
    of, starts, begin, end, first, last = edits
    for n in range(len(of)):
        at, to = offsets[of[n]], out_offsets[n]
        for k in range(starts[n], starts[n + 1]):
            for m in range(at, begin[k]):
                out[to] = data[m]
                to += 1
            places[k] = to
            for m in range(first[k], last[k]):
                out[to] = pool[m]
                to += 1
            at = end[k]
        for m in range(at, offsets[of[n] + 1]):
            out[to] = data[m]
            to += 1


def spliced(strings: Strings, edits: Edits, pool: Bytes) -> tuple[Bytes, Longs, Longs]:
    """Data and offsets of the new texts, and the byte in it at which each replacement begins."""
    held = Edits(*(np.ascontiguousarray(array, np.int64) for array in edits))
    grown = np.concatenate([[0], np.cumsum(held.last - held.first - held.end + held.begin)])
    sizes = np.diff(strings.offsets)[held.of] + grown[held.starts[1:]] - grown[held.starts[:-1]]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    out, places = np.empty(int(offsets[-1]), np.uint8), np.empty(len(held.begin), np.int64)
    _splice(strings.data, strings.offsets, tuple(held), np.ascontiguousarray(pool), offsets, out, places)
    return out, offsets, places
