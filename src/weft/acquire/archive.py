"""Zip and tar archives of files that the other readers take."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Any, BinaryIO, cast

import pyarrow as pa

from weft.acquire.compression import ChunkReader, Damage, chunks, compression_of
from weft.acquire.formats import accepted, reader_for, sniff
from weft.acquire.html import html
from weft.acquire.jsonl import jsonl
from weft.acquire.parquet import parquet
from weft.acquire.plain_text import plain_text
from weft.acquire.rows import READS, WRITES, Unit, as_table, problem_row, rows_of
from weft.acquire.table import table
from weft.acquire.warc import warc
from weft.model.tables import UNITS
from weft.operators.contract import Fetcher, ReadFunction, operator

_DEEPEST = 3
_IN_MEMORY = 32 << 20
_COMPRESSED = {"tgz": "gz", "tzst": "zst"}
_FACTORIES: dict[str, Callable[..., ReadFunction]] = {
    "warc": warc, "html": html, "plain_text": plain_text, "jsonl": jsonl, "parquet": parquet, "table": table
}  # fmt: skip


@operator("acquire.archive", version=1, reads=READS, writes=WRITES, rows="make", accepts=accepted("archive"))
def archive(*, readers: dict[str, dict[str, Any]] | None = None) -> ReadFunction:
    """The records of every member of a zip or tar archive, each by the reader that its name or content asks for.

    `readers` gives parameters to those readers, by their short names. Members are named archive!member; archives inside
    archives are read to a depth of three.
    """
    given = readers or {}
    unknown = sorted(set(given) - set(_FACTORIES))
    if unknown:
        raise ValueError(f"readers: {unknown[0]!r} is no reader; expected one of {', '.join(sorted(_FACTORIES))}")
    functions: dict[str, ReadFunction] = {name: factory(**given.get(name, {})) for name, factory in _FACTORIES.items()}

    def read(units: pa.Table, fetcher: Fetcher) -> Iterator[pa.Table]:
        for values in units.select(list(READS)).to_pylist():
            if values["start"] == 0:
                yield from _archive(Unit(**values), fetcher, functions, 1)

    return read


class _Member:
    """The fetcher that a member's reader gets: it opens this member and nothing else."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def open(self, path: str) -> BinaryIO:
        self._stream.seek(0)
        return self._stream


def _archive(unit: Unit, fetcher: Fetcher, functions: dict[str, ReadFunction], depth: int) -> Iterator[pa.Table]:
    """Batches of all members; whatever stops the reading of the archive is one problem row at the end."""
    problems: list[Any] = []

    def watch(opened: Unit, stream: BinaryIO) -> Iterator[Any]:
        for name, size, member in _members(opened, stream):
            # A tar may hold names in an old encoding, which Python gives as half characters that no table takes.
            name = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            within = Unit(name, f"{opened.name}!{name}", "", 0, size, size)
            if isinstance(member, Damage):
                row = problem_row(within, 0, "error", member.reason, member.detail, locator=within.name)
                yield as_table([row])
            else:
                with member:
                    yield from _member(within, member, functions, depth)

    for item in rows_of(unit, fetcher, watch):
        if isinstance(item, pa.Table):
            yield item
        else:
            problems.append(item)
    if problems:
        yield as_table(problems)


def _member(unit: Unit, stream: BinaryIO, functions: dict[str, ReadFunction], depth: int) -> Iterator[pa.Table]:
    kind = reader_for(unit.name)
    if kind is None:
        try:
            kind = sniff(_beginning(unit, stream))
        except (OSError, Damage):
            kind = None
    fetcher = _Member(stream)
    if kind == "archive" and depth < _DEEPEST:
        yield from _archive(replace(unit, reader=kind), fetcher, functions, depth + 1)
    elif kind in functions:
        member = pa.Table.from_pylist([vars(replace(unit, reader=kind))], UNITS)
        yield from functions[kind](member, fetcher)
    elif unit.size == 0:
        yield as_table([problem_row(unit, 0, "reject", "empty_file", "the file has no bytes", locator=unit.name)])
    else:
        what = "archives are nested too deeply" if kind == "archive" else "neither its name nor its content is known"
        yield as_table([problem_row(unit, 0, "reject", "unknown_format", what, locator=unit.name)])


