"""HTML pages, one to a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, BinaryIO

from pydantic import Field

from weft.acquire.formats import accepted
from weft.acquire.lines import Encoding, whole
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Unit, problem_row, reader
from weft.operators.contract import ReadFunction, operator


@operator("acquire.html", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("html"))
def html(
    *,
    encoding: Encoding | None = None,
    max_record_mb: Annotated[int, Field(ge=1, le=1024)] = 256,
) -> ReadFunction:
    """One row for each HTML file, its bytes unread. `encoding` overrides what the pages declare."""
    limit = max_record_mb * MEGABYTE

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        if not unit.first:
            return
        content = whole(unit, stream, limit)
        if content is None:
            yield problem_row(unit, 0, "reject", "too_large", f"the page has more than {max_record_mb} MB")
        elif not content:
            yield problem_row(unit, 0, "reject", "empty_file", "the file has no bytes")
        else:
            mime = "application/xhtml+xml" if ".xht" in unit.name.lower() else "text/html"
            yield Row(f"{unit.name}#0", 0, mime=mime, charset=encoding and encoding.lower(), payload=content)

    return reader(records)
