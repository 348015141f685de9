"""Where words stand, by scripts; their bytes put together; characters before bytes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import large_strings, string_buffers
from weft.text.unicode import tables
from weft.text.words import characters_before, find_words, join_words

NAMES = tables().script_names
GROUPS = np.arange(len(NAMES), dtype=np.int32)


def words(*texts: str) -> list[list[tuple[str, str]]]:
    """The words of each text and their scripts."""
    strings = string_buffers(pa.array(texts, pa.large_string()))
    found = find_words(strings, GROUPS)
    data, made = strings.data.tobytes(), [[] for _ in texts]
    for begin, end, group, row in zip(*found, strict=True):
        made[row].append((data[begin:end].decode(), NAMES[group]))
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Habari, dunia!", [("Habari", "Latn"), ("dunia", "Latn")]),
        ("ba3dakom l'école 12 % 3", [("ba3dakom", "Latn"), ("l'école", "Latn")]),
        ("e\u0301te\u0301 T-shirt", [("e\u0301te\u0301", "Latn"), ("T", "Latn"), ("shirt", "Latn")]),
        ("диск CD", [("диск", "Cyrl"), ("CD", "Latn")]),
        ("kεk rεt", [("kεk", "Latn"), ("rεt", "Latn")]),
        ("Google은 좋다", [("Google은", "Latn"), ("좋다", "Hang")]),
        ("我用Google翻译。", [("我用", "Hani"), ("Google", "Latn"), ("翻译", "Hani")]),
        ("می\u200cخواهم", [("می\u200cخواهم", "Arab")]),
        ("' 1 \u0301 👍", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert words(text) == [expected]


def test_rows_keep_their_words() -> None:
    assert words("one two", "", "три") == [[("one", "Latn"), ("two", "Latn")], [], [("три", "Cyrl")]]


@pytest.mark.parametrize(("text", "most"), [("x" * 1_000, 40), ("ខ្ញុំចូលចិត្តអានសៀវភៅ" * 50, 16), ("我" * 500, 16)])
def test_runs_without_end_are_cut_into_pieces(text: str, most: int) -> None:
    pieces = [word for word, _ in words(text)[0]]
    assert "".join(pieces) == text and len(pieces) > 1
    assert all(sum(ch.isalpha() or not ch.isascii() for ch in piece) <= most + 8 for piece in pieces)


@given(st.lists(st.text(max_size=40), max_size=4))
def test_words_lie_in_order_in_their_texts(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    strings = string_buffers(pa.array(texts, pa.large_string()))
    found = find_words(strings, GROUPS)
    assert (found.begin < found.end).all() and (np.diff(found.row) >= 0).all()
    assert (found.begin[1:] >= found.end[:-1]).all()
    assert (found.begin >= strings.offsets[found.row]).all() and (found.end <= strings.offsets[found.row + 1]).all()
    data = strings.data.tobytes()
    for begin, row in zip(found.begin, found.row, strict=True):
        data[strings.offsets[row] : begin].decode()  # no character is divided
    places = np.stack([found.begin, found.end], axis=1).reshape(-1)
    chars = characters_before(strings, np.repeat(found.row, 2), places)
    expected = [
        len(data[strings.offsets[row] : place].decode())
        for row, place in zip(np.repeat(found.row, 2), places, strict=True)
    ]
    assert chars.tolist() == expected


def test_joined_words() -> None:
    strings = string_buffers(pa.array(["één, twee", "три"], pa.large_string()))
    found = find_words(strings, GROUPS)
    data, offsets = join_words(strings.data, found.take(np.array([2, 0, 1])), np.array([0, 2, 2, 3]))
    assert large_strings(data, offsets).to_pylist() == ["три één ", "", "twee "]
