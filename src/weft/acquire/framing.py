"""Cuts WARC and ARC streams into records, and finds the next record after a damaged one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from weft.acquire.compression import BLOCK, Codec, Damage, Member, Raw
from weft.acquire.formats import ARC_LINE, is_archived
from weft.acquire.responses import header_end

HEADER_LIMIT = 1 << 18
HEAD = 1 << 16
_LOOK = 2048
"""Bytes that are enough to recognise the beginning of a record."""
_STREAMED = 8 << 20
"""Blocks that nobody wants are kept in memory up to here, so that records inside a wrong length are found."""
_WARC_AT = re.compile(rb"WARC/[01]\.\d{1,2}\r?\n")
_WARC_NEXT = re.compile(rb"(WARC/[01]\.\d{1,2}\r?\n[A-Za-z][A-Za-z-]{1,60}:)")
_ARC_AT = re.compile(rb"filedesc:\S* [^\n]*\n|" + ARC_LINE.pattern)
_ARC_NEXT = re.compile(rb"\n(" + ARC_LINE.pattern + rb")")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d+)[ \t]*\r?\n", re.IGNORECASE)
_NEWLINES = b"\r\n"


@dataclass(frozen=True)
class Frame:
    """One record: header and block, or what is wrong with it."""

    position: int
    header: bytes = b""
    block: bytes | None = None
    """Null when the record is damaged, too long, or not wanted."""
    length: int = 0
    problem: Damage | None = None
    head: bytes = b""
    """The first `HEAD` bytes of a block that is not wanted."""


Wanted = Callable[[bytes, bytes], bool]
"""Whether a record is worth keeping, from its header and the first `HEAD` bytes of its block."""


class Source(Protocol):
    """Where a run of records begins and how to read it, from any offset within it, again if need be."""

    def pieces(self, offset: int) -> Iterator[bytes]: ...

    def position(self, offset: int) -> int: ...


class Plain:
    """An uncompressed file from byte `begin` on."""

    def __init__(self, raw: Raw, begin: int) -> None:
        self.raw = raw
        self.begin = begin

    def pieces(self, offset: int) -> Iterator[bytes]:
        at = self.begin + offset
        while piece := self.raw.at(at, BLOCK):
            yield piece
            at += len(piece)

    def position(self, offset: int) -> int:
        return self.begin + offset


class Members:
    """A compressed member that begins a record, with the members that continue it; `end` once read to it."""

    def __init__(self, codec: Codec, begin: int) -> None:
        self.codec = codec
        self.begin = begin
        self.end: int | None = None

    def pieces(self, offset: int) -> Iterator[bytes]:
        at = self.begin
        while True:
            member = Member(self.codec, at)
            while piece := member.read():
                if offset >= len(piece):
                    offset -= len(piece)
                    continue
                yield piece[offset:]
                offset = 0
            at = self.codec.pass_over(member.end or at)
            head = self.codec.head(at)
            if not head or is_archived(head):
                self.end = at
                return

    def position(self, offset: int) -> int:
        return self.begin + offset


class Window:
    """The bytes of a run from a moving offset on, as many as are asked for."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.offset = 0
        self.bytes = bytearray()
        self.ended = False
        self.damage: Damage | None = None
        self._pieces = source.pieces(0)

    def need(self, count: int) -> bool:
        """Hold at least `count` bytes; false when the run ends before."""
        while len(self.bytes) < count and not self.ended:
            try:
                piece = next(self._pieces, b"")
            except Damage as damage:
                self.damage, piece = damage, b""
            self.ended = not piece
            self.bytes += piece
        return len(self.bytes) >= count

    def drop(self, count: int) -> None:
        del self.bytes[:count]
        self.offset += count

    def skip_newlines(self) -> None:
        while self.need(1):
            held = self.bytes[:_LOOK]
            count = len(held) - len(held.lstrip(_NEWLINES))
            self.drop(count)
            if count < len(held):
                return

    def rewind(self, offset: int) -> None:
        """Go back to an offset of the run that has been dropped."""
        self.offset, self.bytes, self.ended, self.damage = offset, bytearray(), False, None
        self._pieces = self.source.pieces(offset)


