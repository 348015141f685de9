"""Blocks of a file of pairs: lines of a table or of JSON, or rows of Parquet, with the texts of both sides found."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet as pq
import zstandard

from weft.errors import WeftError, nearest
from weft.model.languages import CODE
from weft.parallel.pairs_file import SOURCE, TARGET
from weft.text.buffers import large_strings
from weft.text.fields import fields, gathered, line_starts
from weft.text.pair_signals import Texts, texts
from weft.tokenizer.texts import first_cells
from weft.tokenizer.unreadable import Unreadable

Format = Literal["tsv", "jsonl", "parquet"]
_FORMATS: dict[str, Format] = {".tsv": "tsv", ".tab": "tsv", ".txt": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_FORMATS |= {".parquet": "parquet"}
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
BLOCK = 4 << 20
"""Bytes of lines that are read at once."""
_ROWS = 16_384
_LONGEST = 256 << 20
"""Bytes of a line above which the file is taken for something else."""


@dataclass(frozen=True)
class Layout:
    """A file of pairs: its format, and the columns of source, target and depth by name, or by number from 1."""

    file: Path
    format: Format
    columns: tuple[str, ...]
    header: bool = False


@dataclass(frozen=True)
class Pairs:
    """What a block holds: both sides, rows that cannot be read, machine steps where a column says them."""

    source: Texts
    target: Texts
    unreadable: npt.NDArray[np.bool_]
    depth: npt.NDArray[Any] | None = None


def layout(file: Path, columns: tuple[str, ...], header: bool) -> Layout:
    """How a file is read. Raises WeftError for a name of no format, and for columns that it cannot have.

    A table whose first line has known names of a source and a target has these columns, and a line of names.
    """
    found = format_of(file)
    if not file.is_file():
        raise WeftError(f"{file}: no such file; expected pairs as .tsv, .jsonl or .parquet")
    numbered = all(name.isdecimal() for name in columns)
    if found != "tsv":
        return Layout(file, found, columns or ("source", "target"))
    if numbered and any(int(name) < 1 for name in columns):
        raise WeftError(f"--columns {','.join(columns)}: columns are counted from 1")
    if not numbered:
        return Layout(file, found, columns, True)
    try:
        cells = first_cells(file, "\t")
    except WeftError:  # a damaged file, of which reading will tell
        cells = []
    columns = columns or _by_names(cells) or ("1", "2")
    return Layout(file, found, columns, header or _are_names(cells, columns[:2]))


def _by_names(cells: list[str]) -> tuple[str, ...]:
    """Numbers of the columns that are called source and target; none where either is missing."""
    folded = [cell.casefold() for cell in cells]
    found = [next((str(folded.index(name) + 1) for name in names if name in folded), "") for names in (SOURCE, TARGET)]
    return tuple(found) if all(found) else ()


def _are_names(cells: list[str], columns: tuple[str, ...]) -> bool:
    """Whether both fields are names of columns or codes of languages: no pair of texts."""
    if max(map(int, columns)) > len(cells):
        return False
    both = [cells[int(column) - 1] for column in columns]
    return all(cell.casefold() in (*SOURCE, *TARGET) for cell in both) or all(map(CODE.fullmatch, both))


def format_of(file: Path) -> Format:
    """The format that a file's name says."""
    endings = [ending for ending in file.suffixes if ending not in COMPRESSED]
    found = _FORMATS.get(endings[-1] if endings else "")
    if found is None or (found == "parquet" and file.suffix != ".parquet"):
        expected = ".tsv, .jsonl (also with .gz, .zst, .bz2, .xz) or .parquet"
        raise WeftError(f"{file}: no format of pairs by its name; expected {expected}")
    return found


def opened(file: Path, mode: Literal["rb", "wb"]) -> BinaryIO:
    """A binary stream of what is in a file that may be compressed."""
    if file.suffix == ".gz":
        return cast("BinaryIO", gzip.open(file, mode) if mode == "rb" else _Gzip(file))
    if file.suffix == ".bz2":
        return cast("BinaryIO", bz2.open(file, mode))
    if file.suffix == ".xz":
        return cast("BinaryIO", lzma.open(file, mode))
    if file.suffix == ".zst":
        return cast("BinaryIO", zstandard.open(file, mode))
    return file.open(mode)


