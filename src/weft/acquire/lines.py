"""Lines of a stream with their byte offsets, of a range or of the whole, each of bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Annotated, BinaryIO, NamedTuple

from pydantic import AfterValidator

from weft.acquire.compression import chunks, compression_of
from weft.acquire.rows import Unit

WIDE = ("utf-16", "utf-32")
_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def _known(name: str) -> str:
    try:
        codecs.lookup(name)
    except (LookupError, ValueError):
        raise ValueError(
            f"no encoding is named {name!r}; expected one such as utf-8, windows-1252 or tis-620"
        ) from None
    return name


Encoding = Annotated[str, AfterValidator(_known)]
"""Name of an encoding that Python knows."""


class Line(NamedTuple):
    """A line without its ending; `content` is null when it is longer than the limit."""

    offset: int
    content: bytes | None
    length: int


def unit_lines(unit: Unit, stream: BinaryIO, limit: int, encoding: str | None = None) -> Iterator[Line]:
    """Lines that begin in the unit's range; offsets count decompressed bytes, of UTF-8 where the file is UTF-16.

    Raises Damage when a compressed stream is cut or corrupt.
    """
    compression = compression_of(unit.name)
    if unit.start > 0:
        stream.seek(unit.start - 1)
    pieces = chunks(stream, compression)
    first = next(pieces, b"")
    wide = _wide(first, encoding) if unit.first else None
    if wide:
        pieces, first = _recoded(first, pieces, wide), b""
    elif unit.first and first.startswith(codecs.BOM_UTF8):
        yield from _lines(first[3:], pieces, 3, limit, None if compression else unit.stop)
        return
    offset = max(0, unit.start - 1)
    stop = None if compression or wide else unit.stop
    found = _lines(first, pieces, offset, limit, stop)
    if unit.start > 0:
        next(found, None)  # the rest of the line before, or nothing when a line ends exactly there
    yield from found


def _lines(first: bytes, pieces: Iterator[bytes], offset: int, limit: int, stop: int | None) -> Iterator[Line]:
    held: list[bytes] = []
    size = 0
    piece: bytes | None = first
    while piece is not None:
        parts = piece.split(b"\n")
        for part in parts[:-1]:
            length = size + len(part)
            content = b"".join((*held, part)) if held else part
            if stop is not None and offset >= stop:
                return
            yield Line(offset, content.removesuffix(b"\r") if length <= limit else None, length)
            offset += length + 1
            held, size = [], 0
        size += len(parts[-1])
        if size <= limit:
            held.append(parts[-1])
        else:
            held = []
        piece = next(pieces, None)
    if size and (stop is None or offset < stop):
        yield Line(offset, b"".join(held).removesuffix(b"\r") if size <= limit else None, size)


def _wide(first: bytes, encoding: str | None) -> str | None:
    """UTF-16 or UTF-32, whose line ends are no single byte, when it is stated or a mark says so."""
    stated = (encoding or "").lower().replace("_", "-")
    if stated.startswith(WIDE):
        return stated
    if encoding:
        return None
    return next((name for mark, name in _MARKS.items() if first.startswith(mark)), None)


def _recoded(first: bytes, pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first).encode("utf-8", "replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def whole(unit: Unit, stream: BinaryIO, limit: int) -> bytes | None:
    """All bytes of a file, decompressed; null when there are more than `limit`. Raises Damage when it is cut."""
    parts: list[bytes] = []
    size = 0
    for piece in chunks(stream, compression_of(unit.name)):
        parts.append(piece)
        size += len(piece)
        if size > limit:
            return None
    return b"".join(parts)
