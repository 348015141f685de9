"""Deduplication as exchanges: keys meet, candidates are verified where they meet, clusters return to their shards."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.deduplicate.candidates import WRITES as PAIR
from weft.engine import exchange
from weft.engine.apply import ready, run_map
from weft.engine.ledger import Entry
from weft.engine.storage import FileRecord, read_batches, record_to_json
from weft.engine.tasks.places import addressed, global_rows, ids_of, offsets_of
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError

Numbers = npt.NDArray[np.int64]

EDGE = pa.schema(list(PAIR.items()))
VERIFIED = pa.schema([*list(EDGE)[:4], pa.field("jaccard", pa.float32())])
MEMBER = pa.schema({"row": pa.int32(), "component": pa.int64(), "partners": pa.list_(pa.int64())})
CLUSTERED = pa.schema({"row": pa.int32(), "cluster": pa.string(), "size": pa.int32(), "kind": pa.string()})
KEYS_TOGETHER, SETS_TOGETHER = 1 << 20, 1 << 10
"""Rows of a reduce task that meet at once, or twice as many: about 32 MB of keys, 10 MB of shingles."""
_HIGH, _LOW, _MOST = np.uint64(32), np.uint64(0xFFFFFFFF), 2**32
"""A pair of global row numbers is one number of 64 bits, the smaller one on top."""
LABEL = pa.schema({"deduplicate": pa.struct({"cluster": pa.string(), "size": pa.int32(), "kind": pa.string()})})


def _name(task: Task, folder: str, ending: str) -> str:
    return f"deduplicate/{folder}/{task.shard:05d}-{task.key[:12]}.{ending}"


def _done(task: Task, record: FileRecord, **counts: Any) -> list[Entry]:
    return [entry(task, task.key, [record_to_json(record)], counts)]


def bands(task: Task, context: Context) -> list[Entry]:
    """Rows (key, address) of a shard's signatures, stored by destination."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        parts = [context.storage.read_table(path) for path in task.arguments["labels"]]
        table = addressed(pa.table({n: p[n] for p in parts for n in p.column_names}), task.shard, 0)
        made = step.function(table)
        yield made, exchange.by_key(made["key"].to_numpy())

    schema = pa.schema(list(step.spec.writes.items()))
    record = exchange.write(context.storage, _name(task, "bands", "arrow"), schema, chunks())
    return _done(task, record, rows_out=record.rows)


