"""What a tokenizer costs each language: tokens by word, character and byte, and beside another language.

Parity is the number of tokens of a language for one token of the pivot, on translations of the same texts; Petrov et
al. 2023 (Language Model Tokenizers Introduce Unfairness Between Languages) call it premium.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError, nearest
from weft.tokenizer.loaded import Loaded, ids_of

TABLE = {
    "tokenizer": pl.String, "language": pl.String, "texts": pl.Int64, "words": pl.Int64, "characters": pl.Int64,
    "bytes": pl.Int64, "tokens": pl.Int64, "fertility": pl.Float64, "tokens_per_character": pl.Float64,
    "bytes_per_token": pl.Float64, "broken_share": pl.Float64, "restored_share": pl.Float64, "parity": pl.Float64,
    "parity_texts": pl.Int64,
}  # fmt: skip
"""A row for each tokenizer and language; a ratio is null where there is nothing to divide by.

`fertility`: tokens by word, words being weft's (`weft.text.segment`; of scripts without spaces those of dictionaries).
`broken_share`: of the tokens, the unknown one, single bytes, and pieces that end within a character. `restored_share`:
of the texts, those that decoding gives back as they are in NFC. `parity`: tokens by those of the pivot, over the
`parity_texts` that both have.
"""
PIVOT = "eng_Latn"


def measure(
    held: Sequence[tuple[str, Loaded]],
    rows: pl.DataFrame,
    pivot: str | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> pl.DataFrame:
    """TABLE of named tokenizers over texts (columns `language`, `text`, `key`), languages in alphabetical order.

    `pivot` null: English, where texts have keys and some are English. `tell` hears the number of texts that are done.
    Raises WeftError where the pivot has no texts, or none with a key.
    """
    pivot = known_pivot(rows, pivot)
    texts = rows["text"].to_list()
    plain = rows.select(
        "language",
        "key",
        pl.col("text").str.len_chars().cast(pl.Int64).alias("characters"),
        pl.col("text").str.len_bytes().cast(pl.Int64).alias("bytes"),
        pl.Series("words", count_words(rows["text"])),
    )
    parts = [pl.DataFrame(schema=TABLE)]
    for number, (name, one) in enumerate(held):
        tokens, broken, restored = _encoded(one, texts, functools.partial(_further, tell, number * len(texts)))
        made = plain.with_columns(
            pl.Series("tokens", tokens), pl.Series("broken", broken), pl.Series("restored", restored)
        )
        parts.append(_table(name, made, pivot))
    return pl.concat(parts)


def _further(tell: Callable[[int], None], before: int, done: int) -> None:
    tell(before + done)


def known_pivot(rows: pl.DataFrame, pivot: str | None) -> str | None:
    """The pivot of `measure`; raises WeftError where it has no texts with a key."""
    keyed = rows.filter(pl.col("key").is_not_null())["language"].unique().sort().to_list()
    if pivot is None:
        return PIVOT if PIVOT in keyed else None
    if pivot not in keyed:
        what = (
            nearest(pivot, keyed) if keyed else "; no text has a key: name the column that translations share (--key)"
        )
        raise WeftError(f"--pivot {pivot}: the texts to measure have no translations in it{what}")
    return pivot


def count_words(texts: pl.Series) -> npt.NDArray[np.int64]:
    """(texts,) weft's words of each: tokens with a letter or digit."""
    from weft.text.buffers import list_buffers, string_buffers
    from weft.text.segment import tokenize
    from weft.text.signals import WORDS, measure, stop_keys

    column = texts.to_arrow()
    values, offsets = list_buffers(tokenize(column))
    none = np.full(len(texts), -1, np.int32)
    found = measure(string_buffers(column), values, offsets // 2, none, stop_keys([]), np.zeros(1, np.int64))
    return np.asarray(found[:, WORDS], np.int64)


def _encoded(held: Loaded, texts: list[str], tell: Callable[[int], None]) -> tuple[Any, Any, Any]:
    tokens, broken, restored = (np.zeros(len(texts), kind) for kind in (np.int64, np.int64, np.bool_))
    for start, stop, made in ids_of(held, texts):
        tokens[start:stop] = [len(ids) for ids in made]
        broken[start:stop] = [int(held.broken[ids].sum()) for ids in made]
        decoded = held.tokenizer.decode_batch(made, skip_special_tokens=False)
        restored[start:stop] = [
            unicodedata.normalize("NFC", text) == back for text, back in zip(texts[start:stop], decoded, strict=True)
        ]
        tell(stop)
    return tokens, broken, restored


def _table(name: str, made: pl.DataFrame, pivot: str | None) -> pl.DataFrame:
    sums = [pl.col(column).sum() for column in ("words", "characters", "bytes", "tokens", "broken")]
    table = made.group_by("language").agg(pl.len().cast(pl.Int64).alias("texts"), pl.col("restored").mean(), *sums)
    table = table.join(_parity(made, pivot), on="language", how="left")
    return (
        table.sort("language")
        .with_columns(
            pl.lit(name).alias("tokenizer"),
            _ratio("tokens", "words").alias("fertility"),
            _ratio("tokens", "characters").alias("tokens_per_character"),
            _ratio("bytes", "tokens").alias("bytes_per_token"),
            _ratio("broken", "tokens").alias("broken_share"),
            pl.col("restored").alias("restored_share"),
        )
        .select(list(TABLE))
        .cast(TABLE)  # type: ignore[arg-type]
    )


def _ratio(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))


def _parity(made: pl.DataFrame, pivot: str | None) -> pl.DataFrame:
    """language, parity, parity_texts: over the keys that a language shares with the pivot, each once."""
    if pivot is None:
        return pl.DataFrame(schema={"language": pl.String, "parity": pl.Float64, "parity_texts": pl.Int64})
    keyed = made.filter(pl.col("key").is_not_null()).unique(["language", "key"], keep="first", maintain_order=True)
    beside = keyed.filter(pl.col("language") == pivot).select("key", pl.col("tokens").alias("beside"))
    both = keyed.join(beside, on="key").group_by("language")
    return both.agg(
        (pl.col("tokens").sum() / pl.col("beside").sum()).alias("parity"), pl.len().cast(pl.Int64).alias("parity_texts")
    ).with_columns(pl.when(pl.col("parity").is_finite()).then("parity"))


def summary(table: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Of each tokenizer: means over its languages, each counting the same, and the worst.

    `gini` is the Gini coefficient of parity: 0 where all languages need as many tokens, near 1 where few need all.
    """
    found: dict[str, dict[str, Any]] = {}
    for (name,), part in table.group_by("tokenizer", maintain_order=True):
        held: dict[str, Any] = {"languages": part.height, "texts": int(part["texts"].sum())}
        for column in ("fertility", "tokens_per_character", "bytes_per_token", "broken_share", "restored_share"):
            held[column] = part[column].mean()
        held["worst_fertility"] = _worst(part, "fertility")
        held["parity"] = part["parity"].mean()
        held["worst_parity"] = _worst(part, "parity")
        held["gini"] = gini(part["parity"].drop_nulls().to_numpy())
        found[str(name)] = held
    return found


def _worst(part: pl.DataFrame, column: str) -> dict[str, Any] | None:
    known = part.filter(pl.col(column).is_not_null()).sort(column, "language", descending=[True, False])
    return known.select("language", column).row(0, named=True) if known.height else None


def gini(values: npt.NDArray[np.float64]) -> float | None:
    """The Gini coefficient of positive values; null of fewer than two."""
    if len(values) < 2:
        return None
    ordered = np.sort(values)
    place = np.arange(1, len(ordered) + 1)
    return float((2 * place - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))
