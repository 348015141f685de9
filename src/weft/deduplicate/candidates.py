"""Pairs of documents that share a key."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

Longs = npt.NDArray[np.int64]

WRITES = {
    "shard_a": pa.int32(),
    "row_a": pa.int32(),
    "shard_b": pa.int32(),
    "row_b": pa.int32(),
    "certain": pa.bool_(),
    "page": pa.bool_(),
    "pair": pa.bool_(),
    "script": pa.bool_(),
}


@operator(
    "deduplicate.candidates",
    version=5,
    reads=("key", "text_hash", "page", "pair", "script", "shard", "row"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("key",),
)
def candidates() -> BatchFunction:
    """Pairs to verify, and pairs of the same text, `page` or `pair` (`certain`); each once, smaller address first.

    Documents with the same text hash, of the same page, and pairs with the same sides are linked to the first of them;
    by text only it meets others. By rows that have a `script`, those of different scripts meet (`script`), to be
    verified.
    """
    from weft.text.pairs import candidate_pairs

    def group(batch: pa.Table) -> pa.Table:
        address = (batch["shard"].to_numpy().astype(np.int64) << 32) | batch["row"].to_numpy().astype(np.int64)
        key, text, script = (batch[name].to_numpy() for name in ("key", "text_hash", "script"))
        page, pair = (batch[name].to_numpy() for name in ("page", "pair"))
        frames = []
        for of_page, of_pair in ((False, False), (True, False), (False, True)):
            rows = (page == of_page) & (pair == of_pair) & (script == 0)
            same_a, same_b, near_a, near_b = candidate_pairs(key[rows], text[rows], address[rows])
            frames.append(_edges(same_a, same_b, certain=True, page=of_page, pair=of_pair))
            frames.append(_edges(near_a, near_b, page=of_page, pair=of_pair))
        rows = script > 0
        # Copies of a text meet as texts: here its first one stands for them.
        _, _, near_a, near_b = candidate_pairs(key[rows], text[rows], address[rows])
        known, first = np.unique(address[rows], return_index=True)
        written = script[rows][first]
        differ = written[np.searchsorted(known, near_a)] != written[np.searchsorted(known, near_b)]
        frames.append(_edges(near_a[differ], near_b[differ], script=True))
        return pl.concat(frames).to_arrow().cast(pa.schema(list(WRITES.items())))

    return group


def _edges(first: Longs, second: Longs, **flags: bool) -> pl.DataFrame:
    pairs = pl.DataFrame({"a": np.minimum(first, second), "b": np.maximum(first, second)}).unique().sort("a", "b")
    return pairs.select(
        (pl.col("a") // 2**32).cast(pl.Int32).alias("shard_a"),
        (pl.col("a") % 2**32).cast(pl.Int32).alias("row_a"),
        (pl.col("b") // 2**32).cast(pl.Int32).alias("shard_b"),
        (pl.col("b") % 2**32).cast(pl.Int32).alias("row_b"),
        *(pl.lit(flags.get(name, False)).alias(name) for name in ("certain", "page", "pair", "script")),
    )
