"""Boilerplate as an exchange: the lines of a site meet, what is learnt of it returns to the shards as spans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.deduplicate.line_spans import LEARNT
from weft.deduplicate.site import sites
from weft.engine import exchange
from weft.engine.apply import ready, run_map
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import LINES

LINES_TOGETHER = 1 << 20
"""Lines of a reduce task that meet at once, some 43 MB, unless the sampled pages of one site have more."""


def keys(task: Task, context: Context) -> list[Entry]:
    """The lines of a shard's documents, stored by site."""
    step = ready([Call(**task.arguments["call"])], context)[0]

    def chunks() -> Iterator[tuple[pa.Table, Any]]:
        for batch in read_batches(context.storage.path(task.arguments["documents"]), list(step.spec.reads)):
            made = step.function(batch)
            yield made, exchange.by_key(made["site"].to_numpy())

    path = f"deduplicate/line-keys/{task.shard:05d}-{task.key[:12]}.arrow"
    record = exchange.write(context.storage, path, pa.schema(list(step.spec.writes.items())), chunks())
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def learn(task: Task, context: Context) -> list[Entry]:
    """Boilerplate lines of the sites of some destinations."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    most = task.arguments["call"]["parameters"]["most_pages"]
    schema = pa.schema(list(step.spec.writes.items()))

    def made() -> Iterator[pa.Table]:
        together: list[pa.Table] = []
        held = 0
        sizes = exchange.sizes(context.storage, task.arguments["files"], task.arguments["destinations"])
        for destination, size in sizes.items():
            if size > 2 * LINES_TOGETHER:
                lines = _sampled(context, task.arguments["files"], destination, most)
                yield from map(step.function, exchange.within(lines, size, LINES_TOGETHER, _bits_of_site))
                continue
            for part in _sampled(context, task.arguments["files"], destination, most):
                together.append(part)
                held += part.num_rows
            if held > LINES_TOGETHER:
                yield step.function(pa.concat_tables(together))
                together, held = [], 0
        if together:
            yield step.function(pa.concat_tables(together))

    path = f"deduplicate/learnt-lines/{task.shard:05d}-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, made(), schema)
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def _bits_of_site(table: pa.Table) -> Any:
    return table["site"].to_numpy()


def _sampled(context: Context, files: list[str], destination: int, most: int) -> Iterator[pa.Table]:
    """The lines of one destination; of a site with more than `most` pages those of the lowest page numbers.

    They are the pages that the operator would draw itself, so memory depends on sites and not on their pages.
    """
    names: pl.DataFrame | None = None
    for table in exchange.stream(context.storage, files, destination):
        found = pl.DataFrame(pl.from_arrow(table.select(["site", "page"]))).unique()
        names = found if names is None else pl.concat([names, found]).unique()
        names = names.sort("site", "page").filter(pl.int_range(pl.len()).over("site") < most)
    if names is None:
        return
    last = names.group_by("site").agg(pl.col("page").max().alias("last"))
    for table in exchange.stream(context.storage, files, destination):
        pages = pl.DataFrame(pl.from_arrow(table.select(["site", "page"])))
        chosen = pages.join(last, on="site", how="left", maintain_order="left").select(pl.col("page") <= pl.col("last"))
        yield table.filter(chosen.to_series().to_arrow())


def spans(task: Task, context: Context) -> list[Entry]:
    """The boilerplate of a shard's documents as spans, from what was learnt of their sites."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    names, held = learnt_by_site(task, context)
    schema = pa.schema([("lines", LINES)])
    path = f"label/lines/{task.shard:05d}-{task.key[:12]}.parquet"
    rows = cut = 0
    with context.storage.parquet(path, schema) as sink:
        for batch in _documents(task, context):
            place = np.searchsorted(names, sites(batch["url"], batch["source"])).astype(np.int32)
            column = pa.DictionaryArray.from_arrays(pa.array(place), held)
            done, errors = run_map(
                step, batch.select(["id", "source", "locator", "text"]).append_column("learnt", column)
            )
            if errors.num_rows:
                raise ShardError(f"{step.spec.name} on shard {task.shard}: {errors['detail'][0].as_py()}")
            rows += batch.num_rows
            cut += int(pa.compute.sum(pa.compute.struct_field(done["lines"].combine_chunks(), "cut")).as_py() or 0)
            sink.add(done)
    record = sink.record()
    if record.rows != rows:
        raise ShardError(f"lines on shard {task.shard}: {rows} rows in, {record.rows} out")
    counts = {"rows_in": rows, "rows_out": record.rows, "characters": cut}
    return [entry(task, task.key, [record_to_json(record)], counts)]


def _documents(task: Task, context: Context) -> Iterator[pa.Table]:
    columns = ["id", "source", "locator", "text", "url"]
    return read_batches(context.storage.path(task.arguments["documents"]), columns)


def _sites(task: Task, context: Context) -> Any:
    """The sites of a shard's documents, sorted."""
    batches = read_batches(context.storage.path(task.arguments["documents"]), ["url", "source"])
    found = [np.unique(sites(batch["url"], batch["source"])) for batch in batches]
    return np.unique(np.concatenate([np.empty(0, np.uint64), *found]))


def of_sites(task: Task, context: Context, files: list[str], names: Any = None) -> pl.DataFrame | None:
    """The rows of the sites of a shard's documents (`names`, if they are known) in files with `site`; None of none."""
    names = _sites(task, context) if names is None else names
    wanted = pl.DataFrame({"site": pl.Series(names, dtype=pl.UInt64)})
    tables = (table for path in files for table in read_batches(context.storage.path(path)))
    parts = [pl.DataFrame(pl.from_arrow(table)).join(wanted, on="site", how="semi") for table in tables]
    return pl.concat(parts) if parts else None


def learnt_by_site(task: Task, context: Context, keepers: pl.DataFrame | None = None) -> tuple[Any, pa.Array]:
    """The sites of a shard's documents, sorted, and what was learnt of each; `keepers` names other keepers."""
    names = _sites(task, context)
    rows = of_sites(task, context, task.arguments["files"], names)
    if rows is None:
        return names, pa.array([{"of": 0, "lines": []}] * len(names), LEARNT)
    if keepers is not None:
        rows = rows.join(keepers, on=["site", "line"], how="left", maintain_order="left")
        rows = rows.with_columns(pl.coalesce("claim", "keeper").alias("keeper"))
    lists = rows.drop_nulls("line").sort("site", "line").group_by("site").agg(pl.struct("line", "pages", "keeper"))
    pages = rows.group_by("site").agg(pl.col("of").first())
    wanted = pl.DataFrame({"site": pl.Series(names, dtype=pl.UInt64)})
    joined = wanted.join(pages, on="site", how="left").join(lists, on="site", how="left").sort("site")
    empty = pl.lit([], pl.List(lists.schema["line"].inner if isinstance(lists.schema["line"], pl.List) else pl.Null))
    joined = joined.select(pl.col("of").fill_null(0), pl.col("line").fill_null(empty).alias("lines"))
    return names, joined.to_struct("learnt").to_arrow(compat_level=pl.CompatLevel.oldest()).cast(LEARNT)
