"""Words and spans of texts as a person, or a program, reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from weft.language.mixing import MEASURES, measures
from weft.language.spans import spans_of


def told_words(words: pl.DataFrame, texts: Any, lines: Sequence[int], prefix: str = "") -> str:
    """Tab-separated: `prefix` and the line, word, language, score; a line for each word of what `tag_words` gives."""
    rows = words["row"].to_numpy()
    told = words.with_columns(
        pl.lit(prefix) + pl.Series("line", lines, pl.Int64).gather(rows).cast(pl.String).alias("line"),
        _of(words, texts).alias("word"),
        pl.col("score").round(3),
    )
    columns = told.select("literal", "word", "language", "score")
    return columns.write_csv(separator="\t", include_header=False, quote_style="never", float_precision=3)


def told_lines(words: pl.DataFrame, texts: Any) -> Iterator[dict[str, Any]]:
    """For each text its `spans` (begin, end, text, language, score) and the measures of how it mixes languages."""
    spans = spans_of(words)
    spans = spans.with_columns(_of(spans, texts).alias("text"), pl.col("score").cast(pl.Float64).round(4))
    held = spans.partition_by("row", as_dict=True)
    shown = ("begin", "end", "text", "language", "score")
    for row, found in enumerate(measures(words, len(texts)).rows()):
        own = held.get((row,))
        rounded = [None if value is None else round(value, 4) for value in found]
        yield {"spans": [] if own is None else own.select(shown).to_dicts()} | dict(zip(MEASURES, rounded, strict=True))


def _of(places: pl.DataFrame, texts: Any) -> pl.Series:
    """The characters of each place in its text."""
    held = pl.DataFrame({"text": pl.from_arrow(texts).gather(places["row"])})
    cut = held.with_columns(places["begin"], (places["end"] - places["begin"]).alias("size"))
    return cut.select(pl.col("text").str.slice(pl.col("begin"), pl.col("size"))).to_series()
