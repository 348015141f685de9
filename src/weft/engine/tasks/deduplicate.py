"""Deduplication as exchanges: keys meet, candidates are verified where they meet, clusters return to their shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.deduplicate.candidates import WRITES as PAIR
from weft.deduplicate.clusters import KINDS
from weft.engine import exchange
from weft.engine.apply import ready, run_map
from weft.engine.clustering import clustered
from weft.engine.connected import Graph
from weft.engine.dividing import blocks
from weft.engine.ledger import Entry
from weft.engine.parts import MOST_DOCUMENTS, Keys, Parts, Ranges, distinct, packed, unpacked
from weft.engine.storage import FileRecord, read_batches, record_to_json
from weft.engine.tasks.places import addressed, by_shard, global_rows, ids_of, offsets_of, shards_of
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError

Numbers = npt.NDArray[np.int64]

EDGE = pa.schema(list(PAIR.items()))
VERIFIED = pa.schema([*list(EDGE)[:4], pa.field("jaccard", pa.float32())])
MEMBER = pa.schema({"row": pa.int32(), "component": pa.int64(), "partners": pa.list_(pa.int64())})
CLUSTERED = pa.schema({"row": pa.int32(), "cluster": pa.string(), "size": pa.int32(), "kind": pa.string()})
KEYS_TOGETHER, SETS_TOGETHER = 1 << 20, 1 << 10
"""Rows of a reduce task that meet at once, or twice as many: about 32 MB of keys, 10 MB of shingles."""
PAIRS_TOGETHER = 1 << 20
"""Ends of candidate pairs, of neighbouring shards, that are in memory at once: some 40 MB."""
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
    files, script = task.arguments["files"], task.arguments["script"]
    offsets = offsets_of(task.arguments["rows"])
    if offsets[-1] >= MOST_DOCUMENTS:
        raise ShardError(f"deduplication takes fewer than {MOST_DOCUMENTS:,} documents, these are {offsets[-1]:,}")
    graph, sizes = Graph(Ranges(offsets)), np.zeros(len(offsets) - 1, np.int64)
    for edges in _edges(files, offsets, context):
        wanted = edges.script == script
        graph.join(*edges.only(wanted))
        for end in edges.only(wanted & ~edges.certain):
            sizes += np.bincount(shards_of(end, offsets), minlength=len(sizes))
    ends = (edges.only((edges.script == script) & ~edges.certain) for edges in _edges(files, offsets, context))
    found = 0

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        nonlocal found
        pairs = _by_shard(ends, sizes, offsets)
        for shard, (start, root) in enumerate(_roots_by_shard(graph, offsets)):
            first, second = unpacked(next(pairs))
            rows, others = first[np.diff(first, prepend=-1) > 0], first != second
            partners = second[others]
            bounds = np.searchsorted(first[others], np.append(rows, offsets[shard + 1]))
            partner_shard = shards_of(partners, offsets)
            address = (partner_shard << 32) | (partners - offsets[partner_shard])
            columns = {
                "row": (rows - start).astype(np.int32),
                "component": root[rows - start],
                "partners": pa.ListArray.from_arrays(bounds.astype(np.int32), address),
            }
            found += len(partners)
            yield pa.table(columns, schema=MEMBER), np.full(len(rows), shard)

    record = exchange.write(context.storage, _name(task, task.node, "arrow"), MEMBER, chunks())
    return _done(task, record, candidates=found, rows_out=record.rows)


def _roots_by_shard(graph: Graph, offsets: Numbers) -> Iterator[tuple[int, Numbers]]:
    """The first document of each shard, and the roots of its documents."""
    shard = 0
    for start, root in graph.roots():
        while shard + 1 < len(offsets) and offsets[shard + 1] <= start + len(root):
            first, last = offsets[shard : shard + 2].tolist()
            yield first, root[first - start : last - start]
            shard += 1


def _by_shard(ends: Iterable[tuple[Numbers, Numbers]], sizes: Numbers, offsets: Numbers) -> Iterator[Keys]:
    """The pairs (lower, higher) of the lower documents of each shard, sorted; a document in some is a pair with itself.

    `sizes`: how many ends of pairs are in each shard.
    """
    block = blocks(sizes, PAIRS_TOGETHER)
    parts = Parts(int(block.max(initial=-1)) + 1)
    for first, second in ends:
        low, high = np.minimum(first, second), np.maximum(first, second)
        for document, other in ((low, high), (low, low), (high, high)):
            pairs = packed(document, other)
            pairs = pairs if document is not other else distinct(pairs)
            parts.add(block[shards_of(unpacked(pairs)[0], offsets)], pairs)
    shards = np.arange(len(block))
    for number in range(int(block.max(initial=-1)) + 1):
        pairs = distinct(np.concatenate([np.empty(0, np.uint64), *parts.read(number)]))
        for shard in shards[block == number]:
            low, high = np.searchsorted(pairs, offsets[shard : shard + 2].astype(np.uint64) << np.uint64(32))
            yield pairs[low:high]


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
    kinds, found = pa.array(KINDS, pa.string()), 0

    def names(roots: Numbers) -> pa.Array:
        return ids_of(roots, offsets, arguments["documents"], context)

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        nonlocal found
        for table in clustered(Ranges(offsets), *told, names=names):
            found += pc.sum(pc.equal(table["document"], table["root"])).as_py()
            for shard, first, rows in by_shard(table, offsets):
                columns = {
                    "row": (rows["document"].to_numpy() - first).astype(np.int32),
                    "cluster": rows["name"],
                    "size": rows["size"].cast(pa.int32()),
                    "kind": kinds.take(rows["kind"].combine_chunks()),
                }
                yield pa.table(columns, schema=CLUSTERED), np.full(rows.num_rows, shard)

    record = exchange.write(context.storage, _name(task, "clusters", "arrow"), CLUSTERED, chunks())
    told_of = {name: counts[name] for name in ("verified", "semantic")}
    return _done(task, record, clusters=found, rows_out=record.rows, **told_of)


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
