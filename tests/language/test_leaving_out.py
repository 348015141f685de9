"""Models that never saw a source: which sources are left, and what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from weft.errors import WeftError
from weft.language.leaving_out import divided, left_out_card, measure_left_out
from weft.language.model import LanguageModel
from weft.language.recipe import Shape, Source, TrainingRecipe
from weft.language.training import fit

RECIPE = TrainingRecipe(
    sources=tuple(Source(name=n, path=f"{n}.tsv", license="CC0-1.0") for n in ("one", "two", "tri"))
)


def test_sources_are_divided() -> None:
    kept, out = divided(RECIPE, ["two"])
    assert [source.name for source in kept.sources] == ["one", "tri"]
    assert out is not None and [source.name for source in out.sources] == ["two"]
    assert divided(RECIPE, []) == (RECIPE, None)


def test_mistakes() -> None:
    with pytest.raises(WeftError, match=r"--without tow: the recipe has no such source.*did you mean two"):
        divided(RECIPE, ["tow"])
    with pytest.raises(WeftError, match="these are all sources"):
        divided(RECIPE, ["one", "two", "tri"])


@pytest.fixture(scope="module")
def models(texts: pl.DataFrame, shape: Shape) -> tuple[LanguageModel, LanguageModel]:
    """One of all languages but ccc, and one of all."""
    train = texts.filter(pl.col("split") == "train")
    return fit(train.filter(pl.col("language") != "ccc_Latn"), shape), fit(train, shape)


def test_only_what_the_model_knows_counts(texts: pl.DataFrame, models: tuple[LanguageModel, LanguageModel]) -> None:
    dev = texts.filter(pl.col("split") == "dev")
    alone = measure_left_out(models[0], dev)["made"]
    assert (alone["languages"], alone["languages_of_source"], alone["texts_of_other_languages"]) == (5, 6, 40)
    assert alone["macro_f1"] > 0.95 and "drop" not in alone
    both = measure_left_out(models[0], dev, models[1])["made"]
    assert both["drop"]["difference"] == pytest.approx(both["full"]["macro_f1"] - both["macro_f1"], abs=1e-4)
    assert both["drop"]["low"] <= both["drop"]["difference"] <= both["drop"]["high"]


def test_a_drop_is_seen(texts: pl.DataFrame, models: tuple[LanguageModel, LanguageModel]) -> None:
    """A model whose names are exchanged is wrong where the full one is right."""
    dev = texts.filter(pl.col("split") == "dev", pl.col("language").is_in(["aaa_Latn", "bbb_Latn"]))
    names = {"aaa_Latn": "bbb_Latn", "bbb_Latn": "aaa_Latn"}
    worse = replace(models[0], labels=tuple(names.get(label, label) for label in models[0].labels))
    found = measure_left_out(worse, dev, models[1])["made"]
    assert found["macro_f1"] < 0.2 and found["full"]["macro_f1"] > 0.9
    assert found["drop"]["low"] > 0.5


def test_a_source_of_which_nothing_is_known(texts: pl.DataFrame, models: tuple[LanguageModel, LanguageModel]) -> None:
    found = measure_left_out(models[0], texts.filter(pl.col("language") == "ccc_Latn"))
    assert found["made"] == {
        "languages": 0, "texts": 0, "languages_of_source": 1, "texts_of_other_languages": 120
    }  # fmt: skip
    assert "| made | 0 | 1 | 0 |" in left_out_card(found)


def test_the_card_names_the_drop(texts: pl.DataFrame, models: tuple[LanguageModel, LanguageModel]) -> None:
    found = measure_left_out(models[0], texts.filter(pl.col("split") == "dev"), models[1])
    line = left_out_card(found).splitlines()[-1]
    assert line.startswith("| made | 5 | 6 | 200 |") and " to " in line
    assert line.count("|") == left_out_card(found).splitlines()[-2].count("|")
