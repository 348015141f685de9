"""Pairs in a file of two columns or more: TSV, CSV, JSONL or Parquet, packed or not."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from weft.errors import WeftError
from weft.own_file import whole
from weft.tokenizer.texts import FORMS, Columns, first_cells, form_of, table_of, wanted, with_texts
from weft.tokenizer.unreadable import Unreadable

TABLES = tuple(form for form in FORMS if form != ".txt")
SOURCE, TARGET = ("source", "src", "english"), ("target", "tgt", "translation")
"""What the columns of a source and of a target are called."""


def read_pairs(
    file: Path,
    columns: tuple[str, str] | None = None,
    languages: tuple[str, str] | None = None,
    *,
    first_two: bool = False,
    header: bool | None = True,
    left: Unreadable | None = None,
) -> pl.DataFrame:
    """`source` and `target` of each row, as they stand; a null is an empty text.

    Options and errors are those of `pair_table`.
    """
    table, sides = pair_table(file, columns, languages, first_two=first_two, header=header, left=left)
    source, target = (table[side].cast(pl.String).fill_null("") for side in sides)
    return pl.DataFrame({"source": source, "target": target})


def pair_table(
    file: Path,
    columns: tuple[str, str] | None = None,
    languages: tuple[str, str] | None = None,
    *,
    first_two: bool = False,
    header: bool | None = True,
    left: Unreadable | None = None,
) -> tuple[pl.DataFrame, tuple[str, str]]:
    """All columns of a file of pairs, and the names of those that hold the source and the target.

    Without `columns` they are those named by the codes of the `languages`, or source and target (also src, english;
    tgt, translation), else with `first_two` the first ones. `columns` that are no names may be numbers from 1 on.
    `header`: whether the first row of a TSV or CSV names its columns; None: if it holds one of these names. `left`
    takes the rows that cannot be read (`table_of`). Raises WeftError for what is no such file, or has no such columns.
    """
    if form_of(file) not in TABLES:
        raise WeftError(f"{file}: expected a file of pairs: {', '.join(TABLES)}, packed or not")
    if not file.is_file():
        raise WeftError(f"{file}: no such file; expected pairs in {', '.join(TABLES)}")
    if form_of(file) == ".parquet":
        names = list(pl.read_parquet_schema(file)) if columns is None else list(columns)
        table = table_of(file, Columns(text=names[0], more=tuple(names)))
    else:
        if header is None:
            header = _has_names(file, {*SOURCE, *TARGET, *(languages or ()), *(columns or ())})
        table = table_of(file, Columns(text="source", more=("target",)), header=header, left=left)
    sides = _numbered(file, columns, table.columns) if columns else _named(file, table.columns, languages, first_two)
    for side in sides:
        if table.schema[wanted(table, file, side)] not in (pl.String, pl.Null):
            raise WeftError(f"{file}: column {side} is {table.schema[side]}; expected text")
    return with_texts(table, file, [(side,) for side in sides], left), sides


def _has_names(file: Path, known: set[str]) -> bool:
    """Whether the first row of a table holds one of the names that columns have."""
    if form_of(file) not in (".tsv", ".csv"):
        return True
    cells = first_cells(file, "\t" if form_of(file) == ".tsv" else ",")
    return bool({name.casefold() for name in known} & {cell.casefold() for cell in cells})


def full_pairs(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of which both sides hold more than white space."""
    return frame.filter(pl.all_horizontal(pl.col("source", "target").str.strip_chars() != ""))


def no_copies(file: Path, pairs: pl.DataFrame) -> None:
    """Raises WeftError where most pairs of a seed have one text on both sides: such columns are no translations."""
    same = int((pairs["source"] == pairs["target"]).sum())
    if 2 * same > pairs.height:
        raise WeftError(
            f"{file}: {same:,} of {pairs.height:,} pairs have the same text on both sides; expected translations in "
            "two columns"
        )


def _numbered(file: Path, given: tuple[str, str], columns: list[str]) -> tuple[str, str]:
    """Names of the columns that are given by name, or both by number from 1 on."""
    if any(name in columns or not name.isdecimal() for name in given):
        return given
    for name in given:
        if not 0 < int(name) <= len(columns):
            raise WeftError(f"{file}: no column {name!r}; it has {', '.join(columns)[:200]}, counted from 1")
    return columns[int(given[0]) - 1], columns[int(given[1]) - 1]


def _named(file: Path, columns: list[str], languages: tuple[str, str] | None, first_two: bool) -> tuple[str, str]:
    if languages is not None and set(languages) <= set(columns):
        return languages
    folded = {column.casefold(): column for column in reversed(columns)}
    source, target = (next((folded[n] for n in names if n in folded), None) for names in (SOURCE, TARGET))
    if source is not None and target is not None:
        return source, target
    if first_two and len(columns) > 1:
        return columns[0], columns[1]
    if not file.stat().st_size:
        raise WeftError(f"{file}: is empty; expected pairs")
    codes = f"{' and '.join(languages)}, or " if languages else ""
    raise WeftError(
        f"{file}: columns {', '.join(columns)[:200]}; expected {codes}source and target, or the names of two columns"
    )


def write_rows(rows: pl.DataFrame, into: Path, digits: int | None = None) -> None:
    """Write a table, all or nothing: Parquet, JSON lines, or TSV, in which tabs and line ends become spaces.

    `digits`: of numbers behind the point in TSV; null: all. Raises WeftError where it cannot be written.
    """
    with whole(into) as part:
        if into.suffix == ".parquet":
            rows.write_parquet(part)
        elif into.suffix == ".jsonl":
            rows.write_ndjson(part)
        else:
            flat = rows.with_columns(pl.col(pl.String).str.replace_all(r"[\t\r\n\v\f\x{85}\x{2028}\x{2029}]+", " "))
            flat.write_csv(part, separator="\t", quote_style="never", float_precision=digits)
