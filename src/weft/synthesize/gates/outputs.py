"""Which records nearly repeat an earlier one: MinHash over the character 5-grams of what a machine made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.synthesize.gates.sides import WIDTH
from weft.text.buffers import string_buffers
from weft.text.jaccard import similarities, sorted_sets
from weft.text.made import char_grams
from weft.text.minhash import band_keys

BANDS, ROWS = 25, 5
"""Of two texts with Jaccard similarity 0.8, all but 5 in 100,000 share a band; with 0.5, about half do."""
SIGNATURES = pa.schema(
    {
        "row": pa.int64(),
        "id": pa.string(),
        "bands": pa.list_(pa.uint64(), BANDS),  # null where there is nothing to compare by
        "grams": pa.list_(pa.uint64()),  # sorted hashes of the distinct 5-grams
    }
)
"""Of each record that is given. No text can be read in it."""


def signatures(records: pa.Table, alive: npt.NDArray[np.bool_] | None = None, seed: int = 0) -> pa.Table:
    """SIGNATURES of the rows of `records` (RECORD) that are `alive` (all) and have no problem, in their order.

    By the texts of the parts that a machine made, one after the other, and the kind of the record. Records with fewer
    than WIDTH such characters are compared with none.
    """
    keep = records["problem"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
    if alive is not None:
        keep = keep & alive
    rows = np.flatnonzero(keep)
    held = pl.DataFrame({"row": rows}).with_columns(
        pl.Series("id", records["id"].take(pa.array(rows)).to_pylist(), pl.String),
        pl.Series("kind", records["kind"].take(pa.array(rows)).to_pylist(), pl.String),
        parts=pl.Series(pl.from_arrow(records["parts"].combine_chunks().take(pa.array(rows)))),
    )
    part = pl.col("parts").struct
    made = held.explode("parts").filter(part.field("made"))
    texts = made.group_by("row", maintain_order=True).agg(part.field("text").str.join("\n").alias("text"))
    joined = held.join(texts, on="row", how="left", maintain_order="left").with_columns(pl.col("text").fill_null(""))
    values, offsets = sorted_sets(*char_grams(string_buffers(joined["text"].to_arrow()), WIDTH))
    values = values ^ np.repeat(_kinds(joined["kind"]), np.diff(offsets))
    values, offsets = sorted_sets(values, offsets)
    keys = band_keys(values, offsets, BANDS, ROWS, seed)
    none = pa.array(np.diff(offsets) == 0)
    bands = pa.FixedSizeListArray.from_arrays(pa.array(keys.ravel()), BANDS, mask=none)
    grams = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(values))
    columns = [pa.array(rows), joined["id"].to_arrow().cast(pa.string()), bands, grams]
    return pa.Table.from_arrays(columns, schema=SIGNATURES)


def _kinds(kinds: pl.Series) -> npt.NDArray[np.uint64]:
    """A number for each kind: texts of different kinds have no 5-gram in common."""
    from weft.text.folded import plain_hashes

    return plain_hashes(string_buffers(kinds.fill_null("").to_arrow()))


def duplicates(tables: Sequence[pa.Table], near: float = 0.8) -> list[pa.Array]:
    """For each row of each table of SIGNATURES the id of an earlier record that it nearly repeats, or null.

    `tables` are those of the shards in their order, of records that are alive. A record counts as earlier where it
    stands before and is no duplicate itself; of several the first one. The answer depends on that order alone.
    """
    given = [table.cast(SIGNATURES) for table in tables]
    joined = pa.concat_tables([SIGNATURES.empty_table(), *given]).combine_chunks()
    size = joined.num_rows
    first, second = _candidates(joined)
    lists = joined["grams"].combine_chunks() if size else pa.array([], SIGNATURES.field("grams").type)
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.uint64)
    offsets = np.concatenate([[0], np.cumsum(np.asarray(lists.value_lengths()).astype(np.int64))])
    alike = similarities(values, offsets, first, second) >= np.float32(near)
    of = _elected(size, first[alike], second[alike])
    ids = joined["id"].combine_chunks()
    found: Any = ids.take(pa.array(of, mask=of < 0))
    found = found.chunk(0) if isinstance(found, pa.ChunkedArray) and found.num_chunks else found
    bounds = np.concatenate([[0], np.cumsum([table.num_rows for table in given])]).astype(int)
    return [found.slice(a, b - a) for a, b in pairwise(bounds.tolist())]


def _candidates(joined: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows that share a band, the earlier one first, each two once, by the later one."""
    frame = pl.DataFrame({"bands": pl.from_arrow(joined["bands"])}).with_row_index("row")
    keys = frame.drop_nulls("bands").explode("bands").with_columns(pl.col("row").cast(pl.Int64))
    # Of a crowd that shares a key each is compared with the first ones: what nearly repeats the crowd repeats these.
    ranked = keys.with_columns(rank=pl.int_range(pl.len()).over("bands"))
    heads = ranked.filter(pl.col("rank") < _HEADS).select("bands", first="row")
    pairs = ranked.join(heads, on="bands").filter(pl.col("first") < pl.col("row"))
    both = pairs.select("first", second="row").unique().sort("second", "first")
    return both["first"].to_numpy(), both["second"].to_numpy()


_HEADS = 32


def _elected(size: int, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of each row the first earlier one that is like it and stays, or -1: one pass over the pairs, by the later row."""
    of = np.full(size, -1, np.int64)
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if of[other] < 0 and of[one] < 0:
            of[other] = one
    return of
