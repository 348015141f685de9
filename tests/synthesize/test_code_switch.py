"""Code-switched texts: what is replaced, what never is, and what the note says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.synthesize.code_switch import code_switch
from weft.synthesize.entity_switch import entity_switch
from weft.synthesize.word_translation import word_translation

from .made import documents, made, texts

WORDS = "mtoto anasoma kitabu kizuri nyumbani jioni kesho haraka sana pamoja".split()


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    file = tmp_path / "lexicon.tsv"
    rows = [f"{word}\tEN{n}x" for n, word in enumerate(WORDS)]
    file.write_text("\n".join(["swh_Latn\teng_Latn", *rows]) + "\n", "utf-8")
    return file


@pytest.mark.parametrize("seed", range(5))
def test_the_share_is_kept_and_spans_are_where_the_words_are(lexicon: Path, seed: int) -> None:
    batch = texts("swh_Latn", " ".join(WORDS) + " 😀", "Ñandú " + " ".join(WORDS * 3))
    rows = made(code_switch, batch, lexicon=str(lexicon), into="eng_Latn", versions=5, seed=seed)
    assert len(rows) > 5
    for row in rows:
        note = json.loads(row["note"])
        part = row["parts"][0]
        assert 0.1 <= note["share"] <= 0.4
        switched = [part["text"][span["begin"] : span["end"]] for span in note["switched"]]
        assert switched == [word for word in part["text"].split() if word.startswith("EN")]
        assert note["share"] == pytest.approx(len(switched) / note["content_words"], abs=1e-3)
        back = [WORDS[int(word[2:-1])] if word.startswith("EN") else word for word in part["text"].split()]
        assert " ".join(back) == part["of"]
    per_text = {row["parts"][0]["text"] for row in rows}
    assert len(per_text) == len(rows)


def test_names_addresses_numbers_and_code_stay(lexicon: Path) -> None:
    text = (
        "Alienda na Kitabu Mtoto https://x.org/kitabu kitabu@x.org {kitabu} %(kitabu)s `kitabu na mtoto` "
        "<a kitabu> kitabu-kitabu kitabu_a 3kitabu Dr. Kesho MTOTO"
    )
    rows = made(
        code_switch, texts("swh_Latn", text), lexicon=str(lexicon), into="eng_Latn", least_letters=1, most_share=0.5
    )
    assert [row["problem"]["reason"] for row in rows] == ["too_few_known_words"]


def test_capitals_are_restored_at_the_beginning_of_a_sentence(lexicon: Path) -> None:
    given = texts("swh_Latn", "Mtoto analala. Kesho analala", "Mtoto Kesho analala")
    rows = made(code_switch, given, lexicon=str(lexicon), into="eng_Latn", least_share=0.5, most_share=0.5)
    assert rows[0]["parts"][0]["text"] == "EN0x analala. EN6x analala"
    assert rows[1]["problem"]["reason"] == "too_few_words"  # two capitals in a row are a name


def test_words_to_leave_are_no_content_words(lexicon: Path, tmp_path: Path) -> None:
    (tmp_path / "leave.txt").write_text("SANA\nharaka", "utf-8")
    given = texts("swh_Latn", "sana haraka sana haraka kesho analala")
    parameters = {"lexicon": str(lexicon), "into": "eng_Latn", "leave": str(tmp_path / "leave.txt"), "most_share": 0.5}
    rows = made(code_switch, given, **parameters)
    assert rows[0]["parts"][0]["text"] == "sana haraka sana haraka EN6x analala"
    assert json.loads(rows[0]["note"])["content_words"] == 2


def test_a_text_is_switched_the_same_beside_others(lexicon: Path) -> None:
    rows = [{"id": str(n), "locator": "a", "text": " ".join(WORDS), "language_hint": "swh_Latn"} for n in range(30)]
    parameters = {"lexicon": str(lexicon), "into": "eng_Latn"}
    whole = made(code_switch, documents(rows), **parameters)
    assert made(code_switch, documents(rows[17:18]), **parameters) == whole[17:18]
    assert len({row["parts"][0]["text"] for row in whole}) > 20


def test_translations_are_drawn_by_their_probability(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.tsv"
    file.write_text("swh_Latn\teng_Latn\tprobability\nmtoto\tchild\t0.75\nmtoto\tkid\t0.25\nmtoto\tmtoto\t1\n", "utf-8")
    rows = [{"id": str(n), "text": "mtoto analala", "language_hint": "swh_Latn"} for n in range(400)]
    found = made(code_switch, documents(rows), lexicon=str(file), into="eng_Latn", most_share=0.5)
    told = [row["parts"][0]["text"].split()[0] for row in found]
    assert set(told) == {"child", "kid"} and 70 <= told.count("kid") <= 130
    best = made(word_translation, documents(rows[:3]), lexicon=str(file), into="eng_Latn")
    assert {row["parts"][1]["text"] for row in best} == {"child analala"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("swh_Latn\tfra_Latn\na\tb\n", "no column eng_Latn"),
        ("swh_Latn\teng_Latn\tprobability\na\tb\t7\n", "line 2: probability 7"),
        ("word\teng_Latn\na\tb\n", "expected columns with codes"),
        ("swh_Latn\teng_Latn\na\t\n", "no entry that translates into eng_Latn"),
    ],
)
def test_what_is_no_lexicon_is_one_message(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "lexicon.tsv"
    file.write_text(content, "utf-8")
    with pytest.raises(WeftError, match=said):
        code_switch(lexicon=str(file), into="eng_Latn")
    with pytest.raises(WeftError, match="cannot be read"):
        code_switch(lexicon=str(tmp_path / "none.tsv"), into="eng_Latn")


def test_word_for_word_marks_what_is_unknown(lexicon: Path) -> None:
    given = texts("swh_Latn", "Mtoto analala haraka sana, Juma 3")
    rows = made(word_translation, given, lexicon=str(lexicon), into="eng_Latn", unknown="mark")
    human, own = rows[0]["parts"]
    assert own["text"] == "EN0x ««analala»» EN7x EN8x, Juma 3"
    assert (human["made"], own["made"], own["relation"], own["language"]) == (False, True, "translation", "eng_Latn")
    assert json.loads(rows[0]["note"])["share"] == 0.75
    few = made(word_translation, given, lexicon=str(lexicon), into="eng_Latn", least_share=0.8)
    assert few[0]["problem"]["reason"] == "too_few_known_words"


def test_entities_all_go_to_one_language(tmp_path: Path) -> None:
    file = tmp_path / "entities.tsv"
    rows = ["Q1\tswh_Latn\tMisri", "Q1\tfra_Latn\tÉgypte", "Q1\tdeu_Latn\tÄgypten", "Q2\tswh_Latn\tMto Nile"]
    file.write_text("\n".join(["entity\tlanguage\tlabel", *rows, "Q2\tfra_Latn\tle Nil", "Q2\tdeu_Latn\tNil"]), "utf-8")
    given = texts("swh_Latn", "Mto Nile uko Misri.", "Misri", "Hakuna")
    found = made(entity_switch, given, entities=str(file))
    assert {row["parts"][0]["text"] for row in found[:2]} == {"le Nil uko Égypte.", "Nil uko Ägypten."}
    for row in found[:4]:
        text = row["parts"][0]["text"]
        for span in json.loads(row["note"])["switched"]:
            assert text[span["begin"] : span["end"]] in ("le Nil", "Nil", "Égypte", "Ägypten")
    assert found[4]["problem"]["reason"] == "no_entity"
    only = made(entity_switch, given, entities=str(file), into=["deu_Latn"])
    assert [row["parts"][0]["text"] for row in only if row["parts"]] == ["Nil uko Ägypten.", "Ägypten"]
