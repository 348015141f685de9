"""Rows of a file that cannot be read: found one by one where a reader of whole files fails, made empty, and counted.

A row that is left out stays as a row without texts, so that rows keep their numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic_core import from_json

from weft.errors import WeftError

MARKS = {".tsv": b"\t", ".csv": b","}
"""What stands between the cells of a table, by its form."""
JSON_LINES = (".jsonl", ".ndjson")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MOST_LINES = 200
"""Lines of a quoted cell in a CSV; a quote that is open for longer is taken for a mistake of its row."""
_NO_TEXT = r"(?s)^(?:-?[0-9][0-9.eE+-]*|true|false|\[.*\]|\{.*\})$"
"""How a reader shows what is no string of JSON in a column of texts; texts may look so too."""
_KINDS = {str: "text", bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
Faults = dict[int, str]
"""Why a row cannot be read, by the number of its line from 1."""


class Unreadable:
    """What readers left out: of each file the lines of rows that cannot be read, and why."""

    def __init__(self) -> None:
        self._files: dict[Path, Faults] = {}

    def add(self, file: Path, faults: Faults) -> None:
        """Rows of a file; those of a line that is known already count once."""
        if faults:
            self._files.setdefault(file, {}).update(faults)

    @property
    def count(self) -> int:
        """Rows of all files."""
        return sum(len(faults) for faults in self._files.values())

    def lines(self) -> list[str]:
        """A sentence for each file: how many rows, and the line and the reason of the first."""
        return [
            f"{file}: {len(faults):,} {'row' if len(faults) == 1 else 'rows'} left out that cannot be read; "
            f"the first is {'row' if file.suffix == '.parquet' else 'line'} {min(faults)}: {faults[min(faults)]}"
            for file, faults in self._files.items()
        ]


def without_mark(content: bytes) -> bytes:
    """The content without a byte order mark."""
    return content.removeprefix(_BYTE_ORDER_MARK)


def uneven(content: bytes, form: str, table: pl.DataFrame, header: bool) -> bool:
    """Whether some row of a table may lack cells, which a reader fills up: by the number of marks between cells."""
    if form not in MARKS or table.width < 2:
        return False
    if content.count(MARKS[form]) == (table.height + header) * (table.width - 1):
        return form == ".csv" and b'"' in content and table[table.columns[-1]].null_count() > 0
    return form == ".tsv" or b'"' not in content or table[table.columns[-1]].null_count() > 0


def mended(
    content: bytes, form: str, *, header: bool = True, objects: Sequence[str] = (), alike: bool = False
) -> Mended:
    """The content with an empty row for each that cannot be read. See `Mended`."""
    if form in JSON_LINES:
        return _json_lines(content, objects, alike)
    if form == ".tsv":
        return _tsv(content, header)
    if form == ".csv":
        return _csv(content, header)
    return _plain(content)


class Mended:
    """Lines of a file, the rows in them that cannot be read, and how many can."""

    def __init__(self, lines: list[bytes], faults: Faults, good: int) -> None:
        self.faults, self.good = faults, good
        self._lines = lines

    def checked(self, file: Path) -> bytes:
        """The content. Raises WeftError where no row of it can be read."""
        if self.faults and not self.good:
            first = min(self.faults)
            raise WeftError(f"{file}: no row that can be read; line {first}: {self.faults[first]}")
        return b"\n".join(self._lines)


def _json_lines(content: bytes, objects: Sequence[str], alike: bool) -> Mended:
    """`objects`: fields that hold an object or nothing; `alike`: fields hold what most rows hold there."""
    lines = without_mark(content).split(b"\n")
    faults: Faults = {}
    rows: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row, why = _object(line)
        wrong = next((name for name in objects if not isinstance(row.get(name), dict | None)), None)
        if wrong is not None:
            why = f"{wrong} is {_kind(row[wrong])}; expected an object"
        if why:
            faults[number] = why
        else:
            rows[number] = row
    if alike:
        faults |= _unlike(rows)
    for number in faults:
        lines[number - 1] = b"{}"
    return Mended(lines, faults, len(rows.keys() - faults.keys()))


def _object(line: bytes) -> tuple[dict[str, Any], str]:
    try:
        row = from_json(line.strip(), allow_inf_nan=False)
    except ValueError as error:
        return {}, f"no JSON ({str(error).replace('line 1 ', '')})"
    return (row, "") if isinstance(row, dict) else ({}, f"{_kind(row)}; expected an object")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")


def _unlike(rows: Mapping[int, Mapping[str, Any]]) -> Faults:
    """Rows of which a field is a list, an object or neither, and in more other rows something else of these."""
    shapes: dict[str, Counter[type]] = {}
    for row in rows.values():
        for name, value in row.items():
            if value is not None:
                shapes.setdefault(name, Counter())[_shape(value)] += 1
    usual = {name: counts.most_common(1)[0][0] for name, counts in shapes.items() if len(counts) > 1}
    return {
        number: f"{name} is {_kind(row[name])}, which it is in few rows"
        for number, row in rows.items()
        for name, shape in usual.items()
        if row.get(name) is not None and _shape(row[name]) is not shape
    }


def _shape(value: Any) -> type:
    return type(value) if isinstance(value, dict | list) else str


def doubtful(table: pl.DataFrame, fields: Sequence[tuple[str, ...]]) -> list[int]:
    """Rows from 0 of which a field of texts (by its path) looks as a number, a list or the like does."""
    cells = [pl.col(first).struct.field(inner[0]) if inner else pl.col(first) for first, *inner in fields]
    texts = table.select(cell.alias(str(n)) for n, cell in enumerate(cells)).select(pl.col(pl.String))
    if not texts.width:
        return []
    # The first letter leaves few rows, for a third of the time of the pattern.
    first = pl.all().str.head(1).is_in(list("-0123456789tf[{"))
    few = texts.with_row_index("row").filter(pl.any_horizontal(texts.select(first)))
    found = few.filter(pl.any_horizontal(pl.col(pl.String).str.contains(_NO_TEXT)))
    return found["row"].to_list()


def no_texts(content: bytes, rows: Sequence[int], fields: Sequence[tuple[str, ...]]) -> Faults:
    """Those of the rows (from 0) of JSON lines in which a field of texts holds something else."""
    lines = _numbered(content)
    faults = {}
    for number, line in (lines[row] for row in rows):
        held = _object(line)[0]
        for first, *inner in fields:
            value = held.get(first)
            for name in inner:
                value = value.get(name) if isinstance(value, dict) else None
            if not isinstance(value, str | None):
                faults[number] = f"{'.'.join((first, *inner))} is {_kind(value)}; expected text"
    return faults


def emptied(table: pl.DataFrame, content: bytes, faults: Faults) -> pl.DataFrame:
    """A table of JSON lines with nothing in the rows of these lines."""
    lines = pl.Series([number for number, _ in _numbered(content)], dtype=pl.Int64)
    return table.select(pl.when(~lines.is_in(list(faults))).then(pl.all()))


def _numbered(content: bytes) -> list[tuple[int, bytes]]:
    """The lines that are rows, with their numbers."""
    return [(number, line) for number, line in enumerate(without_mark(content).split(b"\n"), 1) if line.strip()]


def _plain(content: bytes) -> Mended:
    lines = without_mark(content).split(b"\n")
    if not _not_utf8(content):
        return Mended(lines, {}, 1)
    faults = {number: why for number, line in enumerate(lines, 1) if (why := _not_utf8(line))}
    for number in faults:
        lines[number - 1] = b""
    return Mended(lines, faults, sum(bool(line.strip()) for line in lines))


def _tsv(content: bytes, header: bool) -> Mended:
    lines = content.split(b"\n")
    whole = not _not_utf8(content)
    counts = [line.count(b"\t") if line.strip(b"\r") else -1 for line in lines]
    return _table(
        lines, [((n,), count, "" if whole else _not_utf8(lines[n])) for n, count in enumerate(counts)], header
    )


def _csv(content: bytes, header: bool) -> Mended:
    lines = content.split(b"\n")
    rows: list[tuple[tuple[int, ...], int, str]] = []
    at = 0
    while at < len(lines):
        end, quotes = at + 1, lines[at].count(b'"')
        while quotes % 2 and end < min(len(lines), at + _MOST_LINES):
            quotes += lines[end].count(b'"')
            end += 1
        if quotes % 2:
            rows.append(((at,), 0, "a quote that nothing closes"))
            at += 1
            continue
        row = b"\n".join(lines[at:end])
        marks = sum(part.count(b",") for part in row.split(b'"')[::2]) if row.strip(b"\r") else -1
        rows.append((tuple(range(at, end)), marks, _not_utf8(row)))
        at = end
    return _table(lines, rows, header, b",")


def _table(
    lines: list[bytes], rows: list[tuple[tuple[int, ...], int, str]], header: bool, mark: bytes = b"\t"
) -> Mended:
    """`rows` are lines of `lines` (from 0), marks between cells (-1 of an empty line), and why they are no text."""
    full = [row for row in rows if row[1] >= 0]
    if not full:
        return Mended(lines, {}, 0)
    # The first row says how many cells there are where it names them; else most rows do.
    width = full[0][1] if header else Counter(marks for _, marks, _ in full).most_common(1)[0][0]
    faults: Faults = {}
    gone: set[int] = set()
    for places, marks, why in full[header:]:
        if marks != width:
            cells = f"{marks + 1} {'cell' if marks == 0 else 'cells'}"
            why = why or f"{cells}, where {'the first row names' if header else 'most rows have'} {width + 1}"
        if why:
            faults[places[0] + 1] = why
            lines[places[0]] = mark * width
            gone.update(places[1:])
    kept = [line for n, line in enumerate(lines) if n not in gone] if gone else lines
    return Mended(kept, faults, len(full) - header - len(faults))


def _not_utf8(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"byte {data[error.start]:#04x} is not UTF-8"
    return ""
