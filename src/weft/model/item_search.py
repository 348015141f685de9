"""Which evaluation items stand in documents, and where."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft.model.item_index import ItemIndex
from weft.text.buffers import large, string_buffers

VERBATIM, NEAR = "verbatim", "near"


class Found(NamedTuple):
    """A text of the index in a document: characters `start` to `end` of row `row` hold `share` of its letters."""

    row: int
    text: int
    start: int
    end: int
    verbatim: bool
    share: float


def find(index: ItemIndex, texts: Any, near: float) -> list[Found]:
    """What documents (a string column) hold of the items, by row and place.

    Verbatim: every unit of the item, one after the other. Near: at least `near` of its letters, and of those in
    distinctive n-grams, in order. Of several items at one place (over half of the longer) the best one.
    """
    from weft.text.align import align
    from weft.text.normal import maybe_not_nfc
    from weft.text.seeds import gathered, search

    given = large(texts)
    strings = string_buffers(given)
    loose = maybe_not_nfc(strings)
    held = given
    if loose.any():
        mask = pa.array(loose)
        held = pc.replace_with_mask(given, mask, pc.utf8_normalize(given.filter(mask), "NFC"))
        strings = string_buffers(held)
    pair, shift = search(strings, index.index, index.width, index.least)
    candidates = gathered(pair, shift, index.slack, index.least)
    measured = align(strings, index.known, candidates, index.slack)
    text = candidates[:, 1]
    letters, rare = index.letters[text], index.rare[text]
    good = (measured[:, 2] >= near * letters) & (measured[:, 3] >= near * rare) & (measured[:, 2] > 0)
    made = [
        Found(row, of, start, end, share >= whole and units == all_units, share / whole)
        for (row, of), (start, end, share, units, all_units), whole in zip(
            candidates[good, :2].tolist(),
            measured[good][:, [0, 1, 2, 4, 5]].tolist(),
            letters[good].tolist(),
            strict=True,
        )
    ]
    return [_placed(found, given, loose) for found in _best(made)]


def _best(found: list[Found]) -> Iterator[Found]:
    """Of each place the item that it holds most of."""
    for _, same in groupby(found, key=lambda one: one.row):
        kept: list[Found] = []
        starts: list[int] = []
        told: set[int] = set()
        for one in sorted(same, key=lambda one: (-one.verbatim, -one.share, one.start - one.end, one.text)):
            # What shares over half of the longer one begins less than its length away.
            size = one.end - one.start
            near = slice(bisect_left(starts, one.start - 2 * size), bisect_right(starts, one.end))
            if one.text not in told and not any(_over(one, other) for other in kept[near]):
                told.add(one.text)
                at = bisect_right(starts, one.start)
                starts.insert(at, one.start)
                kept.insert(at, one)
        yield from kept


def _over(one: Found, other: Found) -> bool:
    common = min(one.end, other.end) - max(one.start, other.start)
    return 2 * common > max(one.end - one.start, other.end - other.start)


def _placed(found: Found, given: pa.Array, loose: np.ndarray[Any, np.dtype[np.bool_]]) -> Found:
    """The span in the document as it is given, where it is not in NFC."""
    if not loose[found.row]:
        return found
    text = given[found.row].as_py()
    start, end = _before(text, found.start), _before(text, found.end)
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return found._replace(start=start, end=end)


def _before(text: str, place: int) -> int:
    """The number of characters of a text whose NFC form has `place` characters; the fewest."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        if len(unicodedata.normalize("NFC", text[:middle])) < place:
            low = middle + 1
        else:
            high = middle
    return low
