"""Scores worked out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weft.language.evaluation import by_language, macro_f1, measure
from weft.language.model import LanguageModel
from weft.language.recipe import Shape
from weft.language.training import fit

TRUE = np.array(["a", "a", "a", "a", "b", "b", "c", "c"], dtype=object)
FOUND = np.array(["a", "a", "b", "und", "b", "a", "c", "d"], dtype=object)


def test_of_each_language() -> None:
    rows = {row["language"]: row for row in by_language(TRUE, FOUND).to_dicts()}
    assert rows["a"]["precision"] == pytest.approx(2 / 3) and rows["a"]["recall"] == 0.5
    assert rows["a"]["f1"] == pytest.approx(4 / 7) and rows["a"]["false_positive_rate"] == pytest.approx(1 / 4)
    assert rows["a"]["taken_for"] == ["b", "und"] and rows["c"]["taken_for"] == ["d"]
    assert rows["c"]["precision"] == 1 and rows["c"]["false_positive_rate"] == 0


def test_macro_f1_and_its_interval() -> None:
    score = macro_f1(TRUE, FOUND)
    assert score["macro_f1"] == pytest.approx((4 / 7 + 1 / 2 + 2 / 3) / 3, abs=1e-4)
    assert score["low"] < score["macro_f1"] < score["high"]
    assert (score["accuracy"], score["texts"], score["languages"]) == (0.5, 8, 3)
    assert macro_f1(TRUE, FOUND) == score
    perfect = macro_f1(TRUE, TRUE)
    assert perfect["macro_f1"] == perfect["low"] == perfect["high"] == 1
    assert macro_f1(TRUE, np.array(["x"] * 8, dtype=object))["macro_f1"] == 0


def test_by_source(texts: pl.DataFrame, shape: Shape) -> None:
    model: LanguageModel = fit(texts.filter(pl.col("split") == "train"), shape)
    other = texts.head(2).with_columns(language=pl.lit("zzz_Latn"), source=pl.lit("more"))
    more = texts.tail(3).with_columns(source=pl.lit("more"))
    found = measure(model, pl.concat([texts.filter(pl.col("split") == "dev"), other, more]))
    assert list(found) == ["made", "more"] and found["made"]["macro_f1"] > 0.98
    assert found["more"]["texts"] == 3 and found["more"]["texts_of_other_languages"] == 2
