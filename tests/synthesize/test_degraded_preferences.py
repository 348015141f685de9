"""Preferences of a good answer over a worse one: what is worse, how much, and how often which kind."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.synthesize.degraded_preferences import degraded_preferences
from weft.text.chrf import chrf

from .made import conversation, documents, made, pair, texts

ANSWER = "Mtoto anasoma kitabu kila siku na mwalimu wake shuleni karibu na nyumbani kwa bibi."


def asked(count: int, answer: str = ANSWER) -> Any:
    rows = [conversation("swh_Latn", ("user", "Nani?"), ("assistant", answer)) for _ in range(count)]
    return documents([row | {"id": str(n), "locator": "a"} for n, row in enumerate(rows)])


def test_the_persons_answer_is_chosen_and_the_other_is_within_bounds() -> None:
    rows = made(degraded_preferences, asked(300))
    found: Counter[str] = Counter()
    for row in rows:
        prompt, chosen, rejected = row["parts"]
        note = json.loads(row["note"])
        found[note["type"]] += 1
        assert (prompt["text"], chosen["text"], chosen["relation"]) == ("Nani?", ANSWER, "human")
        assert (rejected["relation"], rejected["of"], rejected["role"]) == ("degraded", ANSWER, "assistant")
        assert 0.67 <= len(rejected["text"]) / len(ANSWER) <= 1.5 and note["grade"] in (1, 2, 3)
        alike = chrf(pa.array([rejected["text"]]), pa.array([ANSWER]), beta=1.0)
        assert float(alike[0]) < 85
        check(note["type"], rejected["text"])
    assert set(found) == {"repeated_tail", "truncated", "shuffled", "noise"}
    assert all(45 <= count <= 105 for count in found.values())


def check(kind: str, text: str) -> None:
    """That the damage is what the note says."""
    if kind == "repeated_tail":
        assert text.startswith(ANSWER) and ANSWER.endswith(text[len(ANSWER) :].strip())
    elif kind == "truncated":
        assert ANSWER.startswith(text)
    elif kind == "shuffled":
        assert sorted(text.rstrip(".").split()) == sorted(ANSWER.rstrip(".").split()) and text.endswith(".")
    else:
        assert kind == "noise" and 0 <= len(ANSWER.split()) - len(text.split()) <= 2


def test_no_kind_has_more_than_its_share() -> None:
    rows = made(degraded_preferences, asked(200), kinds=["truncated", "shuffled"])
    made_of = [json.loads(row["note"])["type"] for row in rows if row["parts"]]
    assert 70 <= len(made_of) <= 130 and max(Counter(made_of).values()) <= 70
    assert {row["problem"]["reason"] for row in rows if row["problem"]} == {"kind_capped"}
    alone = made(degraded_preferences, asked(200).slice(11, 1), kinds=["truncated", "shuffled"])
    assert alone == rows[11:12]


def test_numbers_and_negations(tmp_path: Path) -> None:
    number = made(degraded_preferences, asked(20, "Ni 1963."), kinds=["number"], most=1)
    for row in number:
        text = row["parts"][2]["text"]
        assert text != "Ni 1963." and text.startswith("Ni ") and text[3:7].isdigit() and len(text) == 8
    arabic = made(degraded_preferences, asked(5, "عام ١٩٦٣"), kinds=["number"], most=1)
    assert all(set(row["parts"][2]["text"][4:]) <= set("٠١٢٣٤٥٦٧٨٩") for row in arabic)
    file = tmp_path / "negations.tsv"
    file.write_text("language\tword\nswh_Latn\tsi\nswh_Latn\tHapana\n", "utf-8")
    rows = made(degraded_preferences, asked(1, "Huyu si yeye"), kinds=["negation"], most=1, negations=str(file))
    assert rows[0]["parts"][2]["text"] == "Huyu yeye"
    none = made(degraded_preferences, asked(1, "Huyu ni yeye"), kinds=["negation"], most=1, negations=str(file))
    assert none[0]["problem"]["reason"] == "no_damage_fits"


def test_a_lexicon_gives_foreign_runs_and_glosses(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.tsv"
    words = ANSWER.rstrip(".").lower().split()
    rows = [f"{word}\t{word[::-1]}x" for word in dict.fromkeys(words)]
    file.write_text("\n".join(["swh_Latn\teng_Latn", *rows]), "utf-8")
    parameters: dict[str, Any] = {"lexicon": str(file), "into": "eng_Latn", "most": 1}
    for row in made(degraded_preferences, asked(10), kinds=["wrong_language"], **parameters):
        if row["parts"] is None:
            continue
        new = row["parts"][2]["text"].rstrip(".").split()
        foreign = [n for n, word in enumerate(new) if word.endswith("x")]
        assert foreign == list(range(foreign[0], foreign[-1] + 1)) and 2 <= len(foreign) < len(new)
    given = documents(
        [
            pair(
                swh_Latn=ANSWER,
                eng_Latn="The child reads a book every day with her teacher at the school close to the house.",
            )
        ]
    )
    row = made(
        degraded_preferences, given, kinds=["word_for_word"], source="swh_Latn", ask="Say: {text}", **parameters
    )[0]
    assert row["parts"][0]["text"] == f"Say: {ANSWER}" and row["language"] == "eng_Latn"
    assert row["parts"][2]["text"].split()[1] == "anasoma"[::-1] + "x"
    with pytest.raises(WeftError, match="into needs"):
        degraded_preferences(into="eng_Latn")


def test_what_has_no_answer_says_so() -> None:
    given = documents([conversation("swh_Latn", ("user", "Nani?")), {"text": "Habari", "language_hint": "swh_Latn"}])
    rows = made(degraded_preferences, given)
    assert [row["problem"]["reason"] for row in rows] == ["no_answer", "no_answer"]
    assert made(degraded_preferences, texts("swh_Latn")) == []
