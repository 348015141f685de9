"""Text without its repeated passages: spans of several labels become one list, and the text is closed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.construct.kinds import language as place

Longs = npt.NDArray[np.int64]

CUTS: dict[str, type[pl.DataType]] = {
    "language": pl.String,
    "label": pl.String,
    "documents": pl.Int64,
    "characters": pl.Int64,
}
"""What was cut from the rows that stay, by language and label."""


def merged_spans(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """`row`, `begin`, `end` of the union of spans, sorted; they neither overlap nor touch."""
    from weft.text.cutting import merged

    every = pl.concat([part.select("row", "begin", "end") for part in parts]).filter(pl.col("begin") < pl.col("end"))
    every = every.sort("row", "begin", "end")
    row, begin, end = merged(*(every[name].to_numpy() for name in ("begin", "end", "row")))
    return pl.DataFrame({"row": row, "begin": begin, "end": end})


def text_without(text: pa.Array, spans: pl.DataFrame, rows: Longs) -> pa.Array:
    """Texts without their spans, as large strings; `rows[n]` is the row that the spans of text `n` name."""
    from weft.text.buffers import large_strings, string_buffers
    from weft.text.cutting import without_spans

    strings = string_buffers(text)
    row = spans["row"].to_numpy()
    bounds = np.append(np.searchsorted(row, rows), np.searchsorted(row, rows[-1:], side="right")).astype(np.int64)
    if not len(rows):
        bounds = np.zeros(1, np.int64)
    data, offsets = without_spans(strings, bounds, spans["begin"].to_numpy(), spans["end"].to_numpy())
    return large_strings(data, offsets, strings.valid)


def characters_by_label(by_label: Mapping[str, pl.DataFrame], rows: int) -> dict[str, Longs]:
    """Characters of each row that each label cuts; what several cut counts for the first of them."""
    found = {name: np.zeros(rows, np.int64) for name in ("lines", "substrings")}
    before = np.zeros(rows, np.int64)
    parts: list[pl.DataFrame] = []
    for name, spans in by_label.items():
        parts.append(spans)
        union = merged_spans(parts)
        size = (union["end"] - union["begin"]).to_numpy()
        total = np.bincount(union["row"].to_numpy(), size, rows).astype(np.int64)
        found[name], before = total - before, total
    return found


def cut_documents(documents: pl.DataFrame, cut: pl.Series) -> pl.DataFrame:
    """Documents whose `text` is without the spans of `cut` (null: unchanged)."""
    rows = cut.is_not_null().arg_true().to_numpy().astype(np.int64)
    if not len(rows):
        return documents
    lists = cut.gather(rows).struct.field("spans")
    spans = pl.DataFrame({"row": rows, "spans": lists}).explode("spans").unnest("spans")
    text = documents["text"].gather(rows).to_arrow(compat_level=pl.CompatLevel.oldest())
    done = pl.DataFrame({"row": rows, "shorter": pl.from_arrow(text_without(text, spans, rows))})
    held = documents.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    held = held.join(done, on="row", how="left", maintain_order="left")
    return held.with_columns(pl.coalesce("shorter", "text").alias("text")).select(documents.columns)


def counted_again(frame: pl.DataFrame) -> pl.DataFrame:
    """`signals.words` and `signals.bytes` of what is left, where something was cut."""
    if "signals" not in frame.columns:
        return frame
    left = pl.col("cut").struct
    fields = [pl.coalesce(left.field(name), pl.field(name)).alias(name) for name in ("words", "bytes")]
    return frame.with_columns(pl.col("signals").struct.with_fields(fields))


def count_cuts(frame: pl.DataFrame) -> pl.DataFrame:
    """CUTS of a shard's kept rows with `lid` and `cut`."""
    language = place(frame).alias("language")
    parts = []
    for name in ("lines", "substrings"):
        rows = frame.select(language, pl.col("cut").struct.field(name).alias("characters")).filter(
            pl.col("characters") > 0
        )
        counted = rows.group_by("language").agg(pl.len().alias("documents"), pl.col("characters").sum())
        parts.append(counted.with_columns(pl.lit(name).alias("label")).select(list(CUTS)))
    return pl.concat([pl.DataFrame(schema=CUTS), *(p.cast(CUTS) for p in parts)]).sort("language", "label")  # type: ignore[arg-type]


def merge_cuts(tables: Iterable[pa.Table | pl.DataFrame]) -> pl.DataFrame:
    """One CUTS table from those of several shards, or from what was made of some of them."""
    frames = [pl.DataFrame(t if isinstance(t, pl.DataFrame) else pl.from_arrow(t)).cast(CUTS) for t in tables]  # type: ignore[arg-type]
    every = pl.concat([pl.DataFrame(schema=CUTS), *frames])
    return every.group_by("language", "label").agg(pl.col("documents", "characters").sum()).sort("language", "label")
