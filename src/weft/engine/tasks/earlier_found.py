"""What matched of earlier releases returns to its documents and to the clusters of these, some of them at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.deduplicate.earlier import TEXT
from weft.engine import exchange, index_files
from weft.engine.dividing import by_part
from weft.engine.ledger import Entry
from weft.engine.parts import DOCUMENTS_TOGETHER, Ranges
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.places import offsets_of
from weft.engine.tasks.selection import arrow
from weft.engine.work import Context, Task, entry
from weft.model.tables import EARLIER

Longs = npt.NDArray[np.int64]

MATCH = pa.schema({"row": pa.int32(), **{field.name: field.type for field in EARLIER}, "form": pa.string()})
_KINDS = ("exact", "near", "page", "cluster")
"""In order of strength."""
_EXACT, _NEAR, _PAGE, _CLUSTER = range(4)
_FOUND = {
    "shard": pl.Int32,
    "row": pl.Int32,
    "release": pl.Int32,
    "document": pl.Int32,
    "strength": pl.Int8,
    "jaccard": pl.Float32,
}
_BEST = ("strength", "jaccard", "release", "document")
_HIGHEST = (False, True, False, False)
_ROWS = 1 << 18


class _Shards(NamedTuple):
    ranges: Ranges
    offsets: Longs

    def of(self, table: pa.Table) -> Longs:
        """The range of each row's shard."""
        return self.ranges.of(self.offsets[table["shard"].to_numpy()])

    def bounds(self, number: int) -> tuple[int, int]:
        """The first shard of a range, and the first one after it."""
        first, last = np.searchsorted(self.offsets, self.ranges.bounds(number))
        return int(first), int(last)


def found(task: Task, context: Context) -> list[Entry]:
    """For every row that repeats an earlier document, directly or over its cluster, which: stored by shard."""
    offsets = offsets_of(task.arguments["rows"])
    shards, parts = _Shards(Ranges(offsets), offsets), 1 + int(offsets[-1]) // DOCUMENTS_TOGETHER
    best = _best(task, context, shards)
    clusters = by_part(best, parts, _ROWS, lambda table: _by_cluster(table, parts))
    folders = [Path(folder) for folder in task.arguments["index"]]
    documents = _Documents.of(folders)
    named = documents.named(by_part(_told(clusters), documents.parts, _ROWS, documents.place))
    counts: Counter[str] = Counter()

    def chunks() -> Iterator[tuple[pa.Table, Longs]]:
        for table in by_part(named, len(shards.ranges), _ROWS, shards.of):
            rows = pl.DataFrame(pl.from_arrow(table)).sort("shard", "row")
            rows = rows.with_columns(
                _names("strength", _KINDS).alias("kind"),
                _names("release", task.arguments["releases"]).alias("release"),
            )
            counts.update(dict(rows["kind"].value_counts().iter_rows()))
            for (shard,), of_shard in rows.group_by("shard", maintain_order=True):
                yield arrow(of_shard.select(MATCH.names)).cast(MATCH), np.full(of_shard.height, shard, np.int64)

    name = f"deduplicate/{task.node.replace('_', '-')}/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, name, MATCH, chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows, **dict(sorted(counts.items()))})]


def _names(column: str, names: Iterable[str]) -> pl.Expr:
    numbered = dict(enumerate(names))
    return pl.col(column).replace_strict([*numbered], [*numbered.values()], return_dtype=pl.String)


def _matches(task: Task, context: Context) -> Iterator[pa.Table]:
    """All matches: the columns of _FOUND."""
    for table in read_batches(context.storage.path(task.arguments["certain"])):
        sure = pl.DataFrame(pl.from_arrow(table))
        text = pl.col("kind") == TEXT
        strength = pl.when(text).then(pl.lit(_EXACT)).otherwise(pl.lit(_PAGE)).alias("strength")
        similarity = pl.when(text).then(1.0).otherwise(None).alias("jaccard")
        yield _columns(sure.select("shard", "row", "release", "document", strength, similarity))
    for path in task.arguments["verified"]:
        for table in read_batches(context.storage.path(path)):
            near = pl.DataFrame(pl.from_arrow(table)).select(
                # The partner is what has a negative shard; which of two addresses comes first is the operator's affair.
                pl.max_horizontal("shard_a", "shard_b").alias("shard"),
                pl.when(pl.col("shard_a") >= 0).then("row_a").otherwise("row_b").alias("row"),
                (-1 - pl.min_horizontal("shard_a", "shard_b")).alias("release"),
                pl.when(pl.col("shard_a") >= 0).then("row_b").otherwise("row_a").alias("document"),
                pl.lit(_NEAR).alias("strength"),
                "jaccard",
            )
            yield _columns(near)


