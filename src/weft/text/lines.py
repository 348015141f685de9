"""Lines of documents: where they stand, their folded hashes, how much they hold, and how they end.

A line ends with a line feed; a carriage return before it is white space. Hashes are those of `folded`: case and white
space do not count, so the same line is known whatever its indentation and line ends.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item
from weft.text.folded import folded_hashes
from weft.text.jit import I32, I64, I64_IN, U8, U8_IN, U32_IN, kernel, part, types
from weft.text.unicode import EAST, LETTER, MARK, NUMBER, SPACE, TERMINAL, characters

SENTENCE, PUNCTUATED = 1, 2
"""Bits of `form`: the line ends with a sentence mark; with any mark that is no letter, digit or accent."""
_WORD = LETTER | MARK | NUMBER
_EAST_WEIGHT = 3
_SHORT = 20
"""Letters up to which a line with digits is one of its kind: longer ones say something of their own."""
_CLOSING = tuple(ord(c) for c in "\"')]}»”’›」』）】》")


class Lines(NamedTuple):
    """Lines of a batch that are not blank, in text order; all arrays have one item for each.

    `begin` and `end` are characters of the text, white space at both ends left out. `weight` is the number of letters,
    marks and digits, an East Asian one as three. `place` counts the lines of a document from 0, `paragraph` its runs
    of lines without a blank one between them. `numbered` is the hash of a short line with digits as if all digits were
    one, and 0 for other lines: dates, prices and counters of one kind have the same.
    """

    row: npt.NDArray[np.int32]
    begin: Longs
    end: Longs
    place: npt.NDArray[np.int32]
    paragraph: npt.NDArray[np.int32]
    weight: npt.NDArray[np.int32]
    form: npt.NDArray[np.uint8]
    hash: npt.NDArray[np.uint64]
    numbered: npt.NDArray[np.uint64]


@part
def _form(last: int, flags: int, before: int, before_flags: int) -> int:
    """`form` of a line whose last character is `last`; of a closing quote, the one before it counts."""
    if last in _CLOSING:
        last, flags = before, before_flags
    if flags & TERMINAL:
        return SENTENCE | PUNCTUATED
    return 0 if flags & _WORD or last < 0 else PUNCTUATED


@kernel(types.int64(U8_IN, I64_IN, U32_IN, I64, I32, I64, I64, I32, I32, I32, U8))
def _lines(
    data: Any,
    offsets: Any,
    characters: Any,
    starts: Any,
    row: Any,
    begin: Any,
    end: Any,
    place: Any,
    paragraph: Any,
    weight: Any,
    form: Any,
) -> int:
    """All lines, blank ones too (their `weight` is -1), and in `starts` the bytes where they begin; their number."""
    size = 0
    for document in range(len(offsets) - 1):
        at, stop = offsets[document], offsets[document + 1]
        chars, held, part, apart = 0, 0, 0, False
        while at < stop:
            starts[size], row[size] = at, document
            first, last, weighed, open_line = -1, 0, 0, True
            point, flags, before, before_flags = -1, 0, -1, 0
            while at < stop and open_line:
                now, width = code_point(data, at)
                bits: Any = np.int64(item(characters, now) >> 24)
                at += width
                chars += 1
                open_line = now != 10
                if bits & SPACE == 0:
                    if first < 0:
                        first = chars - 1
                    last = chars
                    before, before_flags, point, flags = point, flags, now, bits
                    if bits & _WORD:
                        weighed += _EAST_WEIGHT if bits & EAST else 1
            if first < 0:
                weight[size], apart = -1, held > 0
            else:
                part += apart
                apart = False
                begin[size], end[size], place[size], paragraph[size] = first, last, held, part
                weight[size], form[size] = weighed, _form(point, flags, before, before_flags)
                held += 1
            size += 1
    return size


def line_table(strings: Strings) -> Lines:
    """The lines of all texts that are not blank; the memory is some 50 bytes for each line."""
    most = int(np.count_nonzero(strings.data == 10)) + len(strings.offsets)
    starts, begin, end = (np.zeros(most, np.int64) for _ in range(3))
    row, place, paragraph, weight = (np.zeros(most, np.int32) for _ in range(4))
    form = np.zeros(most, np.uint8)
    size = _lines(strings.data, strings.offsets, characters(), starts, row, begin, end, place, paragraph, weight, form)
    # Lines lie end to end, and line feeds are white space at their ends: the hashes of texts are those of lines.
    bounds = np.append(starts[:size], strings.offsets[-1])
    texts = Strings(strings.data, bounds, np.ones(size, np.uint8))
    hashes, alike = folded_hashes(texts)[0], folded_hashes(texts, numbers_alike=True)[0]
    numbered = np.where((hashes != alike) & (weight[:size] <= _SHORT), alike, np.uint64(0))
    held = np.flatnonzero(weight[:size] >= 0)
    return Lines(
        row[held],
        begin[held],
        end[held],
        place[held],
        paragraph[held],
        weight[held],
        form[held],
        hashes[held],
        numbered[held],
    )
