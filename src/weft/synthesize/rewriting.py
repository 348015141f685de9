"""Texts with some of their pieces replaced, and where the new pieces stand in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.text.buffers import Bytes, Longs, Strings


class Pieces(NamedTuple):
    """Replacements: in new text `number[k]` (ascending), `data[begin[k]:end[k]]` becomes `pool[first[k]:last[k]]`."""

    number: npt.NDArray[np.int64]
    begin: Longs
    end: Longs
    first: Longs
    last: Longs

    def kept(self, chosen: npt.NDArray[np.bool_]) -> Pieces:
        return Pieces(*(held[chosen] for held in self))


class Rewritten(NamedTuple):
    """New texts; those of text `n` have the replacements from `starts[n]` to `starts[n + 1]`.

    `begin` and `end` are the characters of the new text at which a replacement stands.
    """

    texts: list[str]
    starts: Longs
    begin: Longs
    end: Longs

    def spans(self, number: int) -> list[tuple[int, int]]:
        """First and last (exclusive) characters of the replacements of a text."""
        low, high = self.starts[number], self.starts[number + 1]
        return list(zip(self.begin[low:high].tolist(), self.end[low:high].tolist(), strict=True))


def rewritten(strings: Strings, of: Longs, pieces: Pieces, pool: Bytes) -> Rewritten:
    """New text `n` is text `of[n]` with its pieces replaced."""
    from weft.text.buffers import large_strings
    from weft.text.replaced import Edits, spliced
    from weft.text.words import characters_before

    starts = np.searchsorted(pieces.number, np.arange(len(of) + 1)).astype(np.int64)
    edits = Edits(np.asarray(of, np.int64), starts, pieces.begin, pieces.end, pieces.first, pieces.last)
    data, offsets, places = spliced(strings, edits, pool)
    texts = large_strings(data, offsets)
    made = Strings(np.append(data, np.zeros(3, np.uint8)), offsets, np.ones(len(of), np.uint8))
    row = np.ascontiguousarray(np.repeat(pieces.number, 2), np.int32)
    both = np.stack([places, places + pieces.last - pieces.first], axis=1).reshape(-1)
    counted = characters_before(made, row, np.ascontiguousarray(both, np.int64)).reshape(-1, 2)
    return Rewritten(texts.to_pylist(), starts, counted[:, 0], counted[:, 1])


def strings_of(texts: list[str]) -> Strings:
    """Python strings as kernels read them; lone surrogates become question marks."""
    from weft.text.buffers import string_buffers

    raw = [text.encode("utf-8", "replace") for text in texts]
    return string_buffers(pa.array(raw, pa.large_binary()))


def first_of_each(
    group: npt.NDArray[np.int64], order_by: npt.NDArray[np.uint64], wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Places of the `wanted[g]` items of each group `g` with the lowest `order_by`, in their given order."""
    order = np.lexsort((order_by, group))
    counts = np.bincount(group, minlength=len(wanted))
    rank = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[rank < np.repeat(wanted, counts)])
