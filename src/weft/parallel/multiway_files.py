"""Files of texts in two languages or more, as rows of one layout: pairs, groups, what releases and `convert` write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from weft.errors import WeftError
from weft.model.languages import CODE, normalise
from weft.parallel.pairs_file import TABLES, pair_table
from weft.tokenizer.texts import Columns, form_of, table_of, with_texts
from weft.tokenizer.unreadable import JSON_LINES, Unreadable

FIELD = "translation"
"""Where rows have their texts, by the code of their language."""
BESIDE = ("id", "license", "consent", "redistribute", "group_id", "meta")
"""What is known of a row, as text; null where the file does not say it. `meta` is JSON."""
_NULLS = r'"[^"\\]*":null,|,?"[^"\\]*":null'


class Given(NamedTuple):
    """A file that a person names, and the languages of its two columns where they say them."""

    file: Path
    languages: tuple[str, str] | None = None


def given(argument: str) -> Given:
    """`FILE`, or `CODE,CODE=FILE` for a file whose columns do not name their languages. Raises WeftError."""
    codes, mark, name = argument.partition("=")
    if not mark or "," not in codes or Path(argument).is_file():
        return Given(Path(argument))
    try:
        found = tuple(normalise(code.strip()) for code in codes.split(","))
    except ValueError as error:
        raise WeftError(f"{argument}: {error}; expected CODE,CODE=FILE, such as eng_Latn,swh_Latn=pairs.tsv") from None
    if len(found) != 2 or found[0] == found[1]:
        raise WeftError(f"{argument}: expected two different languages, such as eng_Latn,swh_Latn=pairs.tsv")
    return Given(Path(name), (found[0], found[1]))


def read_units(one: Given, left: Unreadable | None = None) -> pl.DataFrame:
    """Rows of a file: `translation`, a struct of a text (or null) by code in the order of codes, and BESIDE.

    Texts are as they stand; one of nothing but white space is null. A table has a column for each language, named by
    its code, or two columns whose languages are given; JSON lines and Parquet may have a struct `translation` instead.
    `left` takes the rows that cannot be read; they have no texts. Raises WeftError for what is no such file.
    """
    file, languages = one
    if form_of(file) not in TABLES or not file.is_file():
        raise WeftError(f"{file}: expected a file of texts in several languages: {', '.join(TABLES)}, packed or not")
    if languages is not None:
        table, columns = pair_table(file, None, languages, first_two=True, header=None, left=left)
        found = dict(zip(languages, (pl.col(name) for name in columns), strict=True))
    else:
        names = tuple(pl.read_parquet_schema(file)) if form_of(file) == ".parquet" else ()
        asked = Columns(text=names[0] if names else "text", more=names)
        table = table_of(file, asked, left=left)
        if left is not None and table.schema.get(FIELD) == pl.String and form_of(file) in JSON_LINES:
            table = table_of(file, asked, left=left, objects=(FIELD,))
        found = _columns(table, file)
        table = with_texts(table, file, _places(table, found), left)
    sides = [shown(text).alias(code) for code, text in sorted(found.items())]
    taken = {text.meta.root_names()[0] for text in found.values()} - {FIELD}
    return table.select(pl.struct(sides).alias(FIELD), *(_beside(table, name, name in taken) for name in BESIDE))


def _places(table: pl.DataFrame, found: Mapping[str, pl.Expr]) -> list[tuple[str, ...]]:
    """Where texts are: names in `translation`, where it is an object, else names of columns."""
    held = table.schema.get(FIELD)
    if isinstance(held, pl.Struct):
        return [(FIELD, field.name) for field in held.fields]
    return [(text.meta.root_names()[0],) for text in found.values()]


def _columns(table: pl.DataFrame, file: Path) -> dict[str, pl.Expr]:
    held = table.schema.get(FIELD)
    if isinstance(held, pl.Struct):
        sides = sides_of(held, pl.col(FIELD))
        for why in sides.odd.values():
            raise WeftError(f"{file}: {why}")
        for code, texts in sides.texts.items():
            if len(texts) > 1:
                raise WeftError(f"{file}: {FIELD}: two languages are {code}; expected each once")
        found = {code: texts[0] for code, texts in sides.texts.items()}
    else:
        found = {
            name: pl.col(name).cast(pl.String)
            for name, kind in table.schema.items()
            if CODE.fullmatch(name) and _is_text(file, name, kind)
        }
    if len(found) < 2:
        raise WeftError(
            f"{file}: columns {', '.join(table.columns)[:200] or 'none'}; expected translation, or columns named by "
            f"the codes of two languages or more, or their codes before the file: eng_Latn,swh_Latn={file}"
        )
    return found


def _is_text(file: Path, name: str, kind: object) -> bool:
    if why := _no_text(name, kind):
        raise WeftError(f"{file}: {why}")
    return True


def _no_text(name: str, kind: object) -> str | None:
    return None if kind in (pl.String, pl.Null) else f"{name} is {kind}; expected text"


class Sides(NamedTuple):
    """What a struct of texts holds: columns by the code of their language, and why other fields are none."""

    texts: dict[str, list[pl.Expr]]
    odd: dict[str, str]


def sides_of(kind: pl.Struct, column: pl.Expr) -> Sides:
    """The fields of a column `translation`, in their order: several of one code where codes are written differently."""
    found = Sides({}, {})
    for field in kind.fields:
        try:
            code = normalise(field.name)
        except ValueError as error:
            found.odd[field.name] = f"{FIELD}: {error}"
            continue
        if why := _no_text(field.name, field.dtype):
            found.odd[field.name] = why
        else:
            found.texts.setdefault(code, []).append(column.struct.field(field.name).cast(pl.String))
    return found


def _beside(table: pl.DataFrame, name: str, taken: bool) -> pl.Expr:
    kind = table.schema.get(name)
    if kind is None or taken or kind == pl.Null:
        return pl.lit(None, pl.String).alias(name)
    if isinstance(kind, pl.Struct):
        # JSON lines of different fields have all of them, null where a line had none.
        return pl.col(name).struct.json_encode().str.replace_all(_NULLS, "").alias(name)
    if isinstance(kind, pl.List | pl.Array):
        return pl.lit(None, pl.String).alias(name)
    return shown(pl.col(name).cast(pl.String)).alias(name)


def shown(text: pl.Expr) -> pl.Expr:
    """A text; null where it is nothing but white space."""
    return pl.when(text.str.strip_chars() != "").then(text)


def languages_in(units: pl.DataFrame) -> list[str]:
    """The codes of `translation`."""
    kind = units.schema[FIELD]
    return [field.name for field in kind.fields] if isinstance(kind, pl.Struct) else []


def side_fact(code: str, name: str) -> pl.Expr:
    """What `meta.sides` says of the side in this language, as text; null where nothing."""
    return pl.col("meta").str.json_path_match(f"$.sides.{code}.{name}")


def json_object(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    """A JSON object as text; `fields` are JSON as text, those that are null are left out."""
    pieces = [pl.format('"{}":{}', pl.lit(name), value) for name, value in fields.items()]
    return pl.concat_str([pl.lit("{"), pl.concat_str(pieces, separator=",", ignore_nulls=True), pl.lit("}")])


def json_text(value: pl.Expr) -> pl.Expr:
    """A text as JSON; null stays null."""
    quoted = pl.struct(value.alias("text")).struct.json_encode().str.slice(len('{"text":')).str.strip_suffix("}")
    return pl.when(value.is_not_null()).then(quoted)
