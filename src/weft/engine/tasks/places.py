"""Rows of all shards by one number each: where they are, which documents they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.engine.work import Context

Numbers = npt.NDArray[np.int64]


def addressed(table: pa.Table, shard: int, start: int) -> pa.Table:
    """Rows of a shard, from `start` on, with their address."""
    rows = np.arange(start, start + table.num_rows, dtype=np.int32)
    table = table.append_column("shard", pa.array(np.full(table.num_rows, shard, np.int32)))
    return table.append_column("row", pa.array(rows))


def global_rows(table: pa.Table, side: str, offsets: Numbers) -> Numbers:
    """Global row numbers of one end of pairs."""
    found: Numbers = offsets[table[f"shard_{side}"].to_numpy()] + table[f"row_{side}"].to_numpy()
    return found


def offsets_of(rows: Mapping[int, int]) -> Numbers:
    """Global number of each shard's first row, by shard number, and the total at the end."""
    sizes = np.zeros(max(rows, default=-1) + 2, np.int64)
    for shard, count in rows.items():
        sizes[shard + 1] = count
    return np.cumsum(sizes)


def shards_of(documents: Numbers, offsets: Numbers) -> Numbers:
    """The shard of each document, given its global number."""
    return np.asarray(np.searchsorted(offsets, documents, side="right") - 1, np.int64)


def by_shard(table: pa.Table, offsets: Numbers) -> Iterator[tuple[int, int, pa.Table]]:
    """The rows of each shard in a table that is sorted by `document`: the shard, its first document, the rows."""
    documents = table["document"].to_numpy()
    found, starts = np.unique(shards_of(documents, offsets), return_index=True)
    for shard, start, stop in zip(found, starts, [*starts[1:], len(documents)], strict=True):
        # A copy: of a slice Arrow would write what stands beside it as well, to fill up a line of 64 bytes.
        yield int(shard), int(offsets[shard]), table.take(pa.array(np.arange(start, stop)))


def ids_of(rows: Numbers, offsets: Numbers, documents: dict[int, str], context: Context) -> pa.Array:
    """Document ids of sorted global row numbers, one shard's id column in memory at a time."""
    shard = shards_of(rows, offsets)
    found = []
    for number in np.unique(shard):
        path = documents[int(number)]
        column = context.storage.read_table(path, ["id"])["id"].combine_chunks()
        found.append(column.take(pa.array(rows[shard == number] - offsets[number])))
    return pa.concat_arrays(found) if found else pa.array([], pa.string())
