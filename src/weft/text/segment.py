"""Tokens of a text: words and punctuation, for spaced scripts by character class, for the others as ICU gives them.

A word is a run of letters, marks and digits; an apostrophe, a joiner or a middle dot stays inside when letters
stand on both sides. A run also ends where a script without spaces begins or ends. Inside a run of Thai, Lao,
Khmer, Burmese, Chinese or Japanese, words are those of ICU's dictionaries (UAX #29 word boundaries). Any other
visible character is a token, or part of a token of equal characters (`...`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.text.buffers import Longs, Strings, int_lists, string_buffers
from weft.text.decode import code_point, look_up
from weft.text.jit import I32, I64, I64_IN, U8, U8_IN, U16_IN, kernel, part, types
from weft.text.unicode import EAST, JOINER, LETTER, MARK, NUMBER, SOUTH_EAST, SPACE, tables

_WORD = LETTER | MARK | NUMBER
_DENSE = SOUTH_EAST | EAST


@part
def _joins(data: Any, at: int, stop: int, index: Any, blocks: Any) -> bool:
    """Whether the character at `at` is followed by a letter of a spaced script."""
    if at >= stop:
        return False
    point, _ = code_point(data, at)
    bits = look_up(index, blocks, point)
    return bool((bits & (LETTER | MARK)) != 0 and (bits & _DENSE) == 0)


@kernel(types.void(U8_IN, I64_IN, U16_IN, U8_IN, U8))
def _find_dense(data: Any, offsets: Any, index: Any, blocks: Any, dense: Any) -> None:
    """dense[i] = 1 where document i has a letter of a script without spaces."""
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        while at < stop:
            if data[at] < 0xE0:  # every such script lies above U+0E00: three bytes or more
                at += 1 if data[at] < 0xC0 else 2
                continue
            point, size = code_point(data, at)
            if look_up(index, blocks, point) & _DENSE:
                dense[row] = 1
                break
            at += size


@kernel(types.int64(U8_IN, I64_IN, U16_IN, U8_IN, I64_IN, I64_IN, types.boolean, I32, I64))
def _tokens(
    data: Any,
    offsets: Any,
    index: Any,
    blocks: Any,
    breaks: Any,
    break_offsets: Any,
    write: bool,
    out: Any,
    out_offsets: Any,
) -> int:
    """Token starts and ends, in bytes from the start of the document; with `write` false, only their number.

    `breaks` holds, per document, ICU's boundaries in UTF-16 units, ascending.
    """
    count = 0
    for row in range(len(offsets) - 1):
        base, stop = offsets[row], offsets[row + 1]
        at = base
        number = 0  # UTF-16 units passed, in which ICU counts
        edge, last_edge = break_offsets[row], break_offsets[row + 1]
        if write:
            out_offsets[row] = count
        while at < stop:
            point, size = code_point(data, at)
            bits = look_up(index, blocks, point)
            if bits & SPACE:
                at += size
                number += 1 + (size == 4)
                continue
            start = at
            at += size
            number += 1 + (size == 4)
            if bits & _DENSE:
                while edge < last_edge and breaks[edge] < number:
                    edge += 1
                while at < stop:
                    after, size = code_point(data, at)
                    other = look_up(index, blocks, after)
                    if not (other & _DENSE or (other & JOINER and after >= 0x200C)):
                        break
                    if edge < last_edge and breaks[edge] == number:
                        break
                    at += size
                    number += 1 + (size == 4)
                    while edge < last_edge and breaks[edge] < number:
                        edge += 1
            elif bits & _WORD:
                while at < stop:
                    after, size = code_point(data, at)
                    other = look_up(index, blocks, after)
                    inside = (other & _WORD) != 0 and (other & _DENSE) == 0
                    if not inside and other & JOINER:
                        inside = _joins(data, at + size, stop, index, blocks)
                    if not inside:
                        break
                    at += size
                    number += 1 + (size == 4)
            else:
                while at < stop:
                    after, size = code_point(data, at)
                    if after != point:
                        break
                    at += size
                    number += 1 + (size == 4)
            if write:
                out[2 * count] = start - base
                out[2 * count + 1] = at - base
            count += 1
    if write:
        out_offsets[len(offsets) - 1] = count
    return count


def _icu_breaks(strings: Strings, dense: npt.NDArray[np.uint8]) -> tuple[Longs, Longs]:
    """ICU's word boundaries of the documents that need them, in UTF-16 units."""
    offsets = np.zeros(len(dense) + 1, np.int64)
    rows = np.flatnonzero(dense)
    if not len(rows):
        return np.empty(0, np.int64), offsets
    from icu4py.breakers import WordBreaker

    found = []
    for row in rows:  # ICU wants a Python string: once per document, and only for these scripts
        text = bytes(strings.data[strings.offsets[row] : strings.offsets[row + 1]]).decode("utf-8")
        pairs = np.fromiter((end for _, end in WordBreaker(text, "en").segments()), np.int64)
        found.append(pairs)
        offsets[row + 1] = len(pairs)
    return np.concatenate(found), np.cumsum(offsets)


def token_arrays(strings: Strings) -> tuple[npt.NDArray[np.int32], Longs]:
    """Flat starts and ends of tokens (bytes from the start of each document), and token offsets by document."""
    flags = tables().flags
    dense = np.zeros(len(strings.offsets) - 1, np.uint8)
    _find_dense(strings.data, strings.offsets, flags.stage, flags.blocks, dense)
    breaks, break_offsets = _icu_breaks(strings, dense)
    given = (strings.data, strings.offsets, flags.stage, flags.blocks, breaks, break_offsets)
    size = _tokens(*given, False, np.empty(0, np.int32), np.empty(0, np.int64))
    out = np.empty(2 * size, np.int32)
    offsets = np.empty(len(strings.offsets), np.int64)
    _tokens(*given, True, out, offsets)
    return out, offsets


def tokenize(column: Any) -> pa.Array:
    """Tokens of a string column as list<int32>: start and end of each, in bytes of its document's UTF-8."""
    strings = string_buffers(column)
    values, offsets = token_arrays(strings)
    return int_lists(values, offsets * 2)
