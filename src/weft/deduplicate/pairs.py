"""Keys by which pairs with the same sides meet: all sides the same, or one of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

TYPE = pa.struct({"keys": pa.list_(pa.uint64())})


@operator("deduplicate.pairs", version=1, reads=("text", "record_kind", "parts"), writes={"pairs": TYPE})
def pairs(*, same: Literal["both", "either"] = "both") -> BatchFunction:
    """Keys that pairs share when all their sides are the same (`both`), or when some side is (`either`).

    Case and white space are folded as in deduplicate.exact. Only pairs in the same languages meet: one sentence in
    fifty languages stays fifty pairs. With `either` pairs meet over others: a1-b1, a1-b2 and a2-b2 are one cluster.
    Null for what is no pair.
    """
    from weft.text.sides import named_keys, sides

    def label(batch: pa.Table) -> pa.Table:
        held = sides(batch).with_columns(pl.col("language").str.join(" ").over("row").alias("languages"))
        if same == "both":
            held = held.filter(pl.col("hash").is_not_null().all().over("row"))
        named = held.drop_nulls("hash").select("row", pl.format("{}/{} {}", "languages", "language", "hash"))
        row, keys = named["row"].to_numpy(), named_keys(named.to_series(1)).to_numpy()
        if same == "both" and len(row):
            # A sum of hashes is one of all of them, and wraps.
            row, first = np.unique(row, return_index=True)
            keys = np.add.reduceat(keys, first)
        found = pl.DataFrame({"row": row, "keys": keys}).group_by("row", maintain_order=True).agg("keys")
        rows = pl.DataFrame({"row": pl.int_range(batch.num_rows, dtype=pl.UInt32, eager=True)})
        lists = rows.join(found, on="row", how="left", maintain_order="left")["keys"]
        column = lists.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.list_(pa.uint64()))
        missing = pa.array(lists.is_null().to_numpy())
        return batch.append_column("pairs", pa.StructArray.from_arrays([column], fields=list(TYPE), mask=missing))

    return label
