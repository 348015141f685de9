"""A classifier of made and native text: what it tells, and that it tells nothing where nothing differs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.synthesize.gates.invented import pairs

from weft.errors import WeftError
from weft.synthesize.gates.translationese import auc, learn


def test_made_text_scores_higher_and_native_text_stays_below_the_band() -> None:
    native = pl.Series([text for _, text in pairs(200)])
    made = pl.Series([" ".join(text.split()[:3] * 3) for _, text in pairs(200, 1)])
    mixed = pl.Series([f"{text} {source.split()[0]}" for source, text in pairs(200, 2)])
    assert learn(native, mixed).auc > 0.9
    found = learn(native, made, loss=0.05)
    fresh = found.scores(pl.Series([text for _, text in pairs(200, 3)]))
    assert (fresh > found.high).mean() < 0.12
    assert found.texts == (200, 200)
    same = learn(native, pl.Series([text for _, text in pairs(200, 4)]))
    assert same.auc == pytest.approx(0.5, abs=0.1)


def test_auc_is_the_share_of_pairs_in_order() -> None:
    assert auc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1
    assert auc(np.array([0.0, 2.0]), np.array([1.0, 2.0])) == pytest.approx(2.5 / 4)


def test_few_texts_are_refused() -> None:
    with pytest.raises(WeftError, match="3 native texts and 60 made ones; expected 50"):
        learn(pl.Series(["a"] * 3), pl.Series(["b"] * 60))
