"""The passages of documents that earlier ones hold, compared character by character."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.model.tables import SUBSTRINGS

if TYPE_CHECKING:
    from weft.text.buffers import Longs
    from weft.text.passages import Stream

FOUND = {
    "row": pl.Int64,
    "begin": pl.Int64,
    "end": pl.Int64,
    "order": pl.UInt64,
    "id": pl.String,
    "at": pl.Int64,
}
"""A passage: row of the later document, begin and end in it, rank and id of the earlier one, begin in that."""

_NOTHING = 0xFFFFFFFF
"""Stands for a character that is gone: it is none, so none is equal."""


class Least(NamedTuple):
    """How long a passage is at least: in words where there are spaces, in characters elsewhere."""

    words: int
    chars: int


def passages(pairs: pl.DataFrame, earlier: pa.Table, later: pa.Table, least: Least) -> pl.DataFrame:
    """FOUND rows for `pairs` (`a`, `at_a`, `order_a`, `b`, `at_b`, `row_b`): `a`, `b` are rows of the two tables.

    Both tables have `text`, `earlier` has `id`; places are among the characters that count. Where `earlier` has
    `gone` (lists of `begin`, `end`), those of its characters agree with nothing.
    """
    from weft.text.buffers import string_buffers
    from weft.text.passages import agreements, stream_of

    pairs = pairs.unique(["a", "at_a", "b", "at_b"]).sort("b", "a", pl.col("at_b") - pl.col("at_a"), "at_b")
    first, second = stream_of(string_buffers(earlier["text"])), stream_of(string_buffers(later["text"]))
    if "gone" in earlier.column_names:
        first.points[_within(first, earlier["gone"])] = _NOTHING
    columns = tuple(pairs[name].cast(pl.Int32).to_numpy() for name in ("a", "at_a", "b", "at_b"))
    number, begin, end, origin = agreements(first, second, columns, least.chars, least.words)  # type: ignore[arg-type]
    hit = pairs[number]
    a, b = first.offsets[hit["a"].to_numpy()], second.offsets[hit["b"].to_numpy()]
    found = {
        "row": hit["row_b"],
        "begin": second.places[b + begin].astype(np.int64),
        "end": second.places[b + end - 1].astype(np.int64) + 1,
        "order": hit["order_a"],
        "id": pl.Series(pl.from_arrow(earlier["id"]), dtype=pl.String).gather(hit["a"]),
        "at": first.places[a + origin].astype(np.int64),
    }
    return pl.DataFrame(found).cast(FOUND)  # type: ignore[arg-type]


def _within(stream: Stream, gone: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Whether each character that counts lies in a span of its text."""
    spans = flat_spans(gone)
    begin, end = _places(spans)
    row = np.repeat(np.arange(len(stream.offsets) - 1, dtype=np.int64), np.diff(stream.offsets))
    place = row << 32 | stream.places
    before = np.searchsorted(begin, place, side="right") - 1
    return (before >= 0) & (place < np.append(end, 0)[before])


def _places(spans: pl.DataFrame) -> tuple[Longs, Longs]:
    """`begin` and `end` as places that those of all rows share."""
    row = spans["row"].to_numpy() << 32
    return row | spans["begin"].to_numpy(), row | spans["end"].to_numpy()


def flat_spans(lists: pa.ChunkedArray | pa.Array) -> pl.DataFrame:
    """`row`, `begin`, `end` of all spans of a column of lists, in order."""
    frame = pl.DataFrame({"spans": pl.from_arrow(lists)}).with_row_index("row").filter(pl.col("spans").list.len() > 0)
    return frame.explode("spans").unnest("spans").select(pl.col("row", "begin", "end").cast(pl.Int64))


def within(found: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The parts of FOUND rows that lie in `spans` (`row`, `begin`, `end`; in order, those of a row apart)."""
    (low, high), (begin, end) = _places(spans), _places(found)
    first, stop = np.searchsorted(high, begin, side="right"), np.searchsorted(low, end, side="left")
    count = np.maximum(stop - first, 0)
    number = np.repeat(np.arange(len(count)), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    parts = found[number].with_columns(
        spans["begin"].gather(place).alias("low"), spans["end"].gather(place).alias("high")
    )
    start = pl.max_horizontal("begin", "low")
    parts = parts.with_columns((pl.col("at") + start - pl.col("begin")).alias("at"), start.alias("begin"))
    return parts.with_columns(pl.min_horizontal("end", "high").alias("end")).select(list(FOUND))


def substring_label(found: pl.DataFrame, text: pa.Array) -> pa.Array:
    """SUBSTRINGS of each text, from FOUND rows whose `row` counts from 0: spans in order that do not overlap.

    Where passages overlap, the one that begins first counts whole, of these the longest, then that of the earliest
    document; of the next only what it adds.
    """
    rows = len(text)
    spans = found.sort("row", "begin", "end", "order", "id", "at", descending=[False, False, True, False, False, False])
    reach = pl.col("end").cum_max().shift(1).over("row").fill_null(0)
    # What lies before the reach of earlier spans is theirs: the rest begins there, and `at` moves along.
    spans = spans.with_columns(reach.alias("reach")).filter(pl.col("end") > pl.col("reach"))
    start = pl.max_horizontal("begin", "reach")
    spans = spans.with_columns(start.alias("start"), (pl.col("at") + start - pl.col("begin")).alias("from"))
    row = spans["row"].to_numpy()
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int32)
    size = (spans["end"] - spans["start"]).to_numpy()
    cut = np.bincount(row, size, rows).astype(np.int64)
    chars = pl.DataFrame({"text": pl.from_arrow(text)})["text"].str.len_chars().fill_null(0).to_numpy()
    fields = SUBSTRINGS.field("spans").type.value_type
    parts = [spans["start"].to_arrow(), spans["end"].to_arrow(), pa.array(spans["id"].to_list(), pa.string())]
    items = pa.StructArray.from_arrays([*parts, spans["from"].to_arrow()], fields=list(fields))
    share = (cut / np.maximum(chars.astype(np.float64), 1)).astype(np.float32)
    columns = [pa.ListArray.from_arrays(pa.array(offsets), items), pa.array(cut), pa.array(share)]
    return pa.StructArray.from_arrays(columns, fields=list(SUBSTRINGS), mask=text.is_null())
