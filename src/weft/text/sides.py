"""The sides of pairs: which texts a batch of pairs holds in which languages, and a hash of each."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from weft.text.buffers import string_buffers
from weft.text.folded import folded_hashes, plain_hashes

SIDE = {"row": pl.UInt32, "language": pl.String, "text": pl.String, "hash": pl.String}


def sides(batch: pa.Table) -> pl.DataFrame:
    """SIDE rows of the pairs of a batch, in the order of rows and of their sides; other kinds and null text have none.

    Reads `text`, `record_kind` and `parts`. `hash` is 128 bits as text, with case and white space folded as
    deduplicate.exact folds them: marks, punctuation and digits count. Null where a side has nothing but white space.
    """
    read = batch.select(["text", "record_kind", "parts"])
    held = pl.DataFrame(pl.from_arrow(read)).with_row_index("row").filter(pl.col("record_kind") == "pair")
    held = held.drop_nulls(["text", "parts"]).filter(pl.col("parts").list.len() > 0)
    if not held.height:
        return pl.DataFrame(schema=SIDE)
    begin, end = (pl.col("parts").struct.field(name) for name in ("begin", "end"))
    apart = held.explode("parts").select(
        "row",
        pl.col("parts").struct.field("language").fill_null(""),
        pl.col("text").str.slice(begin, end - begin),
    )
    high, low = folded_hashes(string_buffers(apart["text"].to_arrow()))
    none_high, none_low = folded_hashes(string_buffers(pa.array([""])))
    hashes = apart.with_columns(pl.Series("high", high), pl.Series("low", low)).with_columns(
        pl.when((pl.col("high") != none_high[0]) | (pl.col("low") != none_low[0]))
        .then(pl.format("{}:{}", "high", "low"))
        .alias("hash")
    )
    return hashes.select(list(SIDE))


def named_keys(names: pl.Series) -> pl.Series:
    """64-bit keys of texts that say what is to meet."""
    return pl.Series("key", plain_hashes(string_buffers(names.to_arrow())), dtype=pl.UInt64)
