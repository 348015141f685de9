"""What a task does with rows of all shards that would not fit into memory together: some at a time.

Rows that have to meet are divided on the disk, by more bits of their key; tables that add up are added up as they come.
"""

from __future__ import annotations

import itertools
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Place = Callable[[pa.Table], npt.NDArray[np.int64]]
"""The number of the part of each row."""
Bits = Callable[[pa.Table], npt.NDArray[np.uint64]]
"""64 bits for each row, the same for rows that belong together; the top ones are what the rows were sent by."""
_MOST_PARTS = 4096
TOGETHER = 64
"""Small tables of shards that are in memory at once."""
Part = TypeVar("Part")
Whole = TypeVar("Whole")


def divided(tables: Iterable[pa.Table], size: int, rows: int, bits: Bits, used: int = 0) -> Iterator[pa.Table]:
    """The `size` rows of `tables` in tables of `rows` rows or fewer, with what belongs together in one of them.

    `used` is how many of the top bits all rows share.
    """
    width = min((2 * size // rows).bit_length(), _MOST_PARTS.bit_length() - 1)
    shift = np.uint64(64 - width)
    yield from by_part(
        tables, 1 << width, rows, lambda table: ((bits(table) << np.uint64(used)) >> shift).astype(np.int64)
    )


def by_part(tables: Iterable[pa.Table], parts: int, rows: int, place: Place) -> Iterator[pa.Table]:
    """The rows of `tables` part by part, parts without rows left out; within a part their order is kept.

    Memory is the largest part, or before some `rows` rows; the others are in a temporary file.
    """
    batches = [array("L") for _ in range(parts)]
    with tempfile.TemporaryFile(prefix="weft-") as file:
        number = 0
        writer: pa.RecordBatchFileWriter | None = None
        for table in _gathered(tables, rows):
            places = place(table)
            order = np.argsort(places, kind="stable")
            table, places = table.take(pa.array(order)).combine_chunks(), places[order]
            writer = writer or pa.ipc.new_file(file, table.schema)
            found, starts = np.unique(places, return_index=True)
            for part, start, stop in zip(found, starts, [*starts[1:], len(places)], strict=True):
                for batch in table.slice(int(start), int(stop - start)).to_batches():
                    writer.write_batch(batch)
                    batches[int(part)].append(number)
                    number += 1
        if writer is None:
            return
        writer.close()
        held = pa.ipc.open_file(pa.PythonFile(file, "r"))
        for numbers in batches:
            if numbers:
                yield pa.Table.from_batches([held.get_batch(n) for n in numbers])


def blocks(sizes: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    """For each shard the number of its block: neighbours that have some `rows` rows together, or one that has more."""
    ends = np.cumsum(sizes)
    return np.unique((ends - 1).clip(0) // rows, return_inverse=True)[1].astype(np.int64)


def _gathered(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Tables of at least `rows` rows, but for the last: pieces of few rows would each be a batch."""
    together: list[pa.Table] = []
    held = 0
    for table in tables:
        together.append(table)
        held += table.num_rows
        if held >= max(rows, 1):
            yield pa.concat_tables(together)
            together, held = [], 0
    if held:
        yield pa.concat_tables(together)


def merged(merge: Callable[[list[Part | Whole]], Whole], parts: Iterable[Part]) -> Whole:
    """`merge` of all parts, some of them at a time and what they gave with the next."""
    waiting = iter(parts)
    held = merge([*itertools.islice(waiting, TOGETHER)])
    while block := [*itertools.islice(waiting, TOGETHER)]:
        held = merge([held, *block])
    return held
