"""Looking a build up in an index of earlier releases: keys meet, what met is compared, matches return to their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.construct.elect import form
from weft.deduplicate.earlier import BAND, PAGE, TEXT
from weft.engine import exchange, index_files
from weft.engine.apply import ready
from weft.engine.dividing import blocks, by_part
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks.deduplicate import KEYS_TOGETHER, MEMBER, SETS_TOGETHER, VERIFIED
from weft.engine.tasks.earlier_found import MATCH
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import EARLIER

Longs = npt.NDArray[np.int64]

PAIRS = ("shard", "row", "release", "document", "kind")
_PAIR = dict.fromkeys(PAIRS[:4], pl.Int32) | {"kind": pl.Int8}
PAIRS_TOGETHER = 1 << 20
"""Pairs of a document and an earlier one that are looked at at once: some 100 MB."""


def _name(task: Task, ending: str) -> str:
    return f"deduplicate/{task.node.replace('_', '-')}/{task.shard:05d}-{task.key[:12]}.{ending}"


def _folders(task: Task) -> list[Path]:
    return [Path(folder) for folder in task.arguments["index"]]


def met(task: Task, context: Context) -> list[Entry]:
    """Pairs of a document and one of an earlier release that share a key, from some of the destinations."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    schema = pa.schema(list(step.spec.writes.items()))
    given = task.arguments

    def made() -> Iterator[pa.Table]:
        for destination in given["destinations"] if given["index"] else ():
            files, bits = given["files"], exchange.bits_of_key
            for rows in exchange.groups(context.storage, files, [destination], KEYS_TOGETHER, bits):
                own = _own_keys(rows)
                known = _known_keys(_folders(task), destination, own)
                both = pl.concat([own.join(known, on=["key", "kind"], how="semi"), known])
                yield step.function(both.to_arrow())

    record = context.storage.write_table(_name(task, "parquet"), made(), schema)
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def _own_keys(rows: pa.Table) -> pl.DataFrame:
    """Keys (key, kind, shard, row) of rows of `deduplicate.band_keys`; those across scripts are in no index."""
    frame = pl.DataFrame(pl.from_arrow(rows)).filter(pl.col("script") == 0)
    kind = pl.when("page").then(PAGE).when(pl.col("key") == pl.col("text_hash")).then(TEXT).otherwise(BAND)
    frame = frame.select("key", kind.cast(pl.Int8).alias("kind"), "shard", "row")
    bands = pl.Series("coarse", index_files.coarse(frame["key"].to_numpy()))
    return frame.with_columns(pl.when(pl.col("kind") == BAND).then(bands).otherwise("key").alias("key"))


def _known_keys(folders: list[Path], destination: int, own: pl.DataFrame) -> pl.DataFrame:
    """The rows of the index that share a key with some of `own`; their shards are -1 - number of the release."""
    found = [own.head(0)]
    for kind in index_files.KEYS:
        wanted = np.unique(own.filter(pl.col("kind") == kind)["key"].to_numpy())
        for number, folder in enumerate(folders):
            rows = index_files.matching(folder, kind, destination, wanted)
            found.append(
                rows.select(
                    "key",
                    pl.lit(kind, pl.Int8).alias("kind"),
                    pl.lit(-1 - number, pl.Int32).alias("shard"),
                    pl.col("number").cast(pl.Int32).alias("row"),
                )
            )
    return pl.concat(found)


