"""CLD3: its codes in our form, and what it does not know."""

from __future__ import annotations

import pytest

from weft.label.lid_cld3 import lid_cld3

from .test_adapter import answers
from .test_lid import SENTENCES

MORE = {
    "heb_Hebr": "הילדים הולכים לבית הספר כל בוקר וחוזרים הביתה בערב.",  # CLD3 says iw
    "nob_Latn": "Barna går til skolen hver morgen og kommer hjem igjen om ettermiddagen.",  # no
    "tgl_Latn": "Ang mga bata ay pumapasok sa paaralan tuwing umaga at umuuwi sa hapon.",  # fil
    "bul_Latn": "Vsyaka sutrin detsata otivat na uchilishte i se vrushtat vkushti vecherta.",  # bg-Latn
}


@pytest.mark.parametrize("code", sorted(SENTENCES | MORE))
def test_languages(code: str) -> None:
    (found,) = answers(lid_cld3(), "lid_cld3", [(SENTENCES | MORE)[code]])
    assert found is not None
    assert (found["language"], found["reason"]) == (code, None)
    assert found["score"] > 0.5


def test_a_script_that_it_does_not_know() -> None:
    (found,) = answers(lid_cld3(), "lid_cld3", ["ߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫، ߞߊ߲ ߠߎ߬ ߛߓߍ߫ ߟߊ߫."])
    assert found is not None and found["language"] == "und_Nkoo" and found["reason"] is not None


def test_the_start_alone_is_read() -> None:
    text = SENTENCES["swh_Latn"] * 2 + SENTENCES["rus_Cyrl"] * 1  # Latin has most letters, Russian comes last
    whole, start = (answers(lid_cld3(max_bytes=n), "lid_cld3", [text])[0] for n in (4096, 64))
    assert start is not None and start["language"] == "swh_Latn"
    assert whole is not None and whole["score"] != start["score"]
