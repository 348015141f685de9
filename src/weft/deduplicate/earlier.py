"""Documents that share a key with documents of earlier releases."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "shard": pa.int32(),
    "row": pa.int32(),
    "release": pa.int32(),
    "document": pa.int32(),
    "kind": pa.int8(),
}
BAND, TEXT, PAGE = 0, 1, 2
"""What a key is of: a band of a signature, the whole text, the page."""
MOST = 64
"""Documents of earlier releases that one meets by one key."""
_PRIME = 0x9E3779B97F4A7C15


@operator(
    "deduplicate.earlier",
    version=1,
    reads=("key", "kind", "shard", "row"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("key",),
    files_in=("index",),
)
def earlier(
    *, index: Annotated[str, Field(min_length=1)], release: Annotated[str | None, Field(min_length=1)] = None
) -> BatchFunction:
    """Pairs of a document and one of an earlier release that have the same text or page, or are to be compared.

    `index` is a folder that `weft index` has made. `release` is the name under which this build is in it, or will be:
    it and what was added after it are not earlier; by default the recipe's name, with @ and version where there is one.

    The label `earlier` names the release, the document's id there, the kind and the true Jaccard similarity. Kinds:
    `exact` (the same text), `near` (at least as similar as `deduplicate.verify` demands), `page` (another text of the
    same page), `cluster` (another document of its cluster is one of these). By which of them documents meet is what the
    recipe's steps say: `exact`, `minhash`, `url_key`. A rule drops what was found: `seen_before: earlier IS NULL`.

    Rows of the index have negative shards: -1 - number of the release. By one key a document meets at most 64 of them.
    """

    def group(batch: pa.Table) -> pa.Table:
        frame = pl.DataFrame({name: pl.from_arrow(batch[name]) for name in ("key", "kind", "shard", "row")})
        known = frame.filter(pl.col("shard") < 0).select(
            "key", "kind", (-1 - pl.col("shard")).alias("release"), pl.col("row").alias("document")
        )
        pairs = frame.filter(pl.col("shard") >= 0).join(_first(known), on=["key", "kind"], how="inner")
        # Of the ways in which two documents meet the strongest counts: text, page, band.
        order = pl.col("kind").replace_strict({TEXT: 0, PAGE: 1, BAND: 2}, return_dtype=pl.Int8)
        pairs = pairs.with_columns(order.alias("order")).sort("shard", "row", "release", "document", "order")
        pairs = pairs.unique(["shard", "row", "release", "document"], keep="first", maintain_order=True)
        return pairs.select(list(WRITES)).to_arrow().cast(pa.schema(list(WRITES.items())))

    return group


def _first(known: pl.DataFrame) -> pl.DataFrame:
    """At most MOST rows of each key: of a text the first, of others drawn, by each key other ones."""
    number = known["document"].to_numpy().astype(np.uint64) + np.uint64(1)
    release = known["release"].to_numpy().astype(np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = known["key"].to_numpy() ^ (number * release * np.uint64(_PRIME))
    drawn = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(_PRIME)
    ranked = known.with_columns(
        pl.when(pl.col("kind") == TEXT).then(pl.lit(0, pl.UInt64)).otherwise(pl.Series(drawn)).alias("drawn")
    ).sort("key", "kind", "drawn", "release", "document")
    place = pl.int_range(pl.len()).over("key", "kind")
    limit = pl.when(pl.col("kind") == TEXT).then(1).otherwise(MOST)
    return ranked.filter(place < limit).drop("drawn")
