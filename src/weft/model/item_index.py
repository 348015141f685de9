"""What is sought of evaluation items, and what cannot be: too short, or made of what is common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.text.buffers import Longs, string_buffers

if TYPE_CHECKING:  # kernels are imported when an index is made
    from weft.text.align import Known
    from weft.text.seeds import Index, Width

CHARS_OF_A_WORD = 3
"""Characters that count as a word where words are not spaced, in the length of an item."""
_MOST_TEXTS = 64
"""Texts of items in which an n-gram may occur, whatever their ids: work for one n-gram is bounded."""
_SHARE = 6
"""An edited item still holds a sixth of its n-grams; of 20 words, five that stand apart may be other ones."""
SOUGHT, SHORT, COMMON = "sought", "too short", "too common"


@dataclass(frozen=True)
class Limits:
    """How items are sought: words and characters of n-grams, words that an item has at least, and in how many items or
    background documents an n-gram may occur that counts as distinctive."""

    words: int = 3
    chars: int = 8
    min_words: int = 5
    common: int = 5


@dataclass(frozen=True)
class ItemIndex:
    """Items by their number, and the distinct texts among them that are sought.

    `items` has benchmark, item, id, text and status: sought, too short, too common.
    `members[starts[t]:starts[t + 1]]` are the items of text t.
    """

    items: pl.DataFrame
    known: Known
    index: Index
    width: Width
    slack: npt.NDArray[np.int32]
    least: npt.NDArray[np.int32]
    letters: Longs
    rare: Longs
    members: Longs
    starts: Longs

    def counts(self) -> pl.DataFrame:
        """benchmark, items, sought, too_short, too_common: of every benchmark, by name."""
        status = {"sought": SOUGHT, "too_short": SHORT, "too_common": COMMON}
        sums = [(pl.col("status") == value).sum().cast(pl.Int64).alias(name) for name, value in status.items()]
        return self.items.group_by("benchmark").agg(pl.len().cast(pl.Int64).alias("items"), *sums).sort("benchmark")


def make(items: pl.DataFrame, limits: Limits, background: Iterable[pa.Array] = ()) -> ItemIndex:
    """The index of items (benchmark, item, id, text), without n-grams that are common in them or in `background`."""
    from weft.text.align import Known, slack_of
    from weft.text.seeds import Width, grams, make_index, rows_with
    from weft.text.units import units

    width = Width(limits.words, limits.chars)
    texts = pc.utf8_normalize(items["text"].to_arrow().cast(pa.large_string()), "NFC")
    starts, places, letters, hashes = units(string_buffers(texts))
    long = _length(starts, letters) >= limits.min_words * CHARS_OF_A_WORD
    text_of, first = _distinct(starts, hashes, np.flatnonzero(long))
    # An item in several languages or columns has one id, and is one item in the count of what is common.
    ids = items["id"].rank("dense").to_numpy().astype(np.int64)
    held = string_buffers(texts.take(pa.array(first)))
    seeds, text, place = grams(held, width)
    index, distinct = make_index(seeds, text, place)
    common = _common(index, ids[first], limits.common)
    for part in background:
        common += rows_with(string_buffers(pc.utf8_normalize(part, "NFC")), index, width)
    keep = distinct[common <= limits.common]
    rare = np.isin(seeds, keep)
    index, _ = make_index(seeds[rare], text[rare], place[rare])
    number = np.bincount(index.text, minlength=len(first))
    starts, places, letters, hashes = units(held)
    weights = np.abs(letters)
    marked = _covered(starts, letters, text[rare], place[rare], width)
    known = Known(held.data, starts, places.ravel(), hashes, weights, np.where(marked, weights, 0).astype(np.int32))
    members, bounds = _members(text_of, len(first))
    sought = number > 0
    status = np.full(items.height, SHORT, object)
    long_enough = np.bincount(text, minlength=len(first)) > 0  # for an n-gram: `words` may be more than `min_words`
    told = np.where(sought, SOUGHT, np.where(long_enough, COMMON, SHORT)).astype(object)
    status[text_of >= 0] = told[text_of[text_of >= 0]]
    return ItemIndex(
        items=items.with_columns(pl.Series("status", status.tolist(), dtype=pl.String)),
        known=known,
        index=index,
        width=width,
        slack=slack_of(np.diff(starts)),
        least=np.maximum(1, number // _SHARE).astype(np.int32),
        letters=_sums(known.letters, starts),
        rare=_sums(known.rare, starts),
        members=members,
        starts=bounds,
    )


def _sums(values: npt.NDArray[np.int32], starts: Longs) -> Longs:
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return np.asarray(total[starts[1:]] - total[starts[:-1]])


def _length(starts: Longs, letters: npt.NDArray[np.int32]) -> Longs:
    """Length of texts in thirds of a word."""
    return _sums(np.where(letters < 0, 1, CHARS_OF_A_WORD).astype(np.int32), starts)


def _distinct(starts: Longs, hashes: npt.NDArray[np.uint64], rows: Longs) -> tuple[Longs, Longs]:
    """For every item the number of its text, -1 where it is not among `rows`; and the first item of each text."""
    prime, other = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
    place = (np.arange(len(hashes)) - np.repeat(starts[:-1], np.diff(starts))).astype(np.uint64)
    mixed = hashes * (prime * (np.uint64(2) * place + np.uint64(1)))
    mixed ^= mixed >> np.uint64(32)
    pairs = []
    for factor in (prime, other):
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * factor ^ (mixed >> np.uint64(29)))])
        pairs.append(total[starts[1:]] - total[starts[:-1]])
    keys = pl.DataFrame({"row": rows, "a": pairs[0][rows], "b": pairs[1][rows], "size": np.diff(starts)[rows]})
    keys = keys.with_columns(pl.col("row").min().over("a", "b", "size").alias("first"))
    first, number = np.unique(keys["first"].to_numpy(), return_inverse=True)
    found = np.full(len(starts) - 1, -1, np.int64)
    found[rows] = number
    return found, np.asarray(first, np.int64)


def _common(index: Index, ids: Longs, limit: int) -> Longs:
    """In how many items each n-gram occurs: those with one id count once."""
    gram = np.repeat(np.arange(len(index.starts) - 1), np.diff(index.starts))
    pairs = pl.DataFrame({"gram": gram, "id": ids[index.text]})
    counted = pairs.group_by("gram").agg(pl.col("id").n_unique(), pl.len()).sort("gram")
    many = counted["len"].to_numpy() > _MOST_TEXTS
    return np.where(many, limit + 1, counted["id"].to_numpy().astype(np.int64)).astype(np.int64)


def _covered(
    starts: Longs,
    letters: npt.NDArray[np.int32],
    text: npt.NDArray[np.int32],
    place: npt.NDArray[np.int32],
    width: Width,
) -> npt.NDArray[np.bool_]:
    """Which units lie in one of the given n-grams."""
    last = starts[text] + place
    size = np.where(letters[last] < 0, width.chars, width.words)
    change = np.zeros(len(letters) + 1, np.int64)
    np.add.at(change, last - size + 1, 1)
    np.add.at(change, last + 1, -1)
    return np.asarray(np.cumsum(change)[:-1] > 0)


def _members(text_of: Longs, texts: int) -> tuple[Longs, Longs]:
    rows = np.flatnonzero(text_of >= 0)
    order = rows[np.argsort(text_of[rows], kind="stable")]
    return order, np.concatenate([[0], np.cumsum(np.bincount(text_of[rows], minlength=texts))]).astype(np.int64)
