from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import string_buffers
from weft.text.folded import _may_change, folded_hashes
from weft.text.unicode import SPACE, flat, tables

FOLD = flat(tables().fold)
SPACES = (flat(tables().flags) & SPACE) > 0
POINTS = np.arange(0x110000)
REAL = (POINTS < 0xD800) | (POINTS > 0xDFFF)


def hashes(*texts: str) -> list[tuple[int, int]]:
    high, low = folded_hashes(string_buffers(pa.array(texts, pa.large_string())))
    return list(zip(high.tolist(), low.tolist(), strict=True))


def plain(text: str) -> str:
    """The text folded a character at a time."""
    spaced = "".join(" " if SPACES[ord(char)] else chr(ord(char) + int(FOLD[ord(char)])) for char in text)
    return " ".join(part for part in spaced.split(" ") if part)


def test_every_character_that_changes_is_seen() -> None:
    points = POINTS[REAL & ((FOLD != 0) | SPACES) & (POINTS >= 0x80)].tolist()
    assert len(points) > 1400
    for point in points:
        first = chr(point).encode()
        eight, after = (int.from_bytes(part.ljust(8, b"a"), "little") for part in (first, first[1:]))
        assert int(_may_change(np.uint64(eight), np.uint64(after))) & 0x80, hex(point)


@pytest.mark.parametrize("before", [0, 1, 3, 7, 8, 250, 255, 256, 700])
def test_a_character_is_folded_wherever_it_stands(before: int) -> None:
    points = POINTS[REAL & ((FOLD != 0) | SPACES)][::5].tolist()
    texts = ["a" * before + chr(point) + "दिन" * 120 for point in points]
    assert hashes(*texts) == hashes(*map(plain, texts))


PIECES = ["a", "Z", " ", "  ", "\n", "\t", "\x1f", "दिन ", "é", "É", "ſ", "K", "Ⱥ", "\u00a0", "\u200b", "፡", "ሰላም", "“"]
PIECES += [
    "K" * 20,
    "Доброе УТРО ",
    "今日",
    "\u3000",
    "오늘",
    "𞤀",
    "🙂",
    "ꮳ",
    "a b c d e " * 30,
    "दिन अच्छा है " * 20,
    "\x00",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_like_folding_by_character(pieces: list[str]) -> None:
    text = "".join(pieces)
    folded = plain(text)
    assert hashes(text) == hashes(folded)
    assert plain(folded) == folded and hashes(folded, folded + "x", "") == [
        *hashes(folded),
        *hashes(folded + "x"),
        *hashes(""),
    ]


@given(st.text(max_size=300), st.text(max_size=300))
def test_other_texts_have_other_hashes(first: str, second: str) -> None:
    a, b = hashes(first, second)
    assert (a == b) == (a[0] == b[0]) == (a[1] == b[1]) == (plain(first) == plain(second))


@pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 65, 255, 256, 257, 300, 512, 1000])
def test_each_byte_counts(size: int) -> None:
    texts = ["a" * place + "b" + "a" * (size - place - 1) for place in range(size)]
    texts += ["a" * size, "a" * (size + 1), "a" * size + "\0"]
    assert len({high for high, _ in hashes(*texts)}) == len({low for _, low in hashes(*texts)}) == len(texts)
