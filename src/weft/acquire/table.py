"""CSV and TSV tables: a row for each of theirs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Annotated, BinaryIO

from pydantic import Field

from weft.acquire.compression import compression_of
from weft.acquire.formats import accepted
from weft.acquire.jsonl import RowMaker, row_maker
from weft.acquire.lines import WIDE, Encoding, Line, unit_lines
from weft.acquire.records import Kind, lacking, layout
from weft.acquire.rows import MEGABYTE, READS, WRITES, Row, Unit, missing_column, problem_row, reader
from weft.acquire.sides import SideTerms
from weft.operators.contract import ReadFunction, operator

Lacks = Callable[[list[str]], tuple[str, str] | None]

_MOST_LINES = 4096
"""A quoted field may span so many lines; an unclosed quote must not swallow the file."""


@operator("acquire.table", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("table"))
def table(
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
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None,
    quote: Annotated[str, Field(max_length=1)] | None = None,
    columns: tuple[str, ...] = (),
    encoding: Encoding = "utf-8",
    max_record_mb: Annotated[int, Field(ge=1, le=256)] = 64,
) -> ReadFunction:
    """A row for each line of a table; `columns` names them where the file has no header line.

    Without `delimiter` it is a tab in .tsv and .tab files, else a comma. Without `quote`, fields may be quoted by `"`,
    but not in files separated by tabs. The position is the byte where the row begins. `kind`, `fields`, `sides` and
    `terms` read records, as in acquire.jsonl.
    """
    names = {"url": url_field, "language_hint": language_field, "license": license_field}
    meta = {"id": id_field, **{name: name for name in meta_fields}}
    shape = layout(kind, fields, sides, group_field)
    as_row = row_maker(text_field, names, date_field, meta, shape, terms)
    if kind == "pair" and not sides:
        raise ValueError(
            "sides: no column of a table holds a whole pair; expected sides: {english: eng_Latn, swahili: swh_Latn}"
        )
    limit = max_record_mb * MEGABYTE
    if delimiter in ("\n", "\r") or (delimiter is not None and delimiter == quote):
        raise ValueError(f"delimiter is {delimiter!r}; expected a character that is neither a line end nor the quote")

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        if not unit.first:
            return
        csv.field_size_limit(max(csv.field_size_limit(), limit))
        cut = delimiter or ("\t" if _tabs(unit.name) else ",")
        mark = quote if quote is not None else ("" if cut == "\t" else '"')
        lines = _Lines(unit_lines(unit, stream, limit, encoding))
        found = _Table(unit, lines, cut, mark, "utf-8" if encoding.lower().startswith(WIDE) else encoding)
        yield from found.rows(list(columns), lambda names: lacking(shape, text_field, names), as_row)

    return reader(records)


def _tabs(name: str) -> bool:
    bare = name.lower()
    compression = compression_of(bare)
    return (bare[: bare.rindex(".")] if compression else bare).endswith((".tsv", ".tab"))


class _Lines:
    """Lines that can be given back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._returned: list[Line] = []

    def take(self) -> Line | None:
        return self._returned.pop() if self._returned else next(self._lines, None)

    def give_back(self, lines: list[Line]) -> None:
        self._returned += reversed(lines)


class _Table:
    """Reads one table row by row; a row that does not fit the header costs its first line only."""

    def __init__(self, unit: Unit, lines: _Lines, delimiter: str, quote: str, encoding: str) -> None:
        self.unit, self.lines, self.delimiter, self.quote, self.encoding = unit, lines, delimiter, quote, encoding
        self._most = _MOST_LINES

    def rows(self, names: list[str], lacks: Lacks, as_row: RowMaker) -> Iterator[Row]:
        if not names:
            header = self._next(None)
            if header is None:
                return
            names = header if isinstance(header, list) else []
            self._began = 0
        missing = lacks(names)
        if missing is not None:
            detail = missing_column(missing[0], names, "table", self.delimiter, missing[1])
            yield problem_row(self.unit, 0, "error", "no_text_column", detail, locator=self.unit.name)
            return
        while (fields := self._next(len(names))) is not None:
            if isinstance(fields, Row):
                yield fields
            else:
                yield as_row(self.unit, self._began, dict(zip(names, fields, strict=True)))

    def _next(self, width: int | None) -> list[str] | Row | None:
        """The fields of the next row, a problem, or null at the end."""
        line = self.lines.take()
        while line is not None and line.content is not None and not line.content.strip():
            line = self.lines.take()
        if line is None:
            return None
        self._began = line.offset
        taken = [line]
        fault, reason = "", "damaged_record"
        try:
            fields = self._parsed(taken)
        except UnicodeDecodeError as error:
            fields, fault = None, f"bytes that are not {self.encoding}: {error.reason}"
            reason = "invalid_utf8" if len(taken) == 1 else reason
        except csv.Error as error:
            fields, fault = None, str(error)
        if fields is not None and (width is None or len(fields) == width):
            self._most = min(_MOST_LINES, self._most * 2)
            return fields
        if len(taken) > 1:
            self.lines.give_back(taken[1:])
            # Each further misfit may look ahead half as far, so unclosed quotes cost linear time.
            self._most = max(2, self._most // 2)
        detail = fault or f"the row has {len(fields or [])} fields, the header {width}"
        return problem_row(self.unit, self._began, "error", reason, detail)

    def _parsed(self, taken: list[Line]) -> list[str] | None:
        texts, quote = self._texts(taken), self.quote
        if not quote:
            return next(csv.reader(texts, delimiter=self.delimiter, quotechar=None, quoting=csv.QUOTE_NONE), None)
        return next(csv.reader(texts, delimiter=self.delimiter, quotechar=quote, strict=True), None)

    def _texts(self, taken: list[Line]) -> Iterator[str]:
        if taken[0].content is None:
            raise csv.Error("the row is too long")
        yield taken[0].content.decode(self.encoding) + "\n"
        while len(taken) < self._most and (line := self.lines.take()) is not None:
            taken.append(line)
            if line.content is None:
                raise csv.Error("the row is too long")
            yield line.content.decode(self.encoding) + "\n"
        if len(taken) >= self._most:
            raise csv.Error(f"a quoted field spans more than {self._most} lines")
