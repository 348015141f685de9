"""Deduplication as exchanges: keys meet, candidates are verified where they meet, clusters return to their shards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.deduplicate.candidates import WRITES as PAIR
from weft.engine import exchange
from weft.engine.apply import ready, run_map
from weft.engine.ledger import Entry
from weft.engine.storage import FileRecord, read_batches, record_to_json
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError

Numbers = npt.NDArray[np.int64]

EDGE = pa.schema(list(PAIR.items()))
VERIFIED = pa.schema([*list(EDGE)[:4], pa.field("jaccard", pa.float32())])
MEMBER = pa.schema({"row": pa.int32(), "component": pa.int64(), "partners": pa.list_(pa.int64())})
CLUSTERED = pa.schema({"row": pa.int32(), "cluster": pa.string(), "size": pa.int32(), "kind": pa.string()})
KEYS_TOGETHER, SETS_TOGETHER = 1 << 20, 1 << 13
"""Rows of a reduce task that meet at once, unless one destination has more: about 32 MB of keys, 100 MB of shingles."""
LABEL = pa.schema({"deduplicate": pa.struct({"cluster": pa.string(), "size": pa.int32(), "kind": pa.string()})})


def _name(task: Task, folder: str, ending: str) -> str:
    return f"deduplicate/{folder}/{task.shard:05d}-{task.key[:12]}.{ending}"


def _done(task: Task, record: FileRecord, **counts: Any) -> list[Entry]:
    return [entry(task, task.key, [record_to_json(record)], counts)]


def _addressed(table: pa.Table, shard: int, start: int) -> pa.Table:
    rows = np.arange(start, start + table.num_rows, dtype=np.int32)
    table = table.append_column("shard", pa.array(np.full(table.num_rows, shard, np.int32)))
    return table.append_column("row", pa.array(rows))


def bands(task: Task, context: Context) -> list[Entry]:
    """Rows (key, address) of a shard's signatures, stored by destination."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        parts = [context.storage.read_table(path) for path in task.arguments["labels"]]
        table = _addressed(pa.table({n: p[n] for p in parts for n in p.column_names}), task.shard, 0)
        made = step.function(table)
        yield made, exchange.by_key(made["key"].to_numpy())

    schema = pa.schema(list(step.spec.writes.items()))
    record = exchange.write(context.storage, _name(task, "bands", "arrow"), schema, chunks())
    return _done(task, record, rows_out=record.rows)


def candidates(task: Task, context: Context) -> list[Entry]:
    """Pairs that share a key, from some of the exchange's destinations, one at a time."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def made() -> Iterator[pa.Table]:
        arguments = task.arguments
        for rows in exchange.groups(context.storage, arguments["files"], arguments["destinations"], KEYS_TOGETHER):
            yield step.function(rows)

    record = context.storage.write_table(_name(task, "candidates", "parquet"), made(), EDGE)
    return _done(task, record, rows_out=record.rows)


def _global(table: pa.Table, side: str, offsets: Numbers) -> Numbers:
    found: Numbers = offsets[table[f"shard_{side}"].to_numpy()] + table[f"row_{side}"].to_numpy()
    return found


class _Edges(NamedTuple):
    """Ends of pairs as global row numbers; flags as in EDGE, false where a file does not say."""

    first: Numbers
    second: Numbers
    certain: npt.NDArray[np.bool_]
    page: npt.NDArray[np.bool_]
    script: npt.NDArray[np.bool_]

    def only(self, rows: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """The ends of the pairs for which `rows` is true."""
        return self.first[rows], self.second[rows]


def _edges(files: list[str], offsets: Numbers, context: Context) -> _Edges:
    none, never = np.empty(0, np.int64), np.empty(0, np.bool_)
    parts = [_Edges(none, none, never, never, never)]
    for path in files:
        for table in read_batches(context.storage.path(path)):
            flags = [
                table[name].to_numpy() if name in table.column_names else np.zeros(table.num_rows, np.bool_)
                for name in ("certain", "page", "script")
            ]
            parts.append(_Edges(_global(table, "a", offsets), _global(table, "b", offsets), *flags))
    return _Edges(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _offsets(task: Task) -> Numbers:
    """Global number of each shard's first row, by shard number, and the total at the end."""
    rows = np.zeros(max(task.arguments["rows"], default=-1) + 2, np.int64)
    for shard, count in task.arguments["rows"].items():
        rows[shard + 1] = count
    return np.cumsum(rows)


