from __future__ import annotations

import unicodedata
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import string_buffers
from weft.text.shingles import LONG_WORDS
from weft.text.units import units


def pieces(text: str) -> list[tuple[str, int]]:
    """The units of a text, and the letters that each counts for."""
    raw = text.encode()
    starts, places, letters, hashes = units(string_buffers(pa.array([text], pa.large_string())))
    assert starts.tolist() == [0, len(hashes)]
    return [(raw[a:b].decode(), n) for (a, b), n in zip(places.tolist(), letters.tolist(), strict=True)]


def hashes(text: str) -> list[int]:
    return units(string_buffers(pa.array([text], pa.large_string())))[3].tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" …\n", []),
        ("Habari, ya  asubuhi!", [("Habari", 6), ("ya", 2), ("asubuhi", 7)]),
        ("a b", [("a", 1), ("b", 1)]),
        ("don't l'eau", [("don't", 4), ("l'eau", 4)]),
        ("ọ̀kọ̀", [("ọ̀kọ̀", 5)]),
        ("ข่าว", [("ข", -1), ("่", -1), ("า", -1), ("ว", -1)]),
        ("AI ข่าว2", [("AI", 2), ("ข", -1), ("่", -1), ("า", -1), ("ว", -1), ("2", 1)]),
        ("བོད་ཡིག", [(letter, -1) for letter in "བོདཡིག"]),
        ("می‌خواهم", [("می‌خواهم", 7)]),
        ("a" * LONG_WORDS, [("a" * LONG_WORDS, LONG_WORDS)]),
        ("a" * (LONG_WORDS + 1) + " b", [("a", -1)] * (LONG_WORDS + 1) + [("b", 1)]),
    ],
)
def test_words_where_they_are_spaced_and_characters_where_not(text: str, expected: list[tuple[str, int]]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ΟΔΟΣ οδος", "οδος ΟΔΟΣ"),
        ("don't", "don’t"),
        ("can‑not", "can not"),
        ("كتـــاب", "كتاب"),
        ("می‌خواهم", "میخواهم"),
        ("བོད་ཡིག", "བོད ཡིག"),
        ("ก ข", "กข"),
    ],
)
def test_the_same_units(one: str, other: str) -> None:
    assert hashes(one) == hashes(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ขาว", "ข่าว"), ("ọkọ", "oko"), ("ab c", "a bc"), ("a1", "a2"), ("ab", "ba"), ("ā", "a")]
)
def test_other_units(one: str, other: str) -> None:
    assert hashes(one) != hashes(other)


@given(st.text(st.sampled_from("abcéñ ,.\n-"), max_size=60))
def test_words_are_the_runs_of_letters(text: str) -> None:
    folded = "".join(a if unicodedata.category(a)[0] in "LMN" else " " for a in text)
    expected = [(w, len(w)) for w in folded.split()]
    if all(size <= LONG_WORDS for _, size in expected):
        assert pieces(text) == expected


@given(st.lists(st.text(max_size=30), max_size=8))
def test_texts_do_not_touch_one_another(texts: list[str]) -> None:
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    starts, _, _, found = units(string_buffers(pa.array(clean, pa.large_string())))
    assert [found[a:b].tolist() for a, b in pairwise(starts.tolist())] == [hashes(t) for t in clean]
