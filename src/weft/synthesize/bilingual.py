"""A bilingual lexicon in a file: words by language, and their translations into one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.text.buffers import Bytes, Longs

PROBABILITY = "probability"
_FORMS = 3
"""Of each translation: as it stands, with a capital, in capitals."""
_DOTTED = frozenset({"tur_Latn", "azj_Latn", "crh_Latn", "gag_Latn", "tat_Latn", "kaz_Latn"})
"""Languages whose i is İ in capitals."""
_MOST_TOKENS = 6


class Bilingual(NamedTuple):
    """Entries of all languages by their sorted keys (`text.replaced.keys_of`, by the place of the language).

    Key `k` has the translations from `starts[k]` to `starts[k + 1]`; `weight` is their cumulated weight from the first
    of all on. Translation `t` in form `f` is `pool[offsets[3 t + f]:offsets[3 t + f + 1]]`.
    """

    languages: tuple[str, ...]
    into: str
    keys: npt.NDArray[np.uint64]
    starts: Longs
    weight: npt.NDArray[np.float64]
    pool: Bytes
    offsets: Longs
    most: int

    def label(self, language: str | None) -> int:
        return self.languages.index(language) if language in self.languages else -1

    def chosen(
        self, match: npt.NDArray[np.integer[Any]], drawn: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.int64]:
        """A translation for each key: by its weight with a number from 0 to 1, or the one with most weight."""
        held = np.asarray(match, np.int64)
        first, last = self.starts[held], self.starts[held + 1] - 1
        if drawn is None:
            return first  # translations of a key stand by falling weight
        before = np.where(first > 0, self.weight[first - 1], 0.0)
        aimed = before + drawn * (self.weight[last] - before)
        return np.clip(np.searchsorted(self.weight, aimed, "right"), first, last)

    def form(
        self, translation: npt.NDArray[np.int64], bits: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where in the pool the translations begin and end, with the case of tokens with these bits."""
        from weft.text.replaced import CAPITAL, CAPITALS

        case = np.where(bits & CAPITALS, 2, np.where(bits & CAPITAL, 1, 0))
        place = translation * _FORMS + case
        return self.offsets[place], self.offsets[place + 1]


def read(file: Path, into: str, *, single: bool) -> Bilingual:
    """The lexicon of a tab-separated file with a header: a column for each language, named by its code.

    A row has a word and its translations, cells may be empty; a column `probability` weighs the rows of a word. With
    `single`, entries of several words are left out on both sides. Raises WeftError for what is no such file.
    """
    into = _code(into, "into")
    table = _table(file)
    codes = [
        _code(name, f"{file}: expected columns with codes of languages")
        for name in table.columns
        if name != PROBABILITY
    ]
    if into not in codes:
        raise WeftError(f"{file}: no column {into}; it has {', '.join(codes)}")
    languages = tuple(code for code in codes if code != into)
    if not languages:
        raise WeftError(f"{file}: the one column {into}; expected one for each language")
    rows = _rows(table, codes, languages, into, single)
    if not rows.height:
        raise WeftError(f"{file}: no entry that translates into {into}")
    return built(rows, languages, into)


def built(rows: pl.DataFrame, languages: tuple[str, ...], into: str) -> Bilingual:
    """The lexicon of rows of `label` (the place of the language), `word`, `translation` and `weight`."""
    from weft.text.buffers import string_buffers
    from weft.text.replaced import keys_of

    labels = np.ascontiguousarray(rows["label"].to_numpy(), np.int32)
    rows = rows.with_columns(key=pl.Series(keys_of(string_buffers(rows["word"].to_arrow()), labels), dtype=pl.UInt64))
    # Words that differ in case alone are one entry.
    rows = rows.group_by("key", "translation").agg(pl.col("weight").sum(), pl.col("word").first())
    rows = rows.sort("key", -pl.col("weight"), "translation")
    keys, starts = np.unique(rows["key"].to_numpy(), return_index=True)
    forms = rows.select(pl.concat_list(_cases(pl.col("translation"), into))).to_series().explode()
    held = string_buffers(forms.to_arrow())
    spaces = int(rows.select(pl.col("word").str.count_matches(r"\s").max()).item())
    most = min(_MOST_TOKENS + 2 * spaces, 12)
    return Bilingual(
        languages,
        into,
        keys,
        np.append(starts, rows.height).astype(np.int64),
        np.cumsum(rows["weight"].to_numpy()),
        np.asarray(held.data),
        np.asarray(held.offsets, np.int64),
        most,
    )


def _code(name: str, place: str) -> str:
    try:
        return normalise(name)
    except ValueError as error:
        raise WeftError(f"{place}: {error}") from None


def _table(file: Path) -> pl.DataFrame:
    try:
        table = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read; expected a lexicon") from error
    except pl.exceptions.PolarsError as error:
        raise WeftError(f"{file}: not a lexicon: {str(error).splitlines()[0]}") from None
    if PROBABILITY in table.columns:
        weight = pl.col(PROBABILITY).cast(pl.Float64, strict=False)
        bad = table.with_row_index("line", 2).filter(~weight.is_between(0, 1).fill_null(value=False))
        if bad.height:
            found = bad.row(0, named=True)
            raise WeftError(f"{file}: line {found['line']}: probability {found[PROBABILITY]}; expected 0 to 1")
    return table


def _rows(table: pl.DataFrame, codes: list[str], languages: tuple[str, ...], into: str, single: bool) -> pl.DataFrame:
    """`label`, `word`, `translation` and `weight` of every entry."""
    weight = pl.col(PROBABILITY).cast(pl.Float64) if PROBABILITY in table.columns else pl.lit(1.0)
    named = table.with_columns(weight.alias("weight")).rename(
        dict(zip([name for name in table.columns if name != PROBABILITY], codes, strict=True))
    )
    parts = [
        named.select(
            pl.lit(number, pl.Int32).alias("label"),
            pl.col(code).str.strip_chars().str.normalize("NFC").alias("word"),
            pl.col(into).str.strip_chars().str.normalize("NFC").alias("translation"),
            "weight",
        )
        for number, code in enumerate(languages)
    ]
    rows = pl.concat(parts).drop_nulls().filter(pl.col("weight") > 0)
    word, translation = pl.col("word"), pl.col("translation")
    rows = rows.filter((word != "") & (translation != "") & (word.str.to_lowercase() != translation.str.to_lowercase()))
    return rows.filter(~word.str.contains(r"\s") & ~translation.str.contains(r"\s")) if single else rows


def _cases(text: pl.Expr, into: str) -> list[pl.Expr]:
    def raised(piece: pl.Expr) -> pl.Expr:
        return (piece.str.replace_all("i", "İ", literal=True) if into in _DOTTED else piece).str.to_uppercase()

    return [text, raised(text.str.slice(0, 1)) + text.str.slice(1), raised(text)]
