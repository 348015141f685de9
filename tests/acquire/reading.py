"""What the tests of this room share: files in memory, and the rows a reader makes of them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from weft.acquire import formats
from weft.model.tables import RAW, UNITS
from weft.operators.contract import ReadFunction


class Memory:
    """A fetcher over bytes; a callable in place of bytes makes the stream itself."""

    def __init__(self, files: dict[str, bytes | Callable[[], BinaryIO]]) -> None:
        self.files = files

    def open(self, path: str) -> BinaryIO:
        held = self.files[path]
        return io.BytesIO(held) if isinstance(held, bytes) else held()


def unit(name: str, size: int, start: int = 0, stop: int | None = None, path: str | None = None) -> dict[str, Any]:
    stop = size if stop is None else stop
    return {
        "path": path or name, "name": name, "reader": formats.reader_for(name), "start": start, "stop": stop,
        "size": size,
    }  # fmt: skip


def read(function: ReadFunction, name: str, content: bytes, ranges: list[tuple[int, int]] | None = None) -> list[dict]:
    """All rows of a file, read in one range or in several, each range by itself."""
    rows: list[dict[str, Any]] = []
    for start, stop in ranges or [(0, len(content))]:
        units = pa.Table.from_pylist([unit(name, len(content), start, stop)], UNITS)
        for batch in function(units, Memory({name: content})):
            assert batch.schema == RAW
            assert 0 < batch.num_rows <= 1000
            rows += batch.to_pylist()
    return rows


def cut(size: int, count: int) -> list[tuple[int, int]]:
    return [(size * n // count, size * (n + 1) // count) for n in range(count)]


def reasons(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["problem"] and row["problem"]["reason"] for row in rows]


def page(number: int, size: int = 400) -> bytes:
    filling = " ".join(f"neno{number}x{n}" for n in range(size // 10))
    return f"<html><title>{number}</title><p>Habari za asubuhi {number}. {filling}</p></html>".encode()


def response(body: bytes, *, status: str = "200 OK", headers: str = "Content-Type: text/html; charset=UTF-8") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + body


def record(
    number: int, block: bytes, *, kind: str = "response", length: int | None = None, mime: str = "application/http"
) -> bytes:
    """One WARC record with its blank lines; `length` states another length than the block's."""
    length = len(block) if length is None else length
    return (
        (
            f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://example.org/{number}\r\n"
            f"WARC-Date: 2024-05-0{number % 9 + 1}T10:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number:08d}>\r\n"
            f"Content-Type: {mime}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()
        + block
        + b"\r\n\r\n"
    )


def records(count: int) -> list[bytes]:
    """A crawl of `count` pages with the other records that crawlers write between them."""
    made = [record(0, b"software: test\r\n", kind="warcinfo", mime="application/warc-fields")]
    for number in range(1, count + 1):
        made.append(record(number, b"GET / HTTP/1.1\r\n\r\n", kind="request"))
        made.append(record(number, response(page(number, 200 + 300 * (number % 5)))))
        made.append(record(number, b"fetchTimeMs: 5\r\n", kind="metadata", mime="application/warc-fields"))
    return made


def packed(parts: list[bytes], how: str) -> bytes:
    """Records as a plain, gzip or zstd file with one member for each."""
    squeeze: dict[str, Callable[[bytes], bytes]] = {
        "": bytes, "gz": lambda part: gzip.compress(part, mtime=0), "zst": zstandard.ZstdCompressor().compress
    }  # fmt: skip
    return b"".join(squeeze[how](part) for part in parts)


def parquet_bytes(texts: list[str]) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), held)
    return held.getvalue()
