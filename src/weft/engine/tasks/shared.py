"""A joint plan in a build: clusters over all holders in place of the own ones, who keeps what, joint thresholds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from weft.construct.elect import ELECTED, form
from weft.engine import exchange
from weft.engine.apply import ready
from weft.engine.ledger import Entry
from weft.engine.storage import record_to_json
from weft.engine.tasks.deduplicate import CLUSTERED
from weft.engine.tasks.places import offsets_of
from weft.engine.tasks.selection import arrow
from weft.engine.work import Call, Context, Task, entry
from weft.errors import ShardError
from weft.model.tables import SHARED

_LABELLED = pa.schema([("row", pa.int32()), *list(SHARED)])


def clusters(task: Task, context: Context) -> list[Entry]:
    """Clusters of several documents over all holders, and who keeps what several have: both stored by shard."""
    step = ready([Call(**task.arguments["call"])], context)[0]
    both = _own(task, context).join(_joint(task), on=["shard", "row"], how="full", coalesce=True)
    place = pl.concat_str(pl.lit("alone "), "shard", pl.lit(" "), "row")
    both = both.with_columns(
        pl.coalesce("cluster", place).alias("cluster"), _forms(task, context, both).alias("copy_of")
    )
    both = both.rename({"size": "cluster_size", "kind": "cluster_kind"})
    made = pl.DataFrame(pl.from_arrow(step.function(arrow(both.select(step.spec.reads)))))
    made = made.rename({"cluster_size": "size", "cluster_kind": "kind"})
    if made.height != both.height:
        raise ShardError(f"shared: {both.height} rows in, {made.height} out")
    shard = made["shard"].to_numpy().astype(np.int64)
    name = f"deduplicate/shared/{{}}-{task.key[:12]}.arrow"
    stored = arrow(made.select(CLUSTERED.names))
    record = exchange.write(context.storage, name.format("clusters"), CLUSTERED, [(stored, shard)])
    told = made.filter(pl.col("holders").is_not_null())
    rows, at = arrow(told.select(_LABELLED.names)), told["shard"].to_numpy().astype(np.int64)
    label = exchange.write(context.storage, name.format("keepers"), _LABELLED, [(rows, at)])
    elsewhere = told.filter(pl.col("holder").is_not_null() & (pl.col("holder") != task.arguments["holder"])).height
    counts = {"rows_out": record.rows, "shared": told.height, "kept_by_others": elsewhere}
    return [entry(task, task.key, [record_to_json(record), record_to_json(label)], counts)]


def _own(task: Task, context: Context) -> pl.DataFrame:
    """The rows of own clusters of several: shard, row, cluster, size, kind."""
    known = {"shard": pl.Int32, "row": pl.Int32, "cluster": pl.String, "size": pl.Int32, "kind": pl.String}
    parts = [pl.DataFrame(schema=known)]
    for shard in sorted(task.arguments["rows"]):
        rows = exchange.gather(context.storage, [task.arguments["clusters"]], shard, CLUSTERED)
        frame = pl.DataFrame(pl.from_arrow(rows))
        parts.append(frame.select(pl.lit(shard, pl.Int32).alias("shard"), "row", "cluster", "size", "kind"))
    return pl.concat(parts)


def _joint(task: Task) -> pl.DataFrame:
    """What the joint plan says of this holder's rows, by shard and row."""
    given = task.arguments
    offsets = offsets_of({int(shard): rows for shard, rows in given["rows"].items()})
    held = pl.read_parquet(given["joint"])
    place = held["place"].to_numpy()
    shard = np.searchsorted(offsets, place, side="right") - 1
    address = [
        pl.Series("shard", shard.astype(np.int32)),
        pl.Series("row", (place - offsets[shard]).astype(np.int32)),
    ]
    renamed = {"cluster": "joint", "size": "joint_size", "kind": "joint_kind"}
    return held.drop("place").rename(renamed).with_columns(address)


