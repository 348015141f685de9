"""Sides are the characters that the parts name, and what folds to the same text has the same hash."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.model.tables import DOCUMENT
from weft.text.sides import SIDE, named_keys, sides

WORDS = st.text(st.sampled_from("aA é\u0331ກ😀\u1e9b.1"), min_size=1, max_size=6)


def batch(pairs: list[dict[str, str] | None], kind: str = "pair") -> pa.Table:
    rows = []
    for sides_of in pairs:
        at, parts = 0, []
        for language, text in (sides_of or {}).items():
            parts.append({"language": language, "begin": at, "end": at + len(text)})
            at += len(text) + 2
        text = "\n\n".join((sides_of or {"und": "plain"}).values())
        rows.append({"text": text, "record_kind": kind if sides_of else "text", "parts": parts or None})
    schema = pa.schema([DOCUMENT.field(name) for name in ("text", "record_kind", "parts")])
    return pa.Table.from_pylist(rows, schema)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.tuples(WORDS, WORDS)), max_size=8))
def test_texts_of_the_sides(given: list[tuple[str, str] | None]) -> None:
    held = [None if pair is None else {"eng_Latn": pair[0], "lao_Laoo": pair[1]} for pair in given]
    found = sides(batch(held))
    assert found.schema == pl.Schema(SIDE)
    expected = [(n, *side) for n, pair in enumerate(held) if pair for side in pair.items()]
    assert found.select("row", "language", "text").rows() == expected
    assert [known is None for known in found["hash"]] == [not text.strip() for *_, text in expected]


def test_case_and_white_space_are_folded_and_marks_count() -> None:
    texts = [
        "Habari  ya ASUBUHI ",
        "habari ya asubuhi",
        "habari ya asubúhi",
        "habari ya asubuhi.",
        "habari ya asubuhi 1",
    ]
    hashes = sides(batch([{"eng_Latn": text, "swh_Latn": "x"} for text in texts])).filter(language="eng_Latn")["hash"]
    assert hashes[0] == hashes[1] and hashes.n_unique() == 4


def test_other_kinds_and_withdrawn_text_have_none() -> None:
    held = batch([{"eng_Latn": "a", "swh_Latn": "b"}], kind="sft")
    assert sides(held).height == 0
    gone = batch([{"eng_Latn": "a", "swh_Latn": "b"}])
    gone = gone.set_column(0, "text", pa.array([None], pa.large_string()))
    assert sides(gone).height == sides(gone.slice(0, 0)).height == 0


def test_keys_of_names_are_fixed_for_all_time() -> None:
    assert named_keys(pl.Series(["", "side eng_Latn", "ß"])).to_list() == FIXED


FIXED = [16294208416658607535, 3269284911354163117, 12939198351390216821]
