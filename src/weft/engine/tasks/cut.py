"""What is cut from each document of a shard, and what is left of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.engine.apply import ready, run_map
from weft.engine.ledger import Entry
from weft.engine.storage import record_to_json
from weft.engine.tasks.labels import beside
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import CUT

SCHEMA = pa.schema([("cut", CUT)])


def run(task: Task, context: Context) -> list[Entry]:
    """The side table `cut`: null for a document of which nothing is cut."""
    given = task.arguments
    chain = ready([Call(**c) for c in given["chain"]], context)
    path = f"label/cut/{task.shard:05d}-{task.key[:12]}.parquet"
    rows = 0
    with context.storage.parquet(path, SCHEMA) as sink:
        for batch in beside(given["documents"], given["labels"], given["columns"], context):
            rows += batch.num_rows
            sink.add(pa.table({"cut": cut_column(batch, given["cuts"], chain)}, schema=SCHEMA))
    record = sink.record()
    if record.rows != rows:
        raise ShardError(f"cut on shard {task.shard}: {rows} rows in, {record.rows} out")
    return [entry(task, task.key, [record_to_json(record)], {"rows_in": rows, "rows_out": record.rows})]


def cut_column(batch: pa.Table, cuts: list[str], chain: list[Any]) -> pa.Array:
    """CUT of every document, from the labels named in `cuts`; words are those that the chain counts in what is left."""
    from weft.construct.cutting import characters_by_label, merged_spans, text_without

    by_label = {name: _spans(batch[name]) for name in cuts}
    spans = merged_spans(list(by_label.values()))
    changed = np.unique(spans["row"].to_numpy())
    table = batch.take(pa.array(changed))
    text = text_without(table["text"].combine_chunks(), spans, changed)
    words = _words(table.set_column(table.column_names.index("text"), "text", text), chain)
    left = pl.DataFrame({"text": pl.from_arrow(text)}).select(
        pl.col("text").str.replace_all(r"\s", "").str.len_chars().cast(pl.Int64)
    )
    lists = spans.group_by("row", maintain_order=True).agg(pl.struct("begin", "end").alias("spans"))
    made = pl.DataFrame({"row": changed}).with_columns(
        lists["spans"],
        *(pl.Series(name, count[changed]) for name, count in characters_by_label(by_label, batch.num_rows).items()),
        left.to_series().alias("left"),
        pl.Series("bytes", pl.from_arrow(pc.binary_length(text))).cast(pl.Int32),
        words.alias("words"),
    )
    struct = made.select(pl.struct([f.name for f in CUT])).to_series().to_arrow(compat_level=pl.CompatLevel.oldest())
    place = np.full(batch.num_rows, -1, np.int64)
    place[changed] = np.arange(len(changed))
    return struct.cast(CUT).take(pa.array(place, mask=place < 0))


def _spans(column: pa.ChunkedArray) -> pl.DataFrame:
    """`row`, `begin`, `end` of all spans of a label."""
    frame = pl.DataFrame({"label": pl.from_arrow(column)}).unnest("label").select("spans")
    listed = frame.with_row_index("row").filter(pl.col("spans").list.len() > 0).explode("spans")
    return listed.unnest("spans").select(pl.col("row").cast(pl.Int64), "begin", "end")


def _words(table: pa.Table, chain: list[Any]) -> pl.Series:
    if not chain or not table.num_rows:
        return pl.Series([None] * table.num_rows, dtype=pl.Int32)
    for step in chain:
        table, _ = run_map(step, table)
    return pl.DataFrame({"signals": pl.from_arrow(table["signals"])}).unnest("signals")["words"].cast(pl.Int32)
