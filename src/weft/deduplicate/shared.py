"""The clusters of a build, joined by what other holders have, from a joint plan of their shares."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "shard": pa.int32(),
    "row": pa.int32(),
    "cluster": pa.string(),
    "cluster_size": pa.int32(),
    "cluster_kind": pa.string(),
    "holders": pa.int32(),
    "holder": pa.string(),
    "document": pa.int64(),
    "keeps": pa.bool_(),
}


@operator(
    "deduplicate.shared",
    version=1,
    reads=(*WRITES, "copy_of", "joint", "joint_size", "joint_kind"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("cluster",),
    files_in=("joint",),
)
def shared(*, joint: Annotated[str, Field(min_length=1)], holder: Annotated[str, Field(min_length=1)]) -> BatchFunction:
    """Rows of own clusters with the cluster that they are of over all holders, and who keeps its document.

    `joint` is a folder that `weft share merge` has made, `holder` the name under which this build's share is in it.

    Of a document that several holders have one copy stays, with one of them: for the others it is a `duplicate`. The
    label `shared` says how many `holders` have it, which `holder` keeps it, and as which `document` of its share; it is
    null for what nobody else has. A row that was in no share (too short) belongs to the cluster of the own copies that
    were. Thresholds are those of the joint plan. No rule reads this label: whether rows pass is known before.
    """

    def group(batch: pa.Table) -> pa.Table:
        frame = pl.DataFrame(pl.from_arrow(batch))
        whole = ("joint", "joint_size", "joint_kind", "holders")
        frame = frame.with_columns(pl.col(name).drop_nulls().first().over("cluster").alias(name) for name in whole)
        # A conversation about a page is no copy of it: others may keep the one and not the other.
        frame = frame.with_columns(
            pl.col(name).fill_null(pl.col(name).drop_nulls().first().over("cluster", "copy_of"))
            for name in ("holder", "document")
        )
        known = pl.col("joint").is_not_null()
        told = frame.with_columns(
            pl.coalesce("joint", "cluster").alias("cluster"),
            pl.when(known).then("joint_size").otherwise("cluster_size").alias("cluster_size"),
            pl.when(known).then("joint_kind").otherwise("cluster_kind").alias("cluster_kind"),
            pl.col("keeps").fill_null(False),
        )
        rows = told.sort("shard", "row").select(list(WRITES)).to_arrow(compat_level=pl.CompatLevel.oldest())
        return rows.cast(pa.schema(list(WRITES.items())))

    return group
