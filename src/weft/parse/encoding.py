"""Which encoding bytes are in: byte order mark, valid UTF-8, what is declared, then detection.

Order and detector by the figures of docs/decisions/0004: chardet 7 finds the encoding of 98 % of legacy files.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(
    rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([a-zA-Z0-9_.:-]{2,40})|<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_HEAD = 4096
_SAMPLE = 65_536
# What the web means by these names (WHATWG Encoding Standard, section 4.2).
_WEB_NAMES = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030",
    "gbk": "gb18030", "x-gbk": "gb18030", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "shift_jis": "cp932",
    "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "tis-620": "cp874", "iso-8859-11": "cp874",
    "windows-874": "cp874", "iso-8859-9": "cp1254", "big5": "big5hkscs", "iso-8859-8-i": "iso8859-8",
    "windows-31j": "cp932", "utf8": "utf-8", "unicode": "utf-16", "x-mac-cyrillic": "mac-cyrillic",
    "macintosh": "mac-roman", "x-user-defined": "cp1252",
}  # fmt: skip


_NOT_OF_PAGES = ("punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "charmap", "mbcs", "oem")
"""Codecs of Python that no page is in; some take quadratic time or make half characters."""
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
_HIGH = bytes(range(128, 256))


class Decoded(NamedTuple):
    """Text, the encoding that it was in, how that was found, and how many bytes could not be read."""

    text: str
    encoding: str
    found_by: str
    replaced: int


def decode(payload: bytes, declared: str | None = None, *, markup: bool = False) -> Decoded:
    """The text of bytes; `declared` is what the transport says, `markup` allows a declaration inside.

    Valid UTF-8 with a character outside ASCII is UTF-8 whatever is declared: other encodings hardly ever look so.
    """
    for mark, marked in _MARKS:
        if payload.startswith(mark):
            return _replacing(payload[len(mark) :], marked, "mark")
    said = [declared] if declared else []
    if markup:
        said += [m.decode("ascii") for found in _DECLARED.findall(payload[:_HEAD]) for m in found if m]
    names = [name for one in said if (name := known_encoding(one)) is not None]
    wide = next((name for name in names if name.startswith(("utf-16", "utf-32"))), None)
    if wide and _has_controls(payload[:_HEAD]):
        return _replacing(payload, wide, "declared")
    names = [
        name for name in names if not name.startswith(("utf-16", "utf-32"))
    ]  # without control bytes it is not: a page was saved anew
    seven_bit = any(name.startswith(("iso2022", "hz", "utf_7")) for name in names)
    try:
        if not seven_bit:
            text = payload.decode("utf-8")
            return Decoded(text, "utf-8", "declared" if "utf-8" in names else "valid", 0)
    except UnicodeDecodeError as error:
        # A cut at the end, or a stray byte, does not make a UTF-8 page anything else.
        if "utf-8" in names and (error.start > 0.999 * len(payload) or _mostly_utf8(payload)):
            return _replacing(payload, "utf-8", "declared")
    for name in names:
        if name != "utf-8":
            try:
                return Decoded(payload.decode(name), name, "declared", 0)
            except UnicodeDecodeError:
                continue
    if _mostly_utf8(payload):
        return _replacing(payload, "utf-8", "detected")
    return _replacing(payload, _detected(payload) or (names[0] if names else "cp1252"), "detected")


def known_encoding(name: str) -> str | None:
    """Python's name of an encoding that a page or server declares; None for one that nobody knows."""
    web = _WEB_NAMES.get(name.strip().lower(), name.strip().lower())
    try:
        found = codecs.lookup(web)
    except (LookupError, ValueError):
        return None
    return found.name if found._is_text_encoding and found.name not in _NOT_OF_PAGES else None


def _has_controls(head: bytes) -> bool:
    """Whether more than one byte in fifty is a control, as in UTF-16 of any script, and in no other text."""
    return (len(head) - len(head.translate(None, _CONTROLS))) * 50 > len(head)


def _mostly_utf8(payload: bytes) -> bool:
    """Whether nearly all bytes above ASCII form UTF-8 sequences."""
    sample = payload[: 4 * _SAMPLE]
    high = min(len(sample), _SAMPLE) - len(sample[:_SAMPLE].translate(None, _HIGH))
    if not high:
        return True
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return bad * 20 < len(text.encode("utf-8")) - text.isascii() and bad * 10 < high


def _detected(payload: bytes) -> str | None:
    import chardet

    sample = payload if len(payload) <= _SAMPLE else payload[: _SAMPLE // 2] + payload[-_SAMPLE // 2 :]
    found = chardet.detect(sample)["encoding"]
    return known_encoding(found) if found else None


def _replacing(payload: bytes, name: str, found_by: str) -> Decoded:
    text = payload.decode(name, "replace")
    replaced = text.count("\ufffd")
    if replaced and name == "utf-8":
        replaced -= payload.count(b"\xef\xbf\xbd")
    return Decoded(text, name, found_by, max(replaced, 0))
