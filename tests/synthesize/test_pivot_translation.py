"""Pairs by a third language."""

from __future__ import annotations

import pytest
from tests.synthesize.answers import Answering, documents, made, reasons

from weft.errors import WeftError
from weft.synthesize.pivot_translation import pivot_translation

SIDES = {"eng_Latn": "The dog sleeps.", "swh_Latn": "Mbwa analala.", "hau_Latn": "Kare yana barci."}


def _rows(answer, *given, **more):
    function = pivot_translation(service="mt", pivot="eng_Latn", into="fra_Latn", **more)
    return made(function, documents(*given), Answering(answer))


def test_every_other_side_makes_a_pair_of_one_group() -> None:
    rows = _rows(lambda said, sample: "Le chien dort.", {"sides": SIDES}, machine=("hau_Latn",), prefix=True)
    assert [(row["language"], row["parts"][1]["made"]) for row in rows] == [("hau_Latn", True), ("swh_Latn", False)]
    assert {row["parts"][0]["text"] for row in rows} == {"<PIV:eng_Latn> Le chien dort."}
    assert len({row["group_id"] for row in rows}) == 1
    assert rows[0]["parts"][1]["of"] == SIDES["eng_Latn"]


def test_what_gives_no_pair_says_why() -> None:
    given = [
        {"sides": {"eng_Latn": "A.", "fra_Latn": "B."}},
        {"sides": {"eng_Latn": "A dog.", "fra_Latn": "Un chien.", "swh_Latn": "Mbwa."}},
        {"sides": {"hau_Latn": "Kare.", "swh_Latn": "Mbwa."}},
        {"sides": {"eng_Latn": "Copied name", "swh_Latn": "Jina"}},
        {"sides": {"eng_Latn": "Said nothing", "swh_Latn": "Hakusema"}},
        {"sides": {"eng_Latn": "Refused", "swh_Latn": "Alikataa"}},
        {"sides": {"eng_Latn": "A" * 30, "swh_Latn": "Ndefu"}},
    ]

    def answer(said: str, sample: int) -> str | None:
        return "Copied name" if "Copied" in said else ("" if "Said nothing" in said else None)

    rows = _rows(answer, *given, longest=20)
    assert reasons(rows) == ["no_pivot", "has_language", "no_pivot", "copied", "empty", "no_reply", "length"]


def test_the_pivot_is_no_language_to_translate_into() -> None:
    with pytest.raises(WeftError, match="another language than the pivot"):
        pivot_translation(service="mt", pivot="fra_Latn", into="fra_Latn")
