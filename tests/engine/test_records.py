"""Records go through the stages as documents do, and their parts are mended one by one."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine.tasks.parts import put_together, take_apart
from weft.model.tables import RAW


def table(rows: list[dict]) -> pa.Table:
    filled = [{"record_kind": "sft" if row.get("given_parts") else "text"} | row for row in rows]
    return pa.Table.from_pylist(filled, RAW)


def part(text: str, role: str = "user") -> dict:
    return {"field": "messages", "role": role, "language": None, "text": text}


WORDS = st.text(st.sampled_from("ab é\u0331ກ😀"), min_size=1, max_size=6).filter(lambda text: bool(text.strip()))


@settings(deadline=None)
@given(st.lists(st.one_of(WORDS, st.lists(WORDS, min_size=2, max_size=4)), min_size=1, max_size=8))
def test_apart_and_together_is_the_same_with_places_that_are_right(held):
    rows = [
        {"text": one} if isinstance(one, str) else {"text": "?", "given_parts": [part(text) for text in one]}
        for one in held
    ]
    taken = take_apart(table(rows))
    if taken is None:
        assert all(isinstance(one, str) for one in held)
        return
    made = put_together(taken, taken.batch, taken.row, taken.parts).to_pylist()
    for one, row in zip(held, made, strict=True):
        if isinstance(one, str):
            assert (row["text"], row["parts"]) == (one, None)
        else:
            assert row["text"] == "\n\n".join(one)
            assert [row["text"][p["begin"] : p["end"]] for p in row["parts"]] == one


def test_counts_of_parts_are_added_up_and_flags_joined():
    taken = take_apart(table([{"text": "?", "given_parts": [part("a"), part("b")]}, {"text": "c"}]))
    assert taken is not None
    kind = pa.struct({"changed": pa.int32(), "converted": pa.bool_(), "probability": pa.float32()})
    values = [
        {"changed": 2, "converted": False, "probability": None},
        {"changed": 3, "converted": True, "probability": 0.5},
        None,
    ]
    mended = taken.batch.append_column("step", pa.array(values, kind))
    made = put_together(taken, mended, taken.row, taken.parts)
    assert made["step"].to_pylist() == [{"changed": 5, "converted": True, "probability": 0.5}, None]


def test_a_record_with_a_part_that_vanished_is_a_problem():
    taken = take_apart(table([{"text": "?", "given_parts": [part("a"), part("b")]}]))
    assert taken is not None
    mended = taken.batch.set_column(
        taken.batch.column_names.index("text"), "text", pa.array(["a", ""], pa.large_string())
    )
    (row,) = put_together(taken, mended, taken.row, taken.parts).to_pylist()
    assert row["problem"]["reason"] == "empty_part"


def test_a_preference_whose_answers_are_the_same_once_mended_is_a_problem():
    def preference(chosen: str, rejected: str) -> dict:
        texts = {"prompt": "p", "chosen": chosen, "rejected": rejected}
        parts = [
            {"field": name, "role": "user" if name == "prompt" else "assistant", "language": None, "text": said}
            for name, said in texts.items()
        ]
        return {"text": "?", "given_parts": parts}

    taken = take_apart(table([preference("a", "a\x00"), preference("b", "c"), {"text": "plain"}]))
    assert taken is not None
    texts = pa.array(["p", "a", "a", "p", "b", "c", "plain"], pa.large_string())
    mended = taken.batch.set_column(taken.batch.column_names.index("text"), "text", texts)
    found = put_together(taken, mended, taken.row, taken.parts).to_pylist()
    assert [(row["problem"] or {}).get("reason") for row in found] == ["no_preference", None, None]


def test_plain_batches_are_not_taken_apart():
    assert take_apart(table([{"text": "a"}, {"text": "b"}])) is None
