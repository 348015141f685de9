"""Records of web archives: WARC, WET (text already extracted) and ARC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from pydantic import Field

from weft.acquire.compression import Codec, Raw, chunks, compression_of
from weft.acquire.formats import accepted, looks_like_text
from weft.acquire.framing import Frame, Wanted, begins_with_arc, member_frames, plain_frames
from weft.acquire.responses import Head, decode_body, media_type, read_fields, read_head
from weft.acquire.rows import (
    MEGABYTE,
    READS,
    WRITES,
    Row,
    Unit,
    as_json,
    moment,
    problem,
    reader,
)
from weft.operators.contract import ReadFunction, operator

_TYPE = re.compile(rb"\nwarc-type:[ \t]*(response|resource|conversion)[ \t]*\r?\n", re.IGNORECASE)
_PAGES = {"application/xhtml+xml", "application/xml", "application/octet-stream", "unknown/unknown", "no-type/unknown"}
_ROWS = ("response", "resource", "conversion")
_NO_ROWS = ("request", "metadata", "warcinfo", "revisit")
_MEDIA = ("image/", "audio/", "video/", "font/", "application/")
_NO_TEXT_HEAD = 4096


@operator(
    "acquire.warc",
    version=1,
    reads=READS,
    writes=WRITES,
    rows="make",
    libraries=("zstandard", "brotli"),
    accepts=accepted("warc"),
)
def warc(*, max_record_mb: Annotated[int, Field(ge=1, le=1024)] = 256) -> ReadFunction:
    """Response, resource and conversion records of WARC, WET and ARC files, damaged ones included as problems.

    A record longer than `max_record_mb` is refused. WARC 1.1 (ISO 28500:2017); ARC 1.0 (Internet Archive, 1996).
    """
    limit = max_record_mb * MEGABYTE

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row]:
        for frame in _frames(unit, stream, limit):
            row = _row(unit, frame, limit)
            if row is not None:
                yield row

    return reader(records)


def _frames(unit: Unit, stream: BinaryIO, limit: int) -> Iterator[Frame]:
    compression = compression_of(unit.name)
    if compression in ("bz2", "xz"):
        raw, compression = Raw(_Held(stream, compression)), None
    else:
        raw = Raw(stream)
    head = raw.at(0, 4)
    if compression is None and head[:3] == b"\x1f\x8b\x08":
        compression = "gz"
    codec = Codec(compression, raw) if compression else None
    arc = begins_with_arc(raw, codec, unit.name)
    wanted: Wanted = _wanted_arc if arc else _wanted
    if codec is None:
        return plain_frames(raw, unit.start, unit.stop, arc=arc, limit=limit, wanted=wanted)
    return member_frames(codec, unit.start, unit.stop, arc=arc, limit=limit, wanted=wanted)


class _Held:
    """A bzip2 or xz file as the plain stream in it; both are rare and are read from the start."""

    def __init__(self, stream: BinaryIO, compression: str) -> None:
        self._stream, self._compression = stream, compression
        self._at = 0
        self.seek(0)

    def seek(self, offset: int) -> int:
        if offset < self._at or offset == 0:
            self._stream.seek(0)
            self._pieces, self._left, self._at = chunks(self._stream, self._compression), b"", 0
        while self._at < offset and self.read(min(offset - self._at, MEGABYTE)):
            pass
        return self._at

    def read(self, count: int) -> bytes:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        part, self._left = self._left[:count], self._left[count:]
        self._at += len(part)
        return part


def _wanted(header: bytes, head: bytes) -> bool:
    return bool(_TYPE.search(header)) and _refusal(read_head(head), header, head) is None


def _wanted_arc(header: bytes, head: bytes) -> bool:
    return not header.startswith(b"filedesc:") and _refusal(read_head(head), header, head) is None


def _refusal(response: Head | None, header: bytes, head: bytes) -> dict[str, str] | None:
    """Why a record has nothing to use, as far as its headers and first bytes tell."""
    if response is not None:
        if response.status is not None and not 200 <= response.status < 300:
            return problem("reject", "http_status", f"the server answered {response.status}")
        mime = media_type(response.fields.get("content-type"))[0]
        encoded = "content-encoding" in response.fields or "transfer-encoding" in response.fields
        first = b"" if encoded else head[response.size : response.size + _NO_TEXT_HEAD]
    else:
        mime = _block_type(header)
        first = head[:_NO_TEXT_HEAD]
    if mime and mime not in _PAGES and mime.startswith(_MEDIA):
        return problem("reject", "not_text", f"the content is {mime}")
    if (mime is None or not mime.startswith("text/")) and first and not looks_like_text(first):
        return problem("reject", "not_text", f"the content is binary, declared as {mime or 'nothing'}")
    return None


def _block_type(header: bytes) -> str | None:
    """Content type of a block that is no HTTP response (resource and conversion records)."""
    mime = media_type(read_fields(header).get("content-type"))[0]
    return None if mime == "application/http" else mime


def _row(unit: Unit, frame: Frame, limit: int) -> Row | None:
    arc = not frame.header.startswith(b"WARC/")
    fields = _arc_fields(frame.header) if arc else read_fields(frame.header)
    kind = fields.get("warc-type", "").lower()
    if frame.problem is None and (kind in _NO_ROWS or frame.header.startswith(b"filedesc:")):
        return None
    known = _known(unit, frame, fields)
    if frame.problem is None and kind not in _ROWS:
        what = f"the record has the type {kind[:40]!r}; expected {', '.join(_ROWS)}"
        return Row(**known, problem=problem("error", "unknown_record_type", what))
    if frame.problem is not None:
        fault = "reject" if frame.problem.reason == "too_large" else "error"
        return Row(**known, problem=problem(fault, frame.problem.reason, frame.problem.detail))
    if frame.block is None:
        refusal = _refusal(read_head(frame.head), frame.header, frame.head)
        return Row(**known, problem=refusal or problem("reject", "not_text", "the record was not read"))
    return _document(frame, fields, kind, known, limit)


def _known(unit: Unit, frame: Frame, fields: dict[str, str]) -> dict[str, Any]:
    """Locator, position, time and address, as far as the header tells them."""
    url = fields.get("warc-target-uri", "").strip("<>") or None
    date = fields.get("warc-date")
    parts = [url, date, fields.get("warc-record-id")]
    locator = " ".join(p for p in parts if p) if url and date else f"{unit.name}#{frame.position}"
    return {"locator": locator, "position": frame.position, "collected_at": moment(date), "url": url}


def _document(frame: Frame, fields: dict[str, str], kind: str, known: dict[str, Any], limit: int) -> Row:
    block = frame.block or b""
    meta: dict[str, Any] = {"truncated": fields.get("warc-truncated")}
    declared, charset = media_type(fields.get("content-type"))
    response = read_head(block) if declared in (None, "application/http") else None
    refusal = _refusal(response, frame.header, block[:65536])
    if refusal is not None:
        return Row(**known, problem=refusal)
    if response is not None:
        declared, charset = media_type(response.fields.get("content-type"))
        meta["content_language"] = response.fields.get("content-language")
        body = decode_body(response, block[response.size :], limit)
        meta["transfer_faults"] = list(body.faults)
        if not body.complete:
            return Row(**known, problem=problem("reject", "too_large", f"the decoded content exceeds {limit} bytes"))
        block = body.content
        if "damaged_compression" in body.faults or "cut_compression" in body.faults:
            meta["truncated"] = meta["truncated"] or "damaged"
    elif declared == "application/http":
        declared = None
    if declared in (None, "application/octet-stream", "unknown/unknown", "no-type/unknown"):
        declared = media_type(fields.get("warc-identified-payload-type"))[0] or declared
    if block and not (declared or "").startswith("text/") and not looks_like_text(block[:_NO_TEXT_HEAD]):
        detail = f"the content is binary, declared as {declared or 'nothing'}"
        return Row(**known, problem=problem("reject", "not_text", detail))
    if kind == "conversion":
        meta["identified_language"] = fields.get("warc-identified-content-language")
        return _converted(block, declared, charset, known, meta)
    return Row(**known, mime=declared, charset=charset, payload=block, meta=as_json(meta))


def _converted(
    block: bytes, declared: str | None, charset: str | None, known: dict[str, Any], meta: dict[str, Any]
) -> Row:
    """A WET record: its text as it stands, or its bytes when they are not UTF-8."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        return Row(**known, mime=declared or "text/plain", charset=charset, payload=block, meta=as_json(meta))
    return Row(**known, mime=declared or "text/plain", text=text, meta=as_json(meta))


def _arc_fields(header: bytes) -> dict[str, str]:
    """An ARC record line (URL, IP, date, type, …, length) under the names of WARC fields."""
    parts = header.decode("utf-8", "replace").split()
    if len(parts) < 4 or parts[0].startswith("filedesc:"):
        return {}
    when = moment(parts[2])
    return {
        "warc-type": "response",
        "warc-target-uri": parts[0],
        "warc-date": when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else parts[2],
    }