class Framer:
    """Reads the records of one run in order. `arc` says which of the two formats it holds."""

    def __init__(self, window: Window, *, arc: bool, limit: int, wanted: Wanted) -> None:
        self.window = window
        self.limit = limit
        self.wanted = wanted
        self.arc = arc
        self._distrusts = False
        self._at = _ARC_AT if arc else _WARC_AT
        self._next = _ARC_NEXT if arc else _WARC_NEXT
        # A header whose first field is damaged is no header: who begins to read in the middle of the file looks for a
        # field as well, and the rows may not depend on where reading began.
        self._begins = _ARC_AT if arc else _WARC_NEXT

    def frames(self, stop: int | None = None) -> Iterator[Frame]:
        """Records that begin before `stop` (a position); what damage lies between them is a frame too."""
        window = self.window
        while True:
            window.skip_newlines()
            if not window.need(1):
                if window.damage is not None:
                    yield Frame(self._position(), problem=window.damage)
                return
            window.need(_LOOK)
            if not self._begins.match(window.bytes):
                yield Frame(self._position(), problem=self._fault("no record header where one must begin"))
                self._resynchronise(1)
                continue
            if stop is not None and self._position() >= stop:
                return
            yield self._record()

    def _position(self) -> int:
        return self.window.source.position(self.window.offset)

    def _fault(self, otherwise: str) -> Damage:
        """What stopped the run, once, or that a record is damaged."""
        found, self.window.damage = self.window.damage, None
        return found or Damage("damaged_record", otherwise)

    def _record(self) -> Frame:
        window, position = self.window, self._position()
        size = self._header_size()
        if not size:
            problem = self._fault("the record header does not end")
            self._resynchronise(1)
            return Frame(position, problem=problem)
        header = bytes(window.bytes[:size])
        length = self._length(header)
        if length is None:
            self._resynchronise(size - 1)
            return Frame(position, header, problem=Damage("bad_length", "the record states no length"))
        window.need(size + min(length, HEAD))
        head = bytes(window.bytes[size : size + min(length, HEAD)])
        wanted = self.wanted(header, head)
        if length > (self.limit if wanted else min(self.limit, _STREAMED)):
            return self._streamed(position, header, length, None if wanted else head)
        if not window.need(size + length):
            return self._short(position, header, length)
        ending = self._ending(size + length)
        if ending is not None:
            problem = ending
            if window.damage is None:
                self._resynchronise(size - 1)
            else:
                window.drop(len(window.bytes))
                window.damage = None
            return Frame(position, header, length=length, problem=problem)
        block = bytes(window.bytes[size : size + length]) if wanted else None
        window.drop(size + length)
        return Frame(position, header, block, length, head=b"" if wanted else head)

    def _header_size(self) -> int:
        """Bytes of the header with its ending, 0 when it has none."""
        window, held = self.window, 0
        while True:
            end = window.bytes.find(b"\n", 0, HEADER_LIMIT) + 1 if self.arc else header_end(window.bytes)
            if end or len(window.bytes) > HEADER_LIMIT or len(window.bytes) == held:
                return end
            held = len(window.bytes)
            window.need(held + 4096)

    def _length(self, header: bytes) -> int | None:
        if self.arc:
            last = header.rsplit(None, 1)[-1] if header.strip() else b""
            return int(last) if last.isdigit() and len(last) < 13 else None
        found = _LENGTH.search(header)
        return int(found[1]) if found and len(found[1]) < 13 else None

    def _ending(self, at: int) -> Damage | None:
        """Null when a record may end at `at` in the window: the run ends, or a record or blank line follows."""
        window, ahead = self.window, _LOOK
        while True:
            enough = window.need(at + ahead)
            tail = bytes(window.bytes[at : at + ahead])
            rest = tail.lstrip(_NEWLINES)
            if rest or not enough:
                break
            ahead *= 2
        if not rest:
            return window.damage if window.ended else None
        if self._at.match(rest) or tail.startswith(b"\r\n\r\n") or (self.arc and tail.startswith(b"\n")):
            return None
        return window.damage or Damage("bad_length", "the stated length does not end where the record ends")

    def _short(self, position: int, header: bytes, length: int) -> Frame:
        """The run ends inside the block: cut off, corrupt, or a length that is too long and hides other records."""
        window = self.window
        hidden = self._next.search(window.bytes, len(header) - 1)
        if window.damage is not None:
            problem = window.damage
        elif hidden or not isinstance(window.source, Plain):
            problem = Damage("bad_length", "the stated length reaches beyond the end of the record")
        else:
            problem = Damage("truncated_record", "the file ends inside this record")
        if hidden:
            window.drop(hidden.start(1))
        else:
            window.drop(len(window.bytes))
            window.damage = None
        return Frame(position, header, length=length, problem=problem)

    def _streamed(self, position: int, header: bytes, length: int, head: bytes | None) -> Frame:
        """Pass over a block that is too long to hold, remembering where a record begins inside it.

        `head` is given when the record is not wanted anyway.
        """
        window, left = self.window, length
        begin = window.offset
        inside: int | None = None
        window.drop(len(header) - 1)
        left += 1
        while left and window.need(1):
            window.need(min(left, BLOCK) + _LOOK)
            found = self._next.search(window.bytes) if inside is None else None
            inside = window.offset + found.start(1) if found else inside
            if inside is not None and self._distrusts:
                break
            step = min(left, max(1, len(window.bytes) - _LOOK) if not window.ended else len(window.bytes))
            window.drop(step)
            left -= step
        problem = self._ending(0) if not left else window.damage
        if problem is None and left:
            self._distrusts = True  # a second length like this is not followed again: time stays linear
            problem = Damage("truncated_record", "the file ends inside this record")
        if problem is None:
            if head is not None:
                return Frame(position, header, length=length, head=head)
            too_large = Damage("too_large", f"the record has {length} bytes; the limit is {self.limit}")
            return Frame(position, header, length=length, problem=too_large)
        if inside is not None and inside > begin:
            if inside >= window.offset:
                window.drop(inside - window.offset)
            else:
                window.rewind(inside)
            problem = Damage("bad_length", "the stated length reaches beyond the end of the record")
        elif window.damage is not None:
            window.damage = None
        else:
            self._resynchronise(0)
        return Frame(position, header, length=length, problem=problem)

    def _resynchronise(self, begin: int) -> None:
        """Move to the next record that begins after `begin` in the window, or to the end of the run."""
        window = self.window
        while True:
            found = self._next.search(window.bytes, begin)
            if found:
                window.drop(found.start(1))
                return
            if window.ended:
                window.drop(len(window.bytes))
                return
            # A record header may straddle two pieces, so the last bytes stay.
            window.drop(max(0, len(window.bytes) - 2 * _LOOK))
            begin = 0
            window.need(len(window.bytes) + BLOCK)


