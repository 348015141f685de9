"""Repeated passages as exchanges: fingerprints meet, texts go where they are compared, spans come out by shard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.deduplicate.passages import FOUND, Least, passages, substring_label
from weft.engine import exchange
from weft.engine.apply import ready
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import SUBSTRINGS

FINGERPRINTS_TOGETHER = 1 << 20
"""Rows of a reduce task that meet at once, unless one destination has more: about 28 MB of fingerprints."""
REQUEST = pa.schema({"row": pa.int32(), "shard": pa.int32()})
TEXT = pa.schema({"shard": pa.int32(), "row": pa.int32(), "id": pa.string(), "text": pa.large_string()})
_NEW = {"shard": pl.Int32, "row": pl.Int32, "a": pl.Int64}


def fingerprints(task: Task, context: Context) -> list[Entry]:
    """Fingerprints of a shard's documents, stored by key."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        start = 0
        for batch in read_batches(context.storage.path(task.arguments["documents"]), ["id", "text"]):
            rows = batch.num_rows
            columns = {"priority": task.arguments["priority"], "shard": task.shard}
            for name, value in columns.items():
                batch = batch.append_column(name, pa.array(np.full(rows, value, np.int32)))
            batch = batch.append_column("row", pa.array(np.arange(start, start + rows, dtype=np.int32)))
            start += rows
            made = step.function(batch)
            yield made, exchange.by_key(made["key"].to_numpy())

    path = f"deduplicate/fingerprints/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, path, pa.schema(list(step.spec.writes.items())), chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def pairs(task: Task, context: Context) -> list[Entry]:
    """Places to compare, by the shard of the later document; and by that of the earlier one, who wants its text."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    given, name = task.arguments, f"{task.shard:05d}-{task.key[:12]}.arrow"
    asked: list[pl.DataFrame] = []

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        for rows in exchange.groups(context.storage, given["files"], given["destinations"], FINGERPRINTS_TOGETHER):
            made = step.function(rows)
            frame = pl.DataFrame(pl.from_arrow(made.select(["shard_a", "row_a", "shard_b"]))).unique()
            asked[:] = [pl.concat([*asked, frame]).unique()]
            yield made, made["shard_b"].to_numpy().astype(np.int64)

    schema = pa.schema(list(step.spec.writes.items()))
    found = exchange.write(context.storage, f"deduplicate/passage-pairs/{name}", schema, chunks())
    requests = pl.concat([pl.DataFrame(schema={"shard_a": pl.Int32, "row_a": pl.Int32, "shard_b": pl.Int32}), *asked])
    requests = requests.sort("shard_a", "row_a", "shard_b")
    table = requests.select(pl.col("row_a").alias("row"), pl.col("shard_b").alias("shard")).to_arrow().cast(REQUEST)
    place = requests["shard_a"].to_numpy().astype(np.int64)
    wanted = exchange.write(context.storage, f"deduplicate/passage-requests/{name}", REQUEST, [(table, place)])
    files = [record_to_json(record) for record in (found, wanted)]
    return [entry(task, task.key, files, {"rows_out": found.rows})]


def texts(task: Task, context: Context) -> list[Entry]:
    """The texts of a shard that others are compared with, stored by the shard that compares them."""
    asked = exchange.gather(context.storage, task.arguments["requests"], task.shard, REQUEST)
    wanted = pl.DataFrame(pl.from_arrow(asked)).unique().sort("row", "shard")

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        start = 0
        for batch in read_batches(context.storage.path(task.arguments["documents"]), ["id", "text"]):
            rows = wanted.filter(pl.col("row").is_between(start, start + batch.num_rows - 1))
            # One destination at a time: a text that many shards want is not copied for all of them at once.
            for shard, part in rows.group_by("shard", maintain_order=True):
                number = part["row"].to_numpy()
                table = batch.take(pa.array(number - start)).append_column("row", pa.array(number))
                table = table.append_column("shard", pa.array(np.full(len(number), task.shard, np.int32)))
                yield table, np.full(len(number), shard[0], np.int64)
            start += batch.num_rows

    path = f"deduplicate/passage-texts/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, path, TEXT, chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def label(task: Task, context: Context) -> list[Entry]:
    """The passages of a shard's documents that earlier documents hold."""
    given = task.arguments
    asked = exchange.stream(context.storage, given["pairs"], task.shard)
    wanted = pl.concat([pl.DataFrame(pl.from_arrow(table)) for table in asked] or [_no_pairs()]).sort("row_b")
    schema = pa.schema([("substrings", SUBSTRINGS)])
    path = f"label/substrings/{task.shard:05d}-{task.key[:12]}.parquet"
    rows = cut = 0
    with context.storage.parquet(path, schema) as sink:
        for batch in read_batches(context.storage.path(given["documents"]), ["text"]):
            here = wanted.filter(pl.col("row_b").is_between(rows, rows + batch.num_rows - 1))
            found = _compared(here.with_columns(pl.col("row_b") - rows), batch, task, context)
            column = substring_label(found, batch["text"].combine_chunks())
            rows += batch.num_rows
            cut += int(pc.sum(pc.struct_field(column, "cut")).as_py() or 0)
            sink.add(pa.table({"substrings": column}, schema=schema))
    record = sink.record()
    if record.rows != rows:
        raise ShardError(f"substrings on shard {task.shard}: {rows} rows in, {record.rows} out")
    counts = {"rows_in": rows, "rows_out": record.rows, "characters": cut}
    return [entry(task, task.key, [record_to_json(record)], counts)]


def _no_pairs() -> pl.DataFrame:
    names = {"shard_a": pl.Int32, "row_a": pl.Int32, "at_a": pl.Int32, "order_a": pl.UInt64}
    return pl.DataFrame(schema=names | {"shard_b": pl.Int32, "row_b": pl.Int32, "at_b": pl.Int32})


def _compared(pairs: pl.DataFrame, batch: pa.Table, task: Task, context: Context) -> pl.DataFrame:
    """FOUND rows of one batch of later documents: texts of earlier ones pass by, some at a time."""
    parts = [pl.DataFrame(schema=FOUND)]
    if not pairs.height:
        return parts[0]
    rows = pairs["row_b"].unique().sort()
    later = batch.take(rows.to_arrow())
    numbered = pairs.with_columns(pl.col("row_b").replace_strict(rows, pl.int_range(len(rows), eager=True)).alias("b"))
    least = Least(task.arguments["words"], task.arguments["chars"])
    for table in exchange.stream(context.storage, task.arguments["texts"], task.shard):
        # The number of a text within this table joins its pairs to it.
        here = pl.DataFrame(pl.from_arrow(table.select(["shard", "row"]))).with_row_index("a").cast(_NEW)  # type: ignore[arg-type]
        hit = numbered.join(here, left_on=["shard_a", "row_a"], right_on=["shard", "row"])
        if hit.height:
            used = hit["a"].unique().sort()
            hit = hit.with_columns(pl.col("a").replace_strict(used, pl.int_range(len(used), eager=True)))
            parts.append(passages(hit, table.take(used.to_arrow()), later, least))
    return pl.concat(parts)
