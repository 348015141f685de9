"""Questions about culture: from native text alone, with evidence that stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.synthesize.recipes import asked, documents, made, pair, refused, said

from weft.errors import WeftError
from weft.synthesize.culture_questions import culture_questions
from weft.synthesize.quoting import places

TEXT = "Kila mwaka watu wa Lamu husherehekea Maulidi.  Mbio za punda hufanyika ufukweni."  # not reviewed
GOOD = {"topic": "customs", "question": "Lamu huwa na mbio zipi?", "answer": "Mbio za punda.", "evidence": TEXT[47:70]}


def _made(*questions: Any, **more: Any) -> tuple[list[dict[str, Any]], list[str]]:
    reply = said(reason="customs", questions=list(questions))
    rows, client = made(culture_questions, documents({"text": TEXT}), {"": reply}, **{"min_words": 3} | more)
    return rows, asked(client)


def test_a_question_has_its_evidence() -> None:
    (row,), (question,) = _made(GOOD)
    note = json.loads(row["note"])
    assert TEXT[note["begin"] : note["end"]] == note["evidence"] == "Mbio za punda hufanyika"
    assert [part["of"] for part in row["parts"]] == [TEXT, TEXT] and row["group_id"] == row["parents"][0]
    assert f"{TEXT}\n</text-" in question and "at most 3" in question and "- food: dishes" in question


@pytest.mark.parametrize(
    "evidence", ["Mbio za ngamia hufanyika", "mbio za punda hufanyika", "Mbio za … ufukweni.", "Mbio", "Donkey races"]
)
def test_evidence_that_does_not_stand_in_the_document(evidence: str) -> None:
    rows, _ = _made(GOOD | {"question": "Wapi?", "evidence": evidence}, GOOD)
    assert refused(rows) == ["no_evidence", None]


def test_the_same_question_counts_once_and_no_more_than_wanted() -> None:
    more = [GOOD | {"question": f"Swali {number}?"} for number in range(9)]
    rows, _ = _made(GOOD, GOOD, *more, most=4)
    assert [row["parts"][0]["text"] for row in rows] == [GOOD["question"], "Swali 0?", "Swali 1?"]
    assert len({row["id"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (said(reason="news", questions=[]), "declined"),
        ("[]", "declined"),
        (said(reason="x", questions=[GOOD | {"topic": "sport"}]), "no_answer"),
        (said(reason="x", questions=[GOOD | {"answer": None}]), "no_answer"),
        (said(reason="x", questions="none"), "no_answer"),
        (said(reason="x", questions=["a"]), "no_answer"),
        ("As an AI I cannot", "no_answer"),
        (None, "no_answer"),
    ],
)
def test_what_gives_no_question(reply: str | None, reason: str) -> None:
    rows, _ = made(culture_questions, documents({"text": TEXT}), {"": reply}, min_words=3)
    assert refused(rows) == [reason]


def test_translated_text_is_not_asked() -> None:
    batch = documents(
        {"text": TEXT, "meta": '{"translated_from": "eng_Latn"}'},
        pair("Every year.", "Kila mwaka."),
        {"text": TEXT, "meta": '{"translated_from": null}'},
    )
    given = {"min_words": 3, "translated_field": "translated_from"}
    rows, client = made(culture_questions, batch, {"": said(reason="x", questions=[GOOD])}, **given)
    assert refused(rows) == ["translated", "other_kind", None] and len(client.asked) == 1


def test_topics_are_those_there_are() -> None:
    _, (question,) = _made(GOOD, topics=["customs"])
    assert "- food" not in question
    with pytest.raises(WeftError, match="expected some of people, places"):
        culture_questions(service="a", topics=["sport"])


def test_quotations_are_found_but_for_white_space() -> None:
    assert places("a b\n c. a  b", "a b") == [(0, 3), (8, 12)]
    assert places("moja (mbili) tatu", "«(mbili)  tatu»") == [(5, 17)]
    assert places("moja", " ") == [] and places("moja", '""') == [] and places("m.ja", "moja") == []
