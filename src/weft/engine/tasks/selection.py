"""What the tasks of construction read and write alike: a shard's labels, its decisions, small tables."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from weft.construct.cutting import counted_again
from weft.construct.kinds import plain, with_place
from weft.construct.rules import Rules
from weft.engine import exchange
from weft.engine.storage import record_to_json
from weft.engine.work import Context, Task
from weft.errors import ShardError

DROPPED = pa.schema({"row": pa.int32(), "kept": pa.string()})


def arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def read_frame(context: Context, path: str) -> pl.DataFrame:
    frame = pl.from_arrow(context.storage.read_table(path))
    assert isinstance(frame, pl.DataFrame)
    return frame


def write_frame(context: Context, path: str, frame: pl.DataFrame) -> dict[str, Any]:
    table = arrow(frame)
    return record_to_json(context.storage.write_table(path, [table], table.schema))


@functools.lru_cache(maxsize=8)
def _rules(rules: tuple[tuple[str, str], ...]) -> Rules:
    return Rules(dict(rules))


def first_rule(
    frame: pl.DataFrame, rules: Mapping[str, str], records: Mapping[str, str] | None, redistributable_only: bool
) -> pl.Series:
    """The first rule that each row fails (`rule`), null where it passes; `records` are the rules of other kinds."""
    rule = _rules(tuple(rules.items())).first_failing(frame).alias("rule")
    if records is not None:
        of_records = _rules(tuple(records.items())).first_failing(frame).alias("of_records")
        both = frame.select(plain(frame).alias("plain"), rule, of_records)
        rule = both.select(pl.when("plain").then("rule").otherwise("of_records").alias("rule"))["rule"]
    if redistributable_only:
        allowed = pl.when(pl.col("redistribute").fill_null(False)).then(rule).otherwise(pl.lit("not_allowed"))
        rule = frame.select(allowed.alias("rule"))["rule"]
    return rule


RECORD_COLUMNS = ("record_kind", "language_hint", "parts")


def labels_of(task: Task, context: Context, columns: list[str]) -> pl.DataFrame:
    """Labels and document columns of a shard side by side, without the text; `place` where the build holds records."""
    # Its rules may be none: what a build holds does not depend on how it is judged.
    records = "records" in task.arguments
    if records:
        columns = [*columns, *(name for name in RECORD_COLUMNS if name not in columns)]
    parts = [context.storage.read_table(task.arguments["documents"], columns)]
    parts += [context.storage.read_table(path) for path in task.arguments["labels"]]
    sizes = {part.num_rows for part in parts}
    if len(sizes) != 1:
        raise ShardError(f"{task.node} on shard {task.shard}: side tables have different numbers of rows: {sizes}")
    frame = pl.concat([pl.DataFrame(pl.from_arrow(part)) for part in parts], how="horizontal")
    if not records:
        return frame
    if "cut" in frame.columns:
        # A conversation without a passage is no conversation: records are left out whole, or not at all.
        frame = frame.with_columns(pl.when(plain(frame)).then("cut").alias("cut"))
    return with_place(frame)


def judged(task: Task, context: Context, columns: list[str]) -> pl.DataFrame:
    """A shard's labels and columns with `row`, `rule` (null: kept), `split`, and `kept`, the id elected instead.

    A document of which the cut leaves nothing is not kept.
    """
    decided = read_frame(context, task.arguments["decisions"])
    lost = pl.DataFrame(pl.from_arrow(exchange.gather(context.storage, task.arguments["elected"], task.shard, DROPPED)))
    frame = pl.concat([labels_of(task, context, columns), decided], how="horizontal").with_row_index("row")
    if "cut" in frame.columns:
        frame = counted_again(frame)
    frame = frame.with_columns(pl.col("row").cast(pl.Int32)).join(
        lost, on="row", how="left", maintain_order="left", validate="1:1"
    )
    rule = pl.when(pl.col("rule").is_null() & pl.col("kept").is_not_null()).then(pl.lit("duplicate"))
    frame = frame.with_columns(rule.otherwise(pl.col("rule")).alias("rule"))
    if "cut" not in frame.columns:
        return frame
    empty = pl.col("rule").is_null() & (pl.col("cut").struct.field("left") == 0).fill_null(False)
    return frame.with_columns(pl.when(empty).then(pl.lit("nothing_left")).otherwise(pl.col("rule")).alias("rule"))
