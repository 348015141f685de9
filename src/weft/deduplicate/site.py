"""The site that a document belongs to: the host of its address, or its source where it has none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)"


def site_names(url: pa.ChunkedArray | pa.Array, source: pa.ChunkedArray | pa.Array) -> pl.Series:
    """Host in lower case, without a leading `www.`; `source:NAME` for a document without an address."""
    frame = pl.DataFrame({"url": pl.from_arrow(url), "source": pl.from_arrow(source)})
    host = pl.col("url").cast(pl.String).str.extract(_HOST).str.to_lowercase().str.strip_prefix("www.")
    named = pl.format("source:{}", pl.col("source").cast(pl.String).fill_null(""))
    return frame.select(pl.coalesce(host, named).alias("site"))["site"]


def sites(url: pa.ChunkedArray | pa.Array, source: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.uint64]:
    """64-bit hash of each document's site."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import folded_hashes

    names = site_names(url, source)
    distinct = names.unique(maintain_order=True)
    hashes = pl.Series(folded_hashes(string_buffers(distinct.to_arrow()))[0], dtype=pl.UInt64)
    return names.replace_strict(distinct, hashes, return_dtype=pl.UInt64).to_numpy()


def page_numbers(ids: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.int64]:
    """A number below 2^60 of each document: the first digits of its id, so that the lowest are a fair sample."""
    text = pl.DataFrame({"id": pl.from_arrow(ids)})["id"].cast(pl.String).str.slice(0, 15)
    return np.asarray(text.str.to_integer(base=16, dtype=pl.Int64).to_numpy(), np.int64)
