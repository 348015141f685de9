"""py3langid: its codes in our form, and text that tells it nothing."""

from __future__ import annotations

import pytest

from weft.label.lid_langid import lid_langid

from .test_adapter import answers
from .test_lid import SENTENCES


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_languages(code: str) -> None:
    (found,) = answers(lid_langid(min_score=0.1), "lid_langid", [SENTENCES[code]])
    assert found is not None
    assert (found["language"], found["reason"]) == (code, None)


@pytest.mark.parametrize("text", ["xqxqxqxqxqxq", "ⵜⴰⵎⴰⵣⵉⵖⵜ ⵜⴰⵎⴰⵣⵉⵖⵜ"])
def test_text_without_a_feature_and_text_of_no_language(text: str) -> None:
    (found,) = answers(lid_langid(min_score=0.0), "lid_langid", [text])  # the second is zxx to it
    assert found is not None and found["language"].startswith("und_") and found["reason"] == "unknown"


def test_the_score_asked_for() -> None:
    text = SENTENCES["swh_Latn"]
    sure, doubtful = (answers(lid_langid(min_score=s), "lid_langid", [text])[0] for s in (0.1, 1.0))
    assert sure is not None and doubtful is not None
    assert sure["reason"] is None and doubtful["reason"] == "low_confidence"
    assert doubtful["language"] == "und_Latn" and doubtful["score"] == sure["score"] < 1
