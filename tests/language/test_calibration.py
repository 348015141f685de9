"""When to refuse: languages that were left out are refused, and few right answers with them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.language.calibration import Asked, calibrated, left_out, usual_shares
from weft.language.model import LanguageModel, answers, load_model
from weft.language.recipe import Shape, TrainingRecipe
from weft.language.training import fit

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def many() -> pl.DataFrame:
    """Thirty languages of one script, each with twelve syllables of its own, in two sources."""
    rows = []
    for number in range(30):
        draw = random.Random(number)
        syllables = ["".join(draw.choices(LETTERS, k=draw.randint(2, 3))) for _ in range(12)]
        for place in range(90):
            words = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(draw.randint(4, 12))]
            part = "train" if place < 50 else "dev" if place < 70 else "test"
            name = f"q{LETTERS[number // 26]}{LETTERS[number % 26]}_Latn"
            rows.append(("ab"[place % 2], str(place), name, " ".join(words), 1.0, part))
    return pl.DataFrame(rows, ["source", "group", "language", "text", "weight", "split"], orient="row")


@pytest.fixture(scope="module")
def recipe() -> TrainingRecipe:
    shape = Shape(bits=15, width=16, draws=20_000, min_characters=500)
    sources = [{"name": name, "path": "none.tsv", "license": "CC0-1.0"} for name in "ab"]
    return TrainingRecipe.model_validate(
        {"sources": sources, "model": shape.model_dump(), "refusal": {"left_out": 0.3}}
    )


@pytest.fixture(scope="module")
def model(many: pl.DataFrame, recipe: TrainingRecipe) -> tuple[LanguageModel, dict[str, float]]:
    """A model of all languages but the hidden ones, and what it told of its refusals."""
    hidden = ["qaa_Latn", "qab_Latn", "qac_Latn"]
    seen = many.filter(~pl.col("language").is_in(hidden))
    return calibrated(fit(seen.filter(pl.col("split") == "train"), recipe.model), seen, recipe, lambda done, loss: None)


def test_what_no_model_saw_is_refused(model: tuple[LanguageModel, dict[str, float]], many: pl.DataFrame) -> None:
    found, _ = model
    test = many.filter(pl.col("split") == "test")
    asked = answers(found, test["text"].to_arrow())
    hidden = ~test["language"].is_in(found.labels).to_numpy()
    right = np.array(found.labels, dtype=object)[asked.label[:, 0]] == test["language"].to_numpy()
    assert right[~hidden].mean() > 0.97
    assert asked.known[hidden].mean() < 0.2
    assert asked.known[right].mean() > 0.9


def test_what_is_told(model: tuple[LanguageModel, dict[str, float]], recipe: TrainingRecipe) -> None:
    found, told = model
    assert told["languages"] == len(left_out(found.labels, recipe.refusal.left_out)) > 3
    assert told["refused"] > 0.7 and told["cost"] == 0.02
    assert told["refused_without_relative"] >= told["refused"] - 0.05


def test_the_file_holds_it(model: tuple[LanguageModel, dict[str, float]], many: pl.DataFrame, tmp_path: Path) -> None:
    found, _ = model
    found.save(tmp_path / "model.npz")
    held = load_model(tmp_path / "model.npz")
    column = many["text"].to_arrow()
    assert held.refusal is not None and found.refusal is not None
    assert np.array_equal(held.refusal.threshold, found.refusal.threshold)
    assert np.array_equal(answers(held, column).known, answers(found, column).known)


@pytest.mark.parametrize("text", [None, "", "12 %", "👍", "ელ", "漢字"])
def test_no_answer_is_not_known(model: tuple[LanguageModel, dict[str, float]], text: str | None) -> None:
    assert not answers(model[0], pa.array([text], pa.large_string())).known[0]


def test_a_model_that_has_not_learnt_to_refuse_refuses_nothing(many: pl.DataFrame, recipe: TrainingRecipe) -> None:
    plain = fit(many.filter(pl.col("split") == "train"), recipe.model)
    assert answers(plain, many["text"].head(50).to_arrow()).known.all()


def test_left_out_by_name_alone() -> None:
    names = [f"q{a}{b}_Latn" for a in LETTERS for b in LETTERS]
    found = left_out(names, 0.12)
    assert 0.08 < len(found) / len(names) < 0.16
    assert left_out(names[:100], 0.12) == found & set(names[:100])


def test_usual_shares_are_drawn_towards_those_of_all() -> None:
    def asked(label: list[int], share: list[float]) -> Asked:
        size = len(label)
        both = np.repeat(np.array(share, np.float32)[:, None], 2, axis=1)
        return Asked(
            label=np.array(label, np.int32),
            right=np.ones(size, np.bool_),
            chance=np.full(size, 0.9, np.float32),
            letters=np.full(size, 50, np.int32),
            shares=both,
            source=np.array(["a"] * size, dtype=object),
            language=np.array([f"l{n}" for n in label], dtype=object),
        )

    usual = usual_shares(asked([0] * 94 + [1], [0.5] * 94 + [0.9]), 3)
    mean, spread = usual
    whole = (94 * 0.5 + 0.9) / 95
    assert mean[0, 0] == pytest.approx((47 + 6 * whole) / 100, abs=1e-4)
    assert mean[1, 0] == pytest.approx((0.9 + 6 * whole) / 7, abs=1e-4) and mean[2, 0] == pytest.approx(whole, abs=1e-4)
    assert spread[1, 0] > spread[2, 0] > 0