def wanted(task: Task, context: Context) -> list[Entry]:
    """Documents to be compared, by shard, with those of the index that they met, by chunk; matches that are certain.

    A document whose text an earlier release has is compared with nothing.
    """
    counts = Counter(rows_out=0, candidates=0, certain=0)
    schema = pl.DataFrame(schema=_PAIR).to_arrow().schema

    def chunks() -> Iterator[tuple[pa.Table, Longs]]:
        for pairs in _by_shards(task.arguments["files"], context):
            certain, held = _parted(pairs, task)
            counts["certain"] += certain.height
            counts["candidates"] += held.height
            sure.add(certain.to_arrow())
            members = held.sort("shard", "row", "component", "partner").group_by(
                "shard", "row", "component", maintain_order=True
            )
            table = members.agg(pl.col("partner").alias("partners"))
            rows = table.select(MEMBER.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(MEMBER)
            yield rows, table["shard"].to_numpy().astype(np.int64)

    with context.storage.parquet(_name(task, "parquet"), schema) as sure:
        record = exchange.write(context.storage, _name(task, "arrow"), MEMBER, chunks())
    counts["rows_out"] = record.rows
    return [entry(task, task.key, [record_to_json(record), record_to_json(sure.record())], dict(counts))]


def _by_shards(files: list[str], context: Context) -> Iterator[pl.DataFrame]:
    """The pairs of some neighbouring shards at a time, in the order of shards."""
    paths = [context.storage.path(path) for path in files]
    sizes = np.zeros(0, np.int64)
    for path in paths:
        for table in read_batches(path, ["shard"]):
            found = np.bincount(table["shard"].to_numpy())
            sizes = np.pad(sizes, (0, max(0, len(found) - len(sizes))))
            sizes[: len(found)] += found
    block = blocks(sizes, PAIRS_TOGETHER)
    tables = (table for path in paths for table in read_batches(path))
    parts = int(block.max(initial=0)) + 1
    divided = by_part(tables, parts, PAIRS_TOGETHER, lambda table: block[table["shard"].to_numpy()])
    return (pl.DataFrame(pl.from_arrow(table)).select(PAIRS).cast(_PAIR) for table in divided)  # type: ignore[arg-type]


def _parted(pairs: pl.DataFrame, task: Task) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The matches that are certain, and the others: shard, row, chunk of the index, partner."""
    texts = pairs.filter(pl.col("kind") == TEXT)
    others = pairs.filter(pl.col("kind") != TEXT).join(texts, on=["shard", "row"], how="anti")
    certain = pl.concat([texts, others.filter(pl.col("kind") == PAGE)]).sort(PAIRS)
    if not task.arguments["compared"]:
        others = others.head(0)
    release, document = (others[name].to_numpy().astype(np.int64) for name in ("release", "document"))
    held = others.select(
        "shard",
        "row",
        pl.Series("component", index_files.chunks(_folders(task)).of(release, document), dtype=pl.Int64),
        pl.Series("partner", ((-1 - release) << 32) | document, dtype=pl.Int64),
    ).unique()  # by a band and by the page
    return certain, held


def verify(task: Task, context: Context) -> list[Entry]:
    """Pairs whose true Jaccard similarity reaches the threshold: each chunk of the index is read once."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    chunks = index_files.chunks(_folders(task))

    def made() -> Iterator[pa.Table]:
        files = task.arguments["files"]
        for destination in task.arguments["destinations"]:
            bits = exchange.bits_of_component
            for rows in exchange.groups(context.storage, files, [destination], SETS_TOGETHER, bits):
                own = rows["component"].to_numpy()
                order = np.argsort(own, kind="stable")
                found, starts = np.unique(own[order], return_index=True)
                for chunk, start, stop in zip(found, starts, [*starts[1:], len(own)], strict=True):
                    yield step.function(_beside(rows.take(pa.array(order[start:stop])), chunks, int(chunk)))

    record = context.storage.write_table(_name(task, "parquet"), made(), VERIFIED)
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def _beside(rows: pa.Table, chunks: index_files.Chunks, chunk: int) -> pa.Table:
    """Documents, with the first halves of their hashes, and those of a chunk that are their partners."""
    from weft.text.jaccard import upper_halves

    sets = rows["shingles"].combine_chunks()
    values, offsets = upper_halves(sets.values.to_numpy(), sets.offsets.to_numpy())
    kind = rows.schema.field("shingles").type
    halves = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values.astype(np.uint64))).cast(kind)
    rows = rows.set_column(rows.column_names.index("shingles"), "shingles", halves)
    partners = np.unique(rows["partners"].combine_chunks().flatten().to_numpy())
    number = partners & 0xFFFFFFFF
    known = {
        "component": np.full(len(partners), chunk, np.int64),
        "shard": (partners >> 32).astype(np.int32),
        "row": number.astype(np.int32),
        "shingles": chunks.read(chunk).take(pa.array(number - chunks.first[chunk])).cast(kind),
        "partners": pa.array([[]] * len(partners), pa.list_(pa.int64())),
    }
    return pa.concat_tables([rows, pa.table(known).select(rows.column_names).cast(rows.schema)])


def label(task: Task, context: Context) -> list[Entry]:
    """The earlier document of every row of a shard; null where there is none of the row's form."""
    own = pl.DataFrame(
        pl.from_arrow(context.storage.read_table(task.arguments["documents"], ["id", "record_kind", "parts"]))
    )
    rows = pl.DataFrame(pl.from_arrow(exchange.gather(context.storage, [task.arguments["found"]], task.shard, MATCH)))
    frame = own.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("row"), form(own).alias("own_form"))
    joined = frame.join(rows, on="row", how="left", maintain_order="left", validate="1:1")
    names = [field.name for field in EARLIER]
    # A conversation about a page is no copy of it, in another release as in the same.
    struct = pl.when(pl.col("form") == pl.col("own_form")).then(pl.struct(names))
    schema = pa.schema({"earlier": EARLIER})
    table = joined.select(struct.alias("earlier")).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
    if table.num_rows != own.height:
        raise ShardError(f"earlier on shard {task.shard}: {own.height} rows in, {table.num_rows} out")
    path = f"label/earlier/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [table], schema)
    return [entry(task, task.key, [record_to_json(record)], {"rows_in": own.height, "rows_out": record.rows})]
