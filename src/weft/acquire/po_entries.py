"""Entries of a gettext PO file: their lines, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from weft.acquire.lines import Line

_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_KEYWORD = re.compile(rb"(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d{1,2})\])?)\s*(?=\")")
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*')


class NotAnEntry(ValueError):
    """Lines that make no entry; the message says what was expected."""


@dataclass
class Entry:
    """One message, its texts still in the bytes of the file."""

    offset: int
    obsolete: bool = False
    flags: set[str] = field(default_factory=set)
    references: list[bytes] = field(default_factory=list)
    comments: dict[str, bytes] = field(default_factory=dict)
    """Extracted comments of the form `#. name: value`."""
    texts: dict[str, bytes] = field(default_factory=dict)
    """By keyword: msgctxt, msgid, msgid_plural, msgstr, msgstr[0], …"""

    def forms(self) -> list[bytes]:
        """The translations by plural form."""
        return [self.texts[name] for name in sorted(self.texts, key=_number) if name.startswith("msgstr[")]


def _number(name: str) -> tuple[int, str]:
    digits = name[7:-1]
    return (int(digits) if digits.isdigit() else -1, name)


def blocks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """The lines of each entry: until a blank line, or until another entry begins after the translation."""
    held: list[Line] = []
    translated = False
    for line in lines:
        bare = _bare(line.content or b"")
        if not bare:
            if held:
                yield held
            held, translated = [], False
            continue
        begins = bare.startswith((b"#", b"msgid", b"msgctxt")) and not bare.startswith(b"msgid_plural")
        if translated and begins:
            yield held
            held, translated = [], False
        held.append(line)
        translated = translated or bare.startswith(b"msgstr")
    if held:
        yield held


def _bare(content: bytes) -> bytes:
    """A line without spaces around it and without the mark of obsolete entries."""
    bare = content.strip()
    return bare[2:].strip() if bare.startswith(b"#~") else bare


def entry(lines: list[Line]) -> Entry | None:
    """What the lines say; None for comments alone. Raises NotAnEntry."""
    made = Entry(lines[0].offset)
    now: str | None = None
    for number, line in enumerate(lines, 1):
        if line.content is None:
            raise NotAnEntry(f"line {number} of the entry is too long")
        bare = line.content.strip()
        if bare.startswith(b"#~"):
            bare, made.obsolete = bare[2:].strip(), True
        if bare.startswith(b"|"):  # the earlier source of an obsolete entry
            continue
        if bare.startswith(b"#"):
            _comment(made, bare)
            continue
        keyword = _KEYWORD.match(bare)
        if keyword:
            now = keyword[1].decode()
            if now in made.texts:
                raise NotAnEntry(f"{now} comes twice")
            made.texts[now] = _string(bare[keyword.end() :], number)
        elif bare.startswith(b'"') and now is not None:
            made.texts[now] += _string(bare, number)
        else:
            shown = bare[:40].decode("utf-8", "replace")
            raise NotAnEntry(f"line {number} of the entry is no keyword with a text in quotes: {shown}")
    if not made.texts:
        return None
    if "msgid" not in made.texts or not any(name.startswith("msgstr") for name in made.texts):
        raise NotAnEntry(f"expected msgid and msgstr, got {', '.join(made.texts)}")
    return made


def _comment(made: Entry, bare: bytes) -> None:
    if bare.startswith(b"#,"):
        made.flags |= {flag.strip().decode("ascii", "replace") for flag in bare[2:].split(b",")}
    elif bare.startswith(b"#:"):
        made.references.append(bare[2:].strip())
    elif bare.startswith(b"#. "):
        name, mark, value = bare[3:].partition(b": ")
        if mark and name.replace(b"-", b"").isalpha() and name.isascii():
            made.comments.setdefault(name.decode(), value.strip())


def _string(given: bytes, number: int) -> bytes:
    parts, at = [], 0
    while at < len(given):
        found = _STRING.match(given, at)
        if found is None:
            raise NotAnEntry(f"line {number} of the entry: the text in quotes does not end")
        parts.append(_ESCAPE.sub(_character, found[1]))
        at = found.end()
    return b"".join(parts)


def _character(found: re.Match[bytes]) -> bytes:
    octal, digits, other = found.groups()
    if octal:
        return bytes([int(octal, 8) & 255])
    if digits:
        return bytes([int(digits, 16)])
    return _NAMED.get(other, other)


@dataclass(frozen=True)
class Header:
    """What the first entry says of the file."""

    charset: str = "utf-8"
    language: str | None = None
    source_language: str | None = None
    singular: int | None = None
    """The plural form that stands for one; None where the file does not say."""

    @classmethod
    def of(cls, text: bytes) -> Header:
        """The header from the translation of the empty message."""
        fields: dict[str, str] = {}
        for line in text.decode("utf-8", "replace").split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name.strip().casefold(), value.strip())
        found = re.search(r"charset=([\w.-]+)", fields.get("content-type", ""))
        charset = found[1] if found and found[1] != "CHARSET" else "utf-8"
        return cls(
            charset,
            fields.get("language") or None,
            fields.get("x-source-language") or None,
            _form_of_one(fields.get("plural-forms", "")),
        )


def _form_of_one(rule: str) -> int | None:
    """The form for one thing by the rule of a Plural-Forms header, a C expression of n."""
    import gettext

    found = re.search(r"plural\s*=\s*([^;]+)", rule)
    if found is None:
        return None
    try:
        return int(gettext.c2py(found[1].strip())(1))
    except (ValueError, RecursionError, ArithmeticError):
        return None
