"""CLD2: its codes in our form, and what it does not know."""

from __future__ import annotations

import pytest

from weft.label.lid_cld2 import lid_cld2

from .test_adapter import answers
from .test_lid import SENTENCES

MORE = {
    "heb_Hebr": "הילדים הולכים לבית הספר כל בוקר וחוזרים הביתה בערב.",  # CLD2 says iw
    "nob_Latn": "Barna går til skolen hver morgen og kommer hjem igjen om ettermiddagen.",  # no
    "jav_Latn": "Bocah-bocah padha mangkat sekolah saben esuk lan bali mulih nalika sore.",  # jw
}


@pytest.mark.parametrize("code", sorted(SENTENCES | MORE))
def test_languages(code: str) -> None:
    (found,) = answers(lid_cld2(), "lid_cld2", [(SENTENCES | MORE)[code]])
    assert found is not None
    assert (found["language"], found["reason"]) == (code, None)
    assert found["score"] > 0.5


@pytest.mark.parametrize(
    "text", ["ߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫، ߞߊ߲ ߠߎ߬ ߛߓߍ߫ ߟߊ߫.", "\x01\x02 control characters that it refuses"]
)
def test_what_it_does_not_know(text: str) -> None:
    (found,) = answers(lid_cld2(), "lid_cld2", [text])
    assert found is not None and found["language"].startswith("und_") and found["reason"] is not None


def test_the_start_alone_is_read() -> None:
    text = SENTENCES["swh_Latn"] * 2 + SENTENCES["rus_Cyrl"] * 1
    whole, start = (answers(lid_cld2(max_bytes=n), "lid_cld2", [text])[0] for n in (4096, 64))
    assert start is not None and start["language"] == "swh_Latn"
    assert whole is not None and whole["score"] != start["score"]
