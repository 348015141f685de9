"""The pipeline's identifier: languages, groups, noise, refusals, hints, candidates, input that is no text."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.label.lid import identify, lid
from weft.label.script import script
from weft.language.model import packaged
from weft.language.recipe import Shape
from weft.language.training import fit
from weft.model.languages import GROUPS

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
INDONESIAN = "Anak-anak pergi ke sekolah setiap pagi dan pulang ke rumah pada sore hari."


def labelled(texts: list[str | None], hints: list[str | None] | None = None, **parameters: Any) -> list[Any]:
    table = pa.table({"text": pa.array(texts, pa.large_string())})
    held = script()(table).append_column("language_hint", pa.array(hints or [None] * len(texts), pa.string()))
    found: list[Any] = lid(**parameters)(held)["lid"].to_pylist()
    return found


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_languages(code: str) -> None:
    row = identify([SENTENCES[code]]).to_pylist()[0]
    assert identify(SENTENCES[code]).to_pylist() == [row]  # a text is no list of letters
    assert row["lid"]["language"] == code and row["lid"]["reason"] is None
    assert row["alternatives"][0]["language"] == code
    assert labelled([SENTENCES[code]])[0]["language"] == code


@pytest.mark.parametrize("small", [False, True])
def test_both_models_that_are_carried_know_them(small: bool) -> None:
    assert [row["language"] for row in labelled([*SENTENCES.values()], small=small)] == [*SENTENCES]


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("", "und_Zyyy", "no_letters"),
        ("!? …", "und_Zyyy", "no_letters"),
        ("😀😀", "und_Zyyy", "no_letters"),
        ("ab", "und_Latn", "too_short"),
        ("a\u0301", "und_Latn", "too_short"),
        ("xq zzkw pfft qwx vbnk rrtz", "und_Latn", "unknown"),
        ("ᚁᚂᚃᚄᚅᚆᚇ ᚈᚉᚊ", "und_Ogam", "unknown_script"),
        ("12 34 56.7 89", "und_Zyyy", "no_letters"),
        ("12.5 € 13.99 € 2024-05-06 kg 1,000,000", "zxx_Latn", "numbers"),
        ("for (int i = 0; i < n; i++) { sum += values[i]; if (sum > limit) return null; }", "zxx_Latn", "code"),
        ("Дети идут в школу каждое утро".encode().decode("cp1252", "replace"), "zxx_Latn", "mojibake"),
        ("Дети идут в школу каждое утро и вечером".encode().decode("cp1251", "replace"), "zxx_Cyrl", "mojibake"),
    ],
)
def test_what_is_no_known_language(text: str, language: str, reason: str) -> None:
    (found,) = labelled([text])
    assert (found["language"], found["reason"]) == (language, reason)


def test_candidates_decide_within_a_group() -> None:
    for code in ("ind_Latn", "zsm_Latn"):
        assert labelled([INDONESIAN], among=[code, "swh_Latn"])[0]["language"] == code
    assert labelled([SENTENCES["khm_Khmr"]], among=["swh_Latn"])[0]["reason"] == "no_candidate"


@pytest.mark.parametrize("name", ["default", "small"])
def test_groups_have_a_member_whose_lists_serve_all(name: Any) -> None:
    families = packaged(name).families
    assert set(families) == set(GROUPS) and all(GROUPS[group] in members for group, members in families.items())


def test_a_candidate_that_the_model_does_not_know() -> None:
    with pytest.raises(WeftError, match=r"does not know qya_Latn"):
        lid(among=("qya_Latn",))


def test_stated_languages_are_not_read_and_the_others_are() -> None:
    texts = [SENTENCES["swh_Latn"], None, SENTENCES["rus_Cyrl"], SENTENCES["swh_Latn"]]
    rows = labelled(texts, ["sw", "sw", "sw", None], trust_hint=True)
    assert [row and (row["language"], row["reason"]) for row in rows] == [
        ("swh_Latn", "stated"), None, ("rus_Cyrl", None), ("swh_Latn", None)
    ]  # fmt: skip


def test_letters_beyond_the_first_are_not_read() -> None:
    text = SENTENCES["swh_Latn"] + " " + SENTENCES["rus_Cyrl"] * 20
    assert labelled([text], most_letters=50)[0]["language"] == "swh_Latn"
    assert labelled([text])[0]["language"] == "rus_Cyrl"


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of two invented languages."""
    draw = random.Random(1)
    rows = [
        (language, " ".join(draw.choices(words.split(), k=6)))
        for language, words in (("aaa_Cyrl", "бока томи нере суки лора"), ("bbb_Cyrl", "жыжу щёха ґуля їва өңө"))
        for _ in range(60)
    ]
    frame = pl.DataFrame(rows, schema=["language", "text"], orient="row").with_columns(source=pl.lit("x"), weight=1.0)
    file = tmp_path_factory.mktemp("model") / "own.npz"
    fit(frame, Shape(bits=12, width=8, draws=4_000)).save(file)
    return str(file)


def test_a_model_of_ones_own(model_file: str) -> None:
    assert labelled(["бока томи нере бока томи"], model=model_file)[0]["language"] == "aaa_Cyrl"
    with pytest.raises(ValueError, match="exclude one another"):
        lid(model=model_file, small=True)
    with pytest.raises(WeftError, match=r"no\.npz: cannot be read"):
        lid(model="no.npz")


@pytest.mark.parametrize(
    "text", ["x" * 10_000_000, "\x00\x01" * 50 + "hello", "\u202e" * 100, "\ufffd" * 40, "ߒߞߏ ߞߊ߲ " * 9]
)
def test_strange_text_never_raises(text: str) -> None:
    assert identify([text]).num_rows == 1


def test_null_is_null() -> None:
    assert identify(pa.array([None], pa.large_string()))["lid"].to_pylist() == [None]
