"""Cleans UTF-8 in one pass: line ends, control and invisible characters, spaces; and finds what is not in NFC."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import HIGH, code_point, item, look_up, put, word
from weft.text.jit import I64, I64_IN, U8, U8_IN, U16_IN, kernel, part, types
from weft.text.unicode import Table, flat

KEEP, CONTROL, INVISIBLE, SPACE, LINE, JOINER, WORD_SPACE, TAG, ALONE = range(9)
_JOINS, _DENSE, _EMOJI = 1, 2, 4
_ACTION, _GROUP = 15, 4
_EACH = np.uint64(0x0101010101010101)
_SPACES, _NOT_NULL, _FROM_SPACE = _EACH * np.uint64(0x20), _EACH * np.uint64(0x7F), _EACH * np.uint64(0x80 - 0x20)
_SECOND, _DECOMPOSABLE = 1, 2
COUNTS = ("line_endings", "controls", "invisible", "spaces", "nfc")
_PAIR = types.Tuple((U16_IN, U8_IN))


@functools.cache
def _tables() -> dict[str, tuple[Any, Any]]:
    """The shipped tables (made by tools/make_normal_tables.py; Unicode License v3)."""
    with resources.files("weft.text").joinpath("normal_tables.npz").open("rb") as source:
        held = np.load(source)
        return {name: (held[f"{name}_index"], held[f"{name}_blocks"]) for name in ("order", "action", "group", "trait")}


@functools.cache
def _arrays() -> dict[str, npt.NDArray[Any]]:
    """`pairs`: canonical pairs as `first << 32 | second`, sorted; `alone`: characters that NFC changes wherever they
    stand, their forms being `form_bytes[form_starts[i]:form_starts[i + 1]]`."""
    with resources.files("weft.text").joinpath("normal_tables.npz").open("rb") as source:
        held = np.load(source)
        return {name: held[name] for name in ("pairs", "alone", "form_starts", "form_bytes")}


@part
def _composes(pairs: Any, first: int, second: int) -> bool:
    """Whether two characters have a canonical composition: binary search in sorted pairs."""
    wanted = (np.int64(first) << 32) | np.int64(second)
    at = np.searchsorted(pairs, wanted)
    return bool(at < len(pairs) and pairs[at] == wanted)


@kernel(types.void(U8_IN, I64_IN, _PAIR, _PAIR, I64_IN, U8))
def _unordered(data: Any, offsets: Any, order: Any, trait: Any, pairs: Any, out: Any) -> None:
    """out[i] = 1 where a text may not be in NFC: a character changes alone, composes with its base, or is out of order.

    A mark behind a base that decomposes counts too: the two may reorder and compose anew.
    """
    for row in range(len(offsets) - 1):
        at, stop, last, base, loose = offsets[row], offsets[row + 1], 0, 0, False
        while at < stop:
            if data[at] < 0x80:
                last, base, loose = 0, int(data[at]), False
                at += 1
                continue
            point, size = code_point(data, at)
            at += size
            rank = look_up(order[0], order[1], point)
            traits = look_up(trait[0], trait[1], point)
            if rank == 255 or (rank and (rank < last or loose)):
                out[row] = 1
                break
            if traits & _SECOND and _composes(pairs, base, point):
                out[row] = 1
                break
            if rank == 0:
                base, loose = int(point), (traits & _DECOMPOSABLE) != 0
            last = rank


def maybe_not_nfc(strings: Strings) -> npt.NDArray[np.bool_]:
    """Whether each text may differ from its NFC form; a text that is not in NFC is never missed (UAX #15)."""
    out = np.zeros(len(strings.offsets) - 1, np.uint8)
    found = _tables()
    _unordered(strings.data, strings.offsets, found["order"], found["trait"], _arrays()["pairs"], out)
    return out.astype(np.bool_)


@part
def _plain(data: Any, at: int, stop: int, begin: bool) -> Any:
    """How many of the next eight bytes are ASCII that stays: no control character, only single spaces; none at the
    begin of a line, and not the last one, after which another might follow."""
    if at + 8 > stop:
        return 0
    eight = word(data, at)
    if eight & HIGH:
        return 0
    spaces = ~((eight ^ _SPACES) + _NOT_NULL) & HIGH
    printable = (eight + _FROM_SPACE) & ~(eight + _EACH) & HIGH
    if printable != HIGH or spaces & (spaces << np.uint64(8)) or (begin and spaces & np.uint64(0x80)):
        return 0
    return 8 - np.int64(spaces >> np.uint64(63))


@part
def _copied(data: Any, start: int, stop: int, out: Any, at_out: int) -> int:
    """Writes a range of the input; returns where the output ends then."""
    for n in range(stop - start):
        put(out, at_out + n, item(data, start + n))
    return at_out + stop - start


@part
def _without_lines(data: Any, run: int, end: int, out: Any, at_out: int, base: int) -> tuple[int, int]:
    """Ends of the input that is kept and of the output, line ends of this text taken off."""
    while at_out + end - run > base:
        if (data[end - 1] if end > run else out[at_out - 1]) != 10:
            break
        if end > run:
            end -= 1
        else:
            at_out -= 1
    return end, at_out


@part
def _stays(
    data: Any, after: int, stop: int, what: Any, point: int, before: Any, kinds: Any, keep_joiners: bool
) -> bool:
    """Whether an invisible character has a meaning where it stands."""
    follow = np.int64(0)
    if after < stop:
        follow = np.int64(item(kinds, code_point(data, after)[0])) >> _GROUP
    if what == JOINER:
        letters = (before & _JOINS) != 0 and ((follow & _JOINS) != 0 or point == 0x200D)
        emoji = point == 0x200D and (before & follow & _EMOJI) != 0
        return (keep_joiners and letters) or emoji
    if what == WORD_SPACE:
        return keep_joiners and (before & follow & _DENSE) != 0
    return bool(what == TAG and (before & _EMOJI) != 0)


@part
def _form(forms: Any, point: int, out: Any, at_out: int) -> int:
    """Writes what NFC puts for a character that it always changes; returns where the output ends then."""
    found = np.searchsorted(forms[0], point)
    return _copied(forms[2], forms[1][found], forms[1][found + 1], out, at_out)


@part
def _broken(point: int, lines: int, begun: bool, out: Any, at_out: int) -> tuple[int, int, int]:
    """Writes the line ends that a character stands for, at most one empty line: where the output ends, the line ends
    in a row, and how many were left out."""
    folded = 0
    for _ in range(2 if point == 0x2029 else 1):
        if lines < 2:
            put(out, at_out, 10)
            at_out += 1
            lines += 1
        else:
            folded += begun
    return at_out, lines, folded


@kernel(
    types.int64(U8_IN, I64_IN, U8_IN, types.Tuple((I64_IN, I64_IN, U8_IN)), types.boolean, U8, I64, types.int32[:, ::1])
)
def _clean(
    data: Any, offsets: Any, kinds: Any, forms: Any, keep_joiners: bool, out: Any, out_offsets: Any, counts: Any
) -> int:
    """Cleaned texts end to end: in `out`, and the answer is -1; or in `data` from the answer on, if all of it stays.

    What stays is copied only when something else comes between: at any time `data[run:at]`, without the white space
    from `gap` on where `spaces` is not 0, is to follow `out[:at_out]`.
    """
    at_out, run = 0, offsets[0]
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        base = at_out + at - run
        out_offsets[row] = base
        spaces, lines, before, gap = 0, 2, np.int64(0), at  # lines = 2 at the begin: no empty lines there
        ends, controls, invisible, folded, composed = 0, 0, 0, 0, 0
        while at < stop:
            plain = _plain(data, at, stop, lines > 0) if spaces == 0 else 0
            if plain:
                at, lines, before = at + plain, 0, np.int64(0)
                continue
            point, size = code_point(data, at)
            kind = np.int64(item(kinds, point))
            what, gone = kind & _ACTION, False
            if what in (KEEP, ALONE):
                if spaces and (lines or gap + 1 != at or item(data, gap) != 32):
                    at_out, run = _copied(data, run, gap, out, at_out), at
                    if lines == 0:
                        put(out, at_out, 32)
                        at_out += 1
                    else:
                        folded += 1
                if what == ALONE:
                    at_out, run = _form(forms, point, out, _copied(data, run, at, out, at_out)), at + size
                    composed += 1
                spaces, lines, before = 0, 0, kind >> _GROUP if point > 0x7F else np.int64(0)
            elif what == SPACE:
                folded += (spaces > 0) | (point != 32)
                gap = gap if spaces else at
                spaces, before = spaces + 1, np.int64(0)
            elif what == LINE and point == 0x0D and at + 1 < stop and item(data, at + 1) == 0x0A:
                ends, gone = ends + 1, True  # the line feed that follows makes the line end
            elif what == LINE:
                ends += point != 0x0A
                if spaces:
                    at_out, run = _copied(data, run, gap, out, at_out), at
                    folded += 1
                spaces, before = 0, np.int64(0)
                if point == 0x0A and lines < 2:
                    lines += 1
                else:
                    at_out, run = _copied(data, run, at, out, at_out), at + size
                    at_out, lines, more = _broken(point, lines, at_out > base, out, at_out)
                    folded += more
            elif what == CONTROL:
                controls, gone = controls + 1, True
            elif spaces == 0 and _stays(data, at + size, stop, what, point, before, kinds, keep_joiners):
                before |= _JOINS if what == JOINER else 0
            else:
                invisible, gone = invisible + 1, True
            if gone and spaces == 0:
                at_out, run = _copied(data, run, at, out, at_out), at + size
            at += size
        folded += spaces > 0
        end, at_out = _without_lines(data, run, gap if spaces else stop, out, at_out, base)
        if end != stop:
            at_out, run = _copied(data, run, end, out, at_out), stop
        counts[row, 0], counts[row, 1], counts[row, 2], counts[row, 3] = ends, controls, invisible, folded
        counts[row, 4] = composed
    total = at_out + offsets[len(offsets) - 1] - run
    out_offsets[len(offsets) - 1] = total
    if at_out == 0:
        return int(run)
    _copied(data, run, offsets[len(offsets) - 1], out, at_out)
    return -1


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """What becomes of each code point; above the bits of _ACTION what it is to invisible characters beside it."""
    found = _tables()
    action, group = (flat(Table(*found[name])) for name in ("action", "group"))
    return np.asarray(action | group << _GROUP)


def clean(strings: Strings, keep_joiners: bool) -> tuple[npt.NDArray[np.uint8], Longs, npt.NDArray[np.int32]]:
    """Cleaned UTF-8, its offsets, and changes per text: int32 of shape (texts, len(COUNTS))."""
    rows = len(strings.offsets) - 1
    # NFC of one character is at most three times as long; pages that are not written to cost nothing.
    out = np.empty(3 * int(strings.offsets[-1] - strings.offsets[0]) if rows else 0, np.uint8)
    offsets, counts = np.zeros(rows + 1, np.int64), np.zeros((rows, len(COUNTS)), np.int32)
    held = _arrays()
    forms = (held["alone"], held["form_starts"], held["form_bytes"])
    start = _clean(strings.data, strings.offsets, _kinds(), forms, keep_joiners, out, offsets, counts) if rows else 0
    if start >= 0:  # texts that are clean already, most of them, are not copied
        return strings.data[start : start + int(offsets[-1])], offsets, counts
    return out[: offsets[-1]], offsets, counts
