"""Lines and documents from bytes, in whatever pieces they come."""

from __future__ import annotations

import io

import pytest

from weft.language import lines as module
from weft.language.lines import Fault, document, lines

CONTENT = "één\r\n\nzwei \ufffd\n".encode() + b"caf\xe9 \xff\nlast"


def read(content: bytes) -> tuple[list[str], list[int], list[Fault], list[int]]:
    found = list(lines(io.BufferedReader(io.BytesIO(content))))  # type: ignore[arg-type]
    broken = [part.line[place] for part in found for place in sorted(part.broken)]
    assert all(len(part.text) == len(part.line) for part in found)
    return (
        [text for part in found for text in part.text],
        [line for part in found for line in part.line],
        [fault for part in found for fault in part.faults],
        broken,
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 18])
def test_lines_in_pieces_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ", size)
    texts, numbers, faults, broken = read(CONTENT)
    assert texts == ["één", "", "zwei \ufffd", "caf\ufffd \ufffd", "last"]
    assert numbers == [1, 2, 3, 4, 5] and broken == [4] and faults == [Fault(4, 3, 0xE9)]
    found = document(io.BufferedReader(io.BytesIO(CONTENT)))  # type: ignore[arg-type]
    assert found.text == ["één\n\nzwei \ufffd\ncaf\ufffd \ufffd\nlast"] and found.faults == faults
    assert found.broken == {0} and found.size == len(CONTENT)


def test_nothing_and_ends_of_lines() -> None:
    assert read(b"") == ([], [], [], []) and read(b"\n\n") == (["", ""], [1, 2], [], [])
    assert read("a\u2028b\x0cc\n".encode())[0] == ["a\u2028b\x0cc"]
    assert document(io.BufferedReader(io.BytesIO(b""))).text == [""]  # type: ignore[arg-type]


def test_a_long_line_is_read_once() -> None:
    content = b"x" * 30_000_000 + b"\ny"
    assert [len(text) for text in read(content)[0]] == [30_000_000, 1]
