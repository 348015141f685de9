"""What belongs together as exchanges: keys meet, links join clusters into units, every shard gets its units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.construct.borders import BORDER, borders, check_borders
from weft.construct.groups import too_large
from weft.engine import exchange
from weft.engine.apply import ready
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.deduplicate import CLUSTERED
from weft.engine.tasks.places import Numbers, addressed, global_rows, ids_of, offsets_of
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
    from weft.text.components import components

    given = task.arguments
    offsets = offsets_of(given["rows"])
    ends = [*_linked(given["links"], offsets, context), _clustered(given["clusters"], offsets, context)]
    first, second = (np.concatenate([one[n] for one in ends]) for n in (0, 1))
    total = int(offsets[-1])
    root = components(total, first, second)
    size = np.bincount(root, minlength=total)[root] if total else root
    rows = np.flatnonzero(size > 1)
    shard = np.searchsorted(offsets, rows, side="right") - 1
    roots, place = np.unique(root[rows], return_inverse=True)
    whole = too_large(size, total, given["largest"])
    table = pa.table(
        {
            "row": (rows - offsets[shard]).astype(np.int32),
            "id": ids_of(roots, offsets, given["documents"], context).take(pa.array(place)),
            "size": size[rows].astype(np.int32),
            "whole": whole[rows],
        },
        schema=UNIT,
    )
    record = exchange.write(context.storage, f"selection/units-{task.key[:12]}.arrow", UNIT, [(table, shard)])
    counts = {
        "documents": total,
        "units": len(roots),
        "largest_unit": int(size.max(initial=0)),
        "whole": int(whole.sum()),
        "rows_out": record.rows,
    }
    return [entry(task, task.key, [record_to_json(record)], counts)]


def _linked(files: Iterable[str], offsets: Numbers, context: Context) -> Iterator[tuple[Numbers, Numbers]]:
    for path in files:
        for table in read_batches(context.storage.path(path)):
            yield global_rows(table, "a", offsets), global_rows(table, "b", offsets)


def _clustered(file: str | None, offsets: Numbers, context: Context) -> tuple[Numbers, Numbers]:
    """Links from the first document of each cluster to the others."""
    parts = [pl.DataFrame(schema={"at": pl.Int64, "cluster": pl.String})]
    files = [] if file is None else [file]
    for shard in range(len(offsets) - 1):
        members = pl.DataFrame(pl.from_arrow(exchange.gather(context.storage, files, shard, CLUSTERED)))
        parts.append(members.select((pl.col("row").cast(pl.Int64) + int(offsets[shard])).alias("at"), "cluster"))
    held = pl.concat(parts).with_columns(pl.col("at").min().over("cluster").alias("first"))
    return held["first"].to_numpy(), held["at"].to_numpy()


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
