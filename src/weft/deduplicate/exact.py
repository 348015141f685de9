"""A hash by which documents with the same text meet, whatever their case and white space."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

TYPE = pa.struct({"hi": pa.uint64(), "lo": pa.uint64()})


@operator("deduplicate.exact", version=3, reads=("text",), writes={"exact": TYPE})
def exact() -> BatchFunction:
    """128-bit hash of the text with case and white space folded; marks and punctuation count. Null for null text.

    Case is Unicode's simple case folding, one letter for one: ΟΔΟΣ and οδος are the same, STRASSE and straße are not.
    """
    from weft.text.buffers import string_buffers
    from weft.text.folded import folded_hashes

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        high, low = folded_hashes(string_buffers(text))
        parts = [pa.array(high), pa.array(low)]
        return batch.append_column("exact", pa.StructArray.from_arrays(parts, fields=list(TYPE), mask=text.is_null()))

    return label


def folded_key(exact_column: pa.ChunkedArray | pa.Array) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """One 64-bit number of each 128-bit hash, 0 where it is null."""
    frame = pl.DataFrame({"exact": pl.from_arrow(exact_column)}).unnest("exact").fill_null(0)
    return np.asarray(frame["hi"].to_numpy() ^ (frame["lo"].to_numpy() * np.uint64(0x9E3779B97F4A7C15)))
