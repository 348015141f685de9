"""Which reader a file needs, by its ending or first bytes, and where a large file may be cut."""

from __future__ import annotations

import re

from weft.acquire.compression import ENDINGS as COMPRESSION_ENDINGS
from weft.acquire.compression import MAGIC, compression_of

ENDINGS: dict[str, tuple[str, ...]] = {
    "warc": (".warc", ".wet", ".arc"),
    "html": (".html", ".htm", ".xhtml", ".xht"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet", ".pq"),
    "table": (".csv", ".tsv", ".tab"),
    "archive": (".zip", ".tar", ".tgz", ".tzst"),
    "plain_text": (".txt", ".text"),
    "tmx": (".tmx",),
    "xliff": (".xlf", ".xliff", ".sdlxliff"),
    "po": (".po",),
}
"""Bare endings of each reader; all but Parquet may be followed by one of compression."""
_BY_ENDING = {ending: reader for reader, endings in ENDINGS.items() for ending in endings}
STATED: dict[str, tuple[str, ...]] = {"xces": (*(f".xml{packed}" for packed in COMPRESSION_ENDINGS), ".xml")}
"""Endings of readers that have to be named, as too much else ends alike; `moses` has any at all."""
PAIRED = ("tmx", "xliff", "po", "xces", "moses")
"""Readers of which every row is a pair."""
MIXED = ("synthetic",)
"""Readers whose rows say of what kind they are."""
TOGETHER = ("xces", "moses")
"""Readers that read several files of a source at once: what one file gives depends on others."""
LINES_WORTH_CUTTING = 64 << 20
"""Text files below this are read whole: they may be one document each."""
ARC_LINE = re.compile(
    rb"[a-zA-Z][a-zA-Z0-9+.-]*:\S* (?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{2,45}|-) \d{8,17} [^\n]{0,1000}?\d+\r?\n"
)
WARC_LINE = re.compile(rb"WARC/[01]\.\d{1,2}\r?\n")
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


def accepted(reader: str) -> tuple[str, ...]:
    """File name endings that a reader takes, most specific first."""
    bare = ENDINGS[reader]
    if reader in ("parquet",):
        return bare
    return tuple(f"{ending}{packed}" for ending in bare for packed in COMPRESSION_ENDINGS) + bare


def reader_for(name: str) -> str | None:
    """The short name of the reader for a file name, or null when its ending says nothing."""
    lower = name.lower()
    compression = compression_of(lower)
    if compression:
        lower = lower[: lower.rindex(".")]
    dot = lower.rfind(".")
    found = _BY_ENDING.get(lower[dot:]) if dot >= 0 else None
    return None if found == "parquet" and compression else found


def sniff(first: bytes) -> str | None:
    """The reader for a file that begins with these (decompressed) bytes; null when they are not text."""
    if first.startswith(b"PAR1"):
        return "parquet"
    if first.startswith(b"PK\x03\x04") or first[257:262] == b"ustar":
        return "archive"
    if is_archived(first):
        return "warc"
    if _PAGE.match(first):
        return "html"
    if first.lstrip().startswith(b'{"'):
        return "jsonl"
    return "plain_text" if first and looks_like_text(first) else None


def is_archived(first: bytes) -> bool:
    """Whether bytes begin a WARC or ARC record."""
    return bool(WARC_LINE.match(first) or first.startswith(b"filedesc:") or ARC_LINE.match(first))


def looks_like_text(first: bytes) -> bool:
    """Whether bytes can be text: no more than one in fifty is a control that text does not use, or UTF-16."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if first.startswith((*MAGIC.values(), b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff")):
        return False
    controls = len(first) - len(first.translate(None, bytes(set(range(32)) - {8, 9, 10, 12, 13, 27})))
    return controls * 50 <= len(first)


def splits(name: str, reader: str, size: int, target_bytes: int) -> list[tuple[int, int]]:
    """Byte ranges of about `target_bytes` that cover a file, a function of its name and size alone.

    Whatever the ranges, the rows are the same: a reader takes exactly the records that begin in its range.
    """
    compression = compression_of(name)
    whole = [(0, size)]
    if reader == "warc":
        divisible = compression in (None, "gz", "zst")
    elif reader == "plain_text":
        divisible = compression is None and size > LINES_WORTH_CUTTING
    else:
        divisible = reader in ("parquet", "synthetic") or (reader == "jsonl" and compression is None)
    if not divisible or target_bytes <= 0 or size <= target_bytes:
        return whole
    count = max(1, round(size / target_bytes))
    return [(size * n // count, size * (n + 1) // count) for n in range(count)]


compression = compression_of
