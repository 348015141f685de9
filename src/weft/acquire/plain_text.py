"""Plain text files: a document for each file, paragraph or line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, BinaryIO, Literal

from pydantic import Field

from weft.acquire.formats import accepted
from weft.acquire.lines import Encoding, Line, unit_lines, whole
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Unit, problem_row, reader
from weft.operators.contract import ReadFunction, operator

_BACK = 4096
"""How far before a range blank lines are looked for; longer runs of blanks do not occur in text."""


@operator("acquire.plain_text", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("plain_text"))
def plain_text(
    *,
    unit: Literal["file", "paragraph", "line"] = "file",
    encoding: Encoding | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=1024)] = 256,
) -> ReadFunction:
    """A row for each file, for each block between blank lines, or for each line that is not blank.

    The encoding is found by the parser unless it is stated; text in UTF-16 by lines needs its byte order mark.
    """
    limit = max_record_mb * MEGABYTE

    def records(file: Unit, stream: BinaryIO) -> Iterator[Row]:
        if unit == "file":
            yield from _file(file, stream, limit, encoding)
            return
        found = _lines(file, stream, limit, encoding) if unit == "line" else _paragraphs(file, stream, limit, encoding)
        for offset, content in found:
            if content is None:
                yield problem_row(file, offset, "reject", "too_large", f"the {unit} has more than {max_record_mb} MB")
            else:
                yield _row(file, offset, content, encoding)

    return reader(records)


def _row(file: Unit, offset: int, content: bytes, encoding: str | None) -> Row:
    name = f"{file.name}#{offset}"
    return Row(name, offset, mime="text/plain", charset=encoding and encoding.lower(), payload=content)


def _file(file: Unit, stream: BinaryIO, limit: int, encoding: str | None) -> Iterator[Row]:
    if not file.first:
        return
    content = whole(file, stream, limit)
    if content is None:
        detail = f"the file has more than {limit // MEGABYTE} MB; it can be read by paragraph or by line"
        yield problem_row(file, 0, "reject", "too_large", detail)
    elif not content:
        yield problem_row(file, 0, "reject", "empty_file", "the file has no bytes")
    else:
        yield _row(file, 0, content, encoding)


def _lines(file: Unit, stream: BinaryIO, limit: int, encoding: str | None) -> Iterator[tuple[int, bytes | None]]:
    for line in unit_lines(file, stream, limit, encoding):
        if line.content is None or line.content.strip():
            yield line.offset, line.content


def _paragraphs(file: Unit, stream: BinaryIO, limit: int, encoding: str | None) -> Iterator[tuple[int, bytes | None]]:
    """Blocks that begin in the range. Reading begins a little before it, to see whether a blank line precedes."""
    begin = max(0, file.start - _BACK)
    held: list[Line] = []
    inside = begin > 0
    for line in unit_lines(replace(file, start=begin, stop=file.size), stream, limit, encoding):
        blank = line.content is not None and not line.content.strip()
        if blank:
            if held:
                yield _joined(held, limit)
            held, inside = [], False
            if line.offset >= file.stop:
                return
        elif held:
            held.append(line)
        elif not inside:
            if line.offset >= file.stop and file.stop < file.size:
                return
            held = [line] if line.offset >= file.start else []
            inside = not held
    if held:
        yield _joined(held, limit)


def _joined(lines: list[Line], limit: int) -> tuple[int, bytes | None]:
    if any(line.content is None for line in lines) or sum(line.length for line in lines) > limit:
        return lines[0].offset, None
    return lines[0].offset, b"\n".join(line.content or b"" for line in lines)
