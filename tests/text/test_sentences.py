"""Sentences lie in the text in order, hold all of it but white space, and end where a reader would end them."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from weft.text.sentences import sentence_bounds, sentences

ODD = st.sampled_from("a. B!?\n\r\v\f\x85\u2028\u3000。！។።؟।👩‍👧\U0010ffff\u0301'”)")


def cut(text: str) -> list[str]:
    return [text[begin:end] for begin, end in sentence_bounds(text).reshape(-1, 2).tolist()]


def test_marks_of_many_scripts_and_line_ends() -> None:
    assert cut("Habari za asubuhi. Karibu!") == ["Habari za asubuhi.", "Karibu!"]
    assert cut("ሰላም ለዓለም። ይህ ጽሑፍ ነው።") == ["ሰላም ለዓለም።", "ይህ ጽሑፍ ነው።"]
    assert cut("我今天去。天气很好！") == ["我今天去。", "天气很好！"]
    assert cut("यह छोटा है। वह बड़ा है।") == ["यह छोटा है।", "वह बड़ा है।"]
    assert cut("It costs 3.5 euros, e.g. here.") == ["It costs 3.5 euros, e.g. here."]
    assert cut("one\ntwo\r\nthree\u2028four\vfive") == ["one", "two", "three", "four", "five"]


def test_places_are_characters_behind_those_beyond_the_first_plane() -> None:
    text = "👩‍👩‍👧 𞤀𞤣. Then 𠀀 more. End"
    assert cut(text) == ["👩‍👩‍👧 𞤀𞤣.", "Then 𠀀 more.", "End"]


@given(st.text(ODD, max_size=40) | st.text(st.characters(codec="utf-8"), max_size=30))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    bounds = sentence_bounds(text).tolist()
    assert bounds == sorted(bounds) and all(part == part.strip() != "" for part in cut(text))
    assert "".join("".join(cut(text)).split()) == "".join(text.split())


def test_a_column() -> None:
    column = pa.chunked_array([pa.array(["a. B", None], pa.large_string()), pa.array(["", " c "], pa.large_string())])
    assert sentences(column).to_pylist() == [[0, 2, 3, 4], None, [], [1, 2]]
    assert sentences(column.slice(1)).to_pylist() == [None, [], [1, 2]]
    assert len(sentences(column.slice(0, 0))) == 0
