"""Rows by which documents meet: one for each band, and one for the whole text."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from weft.deduplicate.exact import folded_key
from weft.operators.contract import BatchFunction, operator

WRITES = {"key": pa.uint64(), "text_hash": pa.uint64(), "shard": pa.int32(), "row": pa.int32()}


@operator("deduplicate.band_keys", version=2, reads=("exact", "minhash", "shard", "row"), writes=WRITES, rows="make")
def band_keys() -> BatchFunction:
    """A row (key, hash of the whole text, address) for every band of every document and one with that hash as key.

    Without `minhash` there is only the last one. Documents with null text have no rows.
    """

    def make(batch: pa.Table) -> pa.Table:
        frame = pl.DataFrame(
            {
                "text_hash": folded_key(batch["exact"]) if "exact" in batch.column_names else _own(batch),
                "shard": pl.from_arrow(batch["shard"]),
                "row": pl.from_arrow(batch["row"]),
            }
        )
        parts = []
        if "exact" in batch.column_names:
            known = pl.Series(batch["exact"].is_valid().to_numpy())
            parts.append(frame.filter(known).with_columns(pl.col("text_hash").alias("key")))
        if "minhash" in batch.column_names:
            bands = pl.DataFrame({"minhash": pl.from_arrow(batch["minhash"])}).unnest("minhash")["bands"]
            listed = frame.with_columns(bands.alias("key")).filter(pl.col("key").list.len() > 0)
            parts.append(listed.explode("key"))
        made = pl.concat([part.select(list(WRITES)) for part in parts])
        return made.to_arrow().cast(pa.schema(list(WRITES.items())))

    return make


def _own(batch: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A hash that no two rows share, when nobody asked for exact hashes."""
    address = batch["shard"].to_numpy().astype(np.uint64) << np.uint64(32)
    return np.asarray(address | batch["row"].to_numpy().astype(np.uint64))
