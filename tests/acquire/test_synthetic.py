"""Records of `weft synthesize`, read as documents with their provenance."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.acquire.reading import cut, read, reasons
from tests.synthetic_records import (
    SCHEMA,
    call,
    conversation,
    file_of,
    pair,
    part,
    preference,
    record,
    text,
    verdict,
)

from weft.acquire.synthetic import synthetic


def _rows(content: bytes, ranges=None):
    return read(synthetic(), "made.parquet", content, ranges)


def _told(row):
    return json.loads(row["meta"])["synthetic"]


def test_each_kind_becomes_a_document_of_its_kind():
    made = [
        text(0, "Leo ni siku njema."),
        pair(1, "The rain fell.", "Mvua ilinyesha."),
        conversation(2, "Uliza nini?", "Hali ya hewa."),
        preference(3, "Eleza.", "Jibu zuri.", "Jibu jibu jibu."),
    ]
    rows = _rows(file_of(made))
    assert reasons(rows) == [None] * 4
    assert [row["record_kind"] for row in rows] == ["text", "pair", "sft", "dpo"]
    assert [row["locator"] for row in rows] == [one["id"] for one in made]
    assert {row["position"] for row in rows} == {0}
    assert [row["group_id"] for row in rows] == ["g0", "g1", "g2", "g3"]
    assert {(row["license"], row["redistribute"], row["language_hint"]) for row in rows} == {
        ("CC-BY-4.0", True, "swh_Latn")
    }
    assert rows[0]["given_parts"] is None and rows[0]["text"] == "Leo ni siku njema."
    assert [(one["language"], one["text"]) for one in rows[1]["given_parts"]] == [
        ("eng_Latn", "The rain fell."),
        ("swh_Latn", "Mvua ilinyesha."),
    ]
    assert [one["role"] for one in rows[2]["given_parts"]] == ["user", "assistant"]
    assert [one["field"] for one in rows[3]["given_parts"]] == ["prompt", "chosen", "rejected"]
    assert rows[3]["text"] == "Eleza.\n\nJibu zuri.\n\nJibu jibu jibu."


def test_provenance_says_what_was_made_by_what_and_how_it_was_judged():
    gates = [verdict("language", score=0.9), verdict("copy", "unjudged", None, part=1), verdict("language", score=0.8)]
    (row,) = _rows(file_of([pair(1, "The rain fell.", "Mvua ilinyesha.", gates=gates)], reviewed=['{"rate": 0.9}']))
    told = _told(row)
    assert (told["recipe"], told["version"], told["skill"]) == ("synthesize.back_translation", 1, "translation")
    assert (told["made"], told["relations"]) == (["eng_Latn"], ["back_translation"])
    assert (told["models"], told["prompts"]) == (["tiny"], ["answer@1"])
    assert told["parents"] and "shots" not in told
    assert told["gates"] == {
        "language": {"version": 1, "verdict": "pass", "scores": [0.9, 0.8]},
        "copy": {"version": 1, "verdict": "unjudged", "scores": []},
    }
    assert told["verdicts"] == ["copy@1 unjudged", "language@1 pass"]
    (held,) = told["calls"]
    assert held["parameters"] == {"temperature": 0.5} and held["cost"] == 0.25 and held["key"] == "ab" * 16
    assert "raw" not in held and "the whole reply" not in row["meta"]
    assert told["reviewed"] == {"rate": 0.9}


def test_the_made_parts_are_named_by_what_tells_them_apart():
    rows = _rows(file_of([conversation(2, "Nini?", "Hii."), preference(3, "Eleza.", "A.", "B."), text(0, "Leo.")]))
    assert [_told(row)["made"] for row in rows] == [["user"], ["rejected"], ["text"]]
    assert _told(rows[2])["note"] == {"switched": 3}
    assert _told(rows[0])["models"] == ["tiny", "other"]


def test_what_was_not_accepted_never_comes_through():
    failed = [verdict("language"), verdict("copy", "fail", 0.9, detail="it has 90 % of the words of its source")]
    rows = _rows(
        file_of(
            [
                text(0, "Leo.", accepted=False, gates=failed),
                text(1, "Jana.", accepted=False),
                text(2, "Kesho.", accepted=None),
                record(3, "text", [], problem={"kind": "reject", "reason": "no_reply", "detail": "empty"}),
                text(4, "Sasa."),
            ]
        )
    )
    assert reasons(rows) == ["not_accepted", "not_accepted", "not_accepted", "no_reply", None]
    assert rows[0]["problem"]["detail"] == "copy: it has 90 % of the words of its source"
    assert [row["text"] for row in rows] == [None, None, None, None, "Sasa."]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(1, "poem", [part("text", "Leo.", "swh_Latn")]), "unknown_kind"),
        (record(1, "text", [part("messages", "Leo.", "swh_Latn")]), "other_field"),
        (record(1, "dpo", [part("prompt", "Leo.", "swh_Latn", role="user")]), "no_part"),
        (record(1, "text", []), "no_part"),
        (text(1, " \n"), "empty_part"),
        (record(1, "pair", [part("translation", "Leo.", "swh_Latn")]), "no_sides"),
        (record(1, "pair", [part("translation", one, "swh_Latn") for one in "ab"]), "no_sides"),
        (record(1, "sft", [part("messages", "Leo.", "swh_Latn")]), "unknown_role"),
        (text(1, "Leo.", id=None), "no_id"),
    ],
)
def test_a_record_that_is_none_loses_only_itself(bad, reason):
    rows = _rows(file_of([text(0, "Leo."), bad, text(2, "Jana.")]))
    assert reasons(rows) == [None, reason, None]


def test_a_file_of_something_else_is_one_problem_that_says_what_is_missing():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([text(0, "Leo.")], SCHEMA).drop_columns(["accepted"]), sink)
    (row,) = _rows(sink.getvalue().to_pybytes())
    assert row["problem"]["reason"] == "no_records" and "no column accepted" in row["problem"]["detail"]


def test_the_rows_are_the_same_however_the_file_is_cut_and_wherever_a_record_stands():
    made = [text(n, f"Leo ni siku ya {n}.", calls=[call()]) for n in range(40)]
    content = file_of(made, rows_per_group=7)
    whole = _rows(content)
    assert sorted(map(str, _rows(content, cut(len(content), 5)))) == sorted(map(str, whole))
    assert sorted(map(str, _rows(file_of(made[::-1])))) == sorted(map(str, whole))
