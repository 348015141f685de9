"""Parquet files: a row for each of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.acquire.compression import Damage
from weft.acquire.formats import accepted
from weft.acquire.jsonl import RowMaker, row_maker
from weft.acquire.records import Kind, lacking, layout
from weft.acquire.rows import MOST_ROWS, READS, WRITES, Row, Unit, missing_column, problem_row, reader
from weft.acquire.sides import SideTerms
from weft.model.tables import RAW
from weft.operators.contract import ReadFunction, operator

_BATCH_BYTES = 4 << 20


@operator(
    "acquire.parquet",
    version=1,
    reads=READS,
    writes=WRITES,
    rows="make",
    libraries=("pyarrow",),
    accepts=accepted("parquet"),
)
def parquet(
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
) -> ReadFunction:
    """A row for each row of the file; only the named columns are read. The position is the row number.

    A range takes the row groups whose middle byte lies in it. `kind`, `fields`, `sides` and `terms` read
    records, as in acquire.jsonl.
    """
    names = {"url": url_field, "language_hint": language_field, "license": license_field}
    meta = {"id": id_field, **{name: name for name in meta_fields}}
    shape = layout(kind, fields, sides, group_field)
    as_row = row_maker(text_field, names, date_field, meta, shape, terms)
    plain = (
        None if date_field or meta["id"] or meta_fields or kind != "text" else Columns(text_field, names, group_field)
    )
    held = {text_field} if kind == "text" else shape.columns()
    wanted = {n.split(".")[0] for n in (*held, date_field, group_field, *names.values(), *meta.values()) if n}

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row | pa.Table]:
        try:
            file = pq.ParquetFile(stream, pre_buffer=False)
        except pa.ArrowException as error:
            if unit.first:
                raise Damage("damaged_file", f"not a readable Parquet file: {error}") from error
            return
        known = set(file.schema_arrow.names)
        missing = lacking(shape, text_field, known)
        if missing is not None:
            if unit.first:
                raise Damage("no_text_column", missing_column(missing[0], sorted(known), "parquet", option=missing[1]))
            return
        columns = sorted(wanted & known)

        def tables(unit: Unit, batch: pa.RecordBatch, position: int) -> Iterator[Row | pa.Table]:
            table = plain.table(unit, batch, position) if plain else None
            yield from (table,) if table is not None else _rows(unit, batch, position, as_row)

        yield from groups_of(unit, file, columns, tables)

    return reader(records)


BatchRows = Callable[[Unit, pa.RecordBatch, int], Iterator[Row | pa.Table]]
"""What is made of a batch of a file's rows, of which the first has this number."""


def groups_of(unit: Unit, file: pq.ParquetFile, columns: Sequence[str], rows: BatchRows) -> Iterator[Row | pa.Table]:
    """Rows of the row groups that a unit takes; of a file without rows one problem."""
    first = 0
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        # A damaged footer may place a group outside the file: it is somebody's even so.
        middle = min(max(_middle(group), 0), unit.size - 1)
        if unit.start <= middle < unit.stop or (unit.size <= 0 and unit.first):
            yield from _group(unit, file, number, first, columns, rows)
        first += group.num_rows
    if unit.first and not first:
        yield problem_row(unit, 0, "reject", "no_records", "the file holds no rows", locator=unit.name)


def groups_in(footer: pq.FileMetaData, start: int, stop: int) -> list[tuple[int, int]]:
    """Number and bytes of each row group that a range of a file takes: none, or more bytes than the range has."""
    groups = ((number, footer.row_group(number)) for number in range(footer.num_row_groups))
    return [(number, _size(group)) for number, group in groups if start <= _middle(group) < stop]


def _size(group: Any) -> int:
    return sum(int(group.column(n).total_compressed_size) for n in range(group.num_columns))


def _middle(group: Any) -> int:
    chunks = [group.column(n) for n in range(group.num_columns)]
    starts = [c.dictionary_page_offset if c.has_dictionary_page else c.data_page_offset for c in chunks]
    return int(min(starts) + sum(c.total_compressed_size for c in chunks) // 2)


def _group(
    unit: Unit, file: Any, number: int, first: int, columns: Sequence[str], rows: BatchRows
) -> Iterator[Row | pa.Table]:
    """Rows of one row group; a damaged group is one problem, and costs only its own rows."""
    position = first
    group = file.metadata.row_group(number)
    size = max(16, min(MOST_ROWS, _BATCH_BYTES * group.num_rows // max(group.total_byte_size, 1)))
    try:
        for batch in file.iter_batches(size, row_groups=[number], columns=list(columns), use_threads=False):
            yield from rows(unit, batch, position)
            position += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, pa.ArrowException) and error.errno is not None:
            raise
        lost = group.num_rows - (position - first)
        detail = f"row group {number} is damaged, {lost} rows are lost: {error}"
        yield problem_row(unit, position, "error", "damaged_record", detail)


@dataclass(frozen=True)
class Columns:
    """Batches in which nothing has to be looked at value by value, made into RAW without Python objects."""

    text: str
    names: dict[str, str | None]
    group: str | None = None

    def table(self, unit: Unit, batch: pa.RecordBatch, position: int) -> pa.Table | None:
        """RAW rows of a batch; None where a value is missing, not text or not UTF-8: those go row by row."""
        named = self.names | {"group_id": self.group}
        wanted = {"text": self.text} | {column: name for column, name in named.items() if name}
        found = {column: _strings(batch, name) for column, name in wanted.items()}
        text = found["text"]
        if (
            text is None
            or text.null_count
            or any(c is None for n, c in found.items() if wanted[n] in batch.schema.names)
        ):
            return None
        positions = pa.array(np.arange(position, position + batch.num_rows, dtype=np.int64))
        columns = {
            name: pc.replace_with_mask(c, pc.equal(c, ""), pa.scalar(None, c.type))
            for name, c in found.items()
            if c is not None and name != "text"
        }
        columns |= {
            "text": text,
            "position": positions,
            "locator": pc.binary_join_element_wise(unit.name, positions.cast(pa.string()), "#"),
            "mime": pa.repeat("text/plain", batch.num_rows),
            "record_kind": pa.repeat("text", batch.num_rows),
        }
        made = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(batch.num_rows, f.type) for f in RAW]
        return pa.Table.from_arrays(made, schema=RAW)


def _strings(batch: pa.RecordBatch, name: str) -> Any:
    """A column of valid UTF-8, or None."""
    if name not in batch.schema.names:
        return None
    column = batch.column(name)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return column


def _rows(unit: Unit, batch: pa.RecordBatch, position: int, as_row: RowMaker) -> Iterator[Row]:
    try:
        values = batch.to_pylist()
    except UnicodeDecodeError:
        values = [_value(batch, n) for n in range(batch.num_rows)]
    for number, fields in enumerate(values):
        if fields is None:
            yield problem_row(unit, position + number, "error", "invalid_utf8", "the row is not UTF-8")
            continue
        for name, value in fields.items():
            if isinstance(value, bytes):
                fields[name] = _text(value)
        yield as_row(unit, position + number, fields)


def _value(batch: pa.RecordBatch, number: int) -> dict[str, Any] | None:
    try:
        return dict(batch.slice(number, 1).to_pylist()[0])
    except UnicodeDecodeError:
        return None


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None
