"""More pieces for the tokenizers that people have: old ids stay, new languages need fewer tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.errors import WeftError
from weft.tokenizer.loaded import Loaded, encoded, from_content, load
from weft.tokenizer.making import Made, Plan, make

from .models import SENTENCES, made, write
from .test_training import HARD, back, rows_of

AMHARIC = [
    "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው",
    "የተፈጥሮ ማስተዋልና ሕሊና ስላለው አንዱ ሌላውን በወንድማማችነት መንፈስ መመልከት ይገባዋል",
    "እያንዳንዱ ሰው የዘር የቀለም የጾታ የቋንቋ የሃይማኖት ልዩነት ሳይኖር መብት አለው",
    "ሁሉም ሰው የመኖር ነጻነትና ደህንነቱ የመጠበቅ መብት አለው",
]
SWAHILI = [
    "watu wote wamezaliwa huru hadhi na haki zao ni sawa",
    "wote wamejaliwa akili na dhamiri hivyo yapasa watendeane kindugu",
    "kila mtu anastahili kuwa na haki zote na uhuru wote",
    "kila mtu ana haki ya kuishi uhuru na usalama wa nafsi yake",
]
KINDS = ("own", "unigram", "byte_level", "metaspace_bpe", "metaspace_unigram")


def extended(before: Loaded, more: int = 120, **plan: Any) -> Made:
    rows = rows_of(amh_Ethi=AMHARIC * 3, swh_Latn=SWAHILI * 3)
    return make(rows, Plan(extend=before, vocabulary=before.size + more, hold_out=0, coverage=1.0, **plan))


@pytest.mark.parametrize("kind", KINDS)
def test_old_ids_stay_and_new_text_is_shorter(kind: str, tmp_path: Path) -> None:
    before = load(write(made(kind), tmp_path / "tokenizer.json"))
    result = extended(before)
    after = from_content(result.content, tmp_path / "after.json")
    old, new = before.tokenizer.get_vocab(), after.tokenizer.get_vocab()
    assert {piece: new[piece] for piece in old} == old
    assert before.size < after.size <= before.size + 120 and result.size == after.size
    assert sorted(new.values()) == list(range(after.size))
    for texts in (AMHARIC, SWAHILI):
        shorter = encoded(after, texts)[0].sum() < 0.8 * encoded(before, texts)[0].sum()
        assert shorter or (kind == "metaspace_unigram" and texts is AMHARIC)  # a word was one unknown token there
    assert encoded(after, AMHARIC)[1].sum() < encoded(before, AMHARIC)[1].sum()
    assert abs(int(encoded(after, SENTENCES)[0].sum()) / int(encoded(before, SENTENCES)[0].sum()) - 1) < 0.05
    for section in ("normalizer", "pre_tokenizer", "decoder", "post_processor", "added_tokens"):
        assert result.content[section] == before.content[section]


@pytest.mark.parametrize("kind", KINDS)
def test_it_loads_from_its_file_and_gives_text_back(kind: str, tmp_path: Path) -> None:
    import tokenizers

    before = load(write(made(kind), tmp_path / "tokenizer.json"))
    file = write(extended(before).content, tmp_path / "after.json")
    plain = tokenizers.Tokenizer.from_file(str(file))
    after = load(file)
    texts = [*AMHARIC, *SWAHILI, *SENTENCES, *(HARD if kind != "metaspace_unigram" else ())]
    for text in texts:
        if back(before, text) == text or text in (*AMHARIC, *SWAHILI):
            assert back(after, text) == text
        assert plain.encode(text).ids == after.tokenizer.encode(text).ids
    for token in before.content["added_tokens"]:
        assert plain.token_to_id(token["content"]) == token["id"]


def test_text_of_old_unigram_pieces_is_divided_as_before(tmp_path: Path) -> None:
    before = load(write(made("metaspace_unigram"), tmp_path / "tokenizer.json"))
    after = from_content(extended(before).content, tmp_path / "after.json")
    scores = {piece: score for piece, score in after.content["model"]["vocab"]}
    assert all(scores[piece] == score for piece, score in before.content["model"]["vocab"])
    assert min(scores.values()) == min(score for _, score in before.content["model"]["vocab"])
    assert before.tokenizer.encode("жук").ids == after.tokenizer.encode("жук").ids


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    before = load(write(made("byte_level"), tmp_path / "tokenizer.json"))
    assert extended(before).content == extended(before).content


def test_an_old_file_with_merges_as_text(tmp_path: Path) -> None:
    content = made("byte_level")
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    before = load(write(content, tmp_path / "tokenizer.json"))
    after = from_content(extended(before).content, tmp_path / "after.json")
    assert encoded(after, SWAHILI)[0].sum() < encoded(before, SWAHILI)[0].sum()


def test_a_vocabulary_with_gaps(tmp_path: Path) -> None:
    content = made("byte_level")
    for token in content["added_tokens"]:
        content["model"]["vocab"][token["content"]] = token["id"] = token["id"] + 40
    before = load(write(content, tmp_path / "tokenizer.json"))
    after = from_content(extended(before).content, tmp_path / "after.json")
    old, new = before.tokenizer.get_vocab(), after.tokenizer.get_vocab()
    assert {piece: new[piece] for piece in old} == old and len(set(new.values())) == len(new)


def test_the_report_has_both(tmp_path: Path) -> None:
    before = load(write(made("own"), tmp_path / "tokenizer.json"))
    plan = Plan(extend=before, vocabulary=before.size + 50, hold_out=0.3)
    result = make(rows_of(amh_Ethi=[f"{text} {n}" for n in range(4) for text in AMHARIC]), plan)
    assert result.table["tokenizer"].to_list() == ["before", "after"]
    first, second = result.table["fertility"].to_list()
    assert second < first and result.summary["after"]["broken_share"] < result.summary["before"]["broken_share"]


def test_texts_that_are_only_measured(tmp_path: Path) -> None:
    before = load(write(made("own"), tmp_path / "tokenizer.json"))
    measured = rows_of(eng_Latn=list(SENTENCES), swh_Latn=SWAHILI[:1])
    plan = Plan(extend=before, vocabulary=before.size + 50, hold_out=0)
    result = make(rows_of(amh_Ethi=AMHARIC, swh_Latn=SWAHILI), plan, measured=measured)
    assert result.table["language"].to_list() == ["eng_Latn", "swh_Latn"] * 2
    assert result.shares.select("language", "texts").rows() == [("amh_Ethi", 4), ("swh_Latn", 3)]
    with pytest.raises(WeftError, match="no text is left to train on"):
        make(measured, plan, measured=measured)


def test_models_to_which_nothing_can_be_added(tmp_path: Path) -> None:
    before = load(write(made("wordpiece"), tmp_path / "tokenizer.json"))
    with pytest.raises(WeftError, match=r"tokenizer\.json: a WordPiece model.*expected BPE or Unigram"):
        extended(before)


def test_a_size_that_it_has_already(tmp_path: Path) -> None:
    before = load(write(made("own"), tmp_path / "tokenizer.json"))
    with pytest.raises(WeftError, match=f"--vocabulary {before.size}: .* has {before.size} already; expected more"):
        extended(before, more=0)
