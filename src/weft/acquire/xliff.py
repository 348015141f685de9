"""XLIFF, files of translators: a row for each unit or segment with its translation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, BinaryIO

from pydantic import Field

from weft.acquire.formats import accepted
from weft.acquire.inline import Markup, segment_text
from weft.acquire.lines import Encoding
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Unit, problem_row, reader
from weft.acquire.sides import PairKind, Side, SideTerms, pair_row
from weft.acquire.tmx import NOT_PLAIN, element_of
from weft.acquire.xml_elements import Element
from weft.acquire.xml_units import Piece, pieces_of
from weft.operators.contract import ReadFunction, operator

UNFINISHED = frozenset({"new", "needs-translation", "initial"})
"""States in which a target is no translation yet: of XLIFF 1.2 and, the last, of 2.x."""

_HEADER = "x-gettext-domain-header"


@operator("acquire.xliff", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("xliff"))
def xliff(
    *,
    kind: PairKind = "text",
    terms: dict[str, SideTerms] | None = None,
    markup: Markup = "drop",
    unfinished: bool = False,
    group_documents: bool = False,
    encoding: Encoding | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=256)] = 16,
) -> ReadFunction:
    """A row for each `trans-unit` of XLIFF 1.2 and each `segment` of XLIFF 2.x; a broken unit is a problem of its own.

    Inline codes are left out of the text, or stay as `<ph id="1"/>` with `markup: placeholder`. What is not translated,
    or whose state says so (`new`, `needs-translation`, `initial`), is left out unless `unfinished`. `meta` has the ids,
    the state, and the original file as the document of both sides. The position is the byte where the unit begins.
    """

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        if not unit.first:
            return
        if kind == "text":
            yield problem_row(unit, 0, "reject", "parallel_text", NOT_PLAIN.format("xliff"), locator=unit.name)
            return
        read = _Reading(unit, terms or {}, markup, unfinished, group_documents)
        names, around = ("trans-unit", "unit"), ("xliff", "file")
        for piece in pieces_of(unit, stream, names, around, max_record_mb * MEGABYTE, encoding):
            found = element_of(unit, piece)
            if isinstance(found, Row):
                yield found
            elif piece.name in around:
                read.around(found[0])
            else:
                yield from read.rows(piece, *found)

    return reader(records)


class _Reading:
    """One file: what its outer tags say, and the rows of its units."""

    def __init__(
        self, unit: Unit, terms: Mapping[str, SideTerms], markup: Markup, unfinished: bool, grouped: bool
    ) -> None:
        self.unit, self.terms, self.markup, self.unfinished, self.grouped = unit, terms, markup, unfinished, grouped
        self.root: dict[str, str] = {}
        self.file: dict[str, str] = {}

    def around(self, element: Element) -> None:
        if element.name == "xliff":
            self.root, self.file = element.attributes, {}
        else:
            self.file = element.attributes

    def rows(self, piece: Piece, element: Element, mended: bool) -> Iterator[Row]:
        said = element.attributes
        ids = {"id": said.get("name") or said.get("id"), "mended": mended or None}
        if piece.name == "trans-unit":
            if element.attributes.get("restype") != _HEADER:  # what is said of a PO file is no text of it
                yield self._row(piece.offset, element, element, ids)
            return
        segments = list(element.elements("segment"))
        for number, segment in enumerate(segments):
            own = segment.attributes.get("id")
            yield self._row(piece.offset + number, element, segment, ids | {"segment": own})

    def _row(self, position: int, element: Element, segment: Element, ids: Mapping[str, Any]) -> Row:
        source, target = next(segment.elements("source"), None), next(segment.elements("target"), None)
        if source is None:
            return problem_row(self.unit, position, "error", "damaged_record", "the unit has no <source>")
        state = segment.attributes.get("state") or (target.attributes.get("state") if target is not None else None)
        if target is None or not target.children:
            return problem_row(
                self.unit, position, "reject", "untranslated", "the unit has no <target>, or an empty one"
            )
        if state in UNFINISHED and not self.unfinished:
            return problem_row(self.unit, position, "reject", "untranslated", f"the state of the target is {state}")
        document = self.file.get("original")
        notes = {note.attributes.get("category", ""): note.text() for note in _notes(element)}
        kept = notes.get("document"), notes.get("document-target")
        meta = dict(ids) | {"state": state, "resname": element.attributes.get("resname")}
        sides = [
            Side(self._language(source, "source-language", "srcLang"), segment_text(source, self.markup),
                 kept[0] or document, notes.get("license-source"), notes.get("consent-source")),
            Side(self._language(target, "target-language", "trgLang"), segment_text(target, self.markup),
                 kept[1] or document, notes.get("license-target"), notes.get("consent-target")),
        ]  # fmt: skip
        return pair_row(
            self.unit,
            position,
            sides,
            self.terms,
            alignment=notes.get("alignment"),
            meta=meta,
            group_id=notes.get("group") or (document if self.grouped else None),
            license=notes.get("license"),
        )

    def _language(self, segment: Element, old: str, new: str) -> str:
        return segment.attributes.get("lang") or self.file.get(old) or self.root.get(new) or ""


def _notes(element: Element) -> Iterator[Element]:
    """Notes of XLIFF 2 with a category, by which more is said of a unit."""
    for notes in element.elements("notes"):
        for note in notes.elements("note"):
            if "category" in note.attributes:
                yield note
