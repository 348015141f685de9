"""The order of train: the number of every row of a shard, and the files of a language sorted in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.construct import ordering
from weft.construct.copies import Written, copies
from weft.construct.draw import draw
from weft.construct.kinds import plain
from weft.construct.ordering import ORDER, Order
from weft.construct.thresholds import apply as with_thresholds
from weft.engine import exchange
from weft.engine.work import Context, Task
from weft.errors import ShardError

BUCKET_BYTES = 64 << 20
"""Text that is sorted at once, and that is divided at once."""
_BUCKETS = 1024
"""More buckets would make what each gets of one batch too small to read; then they are larger."""
_ROW_BYTES = 256
_SLICE = 4_096
_KNOWN = {"segment": pl.Int64, "value": pl.Float64, "times": pl.Int64, "drawn": pl.UInt64, "size": pl.Int64}
Read = Callable[[], Iterable[pa.Table]]


def valued(task: Task, context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The judged rows of a shard with the columns `order`, the number to sort by, and `phase` where there are some."""
    given = task.arguments["order"]
    order = Order(**given["settings"])
    rows = frame
    if "threshold" in order.columns():
        rows = with_thresholds(frame, context.storage.read_table(given["thresholds"]))
    made = ordering.valued(rows, order, given["seed"])
    # Records are written in corpus order, whatever their numbers.
    return frame.hstack(made).with_columns(pl.when(plain(frame)).then(name).alias(name) for name in made.columns)


def phases_of(frame: pl.DataFrame) -> dict[str, list[int]]:
    """Kept documents of train, and rows that they are read as, by phase."""
    times = pl.col("repeats").sum() if "repeats" in frame.columns else pl.len()
    kept = frame.filter(pl.col("rule").is_null() & pl.col("phase").is_not_null())
    rows = kept.group_by("phase").agg(pl.len().alias("documents"), times.cast(pl.Int64).alias("rows"))
    return {phase: [documents, read] for phase, documents, read in rows.sort("phase").iter_rows()}


def of_release(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a release knows of its order, from the arguments of its task; empty without one."""
    held = given.get("order")
    return {} if held is None else {"order": Order(**held["settings"]), "phases": held["phases"]}


def schema_of(task: Task, schema: pa.Schema) -> pa.Schema:
    """`schema` with the columns that the task's order adds."""
    return Order(**task.arguments["order"]["settings"]).extended(schema)


def arranged(task: Task, context: Context, read: Read, written: Written | None) -> Iterator[pa.Table]:
    """The rows of one language in the order of its files, `read` giving them in corpus order each time it is called.

    First those outside of train, then phase by phase, in each every time that documents are read, lowest number first.
    `order` is then the place of a row. Memory: a bucket of rows and some 60 bytes for each row of the language; the
    rows lie on disk once more meanwhile.
    """
    given = task.arguments["order"]
    found, sizes, times = _known(read, Order(**given["settings"]), given["seed"])
    if written != "copies":
        times = np.ones_like(times)
    most = max(BUCKET_BYTES, int(sizes.sum()) // _BUCKETS)
    place, buckets = ordering.bounds(found, sizes, most)
    totals = np.bincount(found.segment, times, len(buckets)).astype(np.int64)
    path = f"tmp/ordered-{task.key[:24]}.arrow"
    try:
        ranked = _divided(read, found.rank, place, most)
        first = next(ranked, None)
        if first is not None:
            exchange.write(context.storage, path, first[0].schema, itertools.chain([first], ranked))
        segments = [_Segment(context, path, numbers) for numbers in buckets]
        yield from _files(segments, totals.tolist(), written)
    finally:
        for name in (path, f"{path}.index"):
            context.storage.path(name).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Segment:
    """Some buckets of the exchange, read from the start each time that it is called."""

    context: Context
    path: str
    buckets: Sequence[int]

    def __call__(self) -> Iterator[pa.Table]:
        for table in exchange.groups(self.context.storage, [self.path], self.buckets, 1):
            rows = table.take(pc.sort_indices(table["rank"])).drop_columns("rank")
            yield from (rows.slice(start, _SLICE) for start in range(0, rows.num_rows, _SLICE))


def _known(read: Read, order: Order, seed: int) -> tuple[ordering.Ranks, Any, Any]:
    """Ranks of a language's rows, the bytes that each counts for, and how often each is read."""
    phases = {phase.name: number for number, phase in enumerate(order.phases, 1)}
    parts = []
    for table in read():
        frame = pl.DataFrame(pl.from_arrow(table.select([n for n in table.schema.names if n != "text"])))
        number = pl.col("phase").replace_strict(phases, return_dtype=pl.Int64) if phases else pl.lit(1, pl.Int64)
        hashes = draw(frame["id"], seed + ordering.STREAM) if order.buckets else np.zeros(frame.height, np.uint64)
        sizes = pc.fill_null(pc.binary_length(table["text"]), 0).to_numpy() + _ROW_BYTES
        times = pl.col("repeats") if "repeats" in frame.columns else pl.lit(1)
        held = frame.select(
            pl.when(pl.col("split") == "train").then(number).otherwise(0).cast(pl.Int64).alias("segment"),
            pl.col("order").fill_null(float("nan")).alias("value"),
            times.cast(pl.Int64).alias("times"),
        )
        drawn, size = pl.Series("drawn", hashes, dtype=pl.UInt64), pl.Series("size", sizes, dtype=pl.Int64)
        parts.append(held.with_columns(drawn, size))
    rows = pl.concat([pl.DataFrame(schema=_KNOWN), *parts]).rechunk()
    segment, value, times_read, drawn_by, size_of = (rows[name].to_numpy() for name in _KNOWN)
    return ordering.ranks(segment, value, drawn_by, order.buckets), size_of, times_read


def _divided(read: Read, rank: Any, place: Any, most: int) -> Iterator[tuple[pa.Table, Any]]:
    """The rows with their rank, and the bucket of each, several batches at a time."""
    start = held = 0
    together: list[pa.Table] = []
    for table in read():
        together.append(table)
        held += table.nbytes
        if held >= most:
            yield _ranked(together, rank, place, start)
            start, held, together = start + sum(part.num_rows for part in together), 0, []
    if together:
        yield _ranked(together, rank, place, start)
        start += sum(part.num_rows for part in together)
    if start != len(rank):
        raise ShardError(f"order: {len(rank)} rows were counted, {start} read again")


def _ranked(tables: list[pa.Table], rank: Any, place: Any, start: int) -> tuple[pa.Table, Any]:
    joined = pa.concat_tables(tables)
    part = slice(start, start + joined.num_rows)
    return joined.append_column("rank", pa.array(rank[part], pa.int64())), place[part]


def _files(segments: Sequence[Read], totals: Sequence[int], written: Written | None) -> Iterator[pa.Table]:
    """Rows as they are written, `totals` of each segment, with their place as `order`."""
    for number, (segment, total) in enumerate(zip(segments, totals, strict=True)):
        done = 0
        for table in copies(segment, written) if written == "copies" else segment():
            place = number - 1 + np.arange(done, done + table.num_rows) / total
            done += table.num_rows
            order = pa.array(place, pa.float64()) if number else pa.nulls(table.num_rows, pa.float64())
            yield table.set_column(table.schema.get_field_index("order"), ORDER, order)
        if done != total:
            raise ShardError(f"order: {total} rows to be written, {done} are")
