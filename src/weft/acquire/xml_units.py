"""Units of an XML file, found in its bytes as they stream by, so that a broken one costs itself alone."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from weft.acquire.compression import BLOCK, Damage, chunks, compression_of
from weft.acquire.rows import Unit

_LOOK = 256
"""Bytes kept of a block in which nothing was found: a tag name may straddle two."""
_LONGEST_TAG = 1 << 16
_SKIPPED = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_END = re.compile(rb"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*>""")


class Piece(NamedTuple):
    """A whole unit, the start tag of a context element, or what is wrong at a place.

    `content` is in UTF-8; bytes of it that are not valid are left as they are.
    """

    offset: int
    name: str
    content: bytes
    fault: tuple[str, str] | None = None


def pieces_of(
    unit: Unit, stream: BinaryIO, units: tuple[str, ...], context: tuple[str, ...], limit: int, encoding: str | None
) -> Iterator[Piece]:
    """The units of a file and the start tags around them, in order; offsets count bytes of UTF-8.

    A unit ends where its tag is closed, or where another begins or the file ends: that is its fault. Memory is a unit
    of `limit` bytes and a block. A compressed file that is cut gives what it holds, then raises Damage.
    """
    source = _Source(chunks(stream, compression_of(unit.name)), encoding)
    yield from _Framer(source, units, context, limit).pieces()


class _Source:
    """Bytes in UTF-8, of which those before `begin` are gone."""

    def __init__(self, raw: Iterator[bytes], encoding: str | None) -> None:
        self._raw = raw
        self.held = bytearray()
        self.begin = 0
        self.ended = False
        self.damage: Damage | None = None
        first = self._next()
        name = encoding or next((name for mark, name in _MARKS if first.startswith(mark)), None)
        if name is None:
            found = _DECLARED.match(first[:512])
            name = found[1].decode("ascii") if found else "utf-8"
        if name in ("utf-8-sig", "utf-8") and first.startswith(codecs.BOM_UTF8):
            self.begin, first = 3, first[3:]
        self._decoder = _decoder(name)
        self.held += self._recoded(first)

    def _next(self) -> bytes:
        try:
            return next(self._raw, b"")
        except Damage as damage:
            self.damage = damage
            return b""

    def _recoded(self, piece: bytes) -> bytes:
        return piece if self._decoder is None else self._decoder.decode(piece).encode("utf-8", "replace")

    def more(self) -> bool:
        """Read on; false at the end."""
        while not self.ended:
            piece = self._next()
            if not piece:
                self.ended = True
                return False
            if made := self._recoded(piece):
                self.held += made
                return True
        return False

    def drop(self, count: int) -> None:
        del self.held[:count]
        self.begin += count


