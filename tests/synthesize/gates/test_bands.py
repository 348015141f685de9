"""Bands in which trusted texts lie."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weft.synthesize.gates.bands import Share, bound, learn
from weft.synthesize.gates.pieces import SIZES, sized


def test_as_many_others_lie_below_a_bound_as_are_stated() -> None:
    draw = np.random.default_rng(1)
    below = [(draw.normal(size=2_000) < bound(draw.normal(size=999), 0.01)).mean() for _ in range(200)]
    assert np.mean(below) == pytest.approx(0.01, abs=0.001)


def test_a_share_of_less_than_one_text_is_beyond_them_all() -> None:
    values = np.arange(50.0)
    assert bound(values, 0.001) < 0
    assert bound(values, 1 / 51) == 0


def test_short_texts_have_a_band_of_their_own_where_there_are_enough() -> None:
    draw = np.random.default_rng(2)
    size = np.repeat(np.array([1, 4], np.int8), 500)
    value = np.where(size == 1, 10.0, 1.0) * draw.normal(size=1_000)
    frame = pl.DataFrame({"language": "qaa_Latn", "size": size, "value": value})
    bands = learn(frame, "g", {"value": Share(0.01, 0.01)}, 100)
    assert bands.height == len(SIZES) + 1
    low = dict(bands.select("size", "low").iter_rows())
    assert low[1] < -15 < -5 < low[4] < 0
    assert low[0] == low[1] and low[6] == low[4]
    few = learn(frame.head(150), "g", {"value": Share(0.01)}, 200)
    assert few.is_empty()


def test_what_a_measure_says_nothing_of_does_not_count() -> None:
    frame = pl.DataFrame({"language": "qaa_Latn", "size": pl.Series([0] * 150, dtype=pl.Int8)})
    value = [1.0] * 90 + [None] * 30 + [float("nan")] * 30
    assert learn(frame.with_columns(value=pl.Series(value)), "g", {"value": Share(0.01)}, 100).is_empty()


def test_classes_of_size_are_by_characters() -> None:
    frame = sized(pl.DataFrame({"text": ["", "a" * 11, "ሀ" * 12, "a" * 400, None]}))
    assert frame["size"].to_list() == [0, 0, 1, 6, 0]
