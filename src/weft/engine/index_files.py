"""The files of one release in an index: ids, keys by which documents meet, and sets of shingles; writing and reading.

A file of keys has a row group or several for each destination of an exchange, so that a build meets it destination by
destination. What it says of a document is the document's number, which is its place in `documents.parquet`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.engine import exchange

Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

DOCUMENTS, SETS = "documents.parquet", "sets.parquet"
KEYS = {0: "bands.parquet", 1: "texts.parquet", 2: "pages.parquet"}
"""Files of keys, by the kinds of `deduplicate.earlier`."""
HELD = pa.schema({"id": pa.string(), "bytes": pa.int32(), "shingles": pa.int32(), "form": pa.string()})
"""A document of a release; only documents of the same `form` (`construct.elect.form`) are its copies."""
KEY_ROWS, SET_VALUES = 1 << 20, 1 << 20
"""Rows and hashes of a row group: what a reader has in memory, 4 to 12 MB."""
_LOW = np.uint64(64 - exchange.PARTITIONS.bit_length() + 1 - 32)
_PLACES = b"weft.destinations"
_SET = pa.schema({"steps": pa.list_(pa.uint32())})
"""A sorted set of hashes as its first one and the differences of the others, which take fewer bits."""


def coarse(keys: Keys) -> Keys:
    """Keys of bands as an index has them: by their destination and the 32 bits after it.

    Of a hundred million documents one in a thousand meets another by chance, to be compared in vain.
    """
    return (keys >> _LOW) << _LOW


@contextmanager
def parquet(path: Path, schema: pa.Schema, packed: dict[str, str] | None = None) -> Iterator[pq.ParquetWriter]:
    """A Parquet file to which row groups are added; `packed`: encodings by column."""
    encodings: dict[str, Any] = {"column_encoding": packed} if packed else {}
    writer = pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=False, write_statistics=False, **encodings
    )
    with writer:
        yield writer


def write_keys(path: Path, kind: int, destinations: Iterable[pa.Table]) -> None:
    """Store keys (key, number) of one kind; `destinations` are the tables of all destinations, in order."""
    key = pa.uint32() if kind == 0 else pa.uint64()
    schema = pa.schema({"key": key, "number": pa.uint32()})
    starts, groups = [0], 0
    packed = {"key": "BYTE_STREAM_SPLIT", "number": "BYTE_STREAM_SPLIT"}
    with parquet(path, schema, packed) as writer:
        for table in destinations:
            keys, numbers = table["key"].to_numpy(), table["number"].to_numpy()
            order = np.lexsort((numbers, keys))
            keys, numbers = keys[order], numbers[order]
            if kind == 0:
                keys = (keys >> _LOW).astype(np.uint32)
            rows = pa.table({"key": keys, "number": numbers}, schema=schema)
            for start in range(0, rows.num_rows, KEY_ROWS):
                writer.write_table(rows.slice(start, KEY_ROWS), row_group_size=KEY_ROWS)
                groups += 1
            starts.append(groups)
        writer.add_key_value_metadata({_PLACES.decode(): json.dumps(starts)})


def keys_at(folder: Path, kind: int, destination: int) -> pa.Table:
    """All rows (key, number) of a destination, by key."""
    with pq.ParquetFile(folder / KEYS[kind]) as source:
        starts = json.loads(source.metadata.metadata[_PLACES])
        groups = list(range(starts[destination], starts[destination + 1]))
        rows = source.read_row_groups(groups, use_threads=False)
    keys = rows["key"].to_numpy().astype(np.uint64)
    if kind == 0:
        top = np.uint64(destination) << np.uint64(64 - exchange.PARTITIONS.bit_length() + 1)
        keys = (keys << _LOW) | top
    return pa.table({"key": keys, "number": rows["number"]})


def matching(folder: Path, kind: int, destination: int, wanted: Keys) -> pl.DataFrame:
    """The rows (key, number) of a destination whose keys are among the sorted `wanted`; memory is one row group."""
    found = [pl.DataFrame(schema={"key": pl.UInt64, "number": pl.UInt32})]
    with pq.ParquetFile(folder / KEYS[kind]) as source:
        starts = json.loads(source.metadata.metadata[_PLACES])
        for group in range(starts[destination], starts[destination + 1]) if len(wanted) else ():
            rows = source.read_row_group(group, use_threads=False)
            keys = rows["key"].to_numpy().astype(np.uint64)
            if kind == 0:
                top = np.uint64(destination) << np.uint64(64 - exchange.PARTITIONS.bit_length() + 1)
                keys = (keys << _LOW) | top
            held = wanted[np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)] == keys
            found.append(pl.DataFrame({"key": keys[held], "number": rows["number"].to_numpy()[held]}))
    return pl.concat(found)


def steps(values: npt.NDArray[np.uint32], offsets: Longs) -> npt.NDArray[np.uint32]:
    """The differences within each of some sorted sets; of its first value the value itself."""
    made = np.diff(values, prepend=np.uint32(0))
    first = offsets[:-1][np.diff(offsets) > 0]
    made[first] = values[first]
    return made


def _sums(values: npt.NDArray[np.uint32], offsets: Longs) -> Keys:
    """The values of sorted sets from their steps."""
    total = np.cumsum(values, dtype=np.uint64)
    sizes = np.diff(offsets)
    first = offsets[:-1][sizes > 0]
    return np.asarray(total - np.repeat(total[first] - values[first], sizes[sizes > 0]))


class SetWriter:
    """Writes sets of shingles in order of documents; row groups depend on the sets alone."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._pending: list[pa.Array] = []
        self._held = 0

    def add(self, values: npt.NDArray[np.uint32], offsets: Longs) -> None:
        """Add sets as `steps` gives them."""
        for first, last in _cuts(offsets, SET_VALUES - self._held):
            part = values[offsets[first] : offsets[last]]
            places = (offsets[first : last + 1] - offsets[first]).astype(np.int32)
            self._pending.append(pa.ListArray.from_arrays(pa.array(places), pa.array(part)))
            self._held += len(part)
            if self._held >= SET_VALUES:
                self.flush()

    def flush(self) -> None:
        if self._pending:
            rows = pa.table({"steps": pa.concat_arrays(self._pending)}, schema=_SET)
            self._writer.write_table(rows, row_group_size=rows.num_rows)
        self._pending, self._held = [], 0