class _Gzip(gzip.GzipFile):
    """Without name and time in its header: the same content is the same file."""

    def __init__(self, file: Path) -> None:
        self._raw = file.open("wb")
        super().__init__(filename="", mode="wb", compresslevel=6, fileobj=self._raw, mtime=0)

    def close(self) -> None:
        super().close()
        self._raw.close()


def header_of(held: Layout) -> bytes:
    """The first line of a table that has names of columns; else nothing."""
    if not held.header:
        return b""
    with opened(held.file, "rb") as stream:
        return stream.readline()


def blocks(held: Layout) -> Iterator[tuple[Any, int]]:
    """Bytes of whole lines, or a table; with each how many bytes of the file were read so far.

    Raises WeftError for a file that is damaged.
    """
    try:
        if held.format == "parquet":
            yield from _tables(held)
        else:
            yield from _lines(held)
    except (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError, pa.ArrowInvalid) as error:
        raise WeftError(f"{held.file}: cannot be read on: {error}") from error


def _tables(held: Layout) -> Iterator[tuple[pa.Table, int]]:
    with pq.ParquetFile(held.file) as file:
        size, rows, read = held.file.stat().st_size, max(file.metadata.num_rows, 1), 0
        for name in held.columns:
            if name.split(".")[0] not in file.schema_arrow.names:
                known = file.schema_arrow.names
                raise WeftError(f"{held.file}: no column {name}; it has {', '.join(known)}{nearest(name, known)}")
        for batch in file.iter_batches(batch_size=_ROWS):
            read += batch.num_rows
            yield pa.Table.from_batches([batch]), size * read // rows


def _lines(held: Layout) -> Iterator[tuple[bytes, int]]:
    with held.file.open("rb") as raw, opened(held.file, "rb") as stream:
        raw.seek(0)
        if held.header:
            stream.readline()
        rest, read = b"", 0
        while part := stream.read(BLOCK):
            read += len(part)
            end = part.rfind(b"\n") + 1
            if end == 0:
                rest += part
                if len(rest) > _LONGEST:
                    raise WeftError(f"{held.file}: a line of over {_LONGEST >> 20} MB; expected a pair on each line")
                continue
            yield rest + part[:end], read
            rest = part[end:]
        if rest:
            yield rest, read


def places(held: Layout) -> tuple[int, ...]:
    """Numbers from 0 of the columns of a table. Raises WeftError for a name that its header lacks."""
    if all(name.isdecimal() for name in held.columns):
        return tuple(int(name) - 1 for name in held.columns)
    names = header_of(held).decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n").split("\t")
    for name in held.columns:
        if name not in names:
            raise WeftError(f"{held.file}: no column {name}; it has {', '.join(names)[:300]}{nearest(name, names)}")
    return tuple(names.index(name) for name in held.columns)


def pairs_of(block: Any, held: Layout, wanted: tuple[int, ...]) -> tuple[Pairs, npt.NDArray[np.int64] | None]:
    """The pairs of a block, and where its lines begin; None of a table."""
    if held.format == "parquet":
        return _of_table(block, held), None
    data = np.frombuffer(block + b"\0\0\0", np.uint8)
    starts = line_starts(data[: len(block)])
    if held.format == "jsonl":
        return _of_json(block, starts, held), starts
    begins, ends, counts = fields(data, starts, "\t", wanted)
    unreadable = counts <= max(wanted)
    unreadable |= _not_utf8(block, starts)
    sides = [Texts(data, np.ascontiguousarray(begins[n]), np.ascontiguousarray(ends[n])) for n in range(2)]
    depth = None
    if len(wanted) > 2:
        cells = [block[b:e].decode("utf-8", "replace") for b, e in zip(begins[2], ends[2], strict=True)]
        depth = _numbers(pl.Series(cells, dtype=pl.String))
    return Pairs(sides[0], sides[1], unreadable, depth), starts


