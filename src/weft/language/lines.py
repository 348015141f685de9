"""Bytes that somebody hands in as texts: lines or whole documents as they come, and where they are no UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

_READ = 1 << 18
"""Bytes that are asked for at once; a stream that has fewer gives what it has."""


class Stream(Protocol):
    """A binary stream that gives what it has: `io.BufferedReader`, standard input's buffer."""

    def read1(self, size: int = -1, /) -> bytes: ...


class Fault(NamedTuple):
    """A byte that is no UTF-8: the line in its file, how many bytes of the line stand before it, and the byte."""

    line: int
    before: int
    byte: int


class Texts(NamedTuple):
    """Texts in their order; `line` is the line at which each begins, `faults` are of those in `broken` (places)."""

    text: list[str]
    line: list[int]
    size: int
    faults: list[Fault]
    broken: frozenset[int]


def lines(stream: Stream) -> Iterator[Texts]:
    """The lines of a stream as they come, without their ends; bytes that are no UTF-8 are read as U+FFFD."""
    held: list[bytes] = []
    first = 1
    while chunk := stream.read1(_READ):
        *whole, rest = chunk.split(b"\n")
        if not whole:
            held.append(rest)
            continue
        whole[0] = b"".join([*held, whole[0]])
        held = [rest]
        yield _texts(whole, first)
        first += len(whole)
    last = b"".join(held)
    if last:
        yield _texts([last], first)


def document(stream: Stream) -> Texts:
    """A stream as one text."""
    chunks = []
    while chunk := stream.read1(_READ):
        chunks.append(chunk)
    data = b"".join(chunks)
    try:
        return Texts([data.decode()], [1], len(data), [], frozenset())
    except UnicodeDecodeError:
        read = _texts(data.split(b"\n"), 1)
        return Texts(["\n".join(read.text)], [1], len(data), read.faults, frozenset({0}))


def _texts(found: list[bytes], first: int) -> Texts:
    size = sum(map(len, found)) + len(found)
    numbers = list(range(first, first + len(found)))
    try:  # all at once, as nearly always
        whole = b"\n".join(found).decode().split("\n")
        return Texts([text.removesuffix("\r") for text in whole], numbers, size, [], frozenset())
    except UnicodeDecodeError:
        texts, faults, broken = [], [], set()
        for place, line in enumerate(found):
            try:
                texts.append(line.decode().removesuffix("\r"))
            except UnicodeDecodeError as error:
                texts.append(line.decode("utf-8", "replace").removesuffix("\r"))
                faults.append(Fault(first + place, error.start, line[error.start]))
                broken.add(place)
        return Texts(texts, numbers, size, faults, frozenset(broken))
