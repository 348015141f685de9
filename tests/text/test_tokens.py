"""Tokens by which translations are compared."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import string_buffers
from weft.text.tokens import NUMBER, PIECE, SIGN, WORD, Tokens, tokens


def _tokens(*texts: str, **more: object) -> Tokens:
    return tokens(string_buffers(pa.array(texts, pa.large_string())), **more)  # type: ignore[arg-type]


def _forms(text: str, **more: object) -> list[str]:
    data = text.encode()
    return [data[begin:end].decode() for begin, end in _tokens(text, **more).places]


def _same(one: str, other: str, **more: object) -> bool:
    found = _tokens(one, other, **more)
    middle = found.starts[1]
    return np.array_equal(found.hashes[:middle], found.hashes[middle:])


def test_words_numbers_and_signs() -> None:
    found = _tokens("Maji ya Ng'ombe, 1,250 H1N1!")
    assert _forms("Maji ya Ng'ombe, 1,250 H1N1!") == ["Maji", "ya", "Ng'ombe", ",", "1", ",", "250", "H1N1", "!"]
    assert found.kinds.tolist() == [WORD, WORD, WORD, SIGN, NUMBER, SIGN, NUMBER, WORD, SIGN]


def test_scripts_without_spaces_are_pairs_of_letters() -> None:
    assert _forms("ខ្ញុំ a") == ["ខ្", "្ញ", "ញុ", "ុំ", "a"]
    assert _forms("水 12 火山") == ["水", "12", "火山"]
    assert _tokens("水 12 火山").kinds.tolist() == [PIECE, NUMBER, PIECE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HABARI", "habari"),
        ("٣٤ ३४", "34 34"),
        ("ＡＢＣ１", "abc1"),
        ("ﺑ\ufe8e", "با"),
        ("ng\u2019ombe", "ng'ombe"),
        ("محمـــد", "محمد"),
        ("so\u00adko", "soko"),
    ],
)
def test_always_the_same(one: str, other: str) -> None:
    assert _same(one, other)
    assert _same(one, other, fold_marks=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ọmọ", "omo"), ("o\u0323mo\u0323", "omo"), ("й", "и"), ("مُحَمَّد", "محمد"), ("שָׁלוֹם", "שלום")],
)
def test_marks_are_folded_when_asked(one: str, other: str) -> None:
    assert not _same(one, other)
    assert _same(one, other, fold_marks=True)


@pytest.mark.parametrize(("one", "other"), [("कि", "का"), ("ကို", "ကာ"), ("ก่า", "กา")])
def test_vowel_signs_are_letters(one: str, other: str) -> None:
    assert not _same(one, other, fold_marks=True)


def test_beginnings_of_words() -> None:
    assert _same("wanafunzi wanakula", "wanafikra wananchi", prefix=4)
    assert not _same("wanafunzi", "wanafikra", prefix=6)
    assert not _same("12345", "12346", prefix=4), "numbers count whole"
    assert _same("ọmọlúàbí", "omoluwa", prefix=4, fold_marks=True)


def test_how_many_of_each_text() -> None:
    found = _tokens("a b c d", "e", "", "水火山川", most=2)
    assert np.diff(found.starts).tolist() == [2, 1, 0, 2]


def test_kinds_are_part_of_a_token() -> None:
    """A word of one letter of a prefix is not the number of that code."""
    found = _tokens("0 O")
    assert found.hashes[0] != found.hashes[1]
