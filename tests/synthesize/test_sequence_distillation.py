"""A teacher's answers, chosen out of several."""

from __future__ import annotations

import json

import pytest
from tests.synthesize.answers import Answering, documents, made, reasons

from weft.errors import WeftError
from weft.synthesize.sequence_distillation import sequence_distillation

QUESTION = {"text": "Jua huchomoza wapi?", "language": "swh_Latn"}
SAID = ["Jua huchomoza mashariki.", "Sijui.", "Jua huchomoza mashariki kila siku."]


def _rows(said, given=QUESTION, judge=None, **more):
    held = {"judge": "j"} if judge is not None else {}
    function = sequence_distillation(service="t", language="swh_Latn", samples=len(said), **held, **more)
    client = Answering(lambda text, sample: said[sample], by={"judge": judge} if judge else None)
    return made(function, documents(given), client), client


def test_the_answer_that_the_others_agree_with_is_taken() -> None:
    (row,), _ = _rows(SAID)
    assert row["parts"][-1]["text"] == SAID[2] and row["note"]["by"] == "agreement"
    assert (row["note"]["samples"], row["note"]["distinct"], row["note"]["counts"]) == (3, 3, [1, 1, 1])
    assert len(row["calls"]) == 3


def test_an_answer_that_is_given_more_often_agrees_more() -> None:
    (row,), _ = _rows(["Sijui.", SAID[0], "Sijui."])
    assert row["parts"][-1]["text"] == "Sijui." and row["note"]["counts"] == [2, 1]


def test_samples_that_do_not_agree_give_none() -> None:
    (row,), _ = _rows(["Moja.", "Kuku huyu", "Zebe wote"], least_agreement=50)
    assert reasons([row]) == ["disagreement"] and len(row["calls"]) == 3


def test_empty_samples_count_for_nothing() -> None:
    (row,), _ = _rows(["", "  ", SAID[0]])
    assert row["parts"][-1]["text"] == SAID[0] and row["note"]["cut"] == 2
    (row,), _ = _rows(["", ""])
    assert reasons([row]) == ["empty"]


def test_a_judge_has_to_hold_the_same_answer_best_in_both_orders() -> None:
    def fair(text: str, sample: int) -> str:
        places = sorted((text.index(one), n) for n, one in enumerate(SAID))
        return json.dumps({"scores": [{0: 5, 1: 2, 2: 9}[n] for _, n in places]})

    (row,), _ = _rows(SAID, judge=fair)
    assert row["parts"][-1]["text"] == SAID[2] and row["note"]["by"] == "judge" and row["note"]["scores"] == [5, 2, 9]
    assert len(row["calls"]) == 5
    (row,), _ = _rows(SAID, judge=lambda text, sample: '{"scores": [9, 5, 1]}')
    assert reasons([row]) == ["judge_disagrees"]


def test_a_judge_that_cannot_be_read_is_asked_once_more_and_is_then_an_error() -> None:
    (row,), client = _rows(SAID, judge=lambda text, sample: '{"scores": [9, 11, 1]}')
    assert reasons([row]) == ["no_reply"] and client.failed == {0: "reply_unreadable"}
    assert sum("That could not be read: a score is no number from 1 to 10" in one for one in client.asked) == 2


def test_a_conversation_is_shown_whole_and_its_answer_left_out() -> None:
    talk = [
        ("system", "Jibu kwa ufupi."),
        ("user", "Habari?"),
        ("assistant", "Nzuri."),
        ("user", "Jua?"),
        ("assistant", "X"),
    ]
    (row,), client = _rows(["Jua ni nyota."] * 2, {"messages": talk, "language": "swh_Latn"})
    assert "System: Jibu kwa ufupi.\n\nUser: Habari?\n\nAssistant: Nzuri.\n\nUser: Jua?" in client.asked[0]
    assert "X" not in client.asked[0]
    assert [part["role"] for part in row["parts"]] == ["system", "user", "assistant", "user", "assistant"]


def test_what_asks_nothing_is_left() -> None:
    talk = {"messages": [("assistant", "Habari.")], "language": "swh_Latn"}
    assert reasons(_rows(SAID, talk)[0]) == ["other_kind"]
    assert reasons(_rows(SAID, QUESTION, longest=3)[0]) == ["length"]
    with pytest.raises(WeftError, match="expected another one"):
        sequence_distillation(service="t", language="swh_Latn", into="swh_Latn")
