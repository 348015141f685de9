"""Raw records as readers make them, gathered into bounded Arrow batches; whatever goes wrong becomes a row."""

from __future__ import annotations

import datetime
import errno
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from weft.acquire.compression import Damage
from weft.model.tables import RAW
from weft.operators.contract import Fetcher, ReadFunction

MOST_ROWS = 1000
MOST_BYTES = 16 << 20
READS = ("path", "name", "reader", "start", "stop", "size")
WRITES: Mapping[str, pa.DataType] = {field.name: field.type for field in RAW}
MEGABYTE = 1 << 20
_NEVER_CUT = ("archive", "table", "tmx", "xliff", "po")
"""Readers whose units are whole files: one that gives nothing is told, for no other range can have given more."""
_NOT_THE_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Faults of this machine while a file is read (a full temporary folder, say): the task fails, and may be run again."""


@dataclass(frozen=True)
class Unit:
    """A file, or the range [start, stop) of one in which records begin."""

    path: str
    name: str
    reader: str
    start: int
    stop: int
    size: int

    @property
    def first(self) -> bool:
        """Whether this range begins the file: faults of the whole file are reported once, here."""
        return self.start == 0


class Row(NamedTuple):
    """One record; the fields are those of `model.tables.RAW`."""

    locator: str
    position: int
    collected_at: datetime.datetime | None = None
    url: str | None = None
    mime: str | None = None
    charset: str | None = None
    payload: bytes | None = None
    text: str | None = None
    language_hint: str | None = None
    license: str | None = None
    meta: str | None = None
    problem: dict[str, str] | None = None
    record_kind: str | None = None
    group_id: str | None = None
    given_parts: list[dict[str, Any]] | None = None
    consent: str | None = None
    redistribute: bool | None = None


Records = Callable[[Unit, BinaryIO], Iterator[Row | pa.Table]]
"""What a format gives to `reader`: the rows of one open unit, or bounded tables of RAW where the format is columnar.

May raise OSError and Damage midway.
"""


def problem(kind: str, reason: str, detail: str) -> dict[str, str]:
    return {"kind": kind, "reason": reason, "detail": detail}


def problem_row(unit: Unit, position: int, kind: str, reason: str, detail: str, **rest: Any) -> Row:
    rest.setdefault("locator", f"{unit.name}#{position}")
    return Row(position=position, problem=problem(kind, reason, detail), **rest)


def missing_column(
    wanted: str, found: Sequence[str], reader: str, delimiter: str = "", option: str = "text_field"
) -> str:
    """What to say of a table without a column of text: the columns that it has, and the option that names one."""
    if len(found) == 1 and delimiter:
        others = [mark for mark in ";\t|," if mark != delimiter and mark in found[0]]
        if others:
            how = f"options: {{delimiter: {json.dumps(others[0])}}}"
            return f"no column {wanted}; the only column is {found[0][:200]!r}: say format: {reader} and {how}"
    if not found:
        return f"no column {wanted}; the file has no readable header"
    example = found[0] if len(found) == 1 else "…"
    if option != "text_field":
        return (
            f"no column {wanted}; the file has {', '.join(found)[:300]}: say which to read in options: {{{option}: …}}"
        )
    how = f"say format: {reader} and options: {{text_field: {example}}}"
    return f"no column {wanted}; the file has {', '.join(found)[:300]}: {how}"


def as_json(values: Mapping[str, Any]) -> str | None:
    """A JSON object with sorted keys; null when nothing is in it."""
    held = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    return json.dumps(held, ensure_ascii=False, sort_keys=True, default=str) if held else None


class Rows:
    """Rows held until they make a batch."""

    def __init__(self) -> None:
        self._held: list[Row] = []
        self._size = 0

    def add(self, row: Row) -> Iterator[pa.Table]:
        """The batch that is full before this row, if any; then the row is held."""
        weight = len(row.payload or b"") + len(row.text or "") * 4 + len(row.meta or "")
        if self._held and (len(self._held) >= MOST_ROWS or self._size + weight > MOST_BYTES):
            yield from self.flush()
        self._held.append(row)
        self._size += weight

    def flush(self) -> Iterator[pa.Table]:
        if self._held:
            full = as_table(self._held)
            self._held, self._size = [], 0  # before the batch goes out: its bytes need not be held twice
            yield full


def reader(records: Records) -> ReadFunction:
    """A read function that opens each unit, gathers its rows into batches, and names what cannot be read."""

    def read(units: pa.Table, fetcher: Fetcher) -> Iterator[pa.Table]:
        rows = Rows()
        for values in units.select(list(READS)).to_pylist():
            for row in rows_of(Unit(**values), fetcher, records):
                if isinstance(row, pa.Table):
                    yield from rows.flush()
                    yield row
                else:
                    yield from rows.add(row)
        yield from rows.flush()

    return read


def rows_of(unit: Unit, fetcher: Fetcher, records: Records) -> Iterator[Row | pa.Table]:
    """The rows of one unit; an unreadable, damaged or empty file ends in one problem row that names it."""
    if unit.size == 0 and unit.first:
        yield _whole(unit, "reject", "empty_file", "the file has no bytes")
        return
    try:
        found = False
        with fetcher.open(unit.path) as stream:
            for row in records(unit, stream):
                found = found or not isinstance(row, pa.Table) or row.num_rows > 0
                yield row
        if not found and unit.reader in _NEVER_CUT:
            yield _whole(unit, "reject", "no_records", "the file holds no records")
    except Damage as damage:
        yield _whole(unit, "error", damage.reason, damage.detail)
    except MemoryError:
        raise
    except OSError as error:
        if error.errno in _NOT_THE_FILE:
            raise
        # The message of an OSError names a path of this machine; its strerror does not.
        yield _whole(unit, "error", "unreadable_file", error.strerror or type(error).__name__)
    except Exception as error:  # the boundary of a file: what a library raises on damaged bytes costs no other file
        detail = f"the reader cannot go on: {type(error).__name__}: {error}"
        yield _whole(unit, "error", "reader_failed", without_surrogates(detail)[:500])


def _whole(unit: Unit, kind: str, reason: str, detail: str) -> Row:
    return problem_row(unit, unit.start, kind, reason, detail, locator=unit.name)


def as_table(rows: list[Row]) -> pa.Table:
    columns = [_array(list(values), field.type) for values, field in zip(zip(*rows, strict=True), RAW, strict=True)]
    return pa.Table.from_arrays(columns, schema=RAW)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (UnicodeEncodeError, pa.ArrowInvalid):
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise
        return pa.array([None if value is None else without_surrogates(value) for value in values], kind)


def without_surrogates(text: str) -> str:
    """Lone surrogates, which no UTF-8 can hold, as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment(value: Any) -> datetime.datetime | None:
    """A time in UTC from ISO 8601, a 14-digit archive date, or seconds since 1970; null when it is none of these."""
    try:
        if isinstance(value, datetime.datetime):
            found = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.datetime.fromtimestamp(value, datetime.UTC)
        elif isinstance(value, str) and value.isdigit() and 8 <= len(value) <= 17:
            found = datetime.datetime.strptime(value[:14].ljust(14, "0"), "%Y%m%d%H%M%S")
        elif isinstance(value, datetime.date):
            found = datetime.datetime(value.year, value.month, value.day)
        else:
            found = datetime.datetime.fromisoformat(str(value).strip())
        return found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found.astimezone(datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None
