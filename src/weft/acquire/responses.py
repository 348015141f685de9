"""An HTTP response as a crawler stored it: status, headers, and the body with its encodings undone."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.+-]+)", re.IGNORECASE)
_CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_STEP = 65536
_LONGEST = 1 << 18


@dataclass(frozen=True)
class Head:
    """Status line and headers; names lower case, the last of repeated ones. `size` is where the body begins."""

    status: int | None
    fields: dict[str, str]
    size: int


@dataclass(frozen=True)
class Body:
    """Decoded bytes; `faults` says what was wrong with the encodings, `complete` whether the limit held all."""

    content: bytes
    faults: tuple[str, ...]
    complete: bool


def read_head(block: bytes) -> Head | None:
    """The head of a response, or null when the block is none."""
    found = _STATUS.match(block)
    if not found:
        return None
    end = header_end(block) or len(block)
    return Head(int(found[1]), read_fields(block[:end]), end)


def header_end(held: bytes | bytearray) -> int:
    """Where the header ends, its blank line included; 0 when it does not. Lines may end with LF alone."""
    end = held.find(b"\r\n\r\n", 0, _LONGEST) + 4
    bare = held.find(b"\n\n", 0, end if end > 3 else _LONGEST) + 2
    return bare if bare > 1 else end if end > 3 else 0


def read_fields(head: bytes) -> dict[str, str]:
    """`name: value` lines after the first line; a line that begins with white space continues the one before."""
    fields: dict[str, str] = {}
    name = ""
    for line in head.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in " \t" and name:
            fields[name] = f"{fields[name]} {line.strip()}"
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower() if colon else ""
        if name:
            fields[name] = value.strip()
    return fields


def media_type(value: str | None) -> tuple[str | None, str | None]:
    """Type and charset of a Content-Type header, lower case, each null when absent."""
    if not value:
        return None, None
    kind = value.split(";")[0].split(",")[0].strip().lower()
    charset = _CHARSET.search(value)
    return (kind if "/" in kind else None), (charset[1].lower() if charset else None)


def decode_body(head: Head, body: bytes, limit: int) -> Body:
    """The body without chunking and compression. What is declared but not so is left as it is, and said."""
    faults: list[str] = []
    if "chunked" in head.fields.get("transfer-encoding", "").lower():
        body, fault = _dechunked(body)
        faults += [fault] if fault else []
    complete = True
    encodings = [e.strip().lower() for e in head.fields.get("content-encoding", "").split(",")]
    for encoding in reversed([e for e in encodings if e and e not in ("identity", "none", "utf-8")]):
        content, fault, complete = _decompressed(body, encoding, limit)
        faults += [fault] if fault else []
        if content is None:
            break
        body = content
    return Body(body, tuple(faults), complete)


def _dechunked(body: bytes) -> tuple[bytes, str | None]:
    parts: list[bytes] = []
    at = 0
    while found := _CHUNK.match(body, at):
        size = int(found[1], 16)
        at = found.end()
        if size == 0:
            return b"".join(parts), None
        parts.append(body[at : at + size])
        at += size
        at += 2 if body[at : at + 2] == b"\r\n" else int(body[at : at + 1] == b"\n")
    if not parts:
        return body, "not_chunked"
    # What follows a broken chunk header is text still, so it is kept.
    parts.append(body[at:])
    return b"".join(parts), "broken_chunks"


def _decompressed(body: bytes, encoding: str, limit: int) -> tuple[bytes | None, str | None, bool]:
    """Content, fault and whether it is complete; content is null when the body is not so encoded."""
    if encoding in ("gzip", "x-gzip"):
        return _inflated(body, 31, limit)
    if encoding == "deflate":
        plain = _inflated(body, zlib.MAX_WBITS, limit)
        return plain if plain[0] is not None else _inflated(body, -zlib.MAX_WBITS, limit)
    if encoding == "br":
        return _unbrotlied(body, limit)
    if encoding == "zstd":
        return _unzstd(body, limit)
    return None, f"unknown_encoding:{encoding[:20]}", True


def _inflated(body: bytes, bits: int, limit: int) -> tuple[bytes | None, str | None, bool]:
    decoder = zlib.decompressobj(bits)
    try:
        content = decoder.decompress(body, limit)
    except zlib.error:
        return _salvaged(body, bits, limit)
    if decoder.unconsumed_tail:
        return content, None, False
    if not content and not decoder.eof:
        return None, "not_compressed", True
    return content, None if decoder.eof else "cut_compression", True


def _salvaged(body: bytes, bits: int, limit: int) -> tuple[bytes | None, str | None, bool]:
    """What decompresses before the fault."""
    decoder, parts, size = zlib.decompressobj(bits), [], 0
    try:
        for at in range(0, len(body), 256):
            parts.append(decoder.decompress(body[at : at + 256], limit))
            size += len(parts[-1])
            if size > limit:
                return b"".join(parts), None, False
    except zlib.error:
        pass
    return (b"".join(parts), "damaged_compression", True) if size else (None, "not_compressed", True)


def _unbrotlied(body: bytes, limit: int) -> tuple[bytes | None, str | None, bool]:
    import brotli  # type: ignore[import-untyped]

    decoder, parts, size = brotli.Decompressor(), [], 0
    try:
        for at in range(0, len(body), _STEP):
            parts.append(decoder.process(body[at : at + _STEP]))
            size += len(parts[-1])
            if size > limit:
                return b"".join(parts), None, False
    except brotli.error:
        return (b"".join(parts), "damaged_compression", True) if size else (None, "not_compressed", True)
    return b"".join(parts), None if decoder.is_finished() else "cut_compression", True


def _unzstd(body: bytes, limit: int) -> tuple[bytes | None, str | None, bool]:
    import zstandard

    decoder, parts, size = zstandard.ZstdDecompressor().decompressobj(), [], 0
    try:
        for at in range(0, len(body), 4096):
            parts.append(decoder.decompress(body[at : at + 4096]))
            size += len(parts[-1])
            if size > limit:
                return b"".join(parts), None, False
            if decoder.eof:
                return b"".join(parts), None, True
    except zstandard.ZstdError:
        return (b"".join(parts), "damaged_compression", True) if size else (None, "not_compressed", True)
    return b"".join(parts), "cut_compression", True
