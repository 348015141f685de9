"""Names carried over to the other side of a pair."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.synthesize.answers import Answering, documents, made, reasons

from weft.errors import WeftError
from weft.synthesize.projected_entities import projected_entities

PAIRS = Path(__file__).parent.parent / "examples" / "synthesize.projected_entities.tsv"
SIDES = {"eng_Latn": "Juma was born in France.", "swh_Latn": "Juma alizaliwa Ufaransa."}


@pytest.fixture(scope="module")
def function():
    return projected_entities(service="a", language="eng_Latn", onto="swh_Latn", pairs=str(PAIRS))


def _rows(function, named, sides=SIDES):
    said = json.dumps({"entities": [{"text": text, "label": label} for text, label in named]})
    return made(function, documents({"sides": sides}), Answering(lambda asked, sample: said))


def test_every_name_is_carried_over_or_there_is_no_record(function) -> None:
    (row,) = _rows(function, [("Juma", "PER"), ("France", "LOC")])
    text = SIDES["swh_Latn"]
    assert [(text[one["begin"] : one["end"]], one["tag"]) for one in row["note"]["spans"]] == [
        ("Juma", "PER"), ("Ufaransa", "LOC"),
    ]  # fmt: skip
    assert row["note"]["from_spans"][1] == {"begin": 17, "end": 23, "tag": "LOC"} and row["note"]["tags"][2] == "B-LOC"
    (row,) = _rows(function, [("Juma", "PER"), ("France", "LOC")], SIDES | {"swh_Latn": "Juma alizaliwa huko."})
    assert reasons([row]) == ["not_projected"] and row["problem"]["detail"].startswith("France: ")


def test_a_text_without_names_is_a_record(function) -> None:
    (row,) = _rows(function, [])
    assert row["parts"][2]["text"] == "[]"


def test_names_that_stand_nowhere_and_other_documents_give_none(function) -> None:
    assert reasons(_rows(function, [("Paris", "LOC")])) == ["ungrounded"]
    assert reasons(_rows(function, [], {"eng_Latn": "x", "fra_Latn": "y"})) == ["other_language"]
    assert reasons(_rows(function, [], SIDES | {"eng_Latn": "x" * 2001})) == ["length"]


def test_the_file_has_to_hold_pairs(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="expected another one"):
        projected_entities(service="a", language="eng_Latn", onto="eng_Latn", pairs=str(PAIRS))
    few = tmp_path / "few.tsv"
    few.write_text("eng_Latn\tswh_Latn\nA dog.\tMbwa.\n", "utf-8")
    with pytest.raises(WeftError, match="expected at least 100"):
        projected_entities(service="a", language="eng_Latn", onto="swh_Latn", pairs=str(few))
