"""What a release holds, without its text: a row for each document, and a digest of all of them.

The digest is a sum over rows (a multiset hash, AdHash: Bellare and Micciancio 1997), so it depends on the documents
alone, not on their order or on files, and parts of a release can be added up. It tells releases apart, and is no
signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.construct.draw import mixed

ROW = pa.schema(
    [
        ("id", pa.string()),
        ("language", pa.string()),
        ("split", pa.string()),
        ("repeats", pa.int32()),
        ("text_hash", pa.uint64()),
    ]
)
"""A document of a release; `repeats` says how often it is read, `text_hash` is of its text, of a record
also of its parts."""
_COLUMNS = ("id", "language", "split")


class Digest(NamedTuple):
    """Two sums modulo 2**64, and how many documents they are of."""

    high: int = 0
    low: int = 0
    documents: int = 0

    def __str__(self) -> str:
        return f"{self.high:016x}{self.low:016x}"


def rows_of(table: pa.Table) -> pa.Table:
    """ROW of exported rows; the copies of a mixture are one document.

    Of a record (`parts`) the hash is of its text and of what each stretch of it is: who says it, in which language.
    """
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    frame = pl.DataFrame(pl.from_arrow(table))
    if "copy" in frame.columns:
        frame = frame.filter(pl.col("copy") == 1)
    hashed = frame.select(_hashed(frame).cast(pl.String)).to_series()
    text = pl.Series("text_hash", plain_hashes(string_buffers(hashed.to_arrow())), dtype=pl.UInt64)
    repeats = pl.col("repeats") if "repeats" in frame.columns else pl.lit(1)
    rows = frame.select(pl.col(*_COLUMNS).cast(pl.String), repeats.cast(pl.Int32).alias("repeats")).with_columns(text)
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ROW)


def _hashed(frame: pl.DataFrame) -> pl.Expr:
    if "parts" not in frame.columns:
        return pl.col("text")
    parts = pl.col("parts").list.eval(pl.element().struct.json_encode()).list.join("\n")
    return pl.when(pl.col("parts").is_null()).then("text").otherwise(pl.format("{}\n{}", parts, "text"))


def digest(rows: pa.Table) -> Digest:
    """The digest of rows of ROW."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    parts: list[npt.NDArray[np.uint64]] = [
        plain_hashes(string_buffers(rows[name].fill_null("").combine_chunks())) for name in _COLUMNS
    ]
    parts += [rows["repeats"].to_numpy().astype(np.uint64), rows["text_hash"].to_numpy()]
    sums = []
    for seed in (1, 2):
        value = np.zeros(rows.num_rows, np.uint64)
        for place, part in enumerate(parts):  # the place counts: an id is no split
            value = mixed(value ^ part, 2 * place + seed)
        sums.append(int(np.add.reduce(value, dtype=np.uint64)) if len(value) else 0)
    return Digest(sums[0], sums[1], rows.num_rows)


def together(digests: Iterable[Digest]) -> Digest:
    """The digest of parts that share no document."""
    high = low = documents = 0
    for one in digests:
        high, low, documents = (high + one.high) % 2**64, (low + one.low) % 2**64, documents + one.documents
    return Digest(high, low, documents)
