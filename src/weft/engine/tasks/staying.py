"""What repeats between the documents that stay: who of them keeps a line, and what is cut in favour of another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from weft.construct.kinds import plain
from weft.deduplicate.site import page_numbers, sites
from weft.engine import exchange
from weft.engine.apply import Ready, ready, run_map
from weft.engine.dividing import by_part
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches, record_to_json
from weft.engine.tasks import mixing
from weft.engine.tasks.labels import beside
from weft.engine.tasks.lines import LINES_TOGETHER, learnt_by_site, of_sites
from weft.engine.tasks.selection import arrow, judged, read_frame, write_frame
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import LINES

CLAIM = {"site": pl.UInt64, "line": pl.UInt64, "claim": pl.Int64}
"""A page that stays and has a line of which one page keeps a copy."""
_BOTH = {**CLAIM, "keeper": pl.Int64}
_NOBODY = pl.lit(None, pl.Int64)


def staying(task: Task, context: Context) -> list[Entry]:
    """Which rows of a shard stay, which of them have passages of others, and the lines that they could keep."""
    given = task.arguments
    frame = judged(task, context, ["id", "source", "record_kind"])
    if "mixture" in given:
        frame = mixing.drawn(task, context, frame)
    # A record is left whole, and its text is not in the corpus of plain text: nothing goes in favour of it.
    stays = frame.select(pl.col("rule").is_null() & plain(frame)).to_series()
    asks = pl.Series([False] * frame.height, dtype=pl.Boolean)
    if "substrings" in given:
        asks = stays & (read_frame(context, given["substrings"])["substrings"].struct.field("cut").fill_null(0) > 0)
    name = f"{task.shard:05d}-{task.key[:12]}.parquet"
    files = [write_frame(context, f"selection/staying/{name}", pl.DataFrame({"stays": stays, "asks": asks}))]
    if "line_keys" in given:
        pages = pl.Series("claim", page_numbers(frame.filter(stays)["id"].to_arrow()), dtype=pl.Int64)
        claims = _claims(context, given["line_keys"], given["learnt"], pages.unique())
        files.append(write_frame(context, f"selection/claims/{name}", claims))
    return [entry(task, task.key, files, {"rows_in": frame.height, "rows_out": frame.height})]


def _passages(context: Context, files: list[str]) -> Iterator[pl.DataFrame]:
    """`site`, `line`, `keeper` of the lines of which one page keeps a copy, some at a time."""
    for path in files:
        for table in read_batches(context.storage.path(path)):
            yield pl.DataFrame(pl.from_arrow(table)).filter("passage").select("site", "line", "keeper")


def _claims(context: Context, keys: str, learnt: list[str], pages: pl.Series) -> pl.DataFrame:
    """CLAIM rows of the pages, the lowest page for each line. Memory is the lines of one shard."""
    parts = [pl.DataFrame(schema=CLAIM)]
    for table in exchange.every(context.storage, keys):
        rows = pl.DataFrame(pl.from_arrow(table.select(["site", "line", "page"]))).rename({"page": "claim"})
        rows = rows.join(pages.to_frame(), on="claim", how="semi")
        parts.append(rows.group_by("site", "line").agg(pl.col("claim").min()))
    own = pl.concat(parts).group_by("site", "line").agg(pl.col("claim").min())
    kept = [part.join(own, on=["site", "line"], how="semi") for part in _passages(context, learnt)]
    wanted = pl.concat([own.head(0).drop("claim"), *(part.drop("keeper") for part in kept)])
    return own.join(wanted, on=["site", "line"], how="semi").sort("site", "line")


def keepers(task: Task, context: Context) -> list[Entry]:
    """CLAIM of every line whose keeper does not stay: the lowest page that does keeps it."""
    given = task.arguments
    claims = (table for path in given["claims"] for table in read_batches(context.storage.path(path)))
    both = itertools.chain(
        (pl.DataFrame(pl.from_arrow(table)).with_columns(_NOBODY.alias("keeper")) for table in claims),
        (part.with_columns(_NOBODY.alias("claim")) for part in _passages(context, given["learnt"])),
    )
    tables = (arrow(frame.select(pl.col(name).cast(kind) for name, kind in _BOTH.items())) for frame in both)

    def made() -> Iterator[pa.Table]:
        # By the top bits of sites: they come sorted, part by part.
        for table in by_part(
            tables, exchange.PARTITIONS, LINES_TOGETHER, lambda table: exchange.by_key(table["site"].to_numpy())
        ):
            rows = pl.DataFrame(pl.from_arrow(table))
            lowest = rows.drop_nulls("claim").group_by("site", "line").agg(pl.col("claim").min())
            changed = lowest.join(rows.drop_nulls("keeper").drop("claim"), on=["site", "line"], how="inner")
            yield arrow(changed.filter(pl.col("claim") != pl.col("keeper")).select(list(CLAIM)).sort("site", "line"))

    schema = arrow(pl.DataFrame(schema=CLAIM)).schema
    record = context.storage.write_table(f"selection/keepers-{task.key[:12]}.parquet", made(), schema)
    return [entry(task, task.key, [record_to_json(record)], {"rows_out": record.rows})]


def lines(task: Task, context: Context) -> list[Entry]:
    """The label `lines` without the lines that a page keeps because their keeper does not stay."""
    given = task.arguments
    step = ready([Call(**given["call"])], context)[0]
    claims = of_sites(task, context, [given["keepers"]])
    claims = pl.DataFrame(schema=CLAIM) if claims is None else claims
    names, held = learnt_by_site(task, context, claims)
    schema = pa.schema([("lines", LINES)])
    path = f"label/lines/{task.shard:05d}-{task.key[:12]}.parquet"
    rows = 0
    columns = ["id", "source", "locator", "text", "url"]
    with context.storage.parquet(path, schema) as sink:
        for batch in beside(
            given["documents"], {"staying": given["staying"], "before": given["before"]}, columns, context
        ):
            rows += batch.num_rows
            again = batch["stays"].to_numpy() & np.isin(page_numbers(batch["id"]), claims["claim"].to_numpy())
            column = _with(step, batch, np.flatnonzero(again), names, held)
            sink.add(pa.table({"lines": column}, schema=schema))
    record = sink.record()
    if record.rows != rows:
        raise ShardError(f"lines on shard {task.shard}: {rows} rows in, {record.rows} out")
    return [entry(task, task.key, [record_to_json(record)], {"rows_in": rows, "rows_out": record.rows})]


def _with(step: Ready, batch: pa.Table, again: Any, names: Any, held: pa.Array) -> pa.Array:
    """The column `lines` of a batch, that of some rows computed again."""
    before = batch["lines"].combine_chunks()
    if not len(again):
        return before
    part = batch.drop_columns("lines").take(pa.array(again))
    place = np.searchsorted(names, sites(part["url"], part["source"])).astype(np.int32)
    learnt = pa.DictionaryArray.from_arrays(pa.array(place), held)
    done, errors = run_map(step, part.select(["id", "source", "locator", "text"]).append_column("learnt", learnt))
    if errors.num_rows:
        raise ShardError(f"{step.spec.name}: {errors['detail'][0].as_py()}")
    source = np.arange(batch.num_rows)
    source[again] = batch.num_rows + np.arange(len(again))
    return pa.concat_arrays([before, done["lines"].combine_chunks()]).take(pa.array(source))
