"""Sentences of a text, as ICU has them: UAX #29 sentence boundaries, the same for all languages.

A sentence also ends with its line. ICU's rules end one at full stops, question and exclamation marks of all scripts;
Thai and Lao write none, so that a sentence of theirs is as long as its line. An abbreviation before a capital letter
ends one too (`Dr. Smith`): UAX #29 has no lists of abbreviations.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from weft.text.buffers import Longs, combined, int_lists

_LINE_END = re.compile(r"[\n\v\f\r\x85\u2028\u2029]")


def sentence_bounds(text: str) -> Longs:
    """Where the sentences of a text begin and end, in characters: a flat run of pairs, in order, without overlap.

    White space at both ends is left out, and so is a sentence of which nothing else is left.
    """
    from icu4py.breakers import SentenceBreaker

    found = np.fromiter((end for _, end in SentenceBreaker(text, "en").segments()), np.int64)
    if not len(found):
        return np.empty(0, np.int64)
    if len(text) != found[-1]:  # ICU counts units of UTF-16
        found = np.searchsorted(_units(text), found)
    # UAX #29 keeps vertical tabs and form feeds within a sentence, where white space is what divides lines.
    ends = np.array([match.end() for match in _LINE_END.finditer(text)], np.int64)
    found = np.union1d(found, ends)
    pairs: list[int] = []
    begin = 0
    for end in found.tolist():
        held = text[begin:end]
        shown = held.strip()
        if shown:
            first = begin + len(held) - len(held.lstrip())
            pairs += (first, first + len(shown))
        begin = end
    return np.array(pairs, np.int64)


def _units(text: str) -> Longs:
    """How many units of UTF-16 stand before each character, and before the end."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.cumsum(np.concatenate([[0], 1 + (points > 0xFFFF)]), dtype=np.int64)


def sentences(column: Any) -> pa.Array:
    """Sentences of a string column as list<int32>: begin and end of each, in characters of its document.

    Null where the text is null. A Python string is made of each text, as ICU wants one.
    """
    texts = combined(column)
    found = [np.empty(0, np.int64) if text is None else sentence_bounds(text) for text in texts.to_pylist()]
    offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
    values = np.concatenate(found).astype(np.int32) if found else np.empty(0, np.int32)
    made = int_lists(values, offsets)
    valid = texts.is_valid()
    return (
        pa.ListArray.from_arrays(made.offsets, made.values, mask=pa.compute.invert(valid)) if texts.null_count else made
    )
