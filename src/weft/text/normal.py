"""Cleans UTF-8 in one pass: line ends, control and invisible characters, spaces; and finds what is not in NFC."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, look_up
from weft.text.jit import I64, I64_IN, U8, U8_IN, U16_IN, kernel, part, types

KEEP, CONTROL, INVISIBLE, SPACE, LINE, JOINER, WORD_SPACE, TAG, ALONE = range(9)
_JOINS, _DENSE, _EMOJI = 1, 2, 4
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


@kernel(
    types.void(
        U8_IN, I64_IN, _PAIR, _PAIR, types.Tuple((I64_IN, I64_IN, U8_IN)), types.boolean, U8, I64, types.int32[:, ::1]
    )
)
def _clean(
    data: Any,
    offsets: Any,
    action: Any,
    group: Any,
    forms: Any,
    keep_joiners: bool,
    out: Any,
    out_offsets: Any,
    counts: Any,
) -> None:
    at_out = 0
    for row in range(len(offsets) - 1):
        out_offsets[row] = at_out
        base = at_out
        at, stop = offsets[row], offsets[row + 1]
        spaces, lines, before = 0, 2, 0  # lines = 2 at the begin: no empty lines there
        ends, controls, invisible, folded, composed = 0, 0, 0, 0, 0
        while at < stop:
            point, size = code_point(data, at)
            what = KEEP if 0x20 < point < 0x7F else look_up(action[0], action[1], point)
            if what in (KEEP, ALONE):
                if spaces:
                    if lines == 0:
                        out[at_out] = 32
                        at_out += 1
                    elif at_out > base or spaces:
                        folded += 1
                spaces, lines = 0, 0
                if what == KEEP:
                    for n in range(size):
                        out[at_out + n] = data[at + n]
                    at_out += size
                else:
                    form = np.searchsorted(forms[0], point)
                    for n in range(forms[1][form], forms[1][form + 1]):
                        out[at_out] = forms[2][n]
                        at_out += 1
                    composed += 1
                before = look_up(group[0], group[1], point) if point > 0x7F else 0
            elif what == SPACE:
                folded += (spaces > 0) | (point != 32)
                spaces += 1
                before = 0
            elif what == LINE:
                if point == 0x0D and at + 1 < stop and data[at + 1] == 0x0A:
                    ends += 1
                    at += size
                    continue  # the line feed that follows makes the line end
                ends += point != 0x0A
                folded += spaces > 0
                spaces, before = 0, 0
                for _ in range(2 if point == 0x2029 else 1):
                    if lines < 2:
                        out[at_out] = 10
                        at_out += 1
                        lines += 1
                    else:
                        folded += at_out > base
            elif what == CONTROL:
                controls += 1
            else:
                after = 0
                if at + size < stop:
                    follow, _ = code_point(data, at + size)
                    after = look_up(group[0], group[1], follow)
                stays = False
                if what == JOINER:
                    letters = (before & _JOINS) and (after & _JOINS or point == 0x200D)
                    emoji = point == 0x200D and (before & _EMOJI) and (after & _EMOJI)
                    stays = (keep_joiners and letters != 0) or emoji != 0
                elif what == WORD_SPACE:
                    stays = keep_joiners and (before & _DENSE) != 0 and (after & _DENSE) != 0
                elif what == TAG:
                    stays = (before & _EMOJI) != 0
                if stays and spaces == 0:
                    for n in range(size):
                        out[at_out + n] = data[at + n]
                    at_out += size
                    before = before if what != JOINER else before | _JOINS
                else:
                    invisible += 1
            at += size
        folded += spaces > 0
        while at_out > base and out[at_out - 1] == 10:
            at_out -= 1
        counts[row, 0], counts[row, 1], counts[row, 2], counts[row, 3] = ends, controls, invisible, folded
        counts[row, 4] = composed
    out_offsets[len(offsets) - 1] = at_out


def clean(strings: Strings, keep_joiners: bool) -> tuple[npt.NDArray[np.uint8], Longs, npt.NDArray[np.int32]]:
    """Cleaned UTF-8, its offsets, and changes per text: int32 of shape (texts, len(COUNTS))."""
    rows = len(strings.offsets) - 1
    # NFC of one character is at most three times as long; pages that are not written to cost nothing.
    out = np.empty(3 * int(strings.offsets[-1] - strings.offsets[0]) if rows else 0, np.uint8)
    offsets, counts = np.zeros(rows + 1, np.int64), np.zeros((rows, len(COUNTS)), np.int32)
    found = _tables()
    held = _arrays()
    forms = (held["alone"], held["form_starts"], held["form_bytes"])
    _clean(strings.data, strings.offsets, found["action"], found["group"], forms, keep_joiners, out, offsets, counts)
    return out[: offsets[-1]].copy(), offsets, counts
