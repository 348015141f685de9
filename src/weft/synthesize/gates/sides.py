"""What a text took over from its source, and what it lost: length, n-grams, numbers, addresses, placeholders, code."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.text.buffers import string_buffers
from weft.text.pair_signals import COLUMNS, Known, known, measure, texts
from weft.text.unicode import CATEGORIES, flat, tables

_KEPT = (
    r"https?://[^\s<>\"'»”）」】]+|www\.[^\s<>\"'»”）」】]+|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\{\{?[^{}\s]{0,40}\}?\}|%\(\w{1,40}\)[sdif]|%[1-9]?\$?[sd]\b|</?[A-Za-z][^<>]{0,80}>|`[^`\n]{1,400}`"
)
"""Addresses, placeholders, tags and code between backticks."""
_MARKS = (1, 2, 3)
"""Endings that close a sentence: full stop, question mark, exclamation mark."""


@functools.cache
def _nothing() -> Known:
    return known((), np.empty(0, np.uint64))


def signals(frame: pl.DataFrame) -> pl.DataFrame:
    """Of texts and their sources (`text`, `of`): numbers that are left over, endings, and the share that is copied.

    `both`: numbers for which the text has others: the smaller of those that either side has alone. `added`: those that
    the text has alone; `any`: those that one of the two has alone. `new`: as `added`, without those that the source has
    too but not as often: some writers put a name twice, in two scripts. `digits`: as `both`, where single digits
    differ too: `1 9 50` is 1950 to some writers.
    """
    found = measure(texts(frame["of"].fill_null("")), texts(frame["text"].fill_null("")), _nothing(), _nothing())
    column = {name: found[:, number] for number, name in enumerate(COLUMNS)}
    left, added = column["source_numbers_left"], column["target_numbers_left"]
    both = np.minimum(left, added).astype(np.float64)
    return pl.DataFrame(
        {
            "both": both,
            "digits": np.where(both > 0, _digits(frame, both > 0), 0.0),
            "added": added.astype(np.float64),
            "new": column["target_numbers_new"].astype(np.float64),
            "any": (left + added).astype(np.float64),
            "of_mark": np.isin(column["source_ending"], _MARKS),
            "mark": np.isin(column["target_ending"], _MARKS),
            "shared": column["copied"].astype(np.float64),
        }
    )


def _digits(frame: pl.DataFrame, asked: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The smaller number of decimal digits that either side has more of, 0 of rows that are not asked about."""
    out = np.zeros(frame.height)
    rows = np.flatnonzero(asked)
    held = frame[rows].select("of", "text").with_row_index("row")
    sides = [
        held.select("row", digit=pl.col(name).str.extract_all(r"\d"), sign=pl.lit(sign))
        .explode("digit")
        .drop_nulls("digit")
        .with_columns(pl.col("digit").replace(_values()))
        for name, sign in (("of", 1), ("text", -1))
    ]
    over = pl.concat(sides).group_by("row", "digit").agg(pl.col("sign").sum())
    counts = over.group_by("row").agg(
        one=pl.col("sign").clip(lower_bound=0).sum(), other=(-pl.col("sign")).clip(lower_bound=0).sum()
    )
    found = held.select("row").join(counts, on="row", how="left", maintain_order="left")
    out[rows] = found.select(pl.min_horizontal("one", "other").fill_null(0))["one"].to_numpy()
    return out


@functools.cache
def _values() -> dict[str, str]:
    """The ASCII digit of every decimal digit."""
    points = np.flatnonzero(flat(tables().category) == CATEGORIES.index("Nd")).tolist()
    return {chr(point): str(unicodedata.digit(chr(point))) for point in points if chr(point).isdecimal()}


def linked(both: pl.Series, mutual: npt.NDArray[np.float64]) -> pl.Series:
    """`linked`: how much of a text translates words of its source, where its numbers are others; 0 where they are not.

    Pairs that people put side by side by mistake have other numbers and other words: what they get is near 0.
    """
    score = np.where((both > 0).to_numpy() | np.isnan(mutual), mutual, 0.0)
    return pl.Series("linked", score).fill_nan(None)


def kept(frame: pl.DataFrame) -> pl.Series:
    """`kept`: how many addresses, placeholders, tags and pieces of code one side has and the other has not."""

    def items(name: str) -> pl.Expr:
        found = pl.col(name).fill_null("").str.extract_all(_KEPT)
        return found.list.eval(pl.element().str.strip_chars_end(".,;:!?)'’。，、।")).list.sort()

    held = frame.select("of", "text").with_row_index("row").with_columns(one=items("of"), other=items("text"))
    some = held.filter((pl.col("one").list.len() + pl.col("other").list.len() > 0) & (pl.col("one") != pl.col("other")))
    counts = pl.concat(
        [
            some.select("row", item=pl.col(name)).explode("item").drop_nulls().with_columns(n=pl.lit(sign, pl.Int64))
            for name, sign in (("one", 1), ("other", -1))
        ]
    )
    left = counts.group_by("row", "item").agg(pl.col("n").sum().abs()).group_by("row").agg(pl.col("n").sum())
    found = held.select("row").join(left, on="row", how="left", maintain_order="left")["n"].fill_null(0)
    return found.cast(pl.Float64).alias("kept")


def copied(frame: pl.DataFrame, shared: pl.Series) -> pl.Series:
    """`copied`: the smaller of chrF against the source and the share of words that the source has too."""
    from weft.text.made import chrf

    # Only where many words are the same can both be high.
    some = (shared > 0.1).to_numpy()
    out = np.zeros(frame.height)
    part = frame.filter(pl.Series(some))
    value = chrf(string_buffers(part["of"].to_arrow()), string_buffers(part["text"].to_arrow()))
    out[some] = np.minimum(value, shared.to_numpy()[some])
    return pl.Series("copied", out)


def similarity(frame: pl.DataFrame) -> pl.Series:
    """Jaccard similarity of the sets of character 5-grams of `text` and `of`; 0 where one has none."""
    from weft.text.jaccard import similarities, sorted_sets
    from weft.text.made import char_grams

    both = pl.concat([frame["text"], frame["of"]]).fill_null("")
    values, offsets = sorted_sets(*char_grams(string_buffers(both.to_arrow()), WIDTH))
    rows = np.arange(frame.height, dtype=np.int64)
    found: Any = similarities(values, offsets, rows, rows + frame.height).astype(np.float64)
    size = np.diff(offsets)
    found[(size[rows] == 0) | (size[rows + frame.height] == 0)] = 0.0
    return pl.Series("similarity", found)


WIDTH = 5
"""Characters of the n-grams by which near-duplicates are found."""


def log_ratio() -> pl.Expr:
    """Logarithm of a text's characters to its source's, white space apart; null where one has none."""
    one, other = (pl.col(name).str.replace_all(r"\s", "").str.len_chars() for name in ("text", "of"))
    return pl.when((one > 0) & (other > 0)).then((one / other).log())
