"""The text of a record, whatever it came as."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.model.tables import PROBLEM
from weft.operators.contract import BatchFunction, operator

_HTML = ("text/html", "application/xhtml+xml")
_XML = ("application/xml", "text/xml")
_PLAIN = ("text/plain",)
_UNKNOWN = (None, "application/octet-stream", "unknown/unknown", "no-type/unknown", "text/unknown")
_LOOKS_HTML = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body|title|meta|div|p|table|script)\b", re.IGNORECASE)
_BINARY = (b"%PDF-", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"RIFF", b"\x00\x00\x00")
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27})
_READS = ("payload", "mime", "charset", "text", "url", "meta", "problem")
_WRITES = {"text": pa.large_string(), "mime": pa.string(), "meta": pa.string(), "problem": PROBLEM}


@operator(
    "parse.document",
    version=1,
    reads=_READS,
    writes=_WRITES,
    libraries=("Resiliparse", "chardet"),
)
def document(*, time_limit_s: Annotated[float, Field(gt=0, le=600)] = 20) -> BatchFunction:
    """Decoded text, of HTML its main text with paragraphs kept; title, languages, date and more in `meta`.

    Rows that have text pass; rows with a problem pass. A page that is very deep, may have
    thousands of attributes in one tag or is over 5 MB is extracted in a child process with a limit of processor time;
    beyond it, all its text is kept with the tags taken out.
    """
    from weft.parse.guarded import GuardedExtractor

    guarded = GuardedExtractor(time_limit_s)

    def parse(batch: pa.Table) -> pa.Table:
        for name, kind in _WRITES.items():
            if name not in batch.column_names:
                batch = batch.append_column(name, pa.nulls(batch.num_rows, kind))
        opened = pc.invert(_passes(batch))
        names = [name for name in _READS if name in batch.column_names]
        rows = batch.select(names).filter(opened).to_pylist()  # pages become Python strings: the extractor wants them
        if not rows:
            return batch
        made = [_parsed(row, guarded) for row in rows]
        mask = opened.to_numpy(zero_copy_only=False)
        place = pa.array(np.where(mask, batch.num_rows + np.cumsum(mask) - 1, np.arange(batch.num_rows)))
        for name, kind in _WRITES.items():
            column = pa.array([row[name] for row in made], kind)
            if len(made) < batch.num_rows:
                column = pa.concat_arrays([batch[name].combine_chunks().cast(kind), column]).take(place)
            batch = batch.set_column(batch.column_names.index(name), name, column)
        return batch

    return parse


def _passes(batch: pa.Table) -> pa.Array:
    """Rows that have a problem, or text that is not all white space: there is nothing to parse."""
    text = batch["text"].combine_chunks()
    blank = pc.or_(pc.utf8_is_space(text), pc.equal(pc.binary_length(text), 0))
    return pc.or_(pc.is_valid(batch["problem"].combine_chunks()), pc.fill_null(pc.invert(blank), False))


def _parsed(row: dict[str, Any], guarded: Any) -> dict[str, Any]:
    same = {name: row.get(name) for name in ("text", "mime", "meta", "problem")}
    if same["problem"] is not None:
        return same
    if same["text"] is not None:
        return same if same["text"].strip() else same | _reject("no_text", "the record's text is empty")
    payload = row.get("payload")
    if not payload:
        return same | _reject("no_text", "the record holds no bytes")
    kind = _kind(payload, row.get("mime"))
    if kind is None:
        mime = row.get("mime")
        looks = "a binary file" if mime is None or mime in _PLAIN else mime
        return same | _reject("unsupported_mime", f"the content looks like {looks}")
    return same | _text_of(payload, kind, row, guarded)


def _reject(reason: str, detail: str) -> dict[str, Any]:
    return {"problem": {"kind": "reject", "reason": reason, "detail": detail}}


def _kind(payload: bytes, mime: str | None) -> str | None:
    """`html`, `plain`, or None for what is neither, by the content first: servers are often wrong."""
    head = payload[:2048].lstrip()
    if head.startswith(_BINARY):
        return None
    if mime in _HTML:
        return "html"
    if mime in _XML:
        return "html" if re.search(rb"<(?:!doctype\s+html|html)\b", head, re.IGNORECASE) else None
    if mime not in _PLAIN and _LOOKS_HTML.search(head):
        return "html"
    if mime in _PLAIN and re.match(rb"<(?:!doctype\s+html|html)\b", head, re.IGNORECASE):
        return "html"
    if mime in _PLAIN or mime in _UNKNOWN or "/" not in mime:
        return "plain" if _is_text(payload[:2048]) else None
    return None


def _is_text(head: bytes) -> bool:
    """At most one byte in fifty is a control that text does not use; UTF-16 is known by its mark."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 50 <= len(head) or head.startswith((b"\xff\xfe", b"\xfe\xff"))


def _text_of(payload: bytes, kind: str, row: dict[str, Any], guarded: Any) -> dict[str, Any]:
    from weft.parse.encoding import decode
    from weft.parse.page import Page, extract, paragraphs
    from weft.parse.routing import is_suspicious

    decoded = decode(payload, row.get("charset"), markup=kind == "html")
    content = decoded.text.replace("\0", "")
    if kind == "html":
        if decoded.encoding != "utf-8":
            content = content.encode("utf-8", "replace").decode("utf-8")  # lone surrogates stop the extractor
        page = guarded.extract(content) if is_suspicious(content) else extract(content)
    else:
        page = Page(paragraphs(content))
    facts = json.loads(row["meta"]) if row.get("meta") else {}
    facts |= page.meta | {"encoding": decoded.encoding, "encoding_source": decoded.found_by}
    if decoded.replaced:
        facts["replaced"] = decoded.replaced
    made = {
        "text": page.text,
        "mime": "text/html" if kind == "html" else "text/plain",
        "meta": json.dumps(facts, ensure_ascii=False, sort_keys=True),
        "problem": None,
    }
    return made if page.text.strip() else made | {"text": None} | _reject("no_text", "nothing is left without markup")
