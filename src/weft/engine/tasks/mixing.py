"""The work of a mixture: what each shard has of it, the plan over all shards, and how often each row is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.construct import mixture as mixtures
from weft.construct import rehydrate, repeats, sketch
from weft.construct.facets import Unit
from weft.construct.kinds import plain
from weft.construct.mixture_card import Mixed
from weft.construct.mixture_settings import Mixture
from weft.engine.ledger import Entry
from weft.engine.storage import read_batches
from weft.engine.tasks.selection import judged, read_frame, write_frame
from weft.engine.work import Context, Task, entry
from weft.errors import ShardError


def mix_part(task: Task, context: Context) -> list[Entry]:
    """A shard's rows of train with what a mixture knows them by, summed up, and how many fail by cluster size."""
    mixture, unit = Mixture(**task.arguments["mixture"]), Unit(**task.arguments["unit"])
    frame = judged(task, context, task.arguments["columns"])
    mixed = frame.filter(pl.col("rule").is_null() & (pl.col("split") == "train") & plain(frame))
    rows = repeats.keyed(mixed, mixture, unit, task.arguments["seed"], _lengths(task, context, mixed, unit))
    name = f"{task.shard:05d}-{task.key[:12]}.parquet"
    rates = mixtures.rates_of(frame, mixture) if mixture.rehydrate else pl.DataFrame(schema=rehydrate.RATE)
    files = [
        write_frame(context, f"selection/mixture-rows/{name}", rows),
        write_frame(context, f"selection/mixture-buckets/{name}", repeats.buckets(rows, mixture)),
        write_frame(context, f"selection/mixture-seen/{name}", repeats.seen(mixed, mixture)),
        write_frame(context, f"selection/mixture-rates/{name}", rates),
    ]
    return [entry(task, task.key, files, {"rows_in": frame.height, "rows_out": rows.height})]


def _lengths(task: Task, context: Context, rows: pl.DataFrame, unit: Unit) -> pl.Series | None:
    """Lengths of the rows' texts, where the unit is one of text and no label holds it for every row."""
    if unit.name not in ("bytes", "characters"):
        return None
    if unit.column and not rows.select(sketch.path(unit.column)).to_series().null_count():
        return None
    length = pc.binary_length if unit.name == "bytes" else pc.utf8_length
    parts = [
        pc.fill_null(length(batch["text"]), 0).cast(pa.int64())
        for batch in read_batches(context.storage.path(task.arguments["documents"]), ["text"])
    ]
    every = pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.int64())
    return pl.Series("length", pl.from_arrow(every), dtype=pl.Int64).gather(rows["row"])


def mix(task: Task, context: Context) -> list[Entry]:
    """The plan of the mixture over all shards, and the weights of cluster sizes."""
    given = task.arguments

    def shards() -> Iterator[tuple[int, pl.DataFrame]]:
        for shard, path in given["rows"]:
            yield shard, read_frame(context, path)

    counted, seen, rated = (
        [read_frame(context, path) for path in given[name]] for name in ("buckets", "seen", "rates")
    )
    over = None
    if "over" in given:
        over = mixtures.Supply(**{name: pl.read_parquet(path) for name, path in given["over"].items()})
    settings, unit = Mixture(**given["mixture"]), given["unit"]["name"]
    plan, weights = mixtures.solve(counted, rated, seen, shards(), settings, unit, over)
    files = [
        write_frame(context, f"selection/mixture-plan-{task.key[:12]}.parquet", plan),
        write_frame(context, f"selection/mixture-weights-{task.key[:12]}.parquet", weights),
    ]
    return [entry(task, task.key, files, {"sampled": int(plan["sampled"].sum())})]


def drawn(task: Task, context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The shard's judged rows with `repeats`; the rule of those that the mixture does not hold is `not_drawn`."""
    given: dict[str, Any] = task.arguments["mixture"]
    mixture = Mixture(**given["settings"])
    rows, plan, weights = (read_frame(context, given[name]) for name in ("rows", "plan", "weights"))
    times = repeats.repeats(repeats.weighed(rows, weights), plan, mixture, task.shard)
    frame = frame.join(
        pl.DataFrame({"row": rows["row"], "repeats": times}),
        on="row",
        how="left",
        maintain_order="left",
        validate="1:1",
    ).with_columns(pl.col("repeats").fill_null(1))
    mixtures.check_held_out(frame.filter(pl.col("rule").is_null()))
    left_out = pl.col("rule").is_null() & (pl.col("repeats") == 0)
    return frame.with_columns(pl.when(left_out).then(pl.lit("not_drawn")).otherwise(pl.col("rule")).alias("rule"))


def read_in_train(frame: pl.DataFrame) -> int:
    """How many rows of train the kept documents are read as."""
    train = frame.filter(pl.col("rule").is_null() & (pl.col("split") == "train") & plain(frame))
    return int(train["repeats"].sum())


def mixed(context: Context, given: dict[str, Any]) -> Mixed:
    """What the card says of the mixture. Raises ShardError when selection drew other rows than were planned."""
    plan = read_frame(context, given["plan"])
    if given["read"] is not None and given["read"] != plan["rows"].sum():
        raise ShardError(f"mixture: {plan['rows'].sum()} rows planned, {given['read']} drawn")
    told = plan.drop("edge_draw", "edge_shard", "edge_row", "inclusive")
    return Mixed(told, Mixture(**given["settings"]), given["unit"])