def _decoder(name: str) -> codecs.IncrementalDecoder | None:
    """None for UTF-8 and for a name that nobody knows: faults of its bytes are found unit by unit."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    if known in ("utf-8", "utf-8-sig", "ascii"):
        return None
    return codecs.getincrementaldecoder(known)("replace")


class _Framer:
    def __init__(self, source: _Source, units: tuple[str, ...], context: tuple[str, ...], limit: int) -> None:
        self.source, self.units, self.limit = source, {name.encode() for name in units}, limit
        names = b"|".join(name.encode() for name in (*units, *context))
        own = b"|".join(sorted(self.units))
        prefix = rb"(?:[A-Za-z_][\w.-]*:)?"
        self._outside = re.compile(rb"<!--|<!\[CDATA\[|<\?|<" + prefix + b"(" + names + rb")(?=[\s/>])")
        self._inside = re.compile(rb"<!--|<!\[CDATA\[|<\?|<(/?)" + prefix + b"(" + own + rb")(?=[\s/>])")
        self._sought: dict[bytes, int] = {}
        self._around = re.compile(b"</" + prefix + b"(?:" + b"|".join(n.encode() for n in context) + rb")(?=[\s>])")

    def pieces(self) -> Iterator[Piece]:
        source = self.source
        while (found := self._search(self._outside, 0)) is not None:
            mark = bytes(found[0])
            if mark in _SKIPPED:
                source.drop(self._past(found.start(), mark))
                continue
            name = bytes(found[1])  # before bytes are dropped: a match looks into them
            source.drop(found.start())
            yield self._unit(name) if name in self.units else self._tag(name)
        if source.damage is not None:
            raise source.damage

    def _search(self, pattern: re.Pattern[bytes], at: int) -> re.Match[bytes] | None:
        """The next match from `at` on, with some bytes after it; before the search outside of units drops bytes."""
        source = self.source
        while True:
            found = pattern.search(source.held, at)
            if found is not None and (found.end() < len(source.held) or source.ended):
                return found
            if found is None:
                at = max(at, len(source.held) - _LOOK)
                if pattern is self._outside and at > BLOCK:
                    source.drop(at)
                    at = 0
                elif at > self.limit + BLOCK:
                    return None
            if not source.more():
                return pattern.search(source.held, at)

    def _past(self, begin: int, mark: bytes) -> int:
        """Where a comment, CDATA or instruction ends; one without an end is passed over as if it were text."""
        source, ending = self.source, _SKIPPED[mark]
        # Where the last search for this ending stopped: many that never end take no longer than one.
        at = max(begin + len(mark), self._sought.get(mark, 0) - source.begin)
        while (end := source.held.find(ending, at)) < 0:
            at = max(at, len(source.held) - len(ending))
            self._sought[mark] = source.begin + at
            if len(source.held) - begin > self.limit or not source.more():
                return begin + len(mark)
        return end + len(ending)

    def _tag(self, name: bytes) -> Piece:
        """The start tag of a context element, as an element without content."""
        size = self._tag_size()
        begin = self.source.begin
        content = bytes(self.source.held[: size or len(name) + 1])
        self.source.drop(len(content))
        if not size:
            return Piece(begin, name.decode(), b"", ("damaged_record", f"the tag <{name.decode()}> does not end"))
        return Piece(begin, name.decode(), content.rstrip(b">").rstrip(b"/") + b"/>")

    def _tag_size(self) -> int:
        source = self.source
        while (found := _END.match(source.held, 1)) is None:
            if len(source.held) > _LONGEST_TAG or not source.more():
                return 0
        return found.end()

    def _unit(self, name: bytes) -> Piece:
        source, begin, shown = self.source, self.source.begin, name.decode()
        size = self._tag_size()
        if not size:
            source.drop(len(name) + 1)
            return Piece(begin, shown, b"", ("damaged_record", f"the tag <{shown}> does not end"))
        if source.held[size - 2 : size] == b"/>":
            return self._taken(begin, shown, size, None)
        at = size
        while (found := self._search(self._inside, at)) is not None:
            mark = bytes(found[0])
            if mark in _SKIPPED:
                at = self._past(found.start(), mark)
            elif found[1]:
                close = source.held.find(b">", found.end())
                while close < 0 and source.more():
                    close = source.held.find(b">", found.end())
                return self._taken(begin, shown, (close + 1) or len(source.held), None)
            else:
                fault = ("damaged_record", f"<{shown}> is not closed before the next one begins")
                return self._taken(begin, shown, found.start(), fault)
            if at > self.limit:
                break
        if len(source.held) > self.limit:
            fault = ("too_large", f"<{shown}> has more than {self.limit >> 20} MB")
            return self._taken(begin, shown, size, fault)
        around = self._around.search(source.held, size)
        what = "its context ends" if around else "the file ends"
        fault = ("damaged_record" if around else "truncated_record", f"<{shown}> is not closed before {what}")
        return self._taken(begin, shown, around.start() if around else len(source.held), fault)

    def _taken(self, begin: int, name: str, size: int, fault: tuple[str, str] | None) -> Piece:
        content = b"" if fault else bytes(self.source.held[:size])
        self.source.drop(size)
        if fault is None and len(content) > self.limit:
            return Piece(begin, name, b"", ("too_large", f"<{name}> has more than {self.limit >> 20} MB"))
        return Piece(begin, name, content, fault)
