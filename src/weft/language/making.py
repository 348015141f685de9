"""From a recipe and a folder of texts to a model with everything that it has learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from weft.language.calibration import calibrated
from weft.language.families import with_families, with_margins
from weft.language.gather import gather
from weft.language.model import LanguageModel
from weft.language.recipe import TrainingRecipe
from weft.language.reliability import with_reliability
from weft.language.training import Progress, fit
from weft.language.variety_report import measured
from weft.language.variety_training import with_varieties
from weft.language.words import with_single_words

Told = Callable[[str, int, float], None]
"""Is told what is being done, how many steps of all are done, and the mean loss of the last ones."""


class Made(NamedTuple):
    """The texts, the model, and what was found of its refusals, families, scores and varieties."""

    texts: pl.DataFrame
    model: LanguageModel
    learnt: dict[str, Any]


def steps(recipe: TrainingRecipe) -> int:
    """Steps of all trainings that `make` does."""
    return _doubting(recipe) + recipe.model.draws + (recipe.refusal.draws or recipe.model.draws)


def _doubting(recipe: TrainingRecipe) -> int:
    return recipe.doubts().draws if any(source.doubted for source in recipe.sources) else 0


def make(recipe: TrainingRecipe, data: Path, tell: Told = lambda what, done, loss: None) -> Made:
    """Read, train, calibrate on the part `dev`; raises WeftError for texts that cannot be read or are too few."""

    def told(what: str, before: int) -> Progress:
        return lambda done, loss: tell(what, before + done, loss)

    texts = gather(recipe, data, told("doubt", 0))
    train, dev = (texts.filter(pl.col("split") == part) for part in ("train", "dev"))
    checked = [source.name for source in recipe.sources if source.checked]
    fitted = fit(train, recipe.model, told("train", _doubting(recipe)))
    model = with_single_words(with_families(fitted, recipe.families, train), train)
    model, refused = calibrated(model, texts, recipe, told("learn to refuse", _doubting(recipe) + recipe.model.draws))
    model, families = with_margins(model, dev.filter(pl.col("source").is_in(checked)), recipe.precision)
    model, reliability = with_reliability(model, dev, checked)
    varieties, crossed = with_varieties(train, recipe)
    # the card in the file has the licences that bind the weights
    model = replace(model, varieties=varieties, card={"recipe": recipe.model_dump(mode="json")})
    told_apart = {"crossed": crossed, "kept_out": measured(model, dev)}
    learnt = {"refusal": refused, "families": families, "reliability": reliability, "varieties": told_apart}
    return Made(texts, model, learnt)
