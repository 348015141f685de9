"""Labelled texts with what a model answers to each: the one table from which its report is made."""

from __future__ import annotations

import polars as pl

from weft.language.evaluation import UNKNOWN
from weft.language.identify import identify
from weft.language.model import LanguageModel
from weft.language.noise import NO_LANGUAGE

COLUMNS = {
    "source": pl.String, "language": pl.String, "characters": pl.UInt32, "best": pl.String, "chance": pl.Float32,
    "answer": pl.String, "as_group": pl.Boolean, "score": pl.Float32,
}  # fmt: skip
"""`best` is the most probable language with its probability `chance` (`und`, 0: none); `answer` what a person gets:
a language, `as_group` the code of a group, or `und` where it is refused; `score` belongs to it."""


def answered(model: LanguageModel, texts: pl.DataFrame) -> pl.DataFrame:
    """One row for each text, in their order; columns as COLUMNS."""
    found = pl.DataFrame(identify(model, texts["text"].to_arrow(), most=1))
    first, said = pl.col("alternatives").list.first(), pl.col("lid").struct
    refused = said.field("language").str.starts_with(f"{UNKNOWN}_")
    nothing = said.field("language").str.starts_with(f"{NO_LANGUAGE}_")
    noise = pl.format("{}-{}_{}", pl.lit(NO_LANGUAGE), said.field("reason"), said.field("script"))  # as labels name it
    answers = found.select(
        first.struct.field("language").fill_null(UNKNOWN).alias("best"),
        first.struct.field("score").fill_null(0).alias("chance"),
        pl.when(refused)
        .then(pl.lit(UNKNOWN))
        .when(nothing)
        .then(noise)
        .otherwise(said.field("language"))
        .alias("answer"),
        said.field("reason").eq_missing(pl.lit("group")).alias("as_group"),
        said.field("score").alias("score"),
    )
    asked = texts.select("source", "language", pl.col("text").str.len_chars().alias("characters"))
    return pl.concat([asked, answers], how="horizontal").cast(COLUMNS)  # type: ignore[arg-type]