def candidates(task: Task, context: Context) -> list[Entry]:
    """Pairs that share a key, from some of the exchange's destinations, one at a time."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def made() -> Iterator[pa.Table]:
        files, places = task.arguments["files"], task.arguments["destinations"]
        for rows in exchange.groups(context.storage, files, places, KEYS_TOGETHER, exchange.bits_of_key):
            yield step.function(rows)

    record = context.storage.write_table(_name(task, "candidates", "parquet"), made(), EDGE)
    return _done(task, record, rows_out=record.rows)


class _Edges(NamedTuple):
    """Ends of pairs as global row numbers; flags as in EDGE, false where a file does not say."""

    first: Numbers
    second: Numbers
    certain: npt.NDArray[np.bool_]
    page: npt.NDArray[np.bool_]
    pair: npt.NDArray[np.bool_]
    script: npt.NDArray[np.bool_]

    def only(self, rows: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """The ends of the pairs for which `rows` is true."""
        return self.first[rows], self.second[rows]


def _edges(files: list[str], offsets: Numbers, context: Context) -> Iterator[_Edges]:
    """Pairs as they are stored, a row group at a time."""
    for path in files:
        for table in read_batches(context.storage.path(path)):
            flags = [
                table[name].to_numpy() if name in table.column_names else np.zeros(table.num_rows, np.bool_)
                for name in ("certain", "page", "pair", "script")
            ]
            yield _Edges(global_rows(table, "a", offsets), global_rows(table, "b", offsets), *flags)


def components(task: Task, context: Context) -> list[Entry]:
    """Connected components of candidate pairs, of one script or (`script`) of two; the rows to verify, by shard."""
    from weft.text.components import Forest
    from weft.text.jaccard import sorted_sets

    offsets = offsets_of(task.arguments["rows"])
    if offsets[-1] >= _MOST:
        raise ShardError(f"deduplication takes fewer than {_MOST:,} documents, these are {offsets[-1]:,}")
    forest, size = Forest(int(offsets[-1])), 0
    # What is not used is not touched, and takes no memory.
    pairs = np.empty(
        sum(pq.read_metadata(context.storage.path(f)).num_rows for f in task.arguments["files"]), np.uint64
    )
    member = np.zeros(int(offsets[-1]), np.bool_)
    for edges in _edges(task.arguments["files"], offsets, context):
        wanted = edges.script == task.arguments["script"]
        forest.join(*edges.only(wanted))
        first, second = edges.only(wanted & ~edges.certain)
        member[first] = member[second] = True
        low, high = np.minimum(first, second).astype(np.uint64), np.maximum(first, second).astype(np.uint64)
        pairs[size : size + len(low)] = low << _HIGH | high
        size += len(low)
    pairs, _ = sorted_sets(pairs[:size], np.array([0, size]))
    root = forest.roots()

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        for shard, (start, stop) in enumerate(pairwise(offsets.tolist())):
            rows = np.flatnonzero(member[start:stop])
            edges_of = np.array([start, *(start + rows + 1)], np.uint64) << _HIGH
            bounds = np.searchsorted(pairs, edges_of)
            partners = (pairs[bounds[0] : bounds[-1]] & _LOW).astype(np.int64)
            partner_shard = np.searchsorted(offsets, partners, side="right") - 1
            address = (partner_shard << 32) | (partners - offsets[partner_shard])
            columns = {
                "row": rows.astype(np.int32),
                "component": root[start + rows].astype(np.int64),
                "partners": pa.ListArray.from_arrays((bounds - bounds[0]).astype(np.int32), address),
            }
            yield pa.table(columns, schema=MEMBER), np.full(len(rows), shard)

    record = exchange.write(context.storage, _name(task, task.node, "arrow"), MEMBER, chunks())
    return _done(task, record, candidates=len(pairs), rows_out=record.rows)


def shingles(task: Task, context: Context) -> list[Entry]:
    """Shingle sets of the rows of one shard that have candidates, stored by component."""
    members = exchange.gather(context.storage, [task.arguments["members"]], task.shard, MEMBER)
    chain = ready([Call(**c) for c in task.arguments["chain"]], context)
    make = ready([Call(**task.arguments["call"])], context)[0]
    schema = pa.schema([*make.spec.writes.items(), ("partners", pa.list_(pa.int64()))])

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        wanted = members["row"].to_numpy()
        start = 0
        for batch in read_batches(context.storage.path(task.arguments["documents"]), task.arguments["columns"]):
            low, high = np.searchsorted(wanted, [start, start + batch.num_rows])
            if high > low:
                part = members.slice(low, high - low)
                once, place = np.unique(wanted[low:high] - start, return_inverse=True)
                rows = addressed(batch, task.shard, start).take(pa.array(once))
                for step in chain:
                    rows, _ = run_map(step, rows)
                made = make.function(rows.append_column("component", pa.array(np.zeros(len(once), np.int64))))
                if made.num_rows != len(once):
                    raise ShardError(f"{make.spec.name}: {len(once)} rows in, {made.num_rows} out")
                if len(once) < part.num_rows:
                    made = made.take(pa.array(place))
                made = made.set_column(made.column_names.index("component"), "component", part["component"])
                made = made.append_column("partners", part["partners"])
                yield made, exchange.by_number(made["component"].to_numpy())
            start += batch.num_rows

    record = exchange.write(context.storage, _name(task, task.node, "arrow"), schema, chunks())
    return _done(task, record, rows_out=record.rows)


def verify(task: Task, context: Context) -> list[Entry]:
    """Pairs whose true Jaccard similarity reaches the threshold."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def made() -> Iterator[pa.Table]:
        files, places = task.arguments["files"], task.arguments["destinations"]
        for rows in exchange.groups(context.storage, files, places, SETS_TOGETHER, exchange.bits_of_component):
            yield step.function(rows)

    record = context.storage.write_table(_name(task, task.node, "parquet"), made(), VERIFIED)
    return _done(task, record, rows_out=record.rows)


