"""Trusted texts: what people wrote, drawn by hash from the documents of a recipe, to learn what good text is like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from weft.text.buffers import string_buffers

TRUSTED = pa.schema(
    {
        "language": pa.string(),
        "text": pa.large_string(),
        "other_language": pa.string(),  # of the text that it translates; null for plain text
        "other_text": pa.large_string(),
        "order": pa.uint64(),  # hash of id, part and seed: those of the smallest are kept
    }
)
"""A trusted text. A pair gives a row for each direction, and one for each side as plain text."""

LONGEST = 1_000
"""Characters of a line above which its sentences are taken one by one: what is judged is seldom longer."""
_KEYS = ("language", "text", "other_language", "other_text")
_GROUP = ("language", "other_language")


def sample(batch: pa.Table, most: int, seed: int) -> pa.Table:
    """TRUSTED of a batch of documents (id, text, language_hint, lid, record_kind, parts).

    At most `most` of each language and each pair of languages. Plain text is cut into lines, long lines into sentences:
    records are of such sizes. What has no language is left out.
    """
    held = _held(batch)
    sides = _parts(held)
    pairs = _directions(sides.filter(pl.col("kind") == "pair"))
    plain = pl.concat([_lines(held), sides.select("id", "number", "language", "text")])
    alone = plain.with_columns(
        other_language=pl.lit(None, pl.String), other_text=pl.lit(None, pl.String), against=pl.lit(-1, pl.Int64)
    )
    both = pl.concat([alone, pairs], how="diagonal_relaxed").filter(
        pl.col("language").is_not_null() & (pl.col("text").str.len_chars() > 0)
    )
    told = both.select(pl.format("{}|{}|{}|{}", "id", "number", "against", pl.lit(seed)).alias("key"))["key"]
    order = plain_order(told)
    return _kept(both.select(*_KEYS).with_columns(pl.Series("order", order, pl.UInt64)), most)


def merge(tables: Sequence[pa.Table], most: int) -> pa.Table:
    """The `most` texts of smallest `order` of each language and pair, whatever tables they come in."""
    if not tables:
        return TRUSTED.empty_table()
    joined = pa.concat_tables(table.cast(TRUSTED) for table in tables)
    frame = pl.from_arrow(joined)
    assert isinstance(frame, pl.DataFrame)
    return _kept(frame, most)


def plain_order(keys: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A hash of each string, the same on every machine."""
    from weft.text.folded import plain_hashes

    return plain_hashes(string_buffers(keys.to_arrow()))


def _kept(frame: pl.DataFrame, most: int) -> pa.Table:
    distinct = frame.sort("order", *_KEYS).unique(list(_KEYS), keep="first", maintain_order=True)
    least = distinct.filter(pl.int_range(pl.len()).over(*_GROUP) < most)
    return least.sort(*_GROUP, "order", "text").to_arrow().cast(TRUSTED)


def _held(batch: pa.Table) -> pl.DataFrame:
    names = ("id", "text", "language_hint", "lid", "record_kind", "parts")
    frame = pl.from_arrow(batch.select(names))
    assert isinstance(frame, pl.DataFrame)
    found = pl.col("lid").struct.field("language")
    found = pl.when(found.str.contains("^(und|zxx)_")).then(None).otherwise(found)
    return frame.filter(pl.col("text").is_not_null()).select(
        "id",
        pl.col("text").cast(pl.String),
        pl.coalesce("language_hint", found).cast(pl.String).alias("language"),
        pl.col("record_kind").fill_null("text").alias("kind"),
        "parts",
    )


def _parts(held: pl.DataFrame) -> pl.DataFrame:
    """id, kind, number, language, text of the sides and messages of documents."""
    made = held.filter((pl.col("kind") != "text") & (pl.col("parts").list.len() > 0)).explode("parts")
    part = pl.col("parts").struct
    length = part.field("end") - part.field("begin")
    return made.select(
        "id",
        "kind",
        pl.int_range(pl.len(), dtype=pl.Int64).over("id").alias("number"),
        pl.coalesce(part.field("language"), pl.col("language")).alias("language"),
        pl.col("text").str.slice(part.field("begin"), length).str.strip_chars().alias("text"),
    )


def _directions(sides: pl.DataFrame) -> pl.DataFrame:
    """Both directions of every two sides in different languages."""
    one = sides.select("id", "number", "language", "text")
    other = sides.select("id", against="number", other_language=pl.col("language"), other_text=pl.col("text")).filter(
        pl.col("other_text").str.len_chars() > 0
    )
    return one.join(other, on="id").filter(pl.col("language") != pl.col("other_language"))


def _lines(held: pl.DataFrame) -> pl.DataFrame:
    """id, number, language, text of the lines of plain documents, and of the sentences of long lines."""
    plain = held.filter(pl.col("kind") == "text").select("id", "language", pl.col("text").str.split("\n"))
    lines = plain.explode("text").with_columns(pl.col("text").str.strip_chars())
    lines = lines.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("id").alias("number"))
    long = pl.col("text").str.len_chars() > LONGEST
    return pl.concat([lines.filter(~long), _sentences(lines.filter(long))], how="diagonal_relaxed").select(
        "id", "number", "language", "text"
    )


def _sentences(lines: pl.DataFrame) -> pl.DataFrame:
    from weft.text.sentences import sentences

    bounds = pl.Series(sentences(lines["text"].to_arrow().cast(pa.large_string())))
    pairs = bounds.list.eval(pl.element().cast(pl.Int64).reshape((-1, 2)).cast(pl.List(pl.Int64)))
    cut = lines.with_columns(bounds=pairs).explode("bounds").drop_nulls("bounds")
    begin, end = pl.col("bounds").list.get(0), pl.col("bounds").list.get(1)
    return cut.with_columns(
        pl.col("text").str.slice(begin, end - begin),
        pl.col("number") * 100_000 + pl.int_range(pl.len(), dtype=pl.Int64).over("id", "number"),
    ).drop("bounds")
