"""Noise: how much changes, what never does, and that marks keep their letters."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.synthesize.confusions import learn, pieces
from weft.synthesize.noise import noise

from .made import conversation, documents, made, pair, texts

YORUBA = "Ọmọdé náà ń kàwé ní ilé ẹ̀kọ́ lónìí, ó sì ń kọ́ ìṣirò pẹ̀lú àwọn ọ̀rẹ́ rẹ̀."
HINDI = "यह एक छोटा वाक्य है। क्षत्रिय अलग हैं, लड़का पढ़ता है और खेलता है।"


@pytest.mark.parametrize("seed", range(4))
def test_letters_move_with_their_marks(seed: int) -> None:
    for language, text in (("yor_Latn", YORUBA), ("hin_Deva", HINDI), ("kor_Hang", "나는 오늘 도서관에 갔다가 왔다.")):
        (row,) = made(noise, texts(language, text), kinds=["characters"], seed=seed)
        new, own = pieces(row["parts"][0]["text"]), pieces(text)
        assert {one.lower() for one in new} <= {one.lower() for one in own}
        assert new != own
        told = json.loads(row["note"])["noise"][0]
        assert 0 < told["share"] <= 0.1 and abs(len(new) - len(own)) <= told["changes"]


def test_marks_are_lost_and_nothing_else() -> None:
    (row,) = made(noise, texts("yor_Latn", YORUBA), kinds=["diacritics"], least_share=0.1)
    new = row["parts"][0]["text"]
    assert new != YORUBA

    def bare(text: str) -> str:
        return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))

    assert bare(new) == bare(YORUBA)
    assert (
        sum(a != b for a, b in zip(pieces(new), pieces(YORUBA), strict=True))
        == json.loads(row["note"])["noise"][0]["changes"]
    )


def test_what_is_guarded_stays() -> None:
    guarded = "https://a.org/kitabu 12,5 {jina} %(jina)s `kitabu cha` <b class=x> mtu@a.org"
    rows = made(noise, texts("swh_Latn", guarded, "Mtoto anasoma kitabu " + guarded), kinds=["characters", "keyboard"])
    assert rows[0]["problem"]["reason"] == "nothing_to_change"
    assert rows[1]["parts"][0]["text"].endswith(guarded)


def test_answers_and_the_other_side_are_untouched() -> None:
    asked, answer = "Mji mkuu wa nchi ya Kenya ni upi leo?", "Mji mkuu wa Kenya ni Nairobi."
    given = [
        conversation("swh_Latn", ("system", "Jibu kwa ufupi sana tafadhali"), ("user", asked), ("assistant", answer)),
        pair(swh_Latn=asked, eng_Latn="What is the capital of Kenya today?"),
        pair(fra_Latn="Bonjour à toutes et à tous", eng_Latn="Good morning to you all"),
    ]
    rows = made(noise, documents(given), kinds=["characters"], side="swh_Latn")
    changed = [[part["relation"] for part in row["parts"] or ()] for row in rows]
    assert changed == [["human", "noise", "human"], ["noise", "human"], []]
    assert [part["text"] for part in rows[0]["parts"]][2] == answer
    assert [part["role"] for part in rows[0]["parts"]] == ["system", "user", "assistant"]
    assert rows[1]["parts"][0]["of"] == asked and rows[2]["problem"]["reason"] == "no_such_side"


def test_only_amharic_has_the_homophones_of_amharic() -> None:
    text = "ሰላም ለዓለም። ይህ ጽሑፍ በአማርኛ ነው፤ አጭር ነው።"
    amharic = made(noise, texts("amh_Ethi", text), kinds=["homophones"])
    assert amharic[0]["parts"][0]["text"] != text
    assert made(noise, texts("tir_Ethi", text), kinds=["homophones"])[0]["problem"]["reason"] == "nothing_to_change"


def test_spellings_are_words_of_the_table_or_rules_that_it_shows(tmp_path: Path) -> None:
    file = tmp_path / "spellings.tsv"
    words = [("kitabu", "kitabo"), ("mtu", "mto"), ("sufuri", "sufori"), ("dunia", "dunya")]
    file.write_text("language\tword\tvariant\n" + "".join(f"swh_Latn\t{a}\t{b}\n" for a, b in words), "utf-8")
    text = "Kitabu hiki kizuri sana kimesomwa shuleni na watoto wengi wa hapa"
    spelt = made(noise, texts("swh_Latn", text), kinds=["spelling"], spellings=str(file))
    assert spelt[0]["parts"][0]["text"] == text.replace("Kitabu", "Kitabo")
    assert json.loads(spelt[0]["note"])["noise"] == [{"changes": 1, "kind": "spelling", "share": round(1 / 11, 4)}]
    rule = made(noise, texts("swh_Latn", text), kinds=["learnt"], spellings=str(file), least_share=0.1)
    new = rule[0]["parts"][0]["text"]
    assert new.replace("o", "u") == text.replace("o", "u") and new.count("o") > text.count("o")
    assert learn([("swh_Latn", a, b) for a, b in words[:2]]) == {}
    with pytest.raises(WeftError, match="needs the file"):
        noise(kinds=["learnt"])


def test_kinds_are_drawn_evenly_and_a_text_alone_gives_the_same() -> None:
    rows = [{"id": str(n), "locator": "a", "text": YORUBA, "language_hint": "yor_Latn"} for n in range(200)]
    parameters = {"kinds": ["diacritics", "keyboard", "characters", "homophones"]}
    whole = made(noise, documents(rows), **parameters)
    told = [json.loads(row["note"])["noise"][0]["kind"] for row in whole]
    assert all(40 <= told.count(kind) <= 95 for kind in parameters["kinds"][:3]) and "homophones" not in told
    assert made(noise, documents(rows[7:8]), **parameters) == whole[7:8]
