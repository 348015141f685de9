"""Everything that a model is made from: labelled texts, less those whose label is doubted, and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.language.model import answers
from weft.language.noise import noise_texts
from weft.language.recipe import TrainingRecipe
from weft.language.texts import read_texts
from weft.language.training import Progress, fit, in_their_script, known_labels

_SURE = 0.5
"""Probability of another language from which a label is doubted."""


def gather(recipe: TrainingRecipe, data: Path, progress: Progress = lambda done, loss: None) -> pl.DataFrame:
    """All texts of a recipe, as COLUMNS; `progress` is told of the training that finds doubted labels, if there is one.

    Raises WeftError for a folder or file that is not there or cannot be read.
    """
    if not data.is_dir():
        raise WeftError(f"{data}: no such folder; expected the labelled texts that the recipe names")
    texts = _with_lists(read_texts(recipe, data), recipe)
    believed = without_doubted(texts, recipe, progress)
    if recipe.noise is None:
        return believed
    return pl.concat([believed, noise_texts(believed, recipe.noise, recipe.hold_out, data)])


def _with_lists(texts: pl.DataFrame, recipe: TrainingRecipe) -> pl.DataFrame:
    """Word lists only of languages that have enough texts without them: a list alone makes no language."""
    listed = pl.col("source").is_in([source.name for source in recipe.sources if source.joined is not None])
    known = known_labels(in_their_script(texts.filter(~listed, pl.col("split") == "train")), recipe.model)
    return texts.filter(~listed | pl.col("language").is_in(known))


def without_doubted(texts: pl.DataFrame, recipe: TrainingRecipe, progress: Progress) -> pl.DataFrame:
    """Texts to train on, less those of a `doubted` source that a model of the other sources takes for another language.

    A text whose language that model does not have stays: nothing speaks against it. The parts `dev` and `test` stay as
    they are.
    """
    doubted = {source.name for source in recipe.sources if source.doubted}
    if not doubted:
        return texts
    train = pl.col("split") == "train"
    asked = texts.with_row_index("row").filter(train, pl.col("source").is_in(doubted))
    judge = fit(texts.filter(train, ~pl.col("source").is_in(doubted)), recipe.doubts(), progress)
    found = answers(judge, asked["text"].to_arrow(), top=1)
    family = {name: number for number, members in enumerate(recipe.families.values()) for name in members}
    names = np.array([*judge.labels, ""], dtype=object)
    same = [
        claim == name or family.get(claim, -1) == family.get(name, -2)
        for claim, name in zip(asked["language"], names[found.label[:, 0]], strict=True)
    ]
    known = asked["language"].is_in(judge.labels).to_numpy()
    wrong = known & ~np.array(same, np.bool_) & (found.chance[:, 0] >= _SURE)
    left_out = pl.Series(asked["row"].to_numpy()[wrong], dtype=pl.UInt32)
    return texts.with_row_index("row").filter(~pl.col("row").is_in(left_out.implode())).drop("row")
