"""Varieties of weft's own recipe: how many are told, how often rightly, and how often of texts that name none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import weft.language
from weft.language.model import packaged
from weft.language.recipe import TrainingRecipe, load_recipe
from weft.language.texts import read_texts
from weft.language.varieties import NONE, Varieties
from weft.language.variety_report import measured
from weft.language.variety_training import with_varieties

TOLD, PRECISION, ANSWERED = 26, 0.95, 0.65
"""Varieties that are answered at all; of the answers, those that are right; of texts that name a variety, those that
get one."""
STRAY, FOREIGN = 0.01, 0.0005
"""Texts that name none, of languages whose varieties are learnt beside such; texts of all other languages."""
HERE = Path(weft.language.__file__).parent

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def recipe() -> TrainingRecipe:
    return load_recipe(HERE / "default.yaml")


@pytest.fixture(scope="module")
def texts(recipe: TrainingRecipe, data_dir: Path) -> pl.DataFrame:
    return read_texts(recipe, data_dir).filter(pl.col("split") != "test")


@pytest.fixture(scope="module")
def learnt(recipe: TrainingRecipe, texts: pl.DataFrame) -> tuple[Varieties, dict[str, Any]]:
    found, told = with_varieties(texts.filter(pl.col("split") == "train"), recipe)
    assert found is not None
    return found, told


def test_of_groups_that_were_left_out(learnt: tuple[Varieties, dict[str, Any]], record_property: Record) -> None:
    kept = [held for codes in learnt[1].values() for held in codes.values() if "threshold" in held]
    size = sum(held["texts"] for held in kept)
    record_property("varieties", len(kept))
    record_property("answered", round(sum(held["answered"] * held["texts"] for held in kept) / size, 3))
    assert len(kept) >= TOLD
    assert min(held["precision"] for held in kept) >= PRECISION


def test_of_texts_kept_out(
    learnt: tuple[Varieties, dict[str, Any]], texts: pl.DataFrame, record_property: Record
) -> None:
    varieties = learnt[0]
    rows = texts.filter(pl.col("split") == "dev", pl.col("language").is_in(list(varieties.languages)))
    codes, _ = varieties.of(rows["text"].to_arrow(), rows["language"].to_numpy())
    rows = rows.with_columns(pl.Series("code", codes.tolist(), pl.String))
    kept = [code for own in varieties.languages.values() for code in own.answerable()]
    named = rows.filter(pl.col("variety").is_in(kept))
    given = named.filter(pl.col("code").is_not_null())
    right = float((given["code"] == given["variety"]).mean() or 0)  # type: ignore[arg-type]
    beside = [name for name, own in varieties.languages.items() if NONE in own.codes]
    none = pl.col("variety").is_null() | (pl.col("variety") == NONE)
    stray = rows.filter(pl.col("language").is_in(beside), none)["code"].is_not_null()
    record_property("texts", named.height)
    record_property("answered", round(given.height / named.height, 3))
    record_property("right", round(right, 3))
    record_property("stray", f"{stray.sum()} of {len(stray)}")
    assert given.height / named.height >= ANSWERED and right >= PRECISION
    assert np.mean(stray.to_numpy()) <= STRAY


def test_of_the_whole_way(texts: pl.DataFrame, record_property: Record) -> None:
    held = measured(packaged("default"), texts.filter(pl.col("split") == "dev"))
    wrong, right = (sum(one[key] for one in held.values()) for key in ("wrong", "right"))
    # Texts of other languages are counted once for each variety of each language: the greatest number is of all.
    foreign = sum(one["others"][1] for one in held.values()) / max(one["others"][0] for one in held.values())
    record_property("right", right)
    record_property("wrong", wrong)
    record_property("foreign", round(foreign, 6))
    assert len(held) >= TOLD and right / (right + wrong) >= PRECISION and foreign <= FOREIGN
