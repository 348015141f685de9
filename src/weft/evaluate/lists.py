"""Lists of words that people keep for a suite: terms, taboos, markers of register, names, what is of a region…"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate.culture import honorifics
from weft.evaluate.culture.names import Name
from weft.evaluate.culture.place_forms import place_forms
from weft.evaluate.culture.salience import facet_salience
from weft.evaluate.culture.taboo import Taboo, of_table
from weft.evaluate.culture.wording import normal
from weft.evaluate.long_context import Needle
from weft.model.evaluation_items import read_table
from weft.model.languages import normalises

_COLUMNS = {
    "terms": ("language", "source", "target"),
    "taboos": ("language", "forbidden"),
    "toxic": ("language", "term"),
    "openings": ("language", "opening"),
    "markers": ("language", "marker", "level"),
    "names": ("language", "name", "accepted"),
    "salient": ("language", "term", "region"),
    "needles": ("language", "fact", "question", "names"),
    "lemmas": ("language", "form", "lemma"),
}


@dataclass(frozen=True)
class Term:
    """A term of a source and what may stand for it in a target language."""

    language: str
    source: str
    targets: tuple[str, ...]


def terms(file: str) -> list[Term]:
    """Terms of a table: language, source, target (several with `|` between). Raises WeftError as `read_list`."""
    rows = read_list("terms", Path(file))
    made: dict[tuple[str, str], list[str]] = {}
    for language, source, target in rows.select("language", "source", "target").iter_rows():
        made.setdefault((language, source), []).extend(one.strip() for one in target.split("|") if one.strip())
    return [Term(language, source, tuple(dict.fromkeys(targets))) for (language, source), targets in made.items()]


def lemmas(file: str) -> Mapping[str, Mapping[str, str]]:
    """Lemmas of a table by language: language, form, lemma, as words are compared. Raises WeftError as `read_list`."""
    found: dict[str, dict[str, str]] = {}
    for language, form, lemma in read_list("lemmas", Path(file)).select("language", "form", "lemma").iter_rows():
        found.setdefault(language, {}).setdefault(normal(form), normal(lemma))
    return found


def taboos(file: str) -> list[Taboo]:
    """Taboos of a table, as `taboo.of_table` has them. Raises WeftError as `read_list`."""
    return of_table(read_list("taboos", Path(file)))


def markers(file: str) -> Mapping[str, honorifics.Lexicon]:
    """The lexicon of each language of a table: language, marker, level, and place and weight where they are.

    Raises WeftError as `read_list` and `honorifics.of_table`.
    """
    rows = read_list("markers", Path(file))
    return {
        str(language): honorifics.of_table(part, str(language), part["level"].unique(maintain_order=True).to_list())
        for (language,), part in rows.group_by(["language"], maintain_order=True)
    }


def names(file: str) -> Mapping[str, tuple[Name, ...]]:
    """Names by language, and forms that are accepted in it (several with `|` between). Raises as `read_list`."""
    made: dict[str, list[Name]] = {}
    for language, name, accepted in read_list("names", Path(file)).select(_COLUMNS["names"]).iter_rows():
        forms = tuple(one.strip() for one in accepted.split("|") if one.strip())
        made.setdefault(language, []).append(Name(name, forms))
    return {language: tuple(held) for language, held in made.items()}


def needles(file: str) -> Mapping[str, Needle]:
    """The fact that is looked for in each language of a table: fact, question, names (several with `|` between).

    Raises WeftError as `read_list` and `long_context.Needle`, and for a language that is there twice.
    """
    made: dict[str, Needle] = {}
    for language, fact, question, held in read_list("needles", Path(file)).select(_COLUMNS["needles"]).iter_rows():
        if language in made:
            raise WeftError(f"{Path(file).name}: {language} is there twice; expected one fact of each language")
        known = tuple(one.strip() for one in held.split("|") if one.strip())
        made[language] = Needle(language, fact, question, known)
    return made


def salient(file: str) -> Mapping[str, pl.DataFrame]:
    """Terms of regions by language: `term`, `region`, `salience`.

    A table without `salience` has `count` and `popularity`, of which PMI * (1 - percentile) is made. Raises WeftError
    as `read_list` and `salience.facet_salience`, and for a table that has neither.
    """
    rows = read_list("salient", Path(file))
    numbers = ["salience"] if "salience" in rows.columns else ["count", "popularity"]
    for column in numbers:
        if column not in rows.columns:
            raise WeftError(f"{Path(file).name}: no column {column}; expected salience, or count and popularity")
    rows = rows.with_columns(pl.col(*numbers).cast(pl.Float64, strict=False))
    empty = rows.filter(pl.any_horizontal(~pl.col(*numbers).is_finite().fill_null(value=False)))
    if empty.height:
        raise WeftError(f"{Path(file).name}: {empty['term'][0]} has no {' and '.join(numbers)}; expected numbers")
    made = {}
    for (language,), part in rows.group_by(["language"], maintain_order=True):
        made[str(language)] = (part if len(numbers) == 1 else facet_salience(part)).select("term", "region", "salience")
    return made


def by_language(name: str, file: str) -> Mapping[str, tuple[str, ...]]:
    """Texts of a table by language: of `toxic` its terms, of `openings` how refusals begin. Raises as `read_list`."""
    column = _COLUMNS[name][1]
    grouped = read_list(name, Path(file)).unique(["language", column], maintain_order=True)
    rows = grouped.group_by("language", maintain_order=True).agg(column).iter_rows()
    return {str(language): tuple(held) for language, held in rows}


def read_list(name: str, file: Path) -> pl.DataFrame:
    """The rows of a list, languages as codes. Raises WeftError for a missing file or column, and names a faulty row."""
    if not file.is_file():
        raise WeftError(f"{name}: no file {file.name}; expected a table of {', '.join(_COLUMNS[name])}")
    return _read(name, file, file.stat().st_mtime_ns)


@functools.lru_cache(32)
def _read(name: str, file: Path, _changed: int) -> pl.DataFrame:
    table = read_table(file)
    # Lists of safety and of refusals are published with `lang`.
    if "language" not in table.columns and "lang" in table.columns:
        table = table.rename({"lang": "language"})
    for column in _COLUMNS[name]:
        if column not in table.columns:
            has = ", ".join(table.columns)[:200]
            raise WeftError(f"{file.name}: no column {column}; it has {has}{nearest(column, table.columns)}")
    for column in _COLUMNS[name]:
        if table.schema[column].is_nested():
            raise WeftError(
                f"{file.name}: column {column} holds lists or objects; expected texts, several with | between"
            )
    held = table.with_columns(pl.col(*_COLUMNS[name]).cast(pl.String).str.strip_chars())
    for number, row in enumerate(held.select(_COLUMNS[name]).iter_rows(named=True), 1):
        _check(file, number, row)
    known = {given: normalises(given) for given in held["language"].unique()}
    return held.with_columns(pl.col("language").replace_strict(known, return_dtype=pl.String))


def _check(file: Path, number: int, row: dict[str, Any]) -> None:
    for column, value in row.items():
        if not value:
            raise WeftError(f"{file.name}, row {number}: {column} is empty; expected {', '.join(row)}")
    if normalises(row["language"]) is None:
        raise WeftError(f"{file.name}, row {number}: {row['language']!r} is no language that is known; expected a code")


READERS: Mapping[str, Any] = {
    "terms": terms,
    "taboos": taboos,
    "lemmas": lemmas,
    "toxic": functools.partial(by_language, "toxic"),
    "openings": functools.partial(by_language, "openings"),
    "markers": markers,
    "names": names,
    "forms": place_forms,
    "salient": salient,
    "needles": needles,
}
"""What reads the list of a name; each takes its file."""
