"""Languages that are told apart badly: one answer where it is sure, the group where it is not."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.language.families import with_families, with_margins
from weft.language.model import LanguageModel, answers, load_model
from weft.language.recipe import Shape
from weft.language.training import fit

FAMILIES = {"xxx_Latn": ("aaa_Latn", "bbb_Latn", "zzz_Latn"), "yyy_Latn": ("ccc_Latn", "zzz_Latn")}


@pytest.fixture(scope="module")
def twins() -> pl.DataFrame:
    """aaa and bbb share most of their words; ccc shares none."""
    rows = []
    shared = "bato kemi sura lono mita nevu kora tisa".split()
    own = {"aaa_Latn": ["pwili", "gombu"], "bbb_Latn": ["dreska", "fulnit"], "ccc_Latn": ["xhoqui", "zwanje"]}
    for language, words in own.items():
        draw = random.Random(language)
        for number in range(400):
            pool = words if language == "ccc_Latn" else shared * 2 + words
            text = " ".join(draw.choices(pool, k=8))
            part = "train" if number < 200 else "dev"
            rows.append(("made", str(number), language, text, 1.0, part))
    return pl.DataFrame(rows, ["source", "group", "language", "text", "weight", "split"], orient="row")


@pytest.fixture(scope="module")
def model(twins: pl.DataFrame) -> LanguageModel:
    shape = Shape(bits=14, width=16, draws=15_000, min_characters=500)
    train = twins.filter(pl.col("split") == "train")
    return with_families(fit(train, shape), FAMILIES, train)


def test_families_of_one_are_none(model: LanguageModel) -> None:
    assert dict(model.families) == {"xxx_Latn": ("aaa_Latn", "bbb_Latn")}
    assert dict(model.margins) == {"xxx_Latn": 0.0}


def test_a_margin_makes_single_answers_right(model: LanguageModel, twins: pl.DataFrame) -> None:
    dev = twins.filter(pl.col("split") == "dev")
    careful, told = with_margins(model, dev, 0.98)
    assert told["xxx_Latn"]["precision"] >= 0.98 > told["xxx_Latn"]["precision_without_margin"]
    found = answers(careful, dev["text"].to_arrow())
    best = np.array(careful.labels, dtype=object)[found.label[:, 0]]
    twin = dev["language"].is_in(["aaa_Latn", "bbb_Latn"]).to_numpy()
    single = found.family < 0
    assert set(found.family[~single]) == {0} and single[~twin].all()
    assert 0.3 < single[twin].mean() < 0.99
    assert (best == dev["language"].to_numpy())[single & twin].mean() >= 0.98
    assert (found.mass[twin] > 0.9).mean() > 0.95  # that it is one of both is sure
    assert (found.mass >= found.chance[:, 0]).all()


def test_no_margin_is_high_enough(model: LanguageModel, twins: pl.DataFrame) -> None:
    mixed = twins.filter(pl.col("split") == "dev").with_columns(pl.col("text").shuffle(seed=1))
    never, told = with_margins(model, mixed, 0.98)
    assert told["xxx_Latn"]["precision"] is None and told["xxx_Latn"]["single"] == 0
    found = answers(never, pa.array(["pwili gombu pwili", "xhoqui zwanje"], pa.large_string()))
    assert found.family.tolist() == [0, -1]


def test_the_file_holds_them(model: LanguageModel, twins: pl.DataFrame, tmp_path: Path) -> None:
    careful, _ = with_margins(model, twins.filter(pl.col("split") == "dev"), 0.98)
    careful.save(tmp_path / "model.npz")
    held = load_model(tmp_path / "model.npz")
    assert held.families == careful.families and held.margins == careful.margins


def test_only_the_languages_that_are_possible(model: LanguageModel) -> None:
    texts = pa.array(["bato kemi sura lono", "xhoqui zwanje xhoqui"], pa.large_string())
    found = answers(model, texts, among={"bbb_Latn", "ccc_Latn", "qqq_Latn"})
    labels = [[model.labels[n] for n in row if n >= 0] for row in found.label]
    assert labels == [["bbb_Latn", "ccc_Latn"], ["ccc_Latn", "bbb_Latn"]]
    assert found.chance.sum(axis=1) == pytest.approx(1, abs=1e-5)
    none = answers(model, texts, among=set())
    assert (none.label == -1).all() and not none.chance.any() and not none.known.any()
