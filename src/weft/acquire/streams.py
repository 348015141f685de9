"""Opens units: decompressed when the ending says so, with a clear row when that fails."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

import pyarrow as pa

from weft.acquire.formats import compression
from weft.acquire.rows import Rows, problem
from weft.operators.contract import Fetcher

DAMAGED = (OSError, EOFError, lzma.LZMAError, gzip.zlib.error)  # type: ignore[attr-defined]
"""What decompressors and streams raise on damaged or unreadable input."""


def opened(path: str, name: str, fetcher: Fetcher) -> BinaryIO:
    """A stream of the file's content, decompressed by its ending."""
    return decompressed(fetcher.open(path), name)


def decompressed(raw: BinaryIO, name: str) -> BinaryIO:
    """The content of a stream whose name says how it is compressed."""
    packed = compression(name)
    if packed == "gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    if packed == "bz2":
        return cast(BinaryIO, bz2.BZ2File(raw))
    if packed == "xz":
        return cast(BinaryIO, lzma.LZMAFile(raw))
    if packed == "zst":
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return cast(BinaryIO, io.BufferedReader(cast(Any, _Checked(reader))))
    return raw


class _Checked(io.RawIOBase):
    """Turns zstandard's own error into OSError, which readers expect of a damaged stream."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        import zstandard

        try:
            return int(self._inner.readinto(buffer))
        except zstandard.ZstdError as error:
            raise OSError(f"damaged zstd stream: {error}") from error


def bounded(stream: BinaryIO, most: int) -> bytes | None:
    """The whole content, or None when there is more than `most` bytes."""
    content = stream.read(most + 1)
    return None if len(content) > most else content


UnitReader = Callable[[dict[str, Any], Fetcher, Rows], Iterator[pa.Table]]


def read_units(units: pa.Table, fetcher: Fetcher, read: UnitReader) -> Iterator[pa.Table]:
    """Rows of every unit; a unit that cannot be opened or read to its end gives a problem row, the rest goes on."""
    rows = Rows()
    for unit in units.to_pylist():
        if unit["size"] == 0:
            yield from rows.add(unit_problem(unit, "reject", "empty_file", "the file holds no bytes"))
            continue
        try:
            yield from read(unit, fetcher, rows)
        except DAMAGED as error:
            reason = "unreadable_file" if isinstance(error, PermissionError | FileNotFoundError) else "damaged_file"
            yield from rows.add(unit_problem(unit, "error", reason, f"{type(error).__name__}: {error}"))
    yield from rows.flush()


def unit_problem(unit: dict[str, Any], kind: str, reason: str, detail: str) -> dict[str, Any]:
    """The row that says why a file, or the rest of it, could not be read."""
    return {
        "locator": f"{unit['name']}#{unit['start']}" if unit["start"] else unit["name"],
        "position": -1 - unit["start"],
        "problem": problem(kind, reason, detail),
    }
