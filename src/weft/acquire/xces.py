"""OPUS: a file of links (XCES) between the sentences of two documents, which are files of their own."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, BinaryIO, Literal

import pyarrow as pa
from pydantic import Field

from weft.acquire.compression import ENDINGS, Damage
from weft.acquire.formats import STATED
from weft.acquire.lines import Encoding
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Rows, Unit, problem_row, rows_of
from weft.acquire.sides import Side, SideTerms, pair_row
from weft.acquire.tmx import element_of
from weft.acquire.xml_elements import Element
from weft.acquire.xml_units import Piece, pieces_of
from weft.model.languages import normalises
from weft.operators.contract import Fetcher, ReadFunction, operator

_HELD = 4
"""Documents whose sentences are kept: a corpus in several languages links the same one to several others."""
_TYPE = re.compile(r"\d+-\d+")
_PACKED = ("", *ENDINGS)


@operator("acquire.xces", version=1, reads=READS, writes=WRITES, rows="make", accepts=STATED["xces"])
def xces(
    *,
    languages: tuple[str, str] | None = None,
    documents: str = "",
    kind: Literal["pair"] = "pair",
    terms: dict[str, SideTerms] | None = None,
    group_documents: bool = False,
    encoding: Encoding | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=64)] = 4,
    max_document_mb: Annotated[int, Field(ge=1, le=4096)] = 256,
) -> ReadFunction:
    """A row for each link of an alignment file (`linkGrp`, `link`); the documents are read beside it, plain or packed.

    `documents` is their folder, relative to that of the alignment file. Their names begin with the code of their
    language, as in OPUS (`sw/2016/1.xml.gz`), unless `languages` says it for both sides. Files without links give no
    row. The alignment type is `meta.alignment` (2-1: two sentences with one), the document of each side is in
    `meta.documents`. Links with nothing on a side are left out as `one_sided`. The position is the byte of the link.
    """
    limits = (max_record_mb * MEGABYTE, max_document_mb * MEGABYTE)

    def read(units: pa.Table, fetcher: Fetcher) -> Iterator[pa.Table]:
        rows = Rows()
        for values in units.select(list(READS)).to_pylist():
            unit = Unit(**values)
            shelf = _Shelf(fetcher, unit, documents, encoding, limits)

            def records(opened: Unit, stream: BinaryIO, shelf: _Shelf = shelf) -> Iterator[Row]:
                if opened.first:
                    read_one = _Reading(opened, shelf, languages, terms or {}, group_documents)
                    yield from read_one.rows(stream, encoding, limits[0])

            for row in rows_of(unit, fetcher, records):
                assert isinstance(row, Row)
                yield from rows.add(row)
        yield from rows.flush()

    return read


class NoDocument(ValueError):
    """A document that cannot be had; the message says why."""


@dataclass(frozen=True)
class Document:
    """Its sentences by id."""

    name: str
    sentences: Mapping[str, str]


class _Shelf:
    """The documents beside an alignment file, the last few held."""

    def __init__(
        self, fetcher: Fetcher, unit: Unit, folder: str, encoding: str | None, limits: tuple[int, int]
    ) -> None:
        self.fetcher, self.unit, self.encoding, self.limits = fetcher, unit, encoding, limits
        top, mark, _ = unit.path.rpartition("/")
        self.top = "/".join(part for part in (top, folder.strip("/")) if part) + "/" if mark or folder else ""
        self._held: OrderedDict[str, Document] = OrderedDict()

    def document(self, name: str) -> Document:
        """Raises NoDocument."""
        if name not in self._held:
            self._held[name] = Document(name, self._sentences(name))
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(name)
        return self._held[name]

    def _sentences(self, name: str) -> dict[str, str]:
        if name.startswith("/") or ":" in name or "\\" in name or ".." in name.split("/"):
            # A file of links must not reach what lies elsewhere on the machine that reads it.
            raise NoDocument(f"{name!r} does not lie beside the alignment file")
        path, stream = self._opened(name)
        found: dict[str, str] = {}
        size = 0
        at = replace(self.unit, path=path, name=path)
        with stream:
            try:
                for piece in pieces_of(at, stream, ("s",), (), self.limits[0], self.encoding):
                    made = element_of(at, piece)
                    if isinstance(made, Row):
                        continue  # its links say that there is no such sentence
                    size += len(piece.content)
                    if size > self.limits[1]:
                        raise NoDocument(f"{name} has more than {self.limits[1] // MEGABYTE} MB")
                    found[made[0].attributes.get("id", "")] = _sentence(made[0])
            except Damage as damage:
                if not found:
                    raise NoDocument(f"{name}: {damage.detail}") from damage
        return found

    def _opened(self, name: str) -> tuple[str, BinaryIO]:
        bare = next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)
        for path in (name, *(bare + packed for packed in _PACKED)):
            try:
                return path, self.fetcher.open(self.top + path)
            except (FileNotFoundError, KeyError, NotADirectoryError, IsADirectoryError):
                continue
        raise NoDocument(f"no file {name} beside the alignment file; expected it there, or options: {{documents: …}}")


def _sentence(element: Element) -> str:
    """Its words with a space between, or its text."""
    words = [word.text() for word in _words(element)]
    if words:
        return " ".join(words)
    text = element.text()
    return text.strip() if any(element.elements()) else text


def _words(element: Element) -> Iterator[Element]:
    for child in element.elements():
        if child.name == "w":
            yield child
        else:
            yield from _words(child)


class _Reading:
    """One alignment file: the documents that its group names, and the rows of its links."""

    def __init__(
        self,
        unit: Unit,
        shelf: _Shelf,
        languages: tuple[str, str] | None,
        terms: Mapping[str, SideTerms],
        grouped: bool,
    ) -> None:
        self.unit, self.shelf, self.terms, self.grouped = unit, shelf, terms, grouped
        self.languages = languages
        self.names = ("", "")
        self.pair: tuple[Document, Document] | None = None

    def rows(self, stream: BinaryIO, encoding: str | None, limit: int) -> Iterator[Row]:
        for piece in pieces_of(self.unit, stream, ("link",), ("linkGrp",), limit, encoding):
            found = element_of(self.unit, piece)
            if isinstance(found, Row):
                yield found
            elif piece.name == "linkGrp":
                yield from self._group(piece, found[0].attributes)
            else:
                yield from self._link(piece, found[0].attributes)

    def _group(self, piece: Piece, said: Mapping[str, str]) -> Iterator[Row]:
        self.names, self.pair = (said.get("fromDoc", ""), said.get("toDoc", "")), None
        try:
            self.pair = (self.shelf.document(self.names[0]), self.shelf.document(self.names[1]))
        except NoDocument as error:
            yield problem_row(self.unit, piece.offset, "error", "missing_document", str(error))

    def _link(self, piece: Piece, said: Mapping[str, str]) -> Iterator[Row]:
        if self.pair is None:
            return  # the group has its problem: its links cannot be read
        targets = said.get("xtargets")
        ids = [side.split() for side in targets.split(";")] if targets is not None else []
        if len(ids) != 2:
            detail = f"xtargets is {targets!r}; expected the ids of two sides, such as '1 2;1'"
            yield problem_row(self.unit, piece.offset, "error", "damaged_record", detail)
            return
        counted = f"{len(ids[0])}-{len(ids[1])}"
        if not all(ids):
            detail = f"the link is {counted}: there is nothing on one side"
            yield problem_row(self.unit, piece.offset, "reject", "one_sided", detail)
            return
        texts = []
        for document, wanted in zip(self.pair, ids, strict=True):
            absent = next((one for one in wanted if one not in document.sentences), None)
            if absent is not None:
                detail = f"{document.name} has no sentence {absent} that can be read"
                yield problem_row(self.unit, piece.offset, "error", "unknown_sentence", detail)
                return
            texts.append(" ".join(document.sentences[one] for one in wanted))
        stated = said.get("type", "")
        meta: dict[str, Any] = {"id": said.get("id"), "certainty": said.get("certainty"), "targets": targets}
        sides = [Side(self._language(n), text, self.names[n]) for n, text in enumerate(texts)]
        yield pair_row(
            self.unit,
            piece.offset,
            sides,
            self.terms,
            alignment=stated if _TYPE.fullmatch(stated) else counted,
            meta=meta,
            group_id=self.names[0] if self.grouped else None,
        )

    def _language(self, side: int) -> str:
        if self.languages is not None:
            return self.languages[side]
        found = next((part for part in self.names[side].split("/")[:-1] if normalises(part) is not None), None)
        return found or self.names[side].split("/")[0]
