"""Whether what belongs together is in one split: looked up in the documents, and not in how they were put together."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from weft.construct.groups import belonging
from weft.construct.split import LeakError

BORDER = pa.schema(
    {
        "key": pa.uint64(),
        "language": pa.string(),  # of the side; null: the key is that of `group`
        "group": pa.string(),
        "id": pa.string(),
        "split": pa.string(),
    }
)
"""A document in a split, and what it must not share with a document in another."""


def borders(frame: pl.DataFrame, batch: pa.Table, least_characters: int) -> pl.DataFrame:
    """BORDER rows of the documents of a batch that pass, from their groups and sides alone.

    `frame` has `id`, `split` and `passes` for each row of `batch`, which has what `groups.belonging` reads. How
    documents were put together for the split is not looked at: this is what checks it.
    """
    told = frame.select("id", "split", "passes").hstack([pl.Series("group", pl.from_arrow(batch["group_id"]))])
    keys = belonging(batch, least_characters)
    rows = keys.drop("row").hstack(told[keys["row"]]).filter("passes")
    group = pl.when(pl.col("language").is_null()).then("group").alias("group")
    return rows.with_columns(group).unique(["key", "split"], keep="first", maintain_order=True).select(BORDER.names)


def check_borders(tables: Iterable[pl.DataFrame]) -> None:
    """Raise LeakError when a group or a side is in two splits; names the first. Tables of BORDER have whole keys."""
    count, first = 0, None
    for table in tables:
        both = table.filter(pl.col("split").n_unique().over("key") > 1)
        if not both.height:
            continue
        count += both["key"].n_unique()
        own = both.filter(pl.col("key") == both["key"].min()).unique("split", keep="first").sort("split")
        first = first or own.to_dicts()
    if first is not None:
        what = f"the group {first[0]['group']}" if first[0]["group"] else f"one side in {first[0]['language']}"
        where = ", ".join(f"{row['split']} (document {row['id']})" for row in first)
        raise LeakError(f"{count} groups or sides of pairs are in several splits; first {what}: {where}")
