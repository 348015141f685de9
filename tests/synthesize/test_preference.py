"""What a chosen and a rejected answer have to keep."""

from __future__ import annotations

from weft.synthesize.preference import Guards, agreed, faults

CHOSEN = "Watoto wanacheza uwanjani kila jioni baada ya shule."


def _reason(rejected: str, guards: Guards | None = None) -> str | None:
    (found,) = faults([CHOSEN], [rejected], guards or Guards())
    return found and found[0]


def test_a_rejected_answer_of_like_length_and_other_words_makes_a_preference() -> None:
    assert _reason("Wana wa shule hucheza katika kiwanja jioni zote pia.") is None


def test_the_same_answer_is_none() -> None:
    assert _reason(f" {CHOSEN} ") == "same_answer"
    assert _reason(" ") == "same_answer"


def test_lengths_tell_nothing() -> None:
    assert _reason("Hucheza.") == "length_ratio"
    assert _reason("Wana wa shule hucheza katika kiwanja. " * 4) == "length_ratio"
    assert _reason("Hucheza.", Guards(shortest=0.1)) is None


def test_answers_that_differ_by_a_letter_are_too_alike() -> None:
    assert _reason(CHOSEN.replace("jioni", "joini")) == "too_alike"
    assert _reason(CHOSEN.replace("jioni", "joini"), Guards(alike=100)) is None


def test_none_is_asked_about() -> None:
    assert faults([], [], Guards()) == []


def test_a_verdict_stands_where_the_order_did_not_decide() -> None:
    assert [agreed(0, 1), agreed(1, 0), agreed(0, 0), agreed(1, 1)] == [0, 1, None, None]
