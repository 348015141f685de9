"""Rows by which documents meet: for the whole text, its page, the sides of a pair, and each band of signatures."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from weft.deduplicate.exact import folded_key
from weft.operators.contract import BatchFunction, operator

WRITES = {
    "key": pa.uint64(),
    "text_hash": pa.uint64(),
    "page": pa.bool_(),
    "pair": pa.bool_(),
    "script": pa.int16(),
    "shard": pa.int32(),
    "row": pa.int32(),
}


@operator(
    "deduplicate.band_keys",
    version=5,
    reads=("exact", "minhash", "url_key", "romanized", "pairs", "shard", "row"),
    writes=WRITES,
    rows="make",
)
def band_keys() -> BatchFunction:
    """A row (key, hash of the whole text, address) for every band of every document and one with that hash as key.

    With `url_key` there is one more, `page`, whose key and hash are those of the page; with `pairs` one for each of its
    keys, `pair`, likewise. With `romanized` there is one for each band of the skeleton, which has the number of the
    text's `script`; in all others that is 0. What is missing makes no rows; documents with null text have none.
    """

    def make(batch: pa.Table) -> pa.Table:
        frame = pl.DataFrame(
            {
                "text_hash": folded_key(batch["exact"]) if "exact" in batch.column_names else _own(batch),
                "page": pl.repeat(False, batch.num_rows, eager=True),
                "pair": pl.repeat(False, batch.num_rows, eager=True),
                "script": pl.repeat(0, batch.num_rows, eager=True, dtype=pl.Int16),
                "shard": pl.from_arrow(batch["shard"]),
                "row": pl.from_arrow(batch["row"]),
            }
        )
        parts = [frame.with_columns(pl.lit(0, pl.UInt64).alias("key")).head(0)]
        if "exact" in batch.column_names:
            known = pl.Series(batch["exact"].is_valid().to_numpy())
            parts.append(frame.filter(known).with_columns(pl.col("text_hash").alias("key")))
        if "minhash" in batch.column_names:
            bands = pl.DataFrame({"minhash": pl.from_arrow(batch["minhash"])}).unnest("minhash")["bands"]
            listed = frame.with_columns(bands.alias("key")).filter(pl.col("key").list.len() > 0)
            parts.append(listed.explode("key"))
        if "url_key" in batch.column_names:
            pages = pl.DataFrame({"url_key": pl.from_arrow(batch["url_key"])}).unnest("url_key")["hash"]
            parts.append(
                frame.with_columns(pages.alias("key"), pages.alias("text_hash"), pl.lit(True).alias("page")).filter(
                    pl.col("key").is_not_null()
                )
            )
        if "romanized" in batch.column_names:
            skeleton = pl.DataFrame({"romanized": pl.from_arrow(batch["romanized"])}).unnest("romanized")
            listed = frame.with_columns(skeleton["bands"].alias("key"), skeleton["script"])
            parts.append(listed.filter(pl.col("key").list.len() > 0).explode("key"))
        if "pairs" in batch.column_names:
            keys = pl.DataFrame({"pairs": pl.from_arrow(batch["pairs"])}).unnest("pairs")["keys"]
            listed = frame.with_columns(keys.alias("key"), pl.lit(True).alias("pair"))
            met = listed.filter(pl.col("key").list.len() > 0).explode("key")
            parts.append(met.with_columns(pl.col("key").alias("text_hash")))
        made = pl.concat([part.select(list(WRITES)) for part in parts])
        return made.to_arrow().cast(pa.schema(list(WRITES.items())))

    return make


def _own(batch: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A hash that no two rows share, when nobody asked for exact hashes."""
    address = batch["shard"].to_numpy().astype(np.uint64) << np.uint64(32)
    return np.asarray(address | batch["row"].to_numpy().astype(np.uint64))
