"""Lexicons of a suite, by which words of one language stand among those of another."""

from __future__ import annotations

import functools
from pathlib import Path

import polars as pl

from weft.errors import WeftError, nearest
from weft.model.languages import normalises
from weft.synthesize.bilingual import Bilingual, built, read

_WEIGHT = "confidence"


def lexicon_of(data: Path, name: str, into: str) -> Bilingual:
    """The lexicon `name` below a folder, of words and what they are in the language `into`.

    With `{language}` in its name there is one table for each language, with `word`, `translation` and perhaps
    `confidence`, which weighs them, as `weft pairs lexicon` writes it. Else one table has a column for each language,
    named by its code, as `bilingual.read` has it. Raises WeftError for a file that is none, and names a faulty row.
    """
    if "{language}" not in name:
        return _whole(data / name, into, _changed(data / name))
    before, after = name.split("{language}", 1)
    files = sorted(data.glob(f"{before}*{after}"))
    parts = []
    for file in files:
        given = file.relative_to(data).as_posix()[len(before) :].removesuffix(after)
        code = normalises(given)
        if code is None:
            raise WeftError(f"{file.name}: {given!r} is no language that is known; expected a code in its name")
        if code != into:
            parts.append((code, str(file), _changed(file)))
    if not parts:
        raise WeftError(f"no file {name} in the data folder; expected tables of word and translation")
    return _by_language(tuple(sorted(parts)), into)


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        raise WeftError(f"no file {file.name}; expected a lexicon, with a column for each language") from None


@functools.lru_cache(4)
def _whole(file: Path, into: str, _changed: int) -> Bilingual:
    return read(file, into, single=False)


@functools.lru_cache(4)
def _by_language(parts: tuple[tuple[str, str, int], ...], into: str) -> Bilingual:
    languages = tuple(dict.fromkeys(code for code, _, _ in parts))
    rows = pl.concat([_rows(Path(file), languages.index(code)) for code, file, _ in parts])
    if not rows.height:
        raise WeftError(f"{Path(parts[0][1]).name}: no word with another translation; expected some")
    return built(rows, languages, into)


def _rows(file: Path, label: int) -> pl.DataFrame:
    try:
        table = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise WeftError(f"{file.name}: not a lexicon: {str(error).splitlines()[0]}") from None
    for column in ("word", "translation"):
        if column not in table.columns:
            has = ", ".join(table.columns)[:200]
            raise WeftError(f"{file.name}: no column {column}; it has {has}{nearest(column, table.columns)}")
    weight = pl.col(_WEIGHT).cast(pl.Float64, strict=False) if _WEIGHT in table.columns else pl.lit(1.0)
    texts = [pl.col(name).fill_null("").str.strip_chars().str.normalize("NFC") for name in ("word", "translation")]
    held = table.select(pl.lit(label, pl.Int32).alias("label"), *texts, weight.alias("weight"))
    empty = (pl.col("word") == "") | (pl.col("translation") == "")
    faulty = empty | ~pl.col("weight").is_between(0, 1).fill_null(value=False)
    bad = held.with_row_index("row", 1).filter(faulty)
    if bad.height:
        row = bad.row(0, named=True)
        lacks = next((name for name in ("word", "translation") if not row[name]), None)
        said = f"{lacks} is empty" if lacks else f"{_WEIGHT} is no number from 0 to 1"
        raise WeftError(f"{file.name}, row {row['row']}: {said}; expected word, translation and perhaps {_WEIGHT}")
    same = pl.col("word").str.to_lowercase() == pl.col("translation").str.to_lowercase()
    return held.filter((pl.col("weight") > 0) & ~same)
