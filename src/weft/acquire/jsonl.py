"""JSON lines: one object to a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO

from pydantic import Field

from weft.acquire.formats import accepted
from weft.acquire.lines import Line, unit_lines
from weft.acquire.records import BETWEEN, Kind, Layout, NotARecord, field, layout
from weft.acquire.rows import (
    MEGABYTE,
    READS,
    WRITES,
    Row,
    Unit,
    as_json,
    moment,
    problem_row,
    reader,
    without_surrogates,
)
from weft.acquire.sides import SideTerms, Terms, under_terms
from weft.operators.contract import ReadFunction, operator


@operator("acquire.jsonl", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("jsonl"))
def jsonl(
    *,
    text_field: str = "text",
    id_field: str | None = None,
    url_field: str | None = "url",
    language_field: str | None = None,
    license_field: str | None = None,
    date_field: str | None = None,
    meta_fields: tuple[str, ...] = (),
    kind: Kind = "text",
    fields: dict[str, str] | None = None,
    sides: dict[str, str] | None = None,
    group_field: str | None = None,
    terms: dict[str, SideTerms] | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=1024)] = 256,
) -> ReadFunction:
    """A row for each line that is not blank; a line that is no object with text is a problem of its own.

    Dots in a field name reach into nested objects. The id and `meta_fields` are kept in `meta`. `kind: sft`, `dpo` and
    `pair` read conversations, preferences and translations in their usual layouts; `fields` says how their fields are
    named here, `sides` which fields hold the sides of a pair and in which languages. `terms` is what the source states
    of sides in each language: licence, consent and whether they may be passed on.
    """
    limit = max_record_mb * MEGABYTE
    names = {"url": url_field, "language_hint": language_field, "license": license_field}
    meta = {"id": id_field, **{name: name for name in meta_fields}}
    as_row = row_maker(text_field, names, date_field, meta, layout(kind, fields, sides, group_field), terms)

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        from pydantic_core import from_json

        for line in unit_lines(unit, stream, limit):
            row = _read(unit, line, from_json, as_row, max_record_mb)
            if row is not None:
                yield row

    return reader(records)


RowMaker = Callable[[Unit, int, Any], Row]


def row_maker(
    text_field: str,
    names: dict[str, str | None],
    date_field: str | None,
    meta: dict[str, str | None],
    shape: Layout,
    terms: Terms | None = None,
) -> RowMaker:
    """A function that turns an object with named fields into a row; without text the row is a problem."""
    stated = terms or {}
    wanted = [(column, name) for column, name in names.items() if name]
    kept = [(key, name) for key, name in meta.items() if name]

    def as_row(unit: Unit, position: int, fields: dict[str, Any]) -> Row:
        parts = None
        if shape.kind == "text":
            text = field(fields, text_field)
            if not isinstance(text, str):
                found = f"is {type(text).__name__}" if text is not None else "is missing or null"
                return problem_row(unit, position, "reject", "no_text", f"field {text_field} {found}")
        else:
            try:
                parts = shape.parts(fields)
            except NotARecord as fault:
                return problem_row(unit, position, "reject", fault.reason, str(fault))
            text = BETWEEN.join(part["text"] for part in parts)
        columns: dict[str, Any] = {column: _string(field(fields, name)) for column, name in wanted}
        columns |= {"record_kind": shape.kind, "given_parts": parts}
        if shape.group_field:
            columns["group_id"] = _string(field(fields, shape.group_field))
        held = as_json({key: field(fields, name) for key, name in kept}) if kept else None
        when = moment(field(fields, date_field)) if date_field else None
        name = f"{unit.name}#{position}"
        return under_terms(Row(name, position, when, mime="text/plain", text=text, meta=held, **columns), stated)

    return as_row


def _string(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _read(unit: Unit, line: Line, parse: Callable[[bytes], Any], as_row: RowMaker, limit_mb: int) -> Row | None:
    if line.content is None:
        return problem_row(unit, line.offset, "reject", "too_large", f"the line has more than {limit_mb} MB")
    if not line.content.strip():
        return None
    try:
        fields = parse(line.content)
    except ValueError as error:
        return _unparsed(unit, line.offset, line.content, str(error), as_row)
    if not isinstance(fields, dict):
        detail = f"expected an object, got {type(fields).__name__}"
        return problem_row(unit, line.offset, "error", "not_an_object", detail)
    return as_row(unit, line.offset, fields)


def _unparsed(unit: Unit, position: int, content: bytes, message: str, as_row: RowMaker) -> Row:
    """What a strict parser refused: bytes that are not UTF-8, escapes of half a character, or no JSON."""
    import json

    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"the line is not UTF-8: byte {position + error.start}"
        return problem_row(unit, position, "error", "invalid_utf8", detail)
    try:
        # Halves of characters are replaced wherever they stand, in keys and nested parts too: no column can hold them.
        fields = json.loads(without_surrogates(json.dumps(json.loads(content), ensure_ascii=False)))
    except (ValueError, RecursionError):
        return problem_row(unit, position, "error", "invalid_json", f"{message}; expected one JSON object on the line")
    if not isinstance(fields, dict):
        return problem_row(unit, position, "error", "not_an_object", f"expected an object, got {type(fields).__name__}")
    return as_row(unit, position, fields)
