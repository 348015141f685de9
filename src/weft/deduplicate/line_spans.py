"""The boilerplate of each document as spans of its text."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.model.tables import LINES
from weft.operators.contract import BatchFunction, operator

LEARNT = pa.struct(
    {
        "of": pa.int32(),
        "lines": pa.list_(pa.struct({"line": pa.uint64(), "pages": pa.int32(), "keeper": pa.int64()})),
    }
)
"""What `deduplicate.lines` learnt of a document's site; as a dictionary, a site's list is held once."""


@operator("deduplicate.line_spans", version=3, reads=("id", "text", "learnt"), writes={"lines": LINES})
def line_spans() -> BatchFunction:
    """Lines, and paragraphs of several lines, that are boilerplate of the document's site. Null for null text.

    A line is known by its text, a short one with digits also without them. It is not boilerplate on the page that keeps
    it.
    """
    from weft.text.buffers import string_buffers

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        place, of, learnt = _sites(batch["learnt"])
        cut = _cut_lines(batch, string_buffers(text), place, learnt)
        size = pl.DataFrame({"text": pl.from_arrow(text)})["text"].str.len_chars()
        return batch.append_column("lines", _struct(_paragraphs(cut), of, size, text))

    return label


def _sites(column: Any) -> tuple[np.ndarray[Any, Any], pa.Array, pl.DataFrame]:
    """Number of each document's entry in the dictionary, its pages, and all learnt lines with their entry."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        place, held = array.indices.to_numpy(), array.dictionary.cast(LEARNT)
    else:
        place, held = np.arange(len(array)), array.cast(LEARNT)
    lists = pl.DataFrame({"learnt": pl.from_arrow(held)}).unnest("learnt").with_row_index("entry")
    rows = lists.select(pl.col("entry").cast(pl.Int64), "lines").filter(pl.col("lines").list.len() > 0)
    known = rows.explode("lines").unnest("lines")
    return place, held.field("of").take(pa.array(place)), known.with_columns(pl.lit(True).alias("cut"))


def _cut_lines(batch: pa.Table, strings: Any, place: Any, learnt: pl.DataFrame) -> pl.DataFrame:
    """Every line with `cut`: whether it is boilerplate and another page keeps it, if one does."""
    from weft.deduplicate.site import page_numbers
    from weft.text.lines import line_table

    found = line_table(strings)
    lines = pl.DataFrame(
        {
            "row": found.row,
            "begin": found.begin,
            "end": found.end,
            "paragraph": found.paragraph,
            "entry": place[found.row].astype(np.int64),
            "line": found.hash,
            "numbered": found.numbered,
            "page": page_numbers(batch["id"])[found.row],
        }
    )
    lines = lines.join(learnt, on=["entry", "line"], how="left", maintain_order="left")
    alike = learnt.select("entry", pl.col("line").alias("numbered"), pl.col("pages").alias("alike"))
    lines = lines.join(alike, on=["entry", "numbered"], how="left", maintain_order="left")
    kept = (pl.col("page") == pl.col("keeper")).fill_null(False)
    cut = (pl.col("cut").fill_null(False) | pl.col("alike").is_not_null()) & ~kept
    return lines.with_columns(cut=cut, pages=pl.coalesce("pages", "alike"))


def _paragraphs(lines: pl.DataFrame) -> pl.DataFrame:
    """One span for each cut line, or for a paragraph of which every line is cut."""
    whole = pl.col("cut").all().over("row", "paragraph") & (pl.len().over("row", "paragraph") > 1)
    part = pl.when(whole).then(0).otherwise(pl.int_range(pl.len()).over("row", "paragraph") + 1)
    spans = lines.with_columns(whole.alias("whole"), part.alias("part")).filter("cut")
    spans = spans.group_by("row", "paragraph", "part").agg(
        pl.col("begin").min(), pl.col("end").max(), pl.col("pages").min(), pl.col("whole").first()
    )
    kind = pl.when("whole").then(pl.lit("paragraph")).otherwise(pl.lit("line"))
    return spans.sort("row", "begin").with_columns(kind.alias("kind"))


def _struct(spans: pl.DataFrame, of: pa.Array, size: pl.Series, text: pa.Array) -> pa.Array:
    row, rows = spans["row"].to_numpy(), len(text)
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int32)
    of_pages = np.asarray(of.fill_null(0).to_numpy(zero_copy_only=False), np.int32)
    share = spans["pages"].to_numpy() / np.maximum(of_pages[row], 1)
    fields = LINES.field("spans").type.value_type
    parts = [spans["begin"].to_numpy(), spans["end"].to_numpy(), pa.array(spans["kind"].to_list(), pa.string())]
    parts += [spans["pages"].to_numpy().astype(np.int32), share.astype(np.float32)]
    items = pa.StructArray.from_arrays([pa.array(part) for part in parts], fields=list(fields))
    lists = pa.ListArray.from_arrays(pa.array(offsets), items)
    cut = np.bincount(row, (spans["end"] - spans["begin"]).to_numpy(), rows).astype(np.int64)
    chars = np.maximum(size.fill_null(0).to_numpy().astype(np.float64), 1)
    columns = [lists, pa.array(of_pages), pa.array(cut), pa.array((cut / chars).astype(np.float32))]
    return pa.StructArray.from_arrays(columns, fields=list(LINES), mask=text.is_null())
