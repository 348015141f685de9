"""What is read of a model's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from weft.synthesize import reading
from weft.synthesize.questions import is_question
from weft.synthesize.serving import shown, word_counts
from weft.synthesize.translating import named


@pytest.mark.parametrize("held", [None, 3, "text", [], {}, {"a": None}, {"a": 3}, {"a": " "}, {"a": "None"}])
def test_what_is_no_text(held: Any) -> None:
    with pytest.raises(ValueError, match="'a'"):
        reading.text(held, "a")


def test_what_is_read() -> None:
    assert reading.text({"a": " b\ud800 "}, "a") == "b?"
    assert reading.optional_text({"a": "null"}, "a") is None and reading.optional_text({}, "a") is None
    assert reading.choice({"a": " Yes "}, "a", ("yes", "no")) == "yes"
    assert reading.flag({"a": False}, "a") is False and reading.number({"a": 2}, "a", 1, 5) == 2.0
    assert reading.items({"a": [1, 2, 3]}, "a", 2) == [1, 2] and reading.items([1], "a", 2) == [1]


@pytest.mark.parametrize(
    ("function", "held"),
    [
        (lambda held: reading.choice(held, "a", ("yes",)), {"a": ["yes"]}),
        (lambda held: reading.choice(held, "a", ("yes",)), {"a": None}),
        (lambda held: reading.flag(held, "a"), {"a": "true"}),
        (lambda held: reading.number(held, "a", 1, 5), {"a": True}),
        (lambda held: reading.number(held, "a", 1, 5), {"a": float("nan")}),
        (lambda held: reading.number(held, "a", 1, 5), {"a": 10**400}),
        (lambda held: reading.items(held, "a", 3), {"a": "b"}),
        (lambda held: reading.items(held, "a", 3), "b"),
    ],
)
def test_what_is_not_as_expected(function: Any, held: Any) -> None:
    with pytest.raises(ValueError, match=r"'a'"):
        function(held)


def test_questions_end_with_the_mark_of_their_script() -> None:
    assert is_question("«Nani?»", "swh_Latn") and is_question("Nini?!", "swh_Latn")
    assert not is_question("", "swh_Latn") and not is_question("Nini? Sawa.", "swh_Latn")


def test_a_long_text_is_shown_up_to_a_sentence() -> None:
    assert shown("Moja mbili. Tatu nne", 100) == "Moja mbili. Tatu nne"
    assert shown("Moja mbili tatu. Nne tano sita", 20) == "Moja mbili tatu."
    assert shown("x" * 50, 20) == "x" * 20


def test_languages_are_told_with_code_and_script() -> None:
    assert named("srp_Cyrl") == "Serbian (srp_Cyrl, Cyrillic script)"


def test_words_are_counted_in_scripts_without_spaces() -> None:
    assert word_counts([]) == []
    assert word_counts(["Mtoto anasoma.", "วันนี้อากาศดีมาก", "!"])[::2] == [2, 0]
    assert word_counts(["วันนี้อากาศดีมาก"])[0] > 2
