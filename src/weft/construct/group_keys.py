"""Rows by which documents that belong together meet: for the group of each, and for each side of a pair."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.construct.groups import belonging
from weft.operators.contract import BatchFunction, operator

WRITES = {"key": pa.uint64(), "shard": pa.int32(), "row": pa.int32()}


@operator(
    "construct.group_keys",
    version=1,
    reads=("group_id", "text", "record_kind", "parts", "shard", "row"),
    writes=WRITES,
    rows="make",
)
def group_keys(*, least_characters: Annotated[int, Field(ge=1)] = 1) -> BatchFunction:
    """A row (key, address) for the `group_id` of every document and one for each side of every pair.

    A side's key is that of its language and its text with case and white space folded; sides of fewer than
    `least_characters` make none.
    """

    def make(batch: pa.Table) -> pa.Table:
        address = pl.DataFrame({name: pl.from_arrow(batch[name]) for name in ("shard", "row")})
        keys = belonging(batch, least_characters)
        made = keys.select("key").hstack(address[keys["row"]])
        return made.to_arrow().cast(pa.schema(list(WRITES.items())))

    return make
