"""Conversations, preferences and translations in the layouts that people keep them in."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.acquire.reading import read, reasons

from weft.acquire.jsonl import jsonl
from weft.acquire.parquet import parquet
from weft.acquire.records import Layout
from weft.acquire.table import table


def rows(kind: str, *records: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    return read(jsonl(kind=kind, **options), "a.jsonl", content)  # type: ignore[arg-type]


def said(row: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(part["field"], part["role"] or part["language"], part["text"]) for part in row["given_parts"]]


ASKED, ANSWERED = ("messages", "user", "Habari?"), ("messages", "assistant", "Njema.")


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [{"role": "user", "content": "Habari?"}, {"role": "assistant", "content": "Njema."}]},
        {"conversations": [{"from": "human", "value": "Habari?"}, {"from": "gpt", "value": "Njema."}]},
        {"messages": [{"role": "User", "content": [{"type": "text", "text": "Habari?"}]},
                      {"from": "bot", "value": "Njema."}]},
        {"instruction": "Habari?", "input": "", "output": "Njema."},
        {"prompt": "Habari?", "completion": "Njema."},
        {"prompt": [{"role": "user", "content": "Habari?"}],
         "completion": [{"role": "assistant", "content": "Njema."}]},
    ],
)  # fmt: skip
def test_a_conversation_is_the_same_in_every_layout(record):
    (row,) = rows("sft", record)
    assert said(row) == [ASKED, ANSWERED]
    assert row["record_kind"] == "sft" and row["text"] == "Habari?\n\nNjema." and row["problem"] is None


def test_what_a_conversation_says_beside_its_turns():
    (first,) = rows("sft", {"instruction": "Tafsiri", "input": "mti", "output": "tree", "system": "Wewe ni mkalimani."})
    assert said(first) == [
        ("messages", "system", "Wewe ni mkalimani."),
        ("messages", "user", "Tafsiri\n\nmti"),
        ("messages", "assistant", "tree"),
    ]


def test_fields_have_the_names_that_the_recipe_gives():
    (row,) = rows("sft", {"q": "Habari?", "a": "Njema."}, fields={"prompt": "q", "completion": "a"})
    assert said(row) == [ASKED, ANSWERED]


ANSWER = {"role": "assistant", "content": "Njema."}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"messages": [{"role": "king", "content": "a"}]}, "unknown_role"),
        ({"messages": []}, "no_messages"),
        ({"text": "a"}, "no_messages"),
        ({"messages": ["a", "b"]}, "not_a_message"),
        ({"messages": [{"role": "user", "content": "a"}]}, "no_answer"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "no_answer"),
        ({"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "a"}]}, "empty_part"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}, ANSWER]}, "not_text"),
        ({"instruction": "a", "input": ["b"], "output": "c"}, "not_text"),
        ({"prompt": "a", "completion": "b", "system": 5}, "not_text"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{}]}]}, "tool_calls"),
    ],
)  # fmt: skip
def test_what_is_no_conversation_is_named_and_costs_nothing_else(record, reason):
    good = {"messages": [{"role": "user", "content": "Habari?"}, {"role": "assistant", "content": "Njema."}]}
    assert reasons(rows("sft", record, good)) == [reason, None]


USER = {"role": "user", "content": "Habari?"}
GOOD, BAD = {"role": "assistant", "content": "Njema."}, {"role": "assistant", "content": "Fine."}
PREFERENCE = [("prompt", "user", "Habari?"), ("chosen", "assistant", "Njema."), ("rejected", "assistant", "Fine.")]


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Habari?", "chosen": "Njema.", "rejected": "Fine."},
        {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]},
        {"prompt": "Habari?", "chosen": GOOD, "rejected": BAD},
        {"chosen": [USER, GOOD], "rejected": [USER, BAD]},
        {"prompt": "Habari?", "chosen": [USER, GOOD], "rejected": [USER, BAD]},
        {"conversations": [{"from": "human", "value": "Habari?"}], "chosen": {"from": "gpt", "value": "Njema."},
         "rejected": {"from": "gpt", "value": "Fine."}},
    ],
)  # fmt: skip
def test_a_preference_is_the_same_in_every_layout(record):
    (row,) = rows("dpo", record)
    assert said(row) == PREFERENCE


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"prompt": "a", "chosen": "b"}, "no_preference"),
        ({"prompt": "a", "chosen": "b", "rejected": "b"}, "no_preference"),
        ({"chosen": "b", "rejected": "c"}, "no_prompt"),
        ({"prompt": "a", "chosen": [USER], "rejected": [BAD]}, "no_preference"),
    ],
)
def test_what_is_no_preference(record, reason):
    assert reasons(rows("dpo", record)) == [reason]


def test_sides_of_a_pair_are_sorted_by_language_and_may_be_any_number():
    (row,) = rows("pair", {"translation": {"sw": "mti", "en": "tree", "fr": "arbre"}})
    assert said(row) == [
        ("translation", "eng_Latn", "tree"),
        ("translation", "fra_Latn", "arbre"),
        ("translation", "swh_Latn", "mti"),
    ]
    assert row["text"] == "tree\n\narbre\n\nmti"


def test_sides_in_columns_with_fixed_languages_or_with_those_that_a_column_says():
    fixed = rows("pair", {"a": "mti", "b": "tree"}, sides={"a": "swh_Latn", "b": "English"})
    stated = rows("pair", {"a": "mti", "b": ["tree", "", "wood"], "x": "sw", "y": "en"}, sides={"a": "x", "b": "y"})
    assert [part["language"] for part in fixed[0]["given_parts"]] == ["eng_Latn", "swh_Latn"]
    assert said(stated[0])[0] == ("translation", "eng_Latn", "tree\n\nwood"), "pages are one text"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"translation": {"en": "tree"}}, "no_sides"),
        ({"translation": "tree"}, "no_sides"),
        ({"translation": {"en": "tree", "sw": ""}}, "empty_part"),
        ({"translation": {"en": "tree", "eng": "wood"}}, "same_language"),
        ({"translation": {"en": "tree", "xx-nothing": "wood"}}, "unknown_language"),
    ],
)
def test_what_is_no_pair(record, reason):
    assert reasons(rows("pair", record)) == [reason]


def test_tables_and_parquet_hold_pairs_too():
    content = b"english\tswahili\tstory\ntree\tmti\ts1\n"
    options: dict[str, Any] = {
        "kind": "pair",
        "sides": {"english": "eng_Latn", "swahili": "swh_Latn"},
        "group_field": "story",
    }
    (row,) = read(table(**options), "a.tsv", content)
    sink = io.BytesIO()
    pq.write_table(pa.table({"english": ["tree"], "swahili": ["mti"], "story": ["s1"]}), sink)
    (same,) = read(parquet(**options), "a.parquet", sink.getvalue())
    assert row["given_parts"] == same["given_parts"] and row["group_id"] == same["group_id"] == "s1"
    nested = io.BytesIO()
    pq.write_table(pa.table({"translation": [{"en": "tree", "sw": "mti"}]}), nested)
    (third,) = read(parquet(kind="pair"), "a.parquet", nested.getvalue())
    assert third["given_parts"] == row["given_parts"]


def test_a_side_that_the_table_lacks_is_named_with_those_that_it_has():
    (row,) = read(
        table(kind="pair", sides={"en": "eng_Latn", "swahili": "swh_Latn"}), "a.tsv", b"english\tswahili\na\tb\n"
    )
    assert row["problem"]["reason"] == "no_text_column" and "english, swahili" in row["problem"]["detail"]
    assert "sides" in row["problem"]["detail"] and "text_field" not in row["problem"]["detail"]


def test_plain_text_may_state_its_group():
    (row,) = read(jsonl(group_field="story"), "a.jsonl", b'{"text": "Hapo zamani", "story": 7}\n')
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["Hapo zamani"], "story": ["7"]}), sink)
    (same,) = read(parquet(group_field="story"), "a.parquet", sink.getvalue())
    assert (row["group_id"], row["record_kind"], row["given_parts"]) == ("7", "text", None)
    assert (same["group_id"], same["record_kind"]) == ("7", "text")


@pytest.mark.parametrize(
    ("kind", "fields", "sides", "words"),
    [
        ("sft", {"chosen": "a"}, {}, "chosen"),
        ("sft", {}, {"a": "eng_Latn", "b": "swh_Latn"}, "kind: pair"),
        ("pair", {}, {"a": "eng_Latn"}, "two or more"),
        ("pair", {}, {"a": "eng_Latn", "b": "eng_Latn"}, "two are eng_Latn"),
        ("text", {"messages": "a"}, {}, "kind: sft"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(kind, fields, sides, words):
    with pytest.raises(ValueError, match=words):
        Layout(kind, fields, sides)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (
            "sft",
            rb'{"messages": [{"role": "user", "content": "a\ud800b"}, {"role": "assistant", "content": "\udc00"}]}',
        ),
        ("dpo", rb'{"prompt": "a\ud800b", "chosen": "\udc00", "rejected": "c"}'),
        ("pair", rb'{"translation": {"en": "a\ud800b", "sw": "\udc00"}}'),
    ],
)
def test_half_a_character_is_replaced_in_the_parts_of_a_record_as_in_plain_text(kind, line):
    (row,) = read(jsonl(kind=kind), "a.jsonl", line + b"\n")
    assert [part["text"] for part in row["given_parts"]][:2] == ["a\ufffdb", "\ufffd"]
    assert row["text"].startswith("a\ufffdb\n\n\ufffd")


def test_half_a_character_in_a_name_costs_no_other_record():
    bad = rb'{"messages": [{"role": "\ud800", "content": "a"}]}' + b"\n"
    good = b'{"prompt": "Habari?", "completion": "Njema."}\n'
    assert reasons(read(jsonl(kind="sft"), "a.jsonl", bad + good)) == ["unknown_role", None]


def test_a_language_whose_code_is_also_the_name_of_a_field():
    (row,) = rows("pair", {"id": 17, "translation": {"en": "tree", "id": "pohon"}})
    assert [part["language"] for part in row["given_parts"]] == ["eng_Latn", "ind_Latn"]


def test_parquet_has_null_for_a_language_that_the_row_lacks():
    sink = io.BytesIO()
    pairs = [{"en": "tree", "sw": "mti", "fr": None}, {"en": "sea", "sw": None, "fr": "mer"}, {"en": "river"}]
    pq.write_table(pa.table({"translation": pairs}), sink)
    found = read(parquet(kind="pair"), "a.parquet", sink.getvalue())
    assert [[part["language"] for part in row["given_parts"] or []] for row in found] == [
        ["eng_Latn", "swh_Latn"],
        ["eng_Latn", "fra_Latn"],
        [],
    ]
    assert reasons(found)[2] == "no_sides"


def test_dots_reach_into_nested_fields_of_records():
    (talk,) = rows(
        "sft", {"data": {"q": "Habari?", "a": "Njema."}}, fields={"prompt": "data.q", "completion": "data.a"}
    )
    assert said(talk) == [ASKED, ANSWERED]
    sides = {"t.a": "swh_Latn", "t.b": "t.language"}
    nested = {"t": {"a": "mti", "b": "tree", "language": "en"}}
    sink = io.BytesIO()
    pq.write_table(pa.table({"t": [nested["t"]]}), sink)
    (pair,) = rows("pair", nested, sides=sides)
    (same,) = read(parquet(kind="pair", sides=sides), "a.parquet", sink.getvalue())
    assert said(pair) == said(same) == [("translation", "eng_Latn", "tree"), ("translation", "swh_Latn", "mti")]


def test_a_table_needs_sides_to_hold_pairs():
    with pytest.raises(ValueError, match="expected sides"):
        table(kind="pair")


def test_what_a_conversation_lacks_is_said_with_the_fields_that_it_has():
    (none,) = rows("sft", {})
    (number,) = rows("sft", {"instruction": 1, "output": "b"})
    assert "has no fields" in none["problem"]["detail"]
    assert "has instruction (int), output" in number["problem"]["detail"]


def test_a_table_without_any_column_of_a_record_is_one_problem_and_not_one_for_each_row():
    sink = io.BytesIO()
    pq.write_table(pa.table({"swali": ["a", "b"], "jibu": ["c", "d"]}), sink)
    columnar = read(parquet(kind="sft"), "a.parquet", sink.getvalue())
    lines = read(table(kind="dpo"), "a.csv", b"swali,jibu\na,c\nb,d\n")
    assert reasons(columnar) == reasons(lines) == ["no_text_column"]
    assert "the file has jibu, swali: say which to read in options: {fields" in columnar[0]["problem"]["detail"]
    named = read(table(kind="sft", fields={"prompt": "swali", "output": "jibu"}), "a.csv", b"swali,jibu\na,c\nb,d\n")
    assert reasons(named) == [None, None]
