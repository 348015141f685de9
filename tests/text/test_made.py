"""Repetitions of a text, and n-grams that two texts have in common, against plain counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import Strings, string_buffers
from weft.text.made import GRAM, ORDERS, char_grams, chrf, repetition


def strings(*texts: str | None) -> Strings:
    return string_buffers(pa.array(texts, pa.large_string()))


def plain_chrf(reference: str, made: str) -> float:
    one, other = ("".join(text.split()).casefold() for text in (reference, made))
    precision, recall, orders = 0.0, 0.0, 0
    for width in range(1, ORDERS + 1):
        a = Counter(one[n : n + width] for n in range(len(one) - width + 1))
        b = Counter(other[n : n + width] for n in range(len(other) - width + 1))
        if not a or not b:
            break
        common = sum((a & b).values())
        precision, recall, orders = precision + common / b.total(), recall + common / a.total(), orders + 1
    total = 4 * precision + recall
    return 5 * precision * recall / total / orders if total else 0.0


letters = st.text("abcdé ñሀක ", max_size=60)


@given(letters, letters)
def test_chrf_is_that_of_plain_counts(one: str, other: str) -> None:
    assert chrf(strings(one), strings(other))[0] == pytest.approx(plain_chrf(one, other), abs=1e-5)


def test_chrf_of_what_is_known() -> None:
    assert chrf(strings("Same text", "abc", ""), strings("same  TEXT", "xyz", "a")).tolist() == [1.0, 0.0, 0.0]


def test_a_loop_is_found_at_the_end_whatever_its_length() -> None:
    start = "a sentence that begins as all others do and then "
    texts = [start + "goes on. " * 4, start + "ha" * 9, start + "goes on", start + "goes on goes on", None]
    found = repetition(strings(*texts))
    assert found[:, 2].tolist() == [4 * len("goeson."[:-1]) + 3, 18, 0, 0, 0]
    assert (found[:2, 1] > 0.1).all() and found[2, 1] == 0


def test_the_commonest_gram_is_counted() -> None:
    unit = "abcdefghij"
    found = repetition(strings(unit * 5, unit + "klmnopqrst", "short"))
    assert len(unit) == GRAM
    assert found[0, :2].tolist() == pytest.approx([1.0, 31 / 41])
    assert found[1:, :2].tolist() == [[0, 0], [0, 0]]
    assert found[:, 3].tolist() == [50, 20, 5]


def test_grams_are_runs_of_characters_without_spaces() -> None:
    values, starts = char_grams(strings("abc def", "ABCDEF", "ab", ""), 5)
    assert starts.tolist() == [0, 2, 4, 4, 4]
    assert np.array_equal(values[:2], values[2:])
    assert len(set(values.tolist())) == 2
