"""Repeated passages as exchanges: fingerprints meet, texts go where they are compared, spans come out by shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.deduplicate.passages import FOUND, Least, flat_spans, passages, substring_label, within
from weft.engine import exchange
from weft.engine.apply import ready
from weft.engine.dividing import blocks, by_part
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.labels import beside
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import SUBSTRINGS

FINGERPRINTS_TOGETHER = 1 << 17
"""Rows of a reduce task that meet at once, or twice as many: some 4 MB of fingerprints, and of their pairs 50 MB."""
REQUESTS_TOGETHER = 1 << 19
"""Pairs of passages whose requests for texts are gathered at once, or those of one shard: some 30 MB."""
REQUEST = pa.schema({"row": pa.int32(), "shard": pa.int32()})
TEXT = pa.schema({"shard": pa.int32(), "row": pa.int32(), "id": pa.string(), "text": pa.large_string()})
GONE = pa.list_(pa.struct({"begin": pa.int64(), "end": pa.int64()}))
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
            yield made, exchange.by_skewed_key(made["key"].to_numpy())

    path = f"deduplicate/fingerprints/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, path, pa.schema(list(step.spec.writes.items())), chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def pairs(task: Task, context: Context) -> list[Entry]:
    """Places to compare, by the shard of the later document; and by that of the earlier one, who wants its text.

    With `staying`: of the documents that stay, and later ones only where the label has a passage.
    """
    step = ready([Call(**task.arguments["call"])], context)[0]
    given, name = task.arguments, f"{task.shard:05d}-{task.key[:12]}.arrow"
    asked = np.zeros(0, np.int64)
    marks = Marks.read(context, given["staying"]) if "staying" in given else None

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        nonlocal asked
        files, places, bits = given["files"], given["destinations"], exchange.bits_of_skewed_key
        for rows in exchange.groups(context.storage, files, places, FINGERPRINTS_TOGETHER, bits):
            made = step.function(rows if marks is None else rows.filter(marks.of(rows, "")))
            made = made if marks is None else made.filter(marks.of(made, "_b", asks=True))
            count = np.bincount(made["shard_a"].to_numpy(), minlength=len(asked))
            asked = count + np.pad(asked, (0, len(count) - len(asked)))
            yield made, made["shard_b"].to_numpy().astype(np.int64)

    schema = pa.schema(list(step.spec.writes.items()))
    found = exchange.write(context.storage, f"deduplicate/passage-pairs/{name}", schema, chunks())
    requests = _requests(exchange.every(context.storage, found.path), asked)
    wanted = exchange.write(context.storage, f"deduplicate/passage-requests/{name}", REQUEST, requests)
    files = [record_to_json(record) for record in (found, wanted)]
    return [entry(task, task.key, files, {"rows_out": found.rows})]


def _requests(pairs: Iterable[pa.Table], asked: npt.NDArray[np.int64]) -> Iterator[tuple[pa.Table, Any]]:
    """Each earlier document of pairs once for every shard that compares it, by its own; `asked`: pairs by that."""
    block = blocks(asked, REQUESTS_TOGETHER)
    tables = (pairs.select(["shard_a", "row_a", "shard_b"]) for pairs in pairs)
    parts = int(block.max(initial=-1)) + 1
    for table in by_part(tables, parts, REQUESTS_TOGETHER, lambda table: block[table["shard_a"].to_numpy()]):
        rows = pl.DataFrame(pl.from_arrow(table)).unique().sort("shard_a", "row_a", "shard_b")
        request = rows.select(pl.col("row_a").alias("row"), pl.col("shard_b").alias("shard")).to_arrow().cast(REQUEST)
        yield request, rows["shard_a"].to_numpy().astype(np.int64)


def texts(task: Task, context: Context) -> list[Entry]:
    """The texts of a shard that others are compared with, stored by the shard that compares them.

    With `lines`, a side table of spans: `gone`, the spans that are cut from them.
    """
    asked = exchange.gather(context.storage, task.arguments["requests"], task.shard, REQUEST)
    wanted = pl.DataFrame(pl.from_arrow(asked)).unique().sort("row", "shard")
    cut = {"lines": task.arguments["lines"]} if "lines" in task.arguments else {}
    schema = TEXT.append(pa.field("gone", GONE)) if cut else TEXT

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        start = 0
        for batch in beside(task.arguments["documents"], cut, ["id", "text"], context):
            if cut:
                spans = pc.struct_field(batch["lines"], "spans").cast(GONE)
                batch = batch.drop_columns("lines").append_column("gone", spans)
            rows = wanted.filter(pl.col("row").is_between(start, start + batch.num_rows - 1))
            # One destination at a time: a text that many shards want is not copied for all of them at once.
            for shard, part in rows.group_by("shard", maintain_order=True):
                number = part["row"].to_numpy()
                table = batch.take(pa.array(number - start)).append_column("row", pa.array(number))
                table = table.append_column("shard", pa.array(np.full(len(number), task.shard, np.int32)))
                yield table, np.full(len(number), shard[0], np.int64)
            start += batch.num_rows

    path = f"deduplicate/passage-texts/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, path, schema, chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


class Marks(NamedTuple):
    """Which rows stay, and which of these ask for another keeper: a bit each, the shards end to end."""

    starts: npt.NDArray[np.int64]
    """The first byte of each shard, -1 of one that is not there."""
    stays: npt.NDArray[np.uint8]
    asks: npt.NDArray[np.uint8]

    @classmethod
    def read(cls, context: Context, files: list[tuple[int, str]]) -> Marks:
        """`files`: number and table of every shard, in order."""
        starts = np.full(max((shard for shard, _ in files), default=-1) + 1, -1, np.int64)
        bits = {"stays": bytearray(), "asks": bytearray()}
        for shard, path in files:
            starts[shard] = len(bits["stays"])
            table = context.storage.read_table(path)
            for name, held in bits.items():
                held += np.packbits(table[name].to_numpy()).tobytes()
        # What is not there finds the byte that ends all.
        return cls(starts, *(np.frombuffer(held + b"\0", np.uint8) for held in bits.values()))

    def of(self, rows: pa.Table, side: str, *, asks: bool = False) -> pa.Array:
        """Whether the row stays (or asks) that `shard` and `row` name, or those of one side of a pair."""
        shard, row = rows[f"shard{side}"].to_numpy(), rows[f"row{side}"].to_numpy()
        # Of a shard that failed after its fingerprints were there, nothing stays.
        start = np.append(self.starts, -1)[np.minimum(shard, len(self.starts))]
        held = self.asks if asks else self.stays
        byte = np.where(start >= 0, start + (row >> 3), len(held) - 1)
        return pa.array((held[byte] << (row & 7)) & 128 > 0)


def label(task: Task, context: Context) -> list[Entry]:
    """The passages of a shard's documents that earlier documents hold.

    With `staying` and `before`: of the passages of that label those that an earlier document holds which stays. What
    is said of documents that do not stay is as before.
    """
    given = task.arguments
    asked = exchange.stream(context.storage, given["pairs"], task.shard)
    wanted = pl.concat([pl.DataFrame(pl.from_arrow(table)) for table in asked] or [_no_pairs()]).sort("row_b")
    schema = pa.schema([("substrings", SUBSTRINGS)])
    path = f"label/substrings/{task.shard:05d}-{task.key[:12]}.parquet"
    rows = cut = 0
    held = {name: given[name] for name in ("staying", "before") if name in given}
    with context.storage.parquet(path, schema) as sink:
        for batch in beside(given["documents"], held, ["text"], context):
            here = wanted.filter(pl.col("row_b").is_between(rows, rows + batch.num_rows - 1))
            found = _compared(here.with_columns(pl.col("row_b") - rows), batch, task, context)
            text = batch["text"].combine_chunks()
            column = _still_held(batch, found, text) if held else substring_label(found, text)
            rows += batch.num_rows
            cut += int(pc.sum(pc.struct_field(column, "cut")).as_py() or 0)
            sink.add(pa.table({"substrings": column}, schema=schema))
    record = sink.record()
    if record.rows != rows:
        raise ShardError(f"substrings on shard {task.shard}: {rows} rows in, {record.rows} out")
    counts = {"rows_in": rows, "rows_out": record.rows, "characters": cut}
    return [entry(task, task.key, [record_to_json(record)], counts)]


def _still_held(batch: pa.Table, found: pl.DataFrame, text: pa.Array) -> pa.Array:
    before = batch["substrings"].combine_chunks()
    column = substring_label(within(found, flat_spans(pc.struct_field(before, "spans"))), text)
    place = np.where(batch["asks"].to_numpy(), np.arange(batch.num_rows), np.arange(batch.num_rows) + batch.num_rows)
    return pa.concat_arrays([column, before]).take(pa.array(place))


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