def _columns(frame: pl.DataFrame) -> pa.Table:
    return arrow(frame.select(pl.col(name).cast(kind) for name, kind in _FOUND.items()))


def _best(task: Task, context: Context, shards: _Shards) -> Iterator[pa.Table]:
    """The best match of every row that has one, and its cluster if that has several rows; the others of those too."""
    divided = by_part(_matches(task, context), len(shards.ranges), _ROWS, shards.of)
    waiting = next(divided, None)
    for number in range(len(shards.ranges)):
        own = pl.DataFrame(schema=_FOUND)
        if waiting is not None and shards.of(waiting.slice(0, 1))[0] == number:
            own = pl.DataFrame(pl.from_arrow(waiting))
            own = own.sort("shard", "row", *_BEST, descending=[False, False, *_HIGHEST], nulls_last=True)
            own = own.unique(["shard", "row"], keep="first", maintain_order=True)
            waiting = next(divided, None)
        members = _clusters(task, context, range(*shards.bounds(number)))
        yield arrow(own.join(members, on=["shard", "row"], how="full", coalesce=True))


def _clusters(task: Task, context: Context, shards: Iterable[int]) -> pl.DataFrame:
    """The cluster of every row of a cluster of several: shard, row, cluster."""
    parts = [pl.DataFrame(schema={"shard": pl.Int32, "row": pl.Int32, "cluster": pl.String})]
    for shard in shards:
        for table in exchange.stream(context.storage, [task.arguments["clusters"]], shard):
            frame = pl.DataFrame(pl.from_arrow(table.select(["row", "cluster"])))
            parts.append(frame.select(pl.lit(shard, pl.Int32).alias("shard"), "row", "cluster"))
    return pl.concat(parts)


def _by_cluster(table: pa.Table, parts: int) -> Longs:
    frame = pl.DataFrame(pl.from_arrow(table.select(["row", "cluster"])))
    key = pl.when(pl.col("cluster").is_null()).then(pl.col("row").cast(pl.UInt64)).otherwise(pl.col("cluster").hash())
    return frame.select((key % parts).cast(pl.Int64)).to_series().to_numpy()


def _told(clusters: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The match of every row that has one, and of every other row of its cluster: that of the best one there."""
    for table in clusters:
        every = pl.DataFrame(pl.from_arrow(table))
        own = every.filter(pl.col("strength").is_not_null())
        named = own.drop_nulls("cluster")
        named = named.sort(*_BEST, "shard", "row", descending=[*_HIGHEST, False, False], nulls_last=True)
        first = named.unique("cluster", keep="first", maintain_order=True).select("cluster", "release", "document")
        others = every.filter(pl.col("strength").is_null()).select("shard", "row", "cluster").join(first, on="cluster")
        others = others.with_columns(pl.lit(_CLUSTER).alias("strength"), pl.lit(None).alias("jaccard"))
        for part in (own, others):
            yield _columns(part)


class _Documents(NamedTuple):
    """Documents of releases in blocks, numbered through."""

    folders: list[Path]
    first: Longs
    """The number of the first block of each release, and of all blocks at the end."""

    @classmethod
    def of(cls, folders: list[Path]) -> _Documents:
        sizes = [pq.read_metadata(folder / index_files.DOCUMENTS).num_rows for folder in folders]
        return cls(folders, np.cumsum([0, *(1 + size // DOCUMENTS_TOGETHER for size in sizes)]))

    @property
    def parts(self) -> int:
        return int(self.first[-1])

    def place(self, table: pa.Table) -> Longs:
        """The block of each row's document."""
        block = table["document"].to_numpy().astype(np.int64) // DOCUMENTS_TOGETHER
        return np.asarray(self.first[table["release"].to_numpy()] + block)

    def named(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Rows of one block each, with the `id` and the `form` of the document."""
        for table in tables:
            document = table["document"].to_numpy().astype(np.int64)
            wanted = np.unique(document)
            held = index_files.documents_of(self.folders[table["release"][0].as_py()], wanted)
            held = held.take(pa.array(np.searchsorted(wanted, document)))
            for name in held.column_names:
                table = table.append_column(name, held[name])
            yield table
