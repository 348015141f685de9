"""Native wording against what comes back from English."""

from __future__ import annotations

import pytest
from tests.synthesize.answers import Answering, documents, made, reasons

from weft.errors import WeftError
from weft.synthesize.english_accent import english_accent

NATIVE = "Huamka mapema kila asubuhi akaenda shambani."
ACCENT = "Yeye anaamka mapema kila siku na anakwenda shamba."
ENGLISH = "She wakes early every day and goes to the field."


def _answer(said: str, sample: int) -> str | None:
    return ENGLISH if NATIVE in said else ACCENT if ENGLISH in said else None


def _rows(given, answer=_answer, **more):
    function = english_accent(service="mt", language="swh_Latn", shortest=20, **more)
    client = Answering(answer, by={"returning": _answer})
    return made(function, documents(given), client), client


def _talk(answer: str) -> dict:
    said = [("user", "Bibi hufanya nini?"), ("assistant", answer)]
    return {"messages": said, "language": "swh_Latn"}


def test_the_answer_of_a_conversation_is_chosen() -> None:
    (row,), client = _rows(_talk(NATIVE))
    assert [(part["field"], part["text"], part["relation"]) for part in row["parts"]] == [
        ("prompt", "Bibi hufanya nini?", "human"), ("chosen", NATIVE, "human"), ("rejected", ACCENT, "degraded"),
    ]  # fmt: skip
    assert 0 < row["note"]["round_trip"] < 85 and len(row["calls"]) == 2
    assert "into English" in client.asked[0] and "into Swahili" in client.asked[1]


def test_another_service_may_translate_back() -> None:
    (row,), _ = _rows(_talk(NATIVE), lambda said, sample: ENGLISH if NATIVE in said else "x", returning="other")
    assert row["parts"][-1]["text"] == ACCENT


def test_what_comes_back_as_it_was_or_cut_short_is_no_preference() -> None:
    def back(text: str):
        return lambda said, sample: ENGLISH if NATIVE in said else text

    assert reasons(_rows(_talk(NATIVE), back(NATIVE))[0]) == ["same_answer"]
    assert reasons(_rows(_talk(NATIVE), back(NATIVE.replace("kila", "kira")))[0]) == ["too_alike"]
    assert reasons(_rows(_talk(NATIVE), back("Huamka."))[0]) == ["length_ratio"]
    assert reasons(_rows(_talk(NATIVE), back(""))[0]) == ["no_reply"]
    assert reasons(_rows(_talk(NATIVE), lambda said, sample: None)[0]) == ["no_reply"]


def test_each_paragraph_of_two_sentences_is_one() -> None:
    text = f"Bibi yupo. {NATIVE}\n\nSentensi moja tu ambayo haina nyingine.\n\nBabu yupo. {NATIVE}"
    rows, _ = _rows({"text": text, "language": "swh_Latn"})
    assert [row["parts"][0]["text"] for row in rows] == ["Bibi yupo.", "Babu yupo."]
    assert reasons(_rows({"text": "Fupi.", "language": "swh_Latn"})[0]) == ["no_passage"]


def test_english_has_no_english_accent() -> None:
    with pytest.raises(WeftError, match="expected another one"):
        english_accent(service="mt", language="eng_Latn")
