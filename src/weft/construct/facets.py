"""What a mixture groups by and measures in: text columns as facets, and the size of a document in one unit."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from weft.construct import sketch
from weft.errors import WeftError

NONE = "none"
"""The value of a facet where a document has none."""
TOKEN_COUNTS = ("tokens", "token_count")
"""Names under which a whole-number column or field is a token count."""
_LENGTHS = {"bytes": "signals.bytes", "characters": "signals.chars"}


@dataclass(frozen=True)
class Unit:
    """What sizes are counted in; `column` holds them where a label counted, else they are taken from the text."""

    name: str
    column: str | None


def fields(schema: pl.Schema) -> Iterator[tuple[str, pl.DataType]]:
    """Every column and struct field by name, as `source` and `lid.language`."""
    for name, kind in schema.items():
        yield name, kind
        if isinstance(kind, pl.Struct):
            for field in kind.fields:
                yield f"{name}.{field.name}", field.dtype  # type: ignore[misc]


def check_facet(schema: pl.Schema, name: str) -> None:
    """Raise WeftError unless `name` is a text column or text field; the nearest one is suggested."""
    known = dict(fields(schema))
    texts = [field for field, kind in known.items() if kind == pl.String]
    if name not in known:
        raise WeftError(f"there is no column {name}; expected a text column such as lid.language{_near(name, texts)}")
    if known[name] != pl.String:
        raise WeftError(f"{name} is {known[name]}; expected a text column such as source{_near(name, texts)}")


def _near(name: str, known: list[str]) -> str:
    # Struct fields are long names that share little with a bare one: language is meant for lid.language.
    ending = [field for field in known if field.rpartition(".")[2] == name]
    close = ending or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def unit_of(schema: pl.Schema, unit: str) -> Unit:
    """The unit that `auto`, `tokens`, `bytes`, `characters` or a column name stands for in a table.

    `auto` is tokens where exactly one column counts them, else bytes of UTF-8. Raises WeftError when tokens are not
    counted, are counted by several columns, or the named column is no whole number.
    """
    known = dict(fields(schema))
    if unit in ("auto", "tokens"):
        counted = [n for n, kind in known.items() if kind.is_integer() and n.rpartition(".")[2] in TOKEN_COUNTS]
        if len(counted) > 1:
            raise WeftError(f"several columns count tokens; expected the name of one: {', '.join(counted)}")
        if counted:
            return Unit("tokens", counted[0])
        if unit == "tokens":
            raise WeftError(
                "no column counts tokens; expected a label with the whole-number field tokens, the name of another "
                "whole-number column (signals.words), bytes or characters"
            )
        unit = "bytes" if "text" in known or _LENGTHS["bytes"] in known else "characters"
    if unit in _LENGTHS:
        column = _LENGTHS[unit]
        return Unit(unit, column if column in known else None)
    if unit not in known or not known[unit].is_integer():
        numbers = ["tokens", "bytes", "characters", *(n for n, kind in known.items() if kind.is_integer())]
        what = f"there is no column {unit}" if unit not in known else f"{unit} is {known[unit]}"
        raise WeftError(f"{what}; expected auto, tokens, bytes, characters or a whole number{_near(unit, numbers)}")
    return Unit(unit, unit)


def value(name: str) -> pl.Expr:
    """The facet's value of each row: text, never null or empty."""
    missing = "und_Zyyy" if name == "lid.language" else NONE
    text = sketch.path(name).cast(pl.String)
    return pl.when(text.is_null() | (text == "")).then(pl.lit(missing)).otherwise(text)


def sizes(frame: pl.DataFrame, unit: Unit, text: pl.Series | None = None) -> pl.Series:
    """Size of each row (`units`, Int64, at least 1), from the unit's column and else from the text.

    `text` holds the lengths of the texts where the frame has no text. A document counts at least 1, so that one
    without text cannot be read for ever. Raises WeftError when a row's size is not known.
    """
    counted = sketch.path(unit.column) if unit.column else pl.lit(None, pl.Int64)
    if text is not None:
        frame, length = frame.with_columns(text.alias("__length")), pl.col("__length")
    elif "text" in frame.columns and unit.name in _LENGTHS:
        column = pl.col("text").fill_null("")
        length = column.str.len_bytes() if unit.name == "bytes" else column.str.len_chars()
    else:
        length = pl.lit(None, pl.Int64)
    found = frame.select(pl.coalesce(counted.cast(pl.Int64), length.cast(pl.Int64)).alias("units"))["units"]
    if found.null_count():
        raise WeftError(f"construct.mixture.unit: {found.null_count()} documents have no {unit.name}; expected a count")
    return found.clip(lower_bound=1)