_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError)
"""RuntimeError: an encrypted member; NotImplementedError: a compression method that zipfile lacks."""


def _beginning(unit: Unit, stream: BinaryIO) -> bytes:
    found = next(chunks(stream, compression_of(unit.name)), b"")[:4096]
    stream.seek(0)
    return found


Members = Iterator[tuple[str, int, BinaryIO | Damage]]


def _members(unit: Unit, stream: BinaryIO) -> Members:
    if stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip(stream)
    stream.seek(0)
    return _tar(unit, stream)


class _ZipMember(io.RawIOBase):
    """A member of a zip archive that says what is wrong with it as every reader expects it: by Damage."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._member.read(len(buffer))
        except _BROKEN as error:
            raise Damage("damaged_member", f"the member cannot be read to its end: {error}") from error
        buffer[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._member.seek(offset, whence)
        except _BROKEN as error:
            raise Damage("damaged_member", f"the member cannot be read to its end: {error}") from error

    def tell(self) -> int:
        return self._member.tell()

    def close(self) -> None:
        if not self.closed:
            self._member.close()
        super().close()


def _zip(stream: BinaryIO) -> Members:
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError) as error:
        raise Damage("damaged_archive", f"not a readable zip file: {error}") from error
    for info in archive.infolist():
        if info.is_dir() or _hidden(info.filename):
            continue
        try:
            yield info.filename, info.file_size, io.BufferedReader(_ZipMember(archive.open(info)), 1 << 16)
        except _BROKEN as error:
            yield info.filename, info.file_size, Damage("damaged_member", f"the member cannot be opened: {error}")


def _tar(unit: Unit, stream: BinaryIO) -> Members:
    lower = unit.name.lower()
    compression = compression_of(lower) or _COMPRESSED.get(lower.rpartition(".")[2])
    pieces = _Ending(chunks(stream, compression))
    source = io.BufferedReader(ChunkReader(pieces), 1 << 20)
    try:
        with tarfile.open(fileobj=source, mode="r|", errorlevel=2) as archive:
            for info in archive:
                if info.isfile() and not _hidden(info.name):
                    yield info.name, info.size, _spooled(archive, info)
            pieces.check(archive.offset)
    except (tarfile.TarError, EOFError) as error:
        raise Damage("damaged_archive", f"the tar archive cannot be read on: {error}") from error


class _Ending:
    """Pieces of a tar stream, watched for the zeros that must end it: tarfile takes any fault there for the end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._size = self._zeros = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        content = len(piece.rstrip(b"\0"))
        self._zeros = len(piece) - content if content else self._zeros + len(piece)
        self._size += len(piece)
        return piece

    def check(self, stopped: int) -> None:
        """Raises Damage unless zeros, and nothing else, follow the byte where reading stopped."""
        for _ in self:
            pass
        if self._size - self._zeros > stopped:
            raise Damage("damaged_archive", f"the tar archive cannot be read on from byte {stopped}")
        if self._zeros < tarfile.BLOCKSIZE:
            raise Damage("truncated_archive", "the tar archive has no end mark: it may be cut off")


def _spooled(archive: tarfile.TarFile, info: tarfile.TarInfo) -> BinaryIO:
    """A seekable copy of a member; beyond 32 MB it lies in a temporary file."""
    held = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    source = archive.extractfile(info)
    left = info.size
    while source is not None and left > 0 and (piece := source.read(min(left, 1 << 20))):
        held.write(piece)
        left -= len(piece)
    if left:
        raise Damage("truncated_archive", f"the archive ends inside the member {info.name}")
    held.seek(0)
    return cast(BinaryIO, held)


def _hidden(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts
