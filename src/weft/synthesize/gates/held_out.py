"""Evaluation items that no record may hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.model.evaluation_items import Fields, read_items
from weft.model.item_index import ItemIndex, Limits, make
from weft.model.item_search import find
from weft.text.buffers import string_buffers
from weft.text.columns import readable
from weft.text.seeds import Width, grams

WORDS, CHARACTERS = 13, 50
"""Words one after the other, or such characters where words are not spaced, that are of an item when it has them."""
_MOST = 1 << 20


@dataclass(frozen=True)
class HeldOut:
    """Items as an index in which they are sought whole, and the sorted hashes of their longest n-grams."""

    index: ItemIndex
    grams: npt.NDArray[np.uint64]

    @property
    def items(self) -> int:
        """How many items the files hold."""
        return int(self.index.items.height)


def read(paths: Sequence[str | Path], text: Sequence[str] = ("text",)) -> HeldOut:
    """Items in the columns `text` of files as `deduplicate.contamination` reads them. Raises WeftError like it."""
    items = read_items(list(paths), Fields(tuple(text)))
    held = string_buffers(readable(items["text"].to_arrow(), _MOST))
    hashes, _, _ = grams(held, Width(WORDS, CHARACTERS))
    return HeldOut(make(items, Limits()), np.unique(hashes))


def contained(held: HeldOut, frame: pl.DataFrame, near: float) -> pl.DataFrame:
    """`share` and `item` of each text: how much of an item it holds, and which; null where it holds none.

    Whole items are sought as `deduplicate.contamination` does. A run of WORDS words or CHARACTERS characters of an item
    counts as 1, and the item is not named.
    """
    texts = readable(frame["text"].to_arrow(), _MOST)
    best: dict[int, tuple[float, str]] = {}
    for found in find(held.index, texts, near):
        first = held.index.members[held.index.starts[found.text]]
        item = held.index.items.row(int(first), named=True)
        if found.share > best.get(found.row, (0.0, ""))[0]:
            best[found.row] = (found.share, f"{item['benchmark']}:{item['item']}")
    share: Any = np.full(frame.height, np.nan)
    named: list[str | None] = [None] * frame.height
    hashes, row, _ = grams(string_buffers(texts), Width(WORDS, CHARACTERS))
    place = np.minimum(np.searchsorted(held.grams, hashes), max(len(held.grams) - 1, 0))
    if len(held.grams) and len(hashes):
        share[np.unique(row[held.grams[place] == hashes])] = 1.0
    for at, (value, item_name) in best.items():
        share[at], named[at] = value, item_name
    return pl.DataFrame({"share": pl.Series(share).fill_nan(None), "item": pl.Series(named, dtype=pl.String)})