def begins_with_arc(raw: Raw, codec: Codec | None, name: str) -> bool:
    """Whether the file holds ARC records, by its first record, or by its name when that is damaged."""
    head = raw.at(0, _LOOK) if codec is None else codec.head(codec.pass_over(0), _LOOK)
    head = head.lstrip(_NEWLINES)
    if _WARC_AT.match(head):
        return False
    return bool(_ARC_AT.match(head)) or ".arc" in name.lower()


def plain_frames(raw: Raw, start: int, stop: int, *, arc: bool, limit: int, wanted: Wanted) -> Iterator[Frame]:
    """Records of an uncompressed file that begin in [start, stop)."""
    begin: int | None = start
    if start > 0:
        begin = _plain_start(raw, start, stop, arc=arc)
    if begin is not None:
        window = Window(Plain(raw, begin))
        yield from Framer(window, arc=arc, limit=limit, wanted=wanted).frames(stop)


def _plain_start(raw: Raw, start: int, stop: int, *, arc: bool) -> int | None:
    """The first record that begins in [start, stop): what a page quotes is told apart by what goes before and after."""
    pattern = _ARC_NEXT if arc else _WARC_NEXT
    at = max(0, start - 4)
    while at < stop:
        block = raw.at(at, BLOCK)
        for found in pattern.finditer(block):
            place = at + found.start(1)
            if place >= stop:
                return None
            if place >= start and (arc or _follows_record(raw, place) or _leads_to_record(raw, place)):
                return place
        if len(block) < BLOCK:
            return None
        at += BLOCK - _LOOK
    return None


def _follows_record(raw: Raw, place: int) -> bool:
    return raw.at(max(0, place - 4), 4) == b"\r\n\r\n"


def _leads_to_record(raw: Raw, place: int) -> bool:
    """Whether the stated length of a record at `place` ends where another begins, or the file ends."""
    header = raw.at(place, HEAD)
    end = header_end(header)
    found = _LENGTH.search(header[:end])
    if not found or len(found[1]) > 12:
        return False
    tail = raw.at(place + end + int(found[1]), _LOOK)
    return bool(_WARC_AT.match(tail.lstrip(_NEWLINES))) or not tail.strip(_NEWLINES)


def member_frames(codec: Codec, start: int, stop: int, *, arc: bool, limit: int, wanted: Wanted) -> Iterator[Frame]:
    """Records whose compressed member begins in [start, stop).

    Bytes after a member that are no member are reported by the range that read that member.
    """
    at = codec.pass_over(0) if start == 0 else codec.find(start, stop, is_archived)
    if start == 0 and not is_archived(codec.head(at)):
        yield Frame(at, problem=Damage("damaged_record", "the file does not begin with a record"))
        at = codec.find(at + 1, stop, is_archived)
    while at < stop and codec.raw.at(at, 1):
        run = Members(codec, at)
        window = Window(run)
        yield from Framer(window, arc=arc, limit=limit, wanted=wanted).frames()
        if run.end is None:
            at = codec.find(at + 1, stop, is_archived)
            continue
        at = run.end
        if codec.raw.at(at, 1) and not is_archived(codec.head(at)):
            yield Frame(at, problem=Damage("damaged_record", f"no {codec.compression} member of a record begins here"))
            at = codec.find(at + 1, stop, is_archived)
