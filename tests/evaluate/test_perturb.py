from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from weft.errors import WeftError
from weft.evaluate.perturb import NOISES, Noise, perturbed, robustness
from weft.statistics.resampling import mean
from weft.synthesize.confusions import pieces

# Not reviewed by native speakers.
TEXTS = {
    "yor_Latn": "Ọmọdé náà ń kàwé ní ilé ẹ̀kọ́ lónìí, ó sì ń kọ́ ìṣirò pẹ̀lú àwọn ọ̀rẹ́ rẹ̀.",
    "hin_Deva": "यह एक छोटा वाक्य है। क्षत्रिय अलग हैं, लड़का पढ़ता है और खेलता है।",
    "tha_Thai": "นี่คือประโยคภาษาไทยที่ยาวพอสมควรเพื่อทดสอบการสลับคำ",
    "jpn_Jpan": "今日はとても良い天気ですね。明日も晴れるでしょう。",
    "amh_Ethi": "ሰላም ለዓለም ሁሉ ይሁን ዛሬ ጥሩ ቀን ነው",
    "arb_Arab": "ذَهَبَ الوَلَدُ إلى المَدرَسَةِ في الصباح مع أصدقائه",
}


def _noisy(noise: Noise, strength: float = 0.3, seed: int = 0, prefix: str = "") -> dict[str, str | None]:
    ids = [prefix + code for code in TEXTS]
    found = perturbed(list(TEXTS.values()), ids, list(TEXTS), noise, strength=strength, seed=seed)
    return {code: None if one is None else one.text for code, one in zip(TEXTS, found, strict=True)}


@pytest.mark.parametrize("noise", [noise for noise in NOISES if noise not in ("terms", "mixed")])
def test_no_letter_loses_its_marks(noise: Noise) -> None:
    found = _noisy(noise)
    assert sum(text is not None for text in found.values()) >= 2
    for code, text in found.items():
        if text is None:
            continue
        assert text != TEXTS[code]
        held = {unicodedata.normalize("NFC", one).lower() for one in pieces(TEXTS[code])}
        if noise in ("typos", "order", "spaces", "form"):
            assert {unicodedata.normalize("NFC", one).lower() for one in pieces(text)} <= held | {" "}


def test_what_each_noise_keeps() -> None:
    for code, text in _noisy("order").items():
        assert text is not None and sorted(text) == sorted(TEXTS[code])
    for code, text in _noisy("spaces").items():
        assert text is not None and text.replace(" ", "") == TEXTS[code].replace(" ", "")
    for code, text in _noisy("form").items():
        assert text is None or unicodedata.normalize("NFC", text) == unicodedata.normalize("NFC", TEXTS[code])
    marks = _noisy("diacritics")
    assert marks["tha_Thai"] is None and marks["jpn_Jpan"] is None and marks["amh_Ethi"] is None
    assert marks["arb_Arab"] is not None and len(marks["arb_Arab"]) < len(TEXTS["arb_Arab"])


def test_what_is_drawn_depends_on_id_and_seed_alone() -> None:
    first = _noisy("typos")
    assert first == _noisy("typos") and first != _noisy("typos", seed=1) and first != _noisy("typos", prefix="x")
    alone = perturbed([TEXTS["hin_Deva"]], ["hin_Deva"], ["hin_Deva"], "typos", strength=0.3)[0]
    assert alone is not None and alone.text == first["hin_Deva"]


def test_the_strength_is_a_share_of_the_words() -> None:
    text = " ".join(["mwalimu anafundisha watoto darasani"] * 25)
    for noise, strength in (("typos", 0.1), ("typos", 0.5), ("spaces", 0.2)):
        (found,) = perturbed([text], ["a"], ["swh_Latn"], noise, strength=strength)  # type: ignore[arg-type]
        assert found is not None and found.changes == pytest.approx(100 * strength, abs=1)
    (found,) = perturbed([text], ["a"], ["swh_Latn"], "typos", strength=0.5)
    assert found is not None
    changed = sum(a != b for a, b in zip(found.text.split(" "), text.split(" "), strict=True))
    assert 45 <= changed <= 60  # a letter for one that is the same word's neighbour may touch two words
    (found,) = perturbed([text], ["a"], ["swh_Latn"], "order", strength=0.2)
    assert found is not None and 7 <= found.changes <= 10
    moved = sum(a != b for a, b in zip(found.text.split(" "), text.split(" "), strict=True))
    assert moved == 2 * found.changes


def test_wrong_terms_of_several_words() -> None:
    terms = {"swh_Latn": [("shinikizo la damu", "kisukari"), ("homa", "kikohozi")]}
    texts = ["Ana shinikizo la damu leo", "Ana afya njema"]
    found = perturbed(texts, ["a", "b"], ["swh_Latn"] * 2, "terms", terms=terms, strength=1)
    assert found[0] is not None and found[0].text == "Ana kisukari leo"
    assert found[1] is None


def test_what_cannot_be_is_refused_or_left() -> None:
    assert perturbed(["", "12 http://a.org"], ["a", "b"], ["swh_Latn"] * 2, "typos") == [None, None]
    assert perturbed([], [], [], "order") == []
    with pytest.raises(WeftError, match="did you mean typos"):
        perturbed(["a"], ["a"], ["swh_Latn"], "typo")  # type: ignore[arg-type]
    with pytest.raises(WeftError, match="no terms"):
        perturbed(["a"], ["a"], ["swh_Latn"], "terms")
    with pytest.raises(WeftError, match="strength is 0"):
        perturbed(["a"], ["a"], ["swh_Latn"], "typos", strength=0)
    with pytest.raises(WeftError, match="2 ids for 1 texts"):
        perturbed(["a"], ["a", "b"], ["swh_Latn"], "typos")


def test_robustness_is_what_is_left_with_paired_bounds() -> None:
    draws = np.random.default_rng(3)
    right = (draws.random(400) < 0.8).astype(float)
    lost = right * (draws.random(400) < 0.75)
    ones = np.ones(400)
    found = robustness(np.stack([right, ones], 1), np.stack([lost, ones], 1), mean, samples=2000)
    assert found.value == pytest.approx(lost.sum() / right.sum())
    assert found.low < found.value < found.high
    # Noise that changes nothing leaves all, and pairs show it: there is no spread.
    same = robustness(np.stack([right, ones], 1), np.stack([right, ones], 1), mean, samples=500)
    assert (same.value, same.low, same.high) == (1, 1, 1)
    ran = np.arange(400) < 10
    part = robustness(np.stack([right, ones], 1), np.stack([lost, ones], 1), mean, ran=ran, samples=200)
    assert part.items == 10 and part.value == pytest.approx(lost[:10].sum() / right[:10].sum())
    with pytest.raises(WeftError, match="no item was run"):
        robustness(np.stack([right, ones], 1), np.stack([lost, ones], 1), mean, ran=np.zeros(400))
