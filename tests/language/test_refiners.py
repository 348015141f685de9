"""The second opinion within a family."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.language.refiners import WEIGHT, Refiner, fit_refiner, fit_refiners, refined
from weft.text.bayes import evidence
from weft.text.buffers import string_buffers


def texts(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), ["source", "language", "text"], orient="row")


def said(refiner: Refiner, *given: str) -> np.ndarray:
    """Which member the n-grams of each text speak for."""
    found = evidence(string_buffers(pa.array(given, pa.large_string())), refiner.table.astype(np.float32))
    return np.asarray(found.argmax(axis=1))


BOTH = [("news", "aaa_Latn", "pwili gombu bato")] * 5 + [("news", "bbb_Latn", "dreska fulnit bato")] * 5


def test_words_of_one_speak_for_it() -> None:
    refiner = fit_refiner(texts(*BOTH), ("aaa_Latn", "bbb_Latn"))
    assert said(refiner, "gombu pwili", "fulnit", "dreska dreska").tolist() == [0, 1, 1]
    assert refiner.table.dtype == np.int8 and abs(refiner.table.astype(int)).max() == 127


def test_a_source_of_one_member_tells_its_domain_and_does_not_count() -> None:
    health = [("health", "aaa_Latn", "xhoqui zwanje")] * 50
    with_it = fit_refiner(texts(*BOTH, *health), ("aaa_Latn", "bbb_Latn"))
    assert np.array_equal(with_it.table, fit_refiner(texts(*BOTH), ("aaa_Latn", "bbb_Latn")).table)
    only = fit_refiner(texts(*BOTH, ("web", "ccc_Latn", "xhoqui zwanje")), ("aaa_Latn", "bbb_Latn", "ccc_Latn"))
    assert said(only, "zwanje xhoqui").tolist() == [2]  # it has no other


def test_what_the_members_have_together_stays() -> None:
    refiner = fit_refiners(texts(*BOTH), {"xxx_Latn": ("aaa_Latn", "bbb_Latn")})["xxx_Latn"]
    strings = string_buffers(pa.array(["pwili gombu bato pwilim", "fulnit dreska", "bato"], pa.large_string()))
    label = np.array([[5, 7, 2], [5, 7, 2], [5, 2, 7]], np.int32)
    chance = np.array([[0.45, 0.44, 0.11], [0.45, 0.44, 0.11], [0.6, 0.3, 0.1]], np.float32)
    found, share = refined(refiner, strings, np.array([5, 7]), label, chance)
    assert found[0, 0] == 5 and found[1, 0] == 7 and found[2].tolist() == [5, 2, 7]
    assert [sorted(row) for row in found.tolist()] == [[2, 5, 7]] * 3
    members = np.where(np.isin(found, [5, 7]), share, 0).sum(axis=1)
    assert members == pytest.approx([0.89, 0.89, 0.7], abs=1e-5)
    assert share[2].tolist() == pytest.approx([0.6, 0.3, 0.1], abs=0.02)  # nothing speaks for either
    assert (np.diff(share, axis=1) <= 0).all()


def test_no_other_label_overtakes_a_family_that_is_divided() -> None:
    strings = string_buffers(pa.array(["bato"], pa.large_string()))
    label, chance = np.array([[5, 2, 7]], np.int32), np.array([[0.45, 0.44, 0.11]], np.float32)
    table = np.zeros((1 << 16, 2), np.int8)
    table[:, 1] = 1
    features = float(evidence(strings, table.astype(np.float32))[0, 1])
    evens_out = Refiner(table, float(np.log(0.45 / 0.11) * 1.01) / (WEIGHT * features))
    found, share = refined(evens_out, strings, np.array([5, 7]), label, chance)
    assert found[0].tolist() == [7, 2, 5]  # .28 stands before .44, for both members have .56 together
    assert share[0].tolist() == pytest.approx([0.28, 0.44, 0.28], abs=0.01)
