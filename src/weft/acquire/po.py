"""PO files of gettext: a row for each message that is translated."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, BinaryIO

from pydantic import Field

from weft.acquire.formats import accepted
from weft.acquire.lines import Encoding, unit_lines
from weft.acquire.po_entries import Entry, Header, NotAnEntry, blocks, entry
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Unit, problem_row, reader
from weft.acquire.sides import PairKind, Side, SideTerms, pair_row
from weft.acquire.tmx import NOT_PLAIN
from weft.operators.contract import ReadFunction, operator


@operator("acquire.po", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("po"))
def po(
    *,
    kind: PairKind = "text",
    source_language: str | None = None,
    target_language: str | None = None,
    terms: dict[str, SideTerms] | None = None,
    fuzzy: bool = False,
    obsolete: bool = False,
    encoding: Encoding | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=64)] = 4,
) -> ReadFunction:
    """A row for each message of a PO file, and for each plural form; a broken entry is a problem of its own.

    The language of the messages is `source_language`, else what `X-Source-Language` says, that of the translations
    `target_language`, else the header's `Language`. The form for one thing stands beside `msgid`, every other beside
    `msgid_plural`, and forms of one message are one group. Messages without a translation, fuzzy and obsolete ones are
    left out, the latter unless `fuzzy` and `obsolete`. `meta` has the context. The position is the byte where the entry
    begins, and the number of the form.
    """
    limit = max_record_mb * MEGABYTE

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        if not unit.first:
            return
        if kind == "text":
            yield problem_row(unit, 0, "reject", "parallel_text", NOT_PLAIN.format("po"), locator=unit.name)
            return
        header = Header(source_language=source_language, language=target_language)
        read = _Reading(unit, header, terms or {}, fuzzy, obsolete)
        for lines in blocks(unit_lines(unit, stream, limit, encoding)):
            try:
                made = entry(lines)
            except NotAnEntry as error:
                yield problem_row(unit, lines[0].offset, "error", "damaged_record", str(error))
                continue
            if made is None:
                continue
            if made.texts["msgid"] == b"" and "msgctxt" not in made.texts:
                stated = Header.of(made.texts.get("msgstr", b""))
                read.header = replace(
                    stated,
                    charset=encoding or stated.charset,
                    language=target_language or stated.language,
                    source_language=source_language or stated.source_language,
                )
            else:
                yield from read.rows(made)

    return reader(records)


@dataclass
class _Reading:
    """One file: its header, once that has come, and the rows of its entries."""

    unit: Unit
    header: Header
    terms: Mapping[str, SideTerms]
    fuzzy: bool
    obsolete: bool

    def rows(self, made: Entry) -> Iterator[Row]:
        try:
            codecs.lookup(self.header.charset)
            texts = {name: held.decode(self.header.charset) for name, held in made.texts.items()}
        except LookupError:
            detail = (
                f"the header names the encoding {self.header.charset}, which nobody knows; expected options: encoding"
            )
            yield problem_row(self.unit, made.offset, "error", "unknown_encoding", detail)
            return
        except UnicodeDecodeError as error:
            detail = f"the entry is not {self.header.charset}: {error.reason}"
            yield problem_row(self.unit, made.offset, "error", "invalid_utf8", detail)
            return
        if left_out := self._left_out(made):
            yield problem_row(self.unit, made.offset, "reject", *left_out)
            return
        group = f"{self.unit.name}#{made.offset}" if "msgid_plural" in texts else None
        for number, (source, target) in enumerate(self._pairs(made, texts)):
            yield self._row(made.offset + number, made, texts.get("msgctxt"), source, target, group)

    def _left_out(self, made: Entry) -> tuple[str, str] | None:
        if made.obsolete and not self.obsolete:
            return "obsolete", "the message is not used any more (#~)"
        if not any(held.strip() for name, held in made.texts.items() if name.startswith("msgstr")):
            return "untranslated", "the message has no translation"
        if "fuzzy" in made.flags and not self.fuzzy:
            return "fuzzy", "the translation is marked as fuzzy: nobody has confirmed it"
        if self.header.source_language is None or self.header.language is None:
            option = "source_language" if self.header.source_language is None else "target_language"
            return "unknown_language", f"the header does not say it; expected options: {{{option}: …}}"
        return None

    def _pairs(self, made: Entry, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Each translation with the message that it is of."""
        names = [f"msgstr[{number}]" for number in range(100) if f"msgstr[{number}]" in texts]
        if "msgid_plural" not in texts or not names:
            yield texts["msgid"], texts.get("msgstr", texts[names[0]] if names else "")
            return
        one = self.header.singular if self.header.singular is not None else 0
        for number, name in enumerate(names):
            # With a single form it stands for any number, and so does the plural.
            yield texts["msgid" if number == one and len(names) > 1 else "msgid_plural"], texts[name]

    def _row(self, position: int, made: Entry, context: str | None, source: str, target: str, group: str | None) -> Row:
        said = {name: held.decode(self.header.charset, "replace") for name, held in made.comments.items()}
        sides = [
            Side(self.header.source_language or "", source, said.get("document"), said.get("license-source"),
                 said.get("consent-source")),
            Side(self.header.language or "", target, said.get("document-target"), said.get("license-target"),
                 said.get("consent-target")),
        ]  # fmt: skip
        references = " ".join(held.decode(self.header.charset, "replace") for held in made.references)
        meta = {
            "id": said.get("id"),
            "context": context,
            "references": references,
            "fuzzy": "fuzzy" in made.flags or None,
            "obsolete": made.obsolete or None,
        }
        return pair_row(
            self.unit,
            position,
            sides,
            self.terms,
            alignment=said.get("alignment"),
            meta=meta,
            group_id=group or said.get("group"),
            license=said.get("license"),
        )