def components(task: Task, context: Context) -> list[Entry]:
    """Connected components of candidate pairs, of one script or (`script`) of two; the rows to verify, by shard."""
    from weft.text.components import components as connected

    offsets = _offsets(task)
    edges = _edges(task.arguments["files"], offsets, context)
    wanted = edges.script == task.arguments["script"]
    root = connected(int(offsets[-1]), *edges.only(wanted))
    near_first, near_second = edges.only(wanted & ~edges.certain)
    low, high = np.minimum(near_first, near_second), np.maximum(near_first, near_second)
    pairs = pl.DataFrame({"low": low, "high": high}).unique().sort("low", "high").to_numpy().reshape(-1, 2)
    members = np.unique(pairs)
    shard = np.searchsorted(offsets, members, side="right") - 1
    partner_shard = np.searchsorted(offsets, pairs[:, 1], side="right") - 1
    packed = (partner_shard << 32) | (pairs[:, 1] - offsets[partner_shard])
    bounds = np.searchsorted(pairs[:, 0], members, side="left")
    ends = np.searchsorted(pairs[:, 0], members, side="right")
    lists = pa.ListArray.from_arrays(np.append(bounds, ends[-1] if len(ends) else 0).astype(np.int32), packed)
    table = pa.table(
        {
            "row": (members - offsets[shard]).astype(np.int32),
            "component": np.asarray(root)[members].astype(np.int64),
            "partners": lists,
        },
        schema=MEMBER,
    )
    record = exchange.write(context.storage, _name(task, task.node, "arrow"), MEMBER, [(table, shard)])
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
                rows = _addressed(batch, task.shard, start).take(pa.array(wanted[low:high] - start))
                for step in chain:
                    rows, _ = run_map(step, rows)
                made = make.function(rows.append_column("component", part["component"]))
                if made.num_rows != part.num_rows:
                    raise ShardError(f"{make.spec.name}: {part.num_rows} rows in, {made.num_rows} out")
                made = made.append_column("partners", part["partners"])
                yield made, exchange.by_number(made["component"].to_numpy())
            start += batch.num_rows

    record = exchange.write(context.storage, _name(task, task.node, "arrow"), schema, chunks())
    return _done(task, record, rows_out=record.rows)


def verify(task: Task, context: Context) -> list[Entry]:
    """Pairs whose true Jaccard similarity reaches the threshold."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def made() -> Iterator[pa.Table]:
        arguments = task.arguments
        for rows in exchange.groups(context.storage, arguments["files"], arguments["destinations"], SETS_TOGETHER):
            yield step.function(rows)

    record = context.storage.write_table(_name(task, task.node, "parquet"), made(), VERIFIED)
    return _done(task, record, rows_out=record.rows)


def clusters(task: Task, context: Context) -> list[Entry]:
    """Clusters over certain and verified pairs, stored by shard for every row that is not alone."""
    from weft.deduplicate.clusters import KINDS, cluster_table

    offsets = _offsets(task)
    met = _edges(task.arguments["candidates"], offsets, context)
    near = _edges(task.arguments["verified"], offsets, context)
    scripts = _edges(task.arguments["romanized"], offsets, context)
    meaning = _edges(task.arguments["semantic"], offsets, context)
    exact, page = met.only(met.certain & ~met.page), met.only(met.page)
    similar = [(some.first, some.second) for some in (near, scripts, meaning)]
    root, size, kind = cluster_table(int(offsets[-1]), exact, page, *similar)
    rows = np.flatnonzero(size > 1)
    shard = np.searchsorted(offsets, rows, side="right") - 1
    roots, place = np.unique(root[rows], return_inverse=True)
    ids = _ids_of(roots, offsets, task.arguments["documents"], context)
    table = pa.table(
        {
            "row": (rows - offsets[shard]).astype(np.int32),
            "cluster": ids.take(pa.array(place)),
            "size": size[rows].astype(np.int32),
            "kind": pa.array(KINDS, pa.string()).take(pa.array(kind[rows])),
        },
        schema=CLUSTERED,
    )
    record = exchange.write(context.storage, _name(task, "clusters", "arrow"), CLUSTERED, [(table, shard)])
    return _done(
        task, record, clusters=len(roots), rows_out=record.rows, verified=len(near.first), semantic=len(meaning.first)
    )


def _ids_of(rows: Numbers, offsets: Numbers, documents: dict[int, str], context: Context) -> pa.Array:
    """Document ids of sorted global row numbers, one shard's id column in memory at a time."""
    shard = np.searchsorted(offsets, rows, side="right") - 1
    found = []
    for number in np.unique(shard):
        path = documents[int(number)]
        column = context.storage.read_table(path, ["id"])["id"].combine_chunks()
        found.append(column.take(pa.array(rows[shard == number] - offsets[number])))
    return pa.concat_arrays(found) if found else pa.array([], pa.string())


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
