"""Words by which a text is told to be of a language: common in it, and hardly found in any other.

After the lists of FineWeb2 (Penedo et al. 2025): of a language's commonest twentieth, the words with at least 85 % of
their occurrences in it. Words are what the classifier reads as words, so a language written without spaces has none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.language.adding import rivals_of
from weft.language.model import LanguageModel
from weft.text import coverage
from weft.text.buffers import string_buffers
from weft.text.hidden import mean_embedding
from weft.text.ngrams import LONGEST_WORD, letters

COLUMNS = {"language": pl.String, "word": pl.String, "count": pl.Int64, "share": pl.Float64}
"""One row for a word; `count` in the texts of the language, `share` of all occurrences, null where these are unknown.
"""
SHARE = 0.85
_COMMON, _AT_LEAST = 0.05, 100
"""The commonest words that are asked: this share of them all, or so many where that is more."""
_NEAR, _CHANCE = 30, 4
"""Likeliest other languages none of whose filters may hold a word, and how many of all may: by chance one in 700 does.
"""


def words_in(texts: pl.Series) -> pl.DataFrame:
    """`word` and `count` of every word of some texts, as the classifier reads them, in lower case; commonest first."""
    points = np.frombuffer("\n".join(texts.drop_nulls()).encode("utf-32-le"), np.uint32)
    read = letters()[points]
    read = np.where(read == 0, np.uint32(ord(" ")), read)[read != 1]
    words = pl.Series("word", [read.astype("<u4").tobytes().decode("utf-32-le")]).str.split(" ").explode()
    words = words.filter(words.str.len_chars().is_between(1, LONGEST_WORD))
    return words.value_counts(name="count").cast({"count": pl.Int64}).sort(["count", "word"], descending=[True, False])


def common_words(texts: pl.Series) -> pl.DataFrame:
    """The commonest words of some texts, each of them there twice or more."""
    words = words_in(texts)
    return words.head(max(round(_COMMON * words.height), _AT_LEAST)).filter(pl.col("count") > 1)


def exact_lists(texts: pl.DataFrame) -> pl.DataFrame:
    """The lists of all languages, COLUMNS, from texts of them all: shares are of all occurrences in these texts."""
    parts = texts.partition_by("language", as_dict=True)
    names = sorted(str(name) for (name,) in parts)
    counted = [words_in(parts[(name,)]["text"]).with_columns(pl.lit(name).alias("language")) for name in names]
    if not counted:
        return pl.DataFrame(schema=COLUMNS)
    total = pl.concat(counted).group_by("word").agg(pl.col("count").sum().alias("all"))
    common = [words.head(max(round(_COMMON * words.height), _AT_LEAST)) for words in counted]
    found = pl.concat(common).filter(pl.col("count") > 1).join(total, on="word", how="left", maintain_order="left")
    found = found.with_columns((pl.col("count") / pl.col("all")).round(4).alias("share"))
    return found.filter(pl.col("share") >= SHARE).select(list(COLUMNS)).cast(COLUMNS)  # type: ignore[arg-type]


def list_alone(model: LanguageModel, language: str, texts: pl.Series) -> pl.DataFrame:
    """The list of a language that the model has, COLUMNS, where only its own texts are at hand.

    Left out are words that are common in one of the languages for which the model takes these texts otherwise, or in
    several of all. Raises ValueError for a model that has not learnt to refuse, for it holds no common words.
    """
    if model.refusal is None:
        raise ValueError("the model holds no common words")
    words = common_words(texts)
    first, last = rivals_of(model, language)
    others = np.array([n for n in range(first, last) if model.labels[n] != language], np.int64)
    keys = np.arange(len(model.labels), dtype=np.int32) if model.refusal.keys is None else model.refusal.keys
    _, hashes = coverage.hashes(string_buffers(words["word"].to_arrow()))
    held = coverage.held(hashes, np.ascontiguousarray(keys[others]), model.refusal.words)
    scores = mean_embedding(string_buffers(texts.to_arrow()), model.embedding) @ model.output[:, others]
    chance = np.exp(scores - scores.max(axis=1, keepdims=True)) if len(others) else scores
    chance = (chance / chance.sum(axis=1, keepdims=True)).mean(axis=0) if len(others) else chance.sum(axis=0)
    near = np.argsort(-chance, kind="stable")[:_NEAR]
    own = ~held[:, near].any(axis=1) & (held.sum(axis=1) <= _CHANCE)
    made = words.filter(pl.Series(own)).with_columns(pl.lit(language).alias("language"), pl.lit(None).alias("share"))
    return made.select(list(COLUMNS)).cast(COLUMNS)  # type: ignore[arg-type]


def write_lists(words: pl.DataFrame, file: Path) -> None:
    """Tab-separated, with a header; raises WeftError where it cannot be written."""
    try:
        words.write_csv(file, separator="\t", quote_style="never")
    except OSError as error:
        raise WeftError(f"{file}: cannot be written: {error.strerror or error}") from error
