"""Semantic deduplication as an exchange: documents send their vectors to the cells where similar ones are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from weft.deduplicate.cells import Keys, Vectors, averaged, drawn, sampled, vectors_of, visits, whole
from weft.deduplicate.semantic import VECTOR, VISIT, WRITES
from weft.engine import exchange
from weft.engine.apply import ready
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError

CENTRE = pa.schema({"centre": pa.list_(pa.int16())})
PAIR = pa.schema(list(WRITES.items()))


def _vectors(column: Any, task: Task) -> Vectors:
    try:
        return vectors_of(column)
    except ValueError as error:
        raise ShardError(f"{task.arguments['column']}: {error}") from error


def centres(task: Task, context: Context) -> list[Entry]:
    """The centres of cells, from a sample of all shards; memory is one row group and the sample."""
    rows = task.arguments["rows"]
    many, few = sampled(sum(rows.values()), task.arguments["cells"])
    found, first = [], []
    for shard, path in sorted(task.arguments["labels"].items()):
        wanted = drawn(shard, rows[shard], many)
        centre = np.isin(wanted, drawn(shard, rows[shard], few))
        start = 0
        for batch in read_batches(context.storage.path(path), [task.arguments["column"]]):
            low, high = np.searchsorted(wanted, [start, start + batch.num_rows])
            if high > low:
                chosen = batch[task.arguments["column"]].take(pa.array(wanted[low:high] - start))
                made = _vectors(chosen, task)
                if len(made.row):
                    found.append(whole(made.vector))
                    first.append(centre[low:high][made.row])
            start += batch.num_rows
    if len({part.shape[1] for part in found}) > 1:
        raise ShardError(f"{task.arguments['column']}: shards have vectors of different numbers of numbers")
    sample = np.concatenate(found) if found else np.empty((0, 0), np.int16)
    held = averaged(sample[np.concatenate(first)], sample) if found else sample
    offsets = np.arange(len(held) + 1, dtype=np.int32) * held.shape[1]
    table = pa.table([pa.ListArray.from_arrays(pa.array(offsets), pa.array(held.ravel()))], schema=CENTRE)
    record = context.storage.write_table(f"deduplicate/centres-{task.key[:12]}.parquet", [table], CENTRE)
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def _read_centres(path: str, vectors: Any, context: Context) -> Any:
    """The centres as whole numbers; one of any direction where none was drawn: all meet there."""
    held = context.storage.read_table(path)["centre"].combine_chunks()
    width = vectors.shape[1]
    if not len(held) or not len(vectors):
        return np.eye(1, width, dtype=np.int16)
    found = held.flatten().to_numpy().reshape(len(held), -1)
    if found.shape[1] != width:
        raise ShardError(f"vectors have {width} numbers, and those of other shards {found.shape[1]}")
    return found


def cells(task: Task, context: Context) -> list[Entry]:
    """The visits of a shard's documents, stored by cell, and pairs of documents that have the very same vector.

    Of these only the first one visits: pages of the same boilerplate, millions of them, crowd no cell.
    """
    arguments = task.arguments
    parts = [context.storage.read_table(path) for path in arguments["labels"]]
    lid = parts[1]["lid"] if len(parts) > 1 else None
    found = _vectors(parts[0][arguments["column"]], task)
    centre = _read_centres(arguments["centres"], found.vector, context)
    made = visits(found, centre, arguments["probes"], lid)
    first = _first_of_equals(found.vector, made.vector[made.home], made.cell[made.home])
    keep = first[made.vector] == made.vector

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        position, cell = made.vector[keep], made.cell[keep]
        table = pa.table(
            {
                "cell": cell,
                "home": made.home[keep],
                "shard": np.full(len(cell), task.shard, np.int32),
                "row": found.row[position].astype(np.int32),
                "vector": _lists(found.vector[position]),
            },
            schema=VISIT,
        )
        place = ((cell >> np.uint64(32)) * np.uint64(arguments["destinations"])) >> np.uint64(32)
        yield table, place.astype(np.int64)

    name = f"{task.shard:05d}-{task.key[:12]}"
    record = exchange.write(context.storage, f"deduplicate/cells/{name}.arrow", VISIT, chunks())
    copies = np.flatnonzero(first != np.arange(len(first)))
    shard = np.full(len(copies), task.shard, np.int32)
    ends = (found.row[rows].astype(np.int32) for rows in (first[copies], copies))
    pairs = pa.table([shard, next(ends), shard, next(ends), np.ones(len(copies), np.float32)], schema=PAIR)
    equal = context.storage.write_table(f"deduplicate/same-vectors/{name}.parquet", [pairs], PAIR)
    return [entry(task, task.key, [record_to_json(record), record_to_json(equal)], {"rows_out": record.rows})]


def _first_of_equals(vectors: Any, position: Any, cell: Keys) -> Any:
    """For each vector the first one with the same numbers in the same cell (so of the same language), or itself."""
    first = np.arange(len(vectors))
    if len(position):
        halves = np.ascontiguousarray(vectors[position].astype(np.float16)).view(np.uint16)
        keyed = np.concatenate([cell.view(np.uint16).reshape(len(cell), -1), halves], axis=1)
        rows = np.ascontiguousarray(keyed).view([("", np.uint16, keyed.shape[1])]).ravel()
        _, at, inverse = np.unique(rows, return_index=True, return_inverse=True)
        first[position] = position[at[inverse]]
    return first


def _lists(vectors: Any) -> pa.Array:
    offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.astype(np.float16).ravel())).cast(VECTOR)


def semantic(task: Task, context: Context) -> list[Entry]:
    """Similar documents of the cells of some destinations, one destination at a time."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def made() -> Iterator[pa.Table]:
        arguments = task.arguments
        for rows in exchange.groups(context.storage, arguments["files"], arguments["destinations"], 1):
            yield step.function(rows)

    path = f"deduplicate/semantic/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, made(), PAIR)
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]
