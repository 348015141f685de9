"""TMX, translation memories: a row for each unit, in as many languages as it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, BinaryIO

from pydantic import Field

from weft.acquire.formats import accepted
from weft.acquire.inline import Markup, segment_text
from weft.acquire.lines import Encoding
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Unit, problem_row, reader
from weft.acquire.sides import PairKind, Side, SideTerms, pair_row
from weft.acquire.xml_elements import Element, NotXml, parsed
from weft.acquire.xml_units import Piece, pieces_of
from weft.operators.contract import ReadFunction, operator

NOT_PLAIN = "the file holds translations; expected a source of its own with kind: pair and format: {}"


@operator("acquire.tmx", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("tmx"))
def tmx(
    *,
    kind: PairKind = "text",
    terms: dict[str, SideTerms] | None = None,
    markup: Markup = "drop",
    group_documents: bool = False,
    encoding: Encoding | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=256)] = 16,
) -> ReadFunction:
    """A row for each translation unit of a TMX file, of version 1.1 to 1.4b; a broken unit is a problem of its own.

    Inline codes (`bpt`, `ph`, …) are left out of the text, or stay as `<ph x="1"/>` with `markup: placeholder`. Of a
    unit the properties and `tuid` are in `meta`; `document`, `license` and `consent` of a side as of that side. The
    position is the byte where the unit begins. Units with the same document are one group with `group_documents`.
    """

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        if not unit.first:
            return
        if kind == "text":
            yield problem_row(unit, 0, "reject", "parallel_text", NOT_PLAIN.format("tmx"), locator=unit.name)
            return
        for piece in pieces_of(unit, stream, ("tu",), (), max_record_mb * MEGABYTE, encoding):
            found = element_of(unit, piece)
            yield found if isinstance(found, Row) else _row(unit, piece, *found, terms or {}, markup, group_documents)

    return reader(records)


def element_of(unit: Unit, piece: Piece) -> tuple[Element, bool] | Row:
    """The element of a piece and whether it was mended, or the problem that it is."""
    if piece.fault is not None:
        kind = "reject" if piece.fault[0] == "too_large" else "error"
        return problem_row(unit, piece.offset, kind, *piece.fault)
    try:
        return parsed(piece.content)
    except UnicodeDecodeError as error:
        detail = f"<{piece.name}> is not UTF-8 at byte {piece.offset + error.start}"
        return problem_row(unit, piece.offset, "error", "invalid_utf8", detail)
    except NotXml as error:
        return problem_row(unit, piece.offset, "error", "damaged_record", f"<{piece.name}>: {error}")


def _row(
    unit: Unit, piece: Piece, tu: Element, mended: bool, terms: dict[str, SideTerms], markup: Markup, grouped: bool
) -> Row:
    sides = []
    for tuv in tu.elements("tuv"):
        segment = next(tuv.elements("seg"), None)
        said = _properties(tuv)
        language = tuv.attributes.get("lang", "")
        text = segment_text(segment, markup) if segment is not None else ""
        document = said.get("document") or said.get("source-document")
        may = {"true": True, "false": False}.get(said.get("redistribute", ""))
        own = (said.get("license"), said.get("consent"), said.get("source"))
        sides.append(Side(language, text, document, *own, may))
    unit_said = _properties(tu)
    alignment, licence = unit_said.pop("alignment", None), unit_said.pop("license", None)
    consent = unit_said.pop("consent", None)
    if consent:
        sides = [replace(side, consent=side.consent or consent) for side in sides]
    group = unit_said.pop("group", None)
    meta: dict[str, Any] = {"id": tu.attributes.get("tuid"), "properties": unit_said, "mended": mended or None}
    if group is None and grouped:
        group = next((side.document for side in sides if side.document), None)
    return pair_row(unit, piece.offset, sides, terms, alignment=alignment, meta=meta, group_id=group, license=licence)


def _properties(element: Element) -> dict[str, str]:
    """What a unit or side says of itself, by type; of a type that comes several times the first."""
    found: dict[str, str] = {}
    for one in element.elements("prop"):
        found.setdefault(one.attributes.get("type", ""), one.text().strip())
    return {name: value for name, value in found.items() if name and value}