def _forms(task: Task, context: Context, rows: pl.DataFrame) -> pl.Series:
    """What each row can be a copy of, `form`."""
    if not task.arguments["records"]:
        return pl.Series("form", ["text"], dtype=pl.String).new_from_index(0, rows.height)
    documents = {int(shard): path for shard, path in task.arguments["documents"].items()}
    parts = [pl.DataFrame(schema={"shard": pl.Int32, "row": pl.Int32, "form": pl.String})]
    for shard in rows["shard"].unique().sort().to_list():
        held = pl.DataFrame(pl.from_arrow(context.storage.read_table(documents[shard], ["record_kind", "parts"])))
        row = pl.int_range(pl.len(), dtype=pl.Int32).alias("row")
        parts.append(held.select(pl.lit(shard, pl.Int32).alias("shard"), row, form(held).alias("form")))
    return rows.join(pl.concat(parts), on=["shard", "row"], how="left", maintain_order="left")["form"]


def label(task: Task, context: Context) -> list[Entry]:
    """Who keeps each document of a shard that several holders have; null for the others."""
    size = pq.read_metadata(context.storage.path(task.arguments["documents"])).num_rows
    rows = exchange.gather(context.storage, [task.arguments["shared"]], task.shard, _LABELLED)
    frame = pl.DataFrame({"row": np.arange(size, dtype=np.int32)})
    joined = frame.join(pl.DataFrame(pl.from_arrow(rows)), on="row", how="left", maintain_order="left", validate="1:1")
    names = [field.name for field in SHARED]
    struct = pl.when(pl.col("holders").is_not_null()).then(pl.struct(names))
    schema = pa.schema({"shared": SHARED})
    table = arrow(joined.select(struct.alias("shared"))).cast(schema)
    record = context.storage.write_table(f"label/shared/{task.shard:05d}-{task.key[:12]}.parquet", [table], schema)
    return [entry(task, task.key, [record_to_json(record)], {"rows_in": size, "rows_out": record.rows})]


def thresholds(task: Task, context: Context) -> list[Entry]:
    """The thresholds of the joint plan."""
    table = pq.read_table(task.arguments["thresholds"])
    path = f"selection/thresholds-{task.key[:12]}.parquet"
    record = context.storage.write_table(path, [table], table.schema)
    return [entry(task, task.key, [record_to_json(record)], {"languages": table.num_rows})]


def standing(frame: pl.DataFrame, holder: str) -> list[pl.Expr]:
    """Of rows: `elsewhere`, `holder/document` of the copy that another holder keeps, null for what nobody else does;
    `keeps`, whether the joint plan says that this very row stays."""
    label = pl.col("shared").struct
    other = label.field("holder").is_not_null() & (label.field("holder") != holder)
    document = pl.format("{}/{}", label.field("holder"), label.field("document"))
    return [pl.when(other).then(document).alias("elsewhere"), label.field("keeps").fill_null(False).alias("keeps")]


def check(frame: pl.DataFrame) -> None:
    """Raise ShardError when a row that the joint plan gives to this holder fails a rule: nobody would keep it."""
    lost = frame.filter(pl.col("shared").struct.field("keeps").fill_null(False) & pl.col("rule").is_not_null())
    if lost.height:
        raise ShardError(
            f"the joint plan gives {lost.height} documents of this shard to this holder that fail a rule here (the "
            f"first: {lost['id'][0]}, {lost['rule'][0]}); nobody would keep them. Share and merge anew"
        )


def apart(rows: pa.Table) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Candidates of whole clusters: those that stand here, and as dropped rows (`construct.elect.ELECTED`) those that
    do not, because another holder keeps their copy, or this one keeps another row of theirs by the joint plan."""
    frame = pl.DataFrame(pl.from_arrow(rows)).drop("split")
    if "elsewhere" not in frame.columns:
        return frame, []
    copies = ["cluster", "form"]
    keeper = frame.filter("keeps").select(*copies, pl.col("id").alias("keeper"))
    frame = frame.join(keeper, on=copies, how="left", maintain_order="left", validate="m:1")
    other = pl.when(~pl.col("keeps")).then("keeper")
    frame = frame.with_columns(pl.coalesce("elsewhere", other).alias("kept")).drop("elsewhere", "keeps", "keeper")
    gone = frame.filter(pl.col("kept").is_not_null()).select(ELECTED.names)
    return frame.filter(pl.col("kept").is_null()).drop("kept"), [gone]