def _cuts(offsets: Longs, room: int) -> Iterator[tuple[int, int]]:
    """Runs of sets that fill a row group: the one with which it is full is its last."""
    first, last, size = 0, 0, len(offsets) - 1
    while first < size:
        last = min(int(np.searchsorted(offsets, offsets[first] + room)), size)
        yield first, max(last, first + 1)
        first, room = max(last, first + 1), SET_VALUES


@contextmanager
def set_writer(path: Path) -> Iterator[SetWriter]:
    with parquet(path, _SET, {"steps.list.element": "BYTE_STREAM_SPLIT"}) as writer:
        sets = SetWriter(writer)
        yield sets
        sets.flush()


@dataclass(frozen=True)
class Chunks:
    """Row groups of sets of several releases, numbered through: one is what is read at once."""

    folders: tuple[Path, ...]
    release: Longs
    group: Longs
    first: Longs
    """Number of the first document, by chunk."""

    def of(self, release: Longs, document: Longs) -> Longs:
        """The chunk that holds a document of a release."""
        places = (self.release << 32) | self.first
        return np.asarray(np.searchsorted(places, (release << 32) | document, side="right") - 1, np.int64)

    def read(self, chunk: int) -> pa.Array:
        """The sets of a chunk, in order of documents: large lists of 64-bit numbers below 2^32."""
        with pq.ParquetFile(self.folders[int(self.release[chunk])] / SETS) as source:
            rows = source.read_row_group(int(self.group[chunk]), use_threads=False)
        lists = rows["steps"].combine_chunks()
        offsets = lists.offsets.to_numpy().astype(np.int64)
        return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(_sums(lists.values.to_numpy(), offsets)))


def chunks(folders: Sequence[Path]) -> Chunks:
    """The chunks of releases, in their order."""
    release: list[int] = []
    group: list[int] = []
    first: list[int] = []
    for number, folder in enumerate(folders):
        start = 0
        held = pq.read_metadata(folder / SETS)
        for place in range(held.num_row_groups):
            release.append(number)
            group.append(place)
            first.append(start)
            start += held.row_group(place).num_rows
    return Chunks(tuple(folders), *(np.array(column, np.int64) for column in (release, group, first)))


def documents_of(folder: Path, numbers: Longs) -> pa.Table:
    """`id` and `form` of documents by sorted number; memory is those of one row group."""
    names = ["id", "form"]
    found = [pa.table({name: pa.array([], pa.string()) for name in names})]
    start = 0
    with pq.ParquetFile(folder / DOCUMENTS) as source:
        for group in range(source.num_row_groups):
            size = source.metadata.row_group(group).num_rows
            low, high = np.searchsorted(numbers, [start, start + size])
            if high > low:
                held = source.read_row_group(group, columns=names, use_threads=False)
                found.append(held.take(pa.array(numbers[low:high] - start)))
            start += size
    return pa.concat_tables(found)


def rows_of(path: Path) -> Iterator[pa.Table]:
    """The row groups of one of these files."""
    with pq.ParquetFile(path) as source:
        for group in range(source.num_row_groups):
            yield source.read_row_group(group, use_threads=False)


def keys_without(path: Path, kind: int, number_of: Longs) -> Iterator[pa.Table]:
    """The keys of every destination with other numbers; what has none (-1) is left out. For `write_keys`."""
    with pq.ParquetFile(path) as source:
        starts = json.loads(source.metadata.metadata[_PLACES])
        for destination in range(exchange.PARTITIONS):
            groups = range(starts[destination], starts[destination + 1])
            rows = source.read_row_groups(list(groups), use_threads=False)
            keys = rows["key"].to_numpy().astype(np.uint64) << (_LOW if kind == 0 else np.uint64(0))
            numbers = number_of[rows["number"].to_numpy()]
            yield pa.table({"key": keys[numbers >= 0], "number": numbers[numbers >= 0].astype(np.uint32)})