def _not_utf8(block: bytes, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Lines with bytes that are no UTF-8: looked for where the block has any."""
    found = np.zeros(len(starts) - 1, np.bool_)
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        for n in range(len(found)):
            try:
                block[starts[n] : starts[n + 1]].decode("utf-8")
            except UnicodeDecodeError:
                found[n] = True
    return found


def _of_table(table: pa.Table, held: Layout) -> Pairs:
    columns = []
    for name in held.columns:
        first, *inner = name.split(".")
        column = table[first].combine_chunks()
        for key in inner:
            column = pc.struct_field(column, key)
        columns.append(column)
    unreadable = np.zeros(table.num_rows, np.bool_)
    return _found(columns, unreadable, held)


def _found(columns: list[Any], unreadable: npt.NDArray[np.bool_], held: Layout) -> Pairs:
    try:
        sides = [texts(column) for column in columns[:2]]
    except TypeError as error:
        raise WeftError(f"{held.file}: {' and '.join(held.columns[:2])}: {error}") from None
    unreadable = unreadable | np.asarray(columns[0].is_null()) | np.asarray(columns[1].is_null())
    depth = _numbers(pl.Series(pl.from_arrow(columns[2]))) if len(columns) > 2 else None
    return Pairs(sides[0], sides[1], unreadable, depth)


def _numbers(cells: pl.Series) -> npt.NDArray[Any]:
    found = cells.cast(pl.Float32, strict=False).fill_null(float("nan"))
    return found.to_numpy()


def _of_json(block: bytes, starts: npt.NDArray[np.int64], held: Layout) -> Pairs:
    """Objects on lines: all at once where all are as they should be, else one by one."""
    simple = not any("." in name for name in held.columns)
    if simple and len(held.columns) == 2:
        schema = pa.schema([(name, pa.large_string()) for name in held.columns])
        options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        try:
            reading = pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1)
            table = pa.json.read_json(io.BytesIO(block), read_options=reading, parse_options=options)
        except pa.ArrowInvalid:
            table = None
        if table is not None and table.num_rows == len(starts) - 1:
            # Arrow does not look whether strings are UTF-8.
            return _found([table[name].combine_chunks() for name in held.columns], _not_utf8(block, starts), held)
    rows = [_values(block[starts[n] : starts[n + 1]], held.columns) for n in range(len(starts) - 1)]
    unreadable = np.array([row is None for row in rows], np.bool_)
    columns = [pa.array([None if row is None else row[n] for row in rows], pa.large_string()) for n in range(2)]
    if len(held.columns) > 2:
        columns.append(pa.array([None if row is None else row[2] for row in rows], pa.large_string()))
    return _found(columns, unreadable, held)


def _values(line: bytes, names: tuple[str, ...]) -> list[str | None] | None:
    """The fields of an object as strings; None for what is no object, or lacks a text."""
    from pydantic_core import from_json

    try:
        found = from_json(line)
    except ValueError:
        return None
    values: list[str | None] = []
    for number, name in enumerate(names):
        value = found
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if number < 2 and not isinstance(value, str):
            return None
        values.append(None if value is None else str(value))
    return values


def strings_of(side: Texts) -> pa.Array:
    """Texts of a side as an Arrow array."""
    return large_strings(*gathered(side.data, side.begins, side.ends))


def first_pairs(held: Layout, most: int, left: Unreadable) -> tuple[Texts, Texts]:
    """The first `most` pairs of a file that can be read; `left` takes the rows before them that cannot.

    Raises WeftError where there are none.
    """
    wanted = places(held) if held.format == "tsv" else ()
    sides: list[list[Any]] = [[], []]
    count, before = 0, 1 + held.header
    for block, _ in blocks(held):
        pairs, _ = pairs_of(block, held, wanted)
        rows = np.flatnonzero(~pairs.unreadable)[: most - count]
        read = rows[-1] + 1 if len(rows) == most - count else len(pairs.unreadable)
        wrong = np.flatnonzero(pairs.unreadable[:read]) + before
        left.add(held.file, dict.fromkeys(wrong.tolist(), f"no texts in {' and '.join(held.columns[:2])}"))
        before += len(pairs.unreadable)
        for side, text in zip(sides, (pairs.source, pairs.target), strict=True):
            side.append(large_strings(*gathered(text.data, text.begins[rows], text.ends[rows])))
        count += len(rows)
        if count >= most:
            break
    if not count:
        raise WeftError(f"{held.file}: no pair that can be read; expected texts in {' and '.join(held.columns)}")
    source, target = (texts(pa.chunked_array(side)) for side in sides)
    return source, target
