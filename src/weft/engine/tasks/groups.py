"""What belongs together as exchanges: keys meet, links join clusters into units, every shard gets its units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.construct.borders import BORDER, borders, check_borders
from weft.construct.groups import too_large
from weft.engine import exchange
from weft.engine.apply import ready
from weft.engine.clustering import grouped
from weft.engine.connected import Graph
from weft.engine.dividing import by_part
from weft.engine.ledger import Entry
from weft.engine.parts import Ranges
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.places import Numbers, addressed, by_shard, global_rows, ids_of, offsets_of
from weft.engine.tasks.selection import arrow
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError

READ = ["group_id", "text", "record_kind", "parts"]
"""Columns that say what a document belongs to."""
FIELDS = {"id": pa.string(), "size": pa.int32(), "whole": pa.bool_()}
UNIT = pa.schema({"row": pa.int32(), **FIELDS})
LABEL = pa.schema({"split_unit": pa.struct(FIELDS)})
_TOGETHER = 1 << 20
"""Rows of a reduce task that meet at once, or twice as many."""
_MEMBERS = 1 << 18
"""Documents that are divided at once, with the texts of their clusters' ids."""


def keys(task: Task, context: Context) -> list[Entry]:
    """Rows (key, address) of a shard's groups and sides, stored by destination."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        start = 0
        for batch in read_batches(context.storage.path(task.arguments["documents"]), READ):
            made = step.function(addressed(batch, task.shard, start))
            start += batch.num_rows
            yield made, exchange.by_key(made["key"].to_numpy())

    path = f"selection/group-keys/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, path, pa.schema(list(step.spec.writes.items())), chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def links(task: Task, context: Context) -> list[Entry]:
    """Links between documents that have a key in common, from some of the exchange's destinations."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    given = task.arguments
    files, places = given["files"], given["destinations"]
    made = map(step.function, exchange.groups(context.storage, files, places, _TOGETHER, exchange.bits_of_key))
    path = f"selection/group-links/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, made, pa.schema(list(step.spec.writes.items())))
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def units(task: Task, context: Context) -> list[Entry]:
    """Units: components over links and clusters, stored by shard for every row that is not alone."""
    given = task.arguments
    offsets = offsets_of(given["rows"])
    counts = Counter(documents=int(offsets[-1]), units=0, largest_unit=int(offsets[-1] > 0), whole=0)
    graph = Graph(Ranges(offsets))
    for first, second in (*_linked(given["links"], offsets, context), *_clustered(given["clusters"], offsets, context)):
        graph.join(first, second)

    def names(roots: Numbers) -> pa.Array:
        return ids_of(roots, offsets, given["documents"], context)

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        for table in grouped(graph, names=names):
            size = table["size"].to_numpy()
            whole = too_large(size, counts["documents"], given["largest"])
            counts["units"] += pc.sum(pc.equal(table["document"], table["root"])).as_py()
            counts["largest_unit"] = max(counts["largest_unit"], int(size.max()))
            counts["whole"] += int(whole.sum())
            for shard, start, rows in by_shard(table.append_column("whole", pa.array(whole)), offsets):
                columns = {
                    "row": (rows["document"].to_numpy() - start).astype(np.int32),
                    "id": rows["name"],
                    "size": rows["size"].cast(pa.int32()),
                    "whole": rows["whole"],
                }
                yield pa.table(columns, schema=UNIT), np.full(rows.num_rows, shard)

    record = exchange.write(context.storage, f"selection/units-{task.key[:12]}.arrow", UNIT, chunks())
    return [entry(task, task.key, [record_to_json(record)], {**counts, "rows_out": record.rows})]


def _linked(files: Iterable[str], offsets: Numbers, context: Context) -> Iterator[tuple[Numbers, Numbers]]:
    for path in files:
        for table in read_batches(context.storage.path(path)):
            yield global_rows(table, "a", offsets), global_rows(table, "b", offsets)


def _clustered(file: str | None, offsets: Numbers, context: Context) -> Iterator[tuple[Numbers, Numbers]]:
    """Links from the first document of each cluster to the others, some clusters at a time."""

    def members() -> Iterator[pa.Table]:
        for shard in range(0 if file is None else len(offsets) - 1):
            for rows in exchange.stream(context.storage, [str(file)], shard):
                documents = rows["row"].to_numpy().astype(np.int64) + offsets[shard]
                yield pa.table({"document": documents, "cluster": rows["cluster"]})

    parts = len(Ranges(offsets))

    def place(table: pa.Table) -> Numbers:
        named = pl.DataFrame({"cluster": pl.from_arrow(table["cluster"])})
        return named.select((pl.col("cluster").hash() % parts).cast(pl.Int64)).to_series().to_numpy()

    for table in by_part(members(), parts, _MEMBERS, place):
        held = pl.DataFrame(pl.from_arrow(table)).with_columns(pl.col("document").min().over("cluster").alias("first"))
        yield held["first"].to_numpy(), held["document"].to_numpy()


def label(task: Task, context: Context) -> list[Entry]:
    """The unit of every row of a shard that is not alone; null for the others."""
    ids = context.storage.read_table(task.arguments["documents"], ["id"])
    members = exchange.gather(context.storage, [task.arguments["units"]], task.shard, UNIT)
    held = pl.DataFrame(pl.from_arrow(members)).with_columns(pl.struct(*FIELDS).alias("split_unit"))
    rows = pl.DataFrame({"row": pl.int_range(ids.num_rows, dtype=pl.Int32, eager=True)})
    joined = rows.join(held.select("row", "split_unit"), on="row", how="left", maintain_order="left", validate="1:1")
    table = arrow(joined.select("split_unit")).cast(LABEL)
    if table.num_rows != ids.num_rows:
        raise ShardError(f"split_unit on shard {task.shard}: {ids.num_rows} rows in, {table.num_rows} out")
    path = f"label/split_unit/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [table], LABEL)
    return [entry(task, task.key, [record_to_json(record)], {"rows_in": ids.num_rows, "rows_out": record.rows})]


def write_borders(task: Task, context: Context, frame: pl.DataFrame) -> dict[str, Any]:
    """Store what the passing rows of a shard must not share with other splits; `frame` has `id`, `rule`, `split`."""
    told = frame.select("id", "split", pl.col("rule").is_null().alias("passes"))

    def chunks() -> Iterator[tuple[pa.Table, Numbers]]:
        start = 0
        for batch in read_batches(context.storage.path(task.arguments["documents"]), READ):
            rows = told.slice(start, batch.num_rows)
            start += batch.num_rows
            made = borders(rows, batch, task.arguments["least_characters"])
            yield arrow(made), exchange.by_key(made["key"].to_numpy())
        if start != told.height:
            raise ShardError(f"{task.node} on shard {task.shard}: {told.height} rows decided, {start} documents")

    path = f"selection/borders/{task.shard:05d}-{task.key[:12]}.arrow"
    return record_to_json(exchange.write(context.storage, path, BORDER, chunks()))


def check(files: list[str], context: Context) -> None:
    """Raise LeakError when documents of a group, or pairs that share a side, are in several splits."""
    whole = exchange.groups(context.storage, files, range(exchange.PARTITIONS), _TOGETHER, exchange.bits_of_key)
    check_borders(pl.DataFrame(pl.from_arrow(table)) for table in whole)
