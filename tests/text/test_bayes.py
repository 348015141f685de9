"""Counts and sums over distinct features."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.bayes import both_sides, count, evidence
from weft.text.buffers import Strings, string_buffers

BITS = 12


def strings(*texts: str | None) -> Strings:
    return string_buffers(pa.array(texts, pa.large_string()))


def of_one(text: str) -> np.ndarray:
    return count(strings(text), np.zeros(1, np.int32), 1, BITS)[:, 0]


def test_a_text_has_a_feature_once_however_often() -> None:
    assert set(of_one("mama").tolist()) == {0.0, 1.0}
    assert np.array_equal(of_one("mama"), of_one("mama mama MAMA"))
    assert of_one("mama").sum() < of_one("mama baba").sum()
    assert not of_one("12 %").any() and not of_one("").any()


def test_counts_are_the_texts_of_each_class() -> None:
    texts = ["mama", "baba", "mama na baba", None]
    made = count(strings(*texts), np.array([0, 1, 1, 0], np.int32), 3, BITS)
    assert made.shape == (1 << BITS, 3) and not made[:, 2].any()
    assert np.array_equal(made[:, 0], of_one("mama"))
    assert np.array_equal(made[:, 1], of_one("baba") + of_one("mama na baba"))


def test_evidence_is_the_sum_of_the_rows_of_distinct_features() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    table = random.normal(size=(1 << BITS, 4)).astype(np.float32)
    found = evidence(strings("mama na baba", "", "mama mama"), table)
    assert found.shape == (3, 4) and not found[1].any()
    assert found[0] == pytest.approx(of_one("mama na baba") @ table, rel=1e-4, abs=1e-4)
    assert found[2] == pytest.approx(of_one("mama") @ table, rel=1e-4, abs=1e-4)


def test_both_sides_are_the_parts_of_that_sum() -> None:
    random = np.random.Generator(np.random.PCG64(2))
    places = np.sort(random.choice(1 << BITS, 900, replace=False)).astype(np.uint16)
    few = random.normal(size=(900, 3)).astype(np.float32)
    table = np.zeros((1 << BITS, 6), np.float32)
    table[places] = np.hstack([np.maximum(few, 0), np.minimum(few, 0)])
    given = strings("mama na baba wanakwenda shuleni kila siku", "", None, "ሰላም ለዓለም", "xyz " * 2_000)
    found = both_sides(given, BITS, places, few)
    assert found.any() and np.array_equal(found, evidence(given, table))
    assert not both_sides(given, BITS, places[:0], few[:0]).any()
