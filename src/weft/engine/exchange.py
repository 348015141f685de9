"""Moving rows to where they meet: one file per map task, one record batch per destination in it.

A destination reads its batch of every file, so no two tasks ever write one file and nothing is appended.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.engine.dividing import Bits, divided
from weft.engine.storage import FileRecord, Storage

Index = dict[int, list[tuple[int, int]]]

PARTITIONS = 64
"""Destinations of an exchange by hash: a power of two, the top bits of the key."""
_SHIFT = np.uint64(64 - PARTITIONS.bit_length() + 1)
_MIX = np.uint64(0x9E3779B97F4A7C15)


_BITS = PARTITIONS.bit_length() - 1


def by_key(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Destination of hash keys: their top bits."""
    return (keys >> _SHIFT).astype(np.int64)


def by_number(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Destination of consecutive numbers, mixed so that neighbours spread (Fibonacci hashing)."""
    return by_key(_mixed(numbers))


def by_skewed_key(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Destination of hash keys that are the lowest of several, so that their top bits are mostly zero."""
    return by_key(_mixed(keys))


def _mixed(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        return np.asarray(numbers.astype(np.uint64) * _MIX)


def bits_of_key(table: pa.Table) -> npt.NDArray[np.uint64]:
    """What rows were sent by: their column `key`."""
    return np.asarray(table["key"].to_numpy(), np.uint64)


def bits_of_skewed_key(table: pa.Table) -> npt.NDArray[np.uint64]:
    """What rows were sent by: their column `key`, mixed as in `by_skewed_key`."""
    return _mixed(table["key"].to_numpy())


def bits_of_component(table: pa.Table) -> npt.NDArray[np.uint64]:
    """What rows were sent by: the number in their column `component`."""
    return _mixed(table["component"].to_numpy())


def write(
    storage: Storage, relative: str, schema: pa.Schema, chunks: Iterable[tuple[pa.Table, npt.NDArray[np.int64]]]
) -> FileRecord:
    """Store rows by destination; `chunks` yields rows and the destination of each, order is kept within one.

    Memory is one chunk. Which record batches belong to which destination stands in `<file>.index`.
    """
    index: Index = {}
    number = rows = 0
    # What an exchange writes is read once, soon: texts by LZ4, which costs half of what zstd does; hashes as they are,
    # for nothing makes them smaller.
    options = pa.ipc.IpcWriteOptions(compression="lz4" if any(map(_holds_text, schema.types)) else None)
    with storage.create(relative) as sink, pa.ipc.new_file(sink, schema, options=options) as writer:
        for table, place in chunks:
            if not table.num_rows:
                continue
            joined = table.select(schema.names).cast(schema)
            if np.any(place[1:] < place[:-1]):
                order = np.argsort(place, kind="stable")
                joined, place = joined.take(pa.array(order)), place[order]
            joined = joined.combine_chunks()
            found, starts = np.unique(place, return_index=True)
            for destination, start, stop in zip(found, starts, [*starts[1:], len(place)], strict=True):
                for batch in joined.slice(int(start), int(stop - start)).to_batches():
                    writer.write_batch(batch)
                    index.setdefault(int(destination), []).append((number, batch.num_rows))
                    number += 1
            rows += table.num_rows
        if number == 0:
            writer.write_batch(pa.RecordBatch.from_pylist([], schema))
    storage.write_bytes(f"{relative}.index", json.dumps(index, separators=(",", ":")).encode())
    return FileRecord(relative, storage.size(relative), rows)


def _holds_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def stream(storage: Storage, files: Iterable[str], *destinations: int) -> Iterator[pa.Table]:
    """The rows for some destinations, record batch by record batch, as they lie in one file after another."""
    for relative in files:
        index = _index(storage, relative)
        wanted = sorted(part for destination in destinations for part in index.get(destination, ()))
        if wanted:
            with pa.OSFile(str(storage.path(relative))) as source:
                held = pa.ipc.open_file(source)
                for number, _ in wanted:
                    yield pa.Table.from_batches([held.get_batch(number)])


def every(storage: Storage, relative: str) -> Iterator[pa.Table]:
    """The rows of one file for all destinations, record batch by record batch."""
    with pa.OSFile(str(storage.path(relative))) as source:
        held = pa.ipc.open_file(source)
        for number in range(held.num_record_batches):
            yield pa.Table.from_batches([held.get_batch(number)])


def groups(
    storage: Storage, files: Sequence[str], destinations: Iterable[int], rows: int, bits: Bits | None = None
) -> Iterator[pa.Table]:
    """Whole destinations, in order, several to a table of up to `rows` rows: small ones cost little each.

    A destination of more than twice as many rows comes in several tables with what has the same `bits` in one of them,
    without `bits` alone.
    """
    wanted = list(destinations)
    parts = _parts(storage, files, wanted)
    together: list[int] = []
    held = 0
    for destination in wanted:
        size = int(parts[destination][:, 2].sum())
        if together and held + size > rows:
            yield pa.concat_tables(_read(storage, files, [parts[d] for d in together]))
            together, held = [], 0
        if bits is not None and size > 2 * rows:
            yield from within(_read(storage, files, [parts[destination]]), size, rows, bits)
        elif size:
            together.append(destination)
            held += size
    if together:
        yield pa.concat_tables(_read(storage, files, [parts[d] for d in together]))


def within(tables: Iterable[pa.Table], size: int, rows: int, bits: Bits) -> Iterator[pa.Table]:
    """The `size` rows of one destination in tables of some `rows`, with what has the same `bits` in one of them."""
    yield from divided(tables, size, rows, bits, _BITS)


def sizes(storage: Storage, files: Sequence[str], destinations: Sequence[int]) -> dict[int, int]:
    """The number of rows for each destination."""
    return {place: int(parts[:, 2].sum()) for place, parts in _parts(storage, files, destinations).items()}


def _parts(storage: Storage, files: Sequence[str], destinations: Sequence[int]) -> dict[int, npt.NDArray[np.int64]]:
    """For each destination a row (file, record batch, rows) for each of its batches: a few bytes for a file."""
    found = {destination: array("q") for destination in destinations}
    for file, relative in enumerate(files):
        index = _index(storage, relative)
        for destination in destinations:
            for number, count in index.get(destination, ()):
                found[destination].extend((file, number, count))
    return {destination: np.array(held, np.int64).reshape(-1, 3) for destination, held in found.items()}


def _read(storage: Storage, files: Sequence[str], parts: list[npt.NDArray[np.int64]]) -> Iterator[pa.Table]:
    """The batches of some destinations, file by file: a table for each file."""
    every = np.concatenate(parts)
    every = every[np.argsort(every[:, 0], kind="stable")]
    found, starts = np.unique(every[:, 0], return_index=True)
    for file, start, stop in zip(found, starts, [*starts[1:], len(every)], strict=True):
        with pa.OSFile(str(storage.path(files[file]))) as source:
            held = pa.ipc.open_file(source)
            yield pa.Table.from_batches([held.get_batch(int(number)) for number in every[start:stop, 1]])


def _index(storage: Storage, relative: str) -> Index:
    """Record batches of each destination as (number, rows)."""
    content = json.loads(storage.path(f"{relative}.index").read_bytes())
    return {int(destination): [(number, rows) for number, rows in parts] for destination, parts in content.items()}


def gather(storage: Storage, files: Iterable[str], destination: int, schema: pa.Schema) -> pa.Table:
    """The rows of all files for one destination, in file order."""
    return pa.concat_tables([schema.empty_table(), *stream(storage, files, destination)])
