"""Agreement of identifiers: all of them, some of them, ties, silence."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.label.lid_vote import lid_vote
from weft.model.tables import LID
from weft.operators.registry import validate

NAMES = ("lid", "lid_cld3", "lid_langid", "lid_fasttext")


def said(answer: str | None, score: float = 0.5) -> dict[str, Any] | None:
    """`swh_Latn`, or `und_Latn:low_confidence`."""
    if answer is None:
        return None
    code, _, reason = answer.partition(":")
    return {"language": code, "score": score, "script": code[-4:], "reason": reason or None}


def vote(*answers: str | None, agree: int | None = None) -> dict[str, Any]:
    names = NAMES[: len(answers)]
    batch = pa.table(
        {n: pa.array([said(a, 0.1 * (k + 1))], LID) for k, (n, a) in enumerate(zip(names, answers, strict=True))}
    )
    found: dict[str, Any] = lid_vote(identifiers=names, agree=agree)(batch)["lid_vote"][0].as_py()
    return found


@pytest.mark.parametrize(
    ("answers", "agree", "language", "reason"),
    [
        (("swh_Latn", "swh_Latn"), None, "swh_Latn", None),
        (("swh_Latn", "ind_Latn"), None, "und_Latn", "disagree"),
        (("swh_Latn", "swh_Latn", "ind_Latn"), None, "und_Latn", "disagree"),
        (("swh_Latn", "swh_Latn", "ind_Latn"), 2, "swh_Latn", None),
        (("ind_Latn", "swh_Latn", "swh_Latn"), 2, "swh_Latn", None),
        (("ind_Latn", "swh_Latn", "swh_Latn", "ind_Latn"), 2, "und_Latn", "disagree"),  # a tie
        (("swh_Latn", "und_Latn:unknown", "swh_Latn"), 2, "swh_Latn", None),
        (("swh_Latn", "und_Latn:unknown"), None, "und_Latn", "disagree"),
        (("und_Latn:too_short", "und_Latn:too_short"), None, "und_Latn", "too_short"),
        (("und_Latn:unknown", "und_Latn:script_mismatch"), None, "und_Latn", "disagree"),
        (("und_Latn:unknown", "und_Latn:unknown", "und_Latn:unknown"), 2, "und_Latn", "unknown"),
        ((None, "swh_Latn", "swh_Latn"), 2, "swh_Latn", None),
        ((None, "swh_Latn"), None, "und_Latn", "disagree"),
    ],
)
def test_votes(answers: tuple[str | None, ...], agree: int | None, language: str, reason: str | None) -> None:
    found = vote(*answers, agree=agree)
    assert (found["language"], found["script"], found["reason"]) == (language, "Latn", reason)


def test_the_score_is_the_mean_of_those_that_agree() -> None:
    assert vote("swh_Latn", "swh_Latn")["score"] == pytest.approx(0.15)
    assert vote("ind_Latn", "swh_Latn", "swh_Latn", agree=2)["score"] == pytest.approx(0.25)
    assert vote("swh_Latn", "ind_Latn")["score"] == 0.0


def test_many_rows_are_answered_each_by_itself() -> None:
    columns = [["a", None, "c", "und_Latn:unknown"], ["a", None, "d", "und_Latn:unknown"]]
    rows = [[said(c and (c if ":" in c else f"x{c}x_Latn")) for c in column] for column in columns]
    batch = pa.table({n: pa.array(r, LID) for n, r in zip(NAMES[:2], rows, strict=True)})
    whole = lid_vote(identifiers=NAMES[:2])(batch)["lid_vote"].to_pylist()
    assert [r and r["language"] for r in whole] == ["xax_Latn", None, "und_Latn", "und_Latn"]
    assert [r and r["reason"] for r in whole] == [None, None, "disagree", "unknown"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"identifiers": ("lid", "lid")}, "different columns"),
        ({"identifiers": ("lid", "lid_vote")}, "lid_vote not among them"),
        ({"identifiers": ("lid", "lid_cld3"), "agree": 3}, "agree is 3 of 2"),
    ],
)
def test_parameters_that_cannot_be(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        lid_vote(**parameters)


@pytest.mark.parametrize("identifiers", [["lid"], ["lid", "text"], ["lid", "lid.x"]])
def test_columns_that_are_no_identifiers(identifiers: list[str]) -> None:
    with pytest.raises(WeftError, match="identifiers"):
        validate(lid_vote.spec, {"identifiers": identifiers})  # type: ignore[attr-defined]
