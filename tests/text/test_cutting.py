from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import large_strings, string_buffers
from weft.text.cutting import merged, without_spans


def cut(text: str, *spans: tuple[int, int]) -> str:
    begin, end = (np.array([s[n] for s in spans], np.int64) for n in (0, 1))
    bounds = np.array([0, len(spans)], np.int64)
    data, offsets = without_spans(string_buffers(pa.array([text], pa.large_string())), bounds, begin, end)
    made: str = large_strings(data, offsets)[0].as_py()
    return made


def without(text: str, *parts: str) -> str:
    return cut(text, *((text.index(part), text.index(part) + len(part)) for part in parts))


@pytest.mark.parametrize(
    ("text", "parts", "left"),
    [
        ("menu\n\none\n\ntwo", ["menu"], "one\n\ntwo"),
        ("one\n\nmenu\n\ntwo", ["menu"], "one\n\ntwo"),
        ("one\n\ntwo\n\nmenu", ["menu"], "one\n\ntwo"),
        ("one\nmenu\ntwo", ["menu"], "one\ntwo"),
        ("one\nmenu\n\ntwo", ["menu"], "one\n\ntwo"),
        ("one\n\nmenu\ntwo", ["menu"], "one\n\ntwo"),
        ("a\r\nmenu\r\nb", ["menu"], "a\r\nb"),
        ("one two three", ["two"], "one three"),
        ("one two three", ["one"], "two three"),
        ("កខគ ឃ", ["ខ"], "កគ ឃ"),
        ("a\nx\ny\nb", ["x", "y"], "a\nb"),
        ("a x y b", ["x", "y"], "a b"),
        ("menu", ["menu"], ""),
        (" \n menu \n ", ["menu"], ""),
        ("a 😀 b", ["😀"], "a b"),
    ],
)
def test_what_stands_around_a_cut_is_closed_up(text: str, parts: list[str], left: str) -> None:
    assert without(text, *parts) == left


def test_a_text_without_spans_keeps_every_byte() -> None:
    assert cut(" a \n\n\n b \n") == " a \n\n\n b \n"


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=6)


@given(st.text(st.sampled_from("ab \nខ😀"), max_size=40), SPANS)
def test_no_character_of_what_stays_is_lost_and_none_of_a_span_stays(text: str, given_spans: object) -> None:
    spans = sorted((b, min(b + n, len(text))) for b, n in given_spans if b < len(text))  # type: ignore[attr-defined]
    columns = [np.array([s[n] for s in spans], np.int64) for n in (0, 1)]
    _, begin, end = merged(*columns, np.zeros(len(spans), np.int64))
    left = cut(text, *zip(begin.tolist(), end.tolist(), strict=True))
    gone = {n for b, e in spans for n in range(b, e)}
    wanted = "".join(c for n, c in enumerate(text) if n not in gone)
    assert "".join(left.split()) == "".join(wanted.split())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 9)), max_size=12))
def test_merged_spans_are_the_union(spans: list[tuple[int, int, int]]) -> None:
    spans = sorted(spans)
    row, begin, size = (np.array([s[n] for s in spans], np.int64) for n in (0, 1, 2))
    held = list(zip(*(part.tolist() for part in merged(begin, begin + size, row)), strict=True))
    covered = {(r, n) for r, b, e in held for n in range(b, e)}
    assert covered == {(r, n) for r, b, size in spans for n in range(b, b + size)}
    assert all(a[0] != b[0] or a[2] < b[1] for a, b in pairwise(held))
