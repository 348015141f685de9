"""Where a document goes by its kind and language, and the columns in which records of each kind are written."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from weft.construct.export import EXPORT, FileRecord
from weft.model.tables import PART

FOLDERS = {"text": "ct", "sft": "sft", "dpo": "dpo", "pair": "pairs"}
"""The folder of a release that holds each kind."""
FIELDS = {"sft": ("messages",), "dpo": ("prompt", "chosen", "rejected"), "pair": ("translation",)}
"""Columns of each kind in place of the text."""
MESSAGES = pa.list_(pa.struct({"role": pa.string(), "content": pa.large_string()}))

RECORDED = pa.schema([*EXPORT, ("record_kind", pa.string()), ("parts", pa.list_(PART))])
"""A row of the corpus on its way to a release that holds records."""

RECORD_RULES = {
    "language": "record_kind = 'pair' OR language_hint IS NOT NULL "
    "OR (lid.language NOT LIKE 'und%' AND lid.language NOT LIKE 'zxx%')"
}
"""What judges records where the recipe's own rules do not: the default rules are about pages of plain text."""


def with_place(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `place`: the language of plain text, else folder and language, such as sft/swh_Latn.

    The language of a conversation or a preference is the one that its source states, else the one identified; a pair
    has the codes of its sides, eng_Latn-swh_Latn. `frame` has `record_kind`, `language_hint`, `parts` and `lid`.
    """
    found = pl.col("lid").struct.field("language").fill_null("und_Zyyy")
    sides = pl.col("parts").list.eval(pl.element().struct.field("language")).list.join("-")
    stated = pl.col("language_hint").replace_strict(
        _codes(frame["language_hint"]), default=None, return_dtype=pl.String
    )
    folder = pl.col("record_kind").replace_strict(FOLDERS, return_dtype=pl.String)
    kind = pl.col("record_kind")
    language = pl.when(kind == "pair").then(sides).otherwise(pl.coalesce(stated, found))
    place = pl.when(kind == "text").then(found).otherwise(pl.concat_str(folder, pl.lit("/"), language))
    return frame.with_columns(place.alias("place"))


def _codes(hints: pl.Series) -> dict[str, str]:
    """Codes of the languages that sources state; what is no language is left out."""
    from weft.model.languages import normalise

    found = {}
    for hint in hints.drop_nulls().unique().to_list():
        try:
            found[hint] = normalise(hint)
        except ValueError:
            continue
    return found


def language(frame: pl.DataFrame) -> pl.Expr:
    """The place of each row, or its language where the build holds plain text alone (und_Zyyy for none)."""
    if "place" in frame.columns:
        return pl.col("place")
    return pl.col("lid").struct.field("language").fill_null("und_Zyyy")


def divided(place: str) -> tuple[str, str]:
    """Folder and language of a place."""
    folder, _, code = place.rpartition("/")
    return folder or "ct", code


def place_of(file: FileRecord) -> str:
    """The place that a file is of."""
    return file.language if file.kind == "ct" else f"{file.kind}/{file.language}"


def at(table: pa.Table, place: str) -> pa.Table:
    """The rows with their place for language, as row lists have it."""
    if "/" not in place:
        return table
    column = pa.repeat(pa.scalar(place), table.num_rows)
    return table.set_column(table.column_names.index("language"), "language", column)


def plain(frame: pl.DataFrame) -> pl.Expr:
    """Whether a row is plain text."""
    return pl.col("record_kind") == "text" if "record_kind" in frame.columns else pl.lit(True)


def record_schema(folder: str, languages: tuple[str, ...]) -> pa.Schema:
    """Columns of the records in a folder; `text` comes last and is not written, it only says how large a row is."""
    kind = next(name for name, held in FOLDERS.items() if held == folder)
    sides = pa.struct([(code, pa.large_string()) for code in languages])
    made = [(name, sides if kind == "pair" else MESSAGES) for name in FIELDS[kind]]
    rest = [field for field in EXPORT if field.name not in ("id", "text")]
    return pa.schema([("id", pa.string()), *made, *rest, ("text", pa.large_string())])


def records(table: pa.Table, folder: str, languages: tuple[str, ...]) -> pa.Table:
    """Rows of `record_schema` from rows of RECORDED of one kind and, of pairs, of the same languages."""
    frame = pl.DataFrame(pl.from_arrow(table))
    listed = frame.select("parts", "text").with_row_index("record").explode("parts").unnest("parts")
    # A slice of characters walks along the text: one over the joined text for each part, which are few.
    said = pl.col("text").str.slice(pl.col("begin"), pl.col("end") - pl.col("begin"))
    listed = listed.with_columns(said.alias("content"))
    schema = record_schema(folder, languages)
    made = frame.with_row_index("record")
    for field in schema:
        if field.name in frame.columns:
            continue
        own = listed.filter(pl.col("field") == field.name).group_by("record", maintain_order=True)
        if folder == "pairs":
            sides = [pl.col("content").filter(pl.col("language") == code).first().alias(code) for code in languages]
            column = own.agg(*sides).select("record", pl.struct(languages).alias(field.name))
        else:
            column = own.agg(pl.struct("role", "content").alias(field.name))
        made = made.join(column, on="record", how="left", maintain_order="left", validate="1:1")
    return made.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
