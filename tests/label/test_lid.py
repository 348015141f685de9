"""The interim identifier: codes, refusals with reasons, and input that is no text."""

from __future__ import annotations

import pyarrow as pa
import pytest

from weft.label.lid import identify

SENTENCES = {
    "swh_Latn": "Watoto wanakwenda shuleni kila siku asubuhi na kurudi nyumbani jioni.",
    "amh_Ethi": "ልጆች በየቀኑ ጠዋት ወደ ትምህርት ቤት ይሄዳሉ።",
    "khm_Khmr": "កុមារទៅសាលារៀនរាល់ថ្ងៃ។",
    "rus_Cyrl": "Каждое утро дети идут в школу, а вечером возвращаются домой и помогают родителям.",
    "urd_Arab": "بچے ہر روز صبح سکول جاتے ہیں اور شام کو گھر آتے ہیں۔",
    "jpn_Jpan": "子供たちは毎朝学校へ行きます。",
    "kor_Hang": "아이들은 매일 아침 학교에 갑니다.",
    "cmn_Hans": "孩子们每天早上去学校读书。",
}


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_languages(code: str) -> None:
    row = identify([SENTENCES[code]]).to_pylist()[0]
    assert identify(SENTENCES[code]).to_pylist() == [row]  # a text is no list of letters
    assert row["lid"]["language"] == code and row["lid"]["reason"] is None
    assert row["alternatives"][0]["language"] == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_letters"),
        ("12 34", "no_letters"),
        ("😀😀", "no_letters"),
        ("ab", "too_short"),
        ("a\u0301", "too_short"),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    lid = identify([text]).to_pylist()[0]["lid"]
    assert lid["language"].startswith("und_") and lid["reason"] == reason


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "\x00\x01" * 50 + "hello", "\u202e" * 100, "\ufffd" * 40, "ߒߞߏ ߞߊ߲ " * 9]
)
def test_strange_text_never_raises(text: str) -> None:
    assert identify([text]).num_rows == 1


def test_null_is_null() -> None:
    assert identify(pa.array([None], pa.large_string()))["lid"].to_pylist() == [None]
