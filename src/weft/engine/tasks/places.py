"""Rows of all shards by one number each: where they are, which documents they are."""

from __future__ import annotations

from collections.abc import Mapping

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


def ids_of(rows: Numbers, offsets: Numbers, documents: dict[int, str], context: Context) -> pa.Array:
    """Document ids of sorted global row numbers, one shard's id column in memory at a time."""
    shard = np.searchsorted(offsets, rows, side="right") - 1
    found = []
    for number in np.unique(shard):
        path = documents[int(number)]
        column = context.storage.read_table(path, ["id"])["id"].combine_chunks()
        found.append(column.take(pa.array(rows[shard == number] - offsets[number])))
    return pa.concat_arrays(found) if found else pa.array([], pa.string())