def clusters(task: Task, context: Context) -> list[Entry]:
    """Clusters over certain and verified pairs, stored by shard for every row that is not alone."""
    from weft.deduplicate.clusters import KINDS, cluster_table

    offsets = offsets_of(task.arguments["rows"])
    arguments = task.arguments
    counts = dict.fromkeys(("page", "pair", "verified", "romanized", "semantic"), 0)

    def exact() -> Iterator[tuple[Numbers, Numbers]]:
        for edges in _edges(arguments["candidates"], offsets, context):
            for name in ("page", "pair"):
                counts[name] += int(getattr(edges, name).sum())
            yield edges.only(edges.certain & ~edges.page & ~edges.pair)

    def flagged(name: str) -> Iterator[tuple[Numbers, Numbers]]:
        # Read again only where there are some; it is known when the first pass is over.
        for edges in _edges(arguments["candidates"] if counts[name] else [], offsets, context):
            yield edges.only(getattr(edges, name))

    def of(name: str) -> Iterator[tuple[Numbers, Numbers]]:
        for edges in _edges(arguments[name], offsets, context):
            counts[name] += len(edges.first)
            yield edges.first, edges.second

    told = (exact(), flagged("page"), of("verified"), of("romanized"), flagged("pair"), of("semantic"))
    root, size, kind = cluster_table(int(offsets[-1]), *told)
    roots = np.flatnonzero((root == np.arange(len(root), dtype=root.dtype)) & (size > 1))
    ids = ids_of(roots, offsets, arguments["documents"], context)
    kinds = pa.array(KINDS, pa.string())

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        for shard, (start, stop) in enumerate(pairwise(offsets.tolist())):
            rows = np.flatnonzero(size[start:stop] > 1)
            columns = {
                "row": rows.astype(np.int32),
                "cluster": ids.take(pa.array(np.searchsorted(roots, root[start + rows]))),
                "size": size[start + rows].astype(np.int32),
                "kind": kinds.take(pa.array(kind[start + rows])),
            }
            yield pa.table(columns, schema=CLUSTERED), np.full(len(rows), shard)

    record = exchange.write(context.storage, _name(task, "clusters", "arrow"), CLUSTERED, chunks())
    found = {name: counts[name] for name in ("verified", "semantic")}
    return _done(task, record, clusters=len(roots), rows_out=record.rows, **found)


def label(task: Task, context: Context) -> list[Entry]:
    """The cluster of every row of a shard; a row alone is its own cluster of size 1."""
    ids = context.storage.read_table(task.arguments["documents"], ["id"])
    members = exchange.gather(context.storage, [task.arguments["clusters"]], task.shard, CLUSTERED)
    frame = (
        pl.DataFrame({"id": pl.from_arrow(ids["id"])}).with_row_index("row").with_columns(pl.col("row").cast(pl.Int32))
    )
    joined = frame.join(pl.DataFrame(pl.from_arrow(members)), on="row", how="left", maintain_order="left")
    struct = joined.select(
        pl.struct(pl.coalesce("cluster", "id").alias("cluster"), pl.col("size").fill_null(1), pl.col("kind")).alias(
            "deduplicate"
        )
    )
    table = struct.to_arrow().cast(LABEL)
    if table.num_rows != ids.num_rows:
        raise ShardError(f"deduplicate on shard {task.shard}: {ids.num_rows} rows in, {table.num_rows} out")
    path = f"label/deduplicate/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [table], LABEL)
    return _done(task, record, rows_in=ids.num_rows, rows_out=record.rows, clustered=members.num_rows)
