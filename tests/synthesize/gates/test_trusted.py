"""Trusted texts of documents, the same however these are cut into shards."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.synthesize.gates.invented import FIRST, SECOND, documents, pairs, table

from weft.synthesize.gates.trusted import LONGEST, TRUSTED, merge, sample


def test_a_pair_gives_both_directions_and_both_sides() -> None:
    source, text = pairs(1)[0]
    rows = sample(documents([(source, text)]), 10, 0).select(["language", "text", "other_language", "other_text"])
    assert sorted(map(str, rows.to_pylist())) == sorted(
        str(dict(zip(rows.column_names, row, strict=True)))
        for row in (
            (FIRST, source, None, None),
            (SECOND, text, None, None),
            (FIRST, source, SECOND, text),
            (SECOND, text, FIRST, source),
        )
    )


def test_the_language_is_that_of_the_source_else_what_was_identified() -> None:
    rows = [
        {"id": "a", "text": "one", "language_hint": "swh_Latn", "lid": {"language": "eng_Latn"}},
        {"id": "b", "text": "two", "lid": {"language": "eng_Latn"}},
        {"id": "c", "text": "three", "lid": {"language": "und_Latn"}},
        {"id": "d", "text": None, "language_hint": "swh_Latn"},
        {"id": "e", "text": "  \n ", "language_hint": "swh_Latn"},
    ]
    found = sample(table(rows), 10, 0).to_pylist()
    assert [(row["language"], row["text"]) for row in found] == [("eng_Latn", "two"), ("swh_Latn", "one")]


def test_documents_are_cut_into_lines_and_long_lines_into_sentences() -> None:
    long = " ".join(f"This is sentence {n} of a long line." for n in range(60))
    rows = [{"id": "a", "text": f"A title\n\n{long}", "language_hint": "eng_Latn"}]
    found = [row["text"] for row in sample(table(rows), 100, 0).to_pylist()]
    assert len(long) > LONGEST
    assert sorted(found) == sorted(["A title", *(f"This is sentence {n} of a long line." for n in range(60))])


@pytest.mark.parametrize("size", [1, 7, 40])
def test_the_same_texts_are_drawn_however_shards_are_cut(size: int) -> None:
    rows = [*pairs(40), *pairs(5)]  # some twice
    whole = merge([sample(documents(rows), 12, 3)], 12)
    cut = [sample(documents(rows[at : at + size], at), 12, 3) for at in range(0, len(rows), size)]
    assert merge(cut, 12).equals(whole)
    assert merge(cut[::-1], 12).equals(whole)
    languages = [row["other_language"] for row in whole.to_pylist() if row["language"] == FIRST]
    assert languages.count(None) == 12
    assert languages.count(SECOND) == 12
    assert not merge([sample(documents(rows), 12, 4)], 12).equals(whole)


def test_nothing_is_trusted_of_nothing() -> None:
    assert merge([], 5).equals(TRUSTED.empty_table())
    assert sample(documents([]), 5, 0).equals(TRUSTED.empty_table())
    assert isinstance(merge([TRUSTED.empty_table()], 5), pa.Table)
