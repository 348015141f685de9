"""Ragged ends go, prose stays. The sentences were not reviewed by native speakers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.parse.edges import MOST, without_ragged_ends

PROSE = "Leo asubuhi shule mpya ilifunguliwa kijijini na watoto walikuja pamoja na wazazi wao."


@pytest.mark.parametrize(
    "sentence",
    [
        PROSE, "ዛሬ ጠዋት በመንደሩ አዲስ ትምህርት ቤት ተከፈተ።", "今天早上村里开了一所新学校，孩子们和父母一起来了。",
        "आज सुबह गाँव में एक नया विद्यालय खुला।",
        "آج صبح گاؤں میں ایک نیا اسکول کھولا گیا ہے۔", "ယနေ့မနက် ရွာတွင် ကျောင်းသစ်တစ်ကျောင်း ဖွင့်လှစ်ခဲ့သည်။",
        "ព្រឹកនេះសាលារៀនថ្មីមួយត្រូវបានបើកនៅក្នុងភូមិ។",
        "วันนี้ตอนเช้ามีการเปิดโรงเรียนใหม่ในหมู่บ้านและเด็กๆมากับพ่อแม่ของพวกเขาเพื่อดูห้องเรียนใหม่ที่สวยงามมากและสะอาด",
    ],
)  # fmt: skip
def test_menus_around_prose_go_and_the_headline_stays(sentence: str) -> None:
    body = "\n\n".join([sentence] * 6)
    page = f"Home\nAbout\n\nShule mpya\n\n{body}\n\nShare\nTags: a, b\nNext"
    assert without_ragged_ends(page) == f"Shule mpya\n\n{body}"


@pytest.mark.parametrize(
    "text", ["", "a", "one\ntwo\nthree", "mstari mfupi\n" * 20 + PROSE, PROSE, f"{PROSE}\n" + "verse\n" * 20]
)
def test_what_stays_whole(text: str) -> None:
    assert without_ragged_ends(text) == text


@given(st.lists(st.sampled_from(["", "x", "neno", PROSE, "maneno " * 9, PROSE * 2]), max_size=30))
def test_only_ends_go_and_not_much(lines: list[str]) -> None:
    text = "\n".join(lines)
    left = without_ragged_ends(text)
    assert left in text and len(left) >= len(text) * (1 - 2 * MOST) - len(lines) - 2
    assert left.count(PROSE) == text.count(PROSE)
