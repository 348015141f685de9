"""Learning when to refuse: from whole languages that a second model is trained without."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.families import with_families
from weft.language.model import LanguageModel, answers
from weft.language.recipe import TrainingRecipe
from weft.language.refusal import Floats, Refusal, witnesses
from weft.language.texts import place_of
from weft.language.training import Progress, fit, in_their_script
from weft.text import coverage
from weft.text.buffers import string_buffers

Filters = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
Usual = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Mean and spread of the shares of grams and words, both (labels, 2)."""

_GRAMS, _WORDS, _BITS = 1_000, 400, 22
"""Commonest 4-grams and words of each language, and the filters' size: 2**22 bits are half a megabyte."""
_PSEUDO_ROWS = 6
"""Weight of all languages' mean beside a language's own texts (shrinkage)."""
_PENALTY = 1e-3
_SALT, _FOLDS = "left out", 4
_FEWEST = 5
"""Languages left out below which nothing can be learnt from them: the weights of weft's own model serve."""
_OWN = (-1.7, 0.6, 0.35, 0.7, 0.5, 0.0, 0.0)
_TOLD = ("languages", "refused", "languages_without_relative", "refused_without_relative")
_RELATIVE = 0.6
"""Share of an unknown language's texts that are taken for one and the same known language, from which that is a close
relative."""


def left_out(labels: Collection[str], share: float) -> frozenset[str]:
    """The languages of lowest hash, whatever the others are: those that a model is trained without."""
    return frozenset(name for name in labels if place_of(_SALT, name) < share)


def filters(texts: pl.DataFrame, labels: tuple[str, ...]) -> Filters:
    """Bloom filters of the commonest 4-grams and words of each language in some texts."""
    grams, words = coverage.empty_filter(_BITS), coverage.empty_filter(_BITS)
    parts = texts.partition_by("language", as_dict=True)
    for number, name in enumerate(labels):
        own = parts.get((name,))
        if own is not None:
            each = coverage.hashes(string_buffers(own["text"].to_arrow()))
            coverage.insert(grams, coverage.commonest(each[0], _GRAMS), number)
            coverage.insert(words, coverage.commonest(each[1], _WORDS), number)
    return grams, words


@dataclass(frozen=True)
class Asked:
    """What a model said of texts: places of labels, whether they are right, probabilities, letters, shares."""

    label: npt.NDArray[np.int32]
    right: npt.NDArray[np.bool_]
    chance: npt.NDArray[np.float32]
    letters: npt.NDArray[np.int32]
    shares: npt.NDArray[np.float32]
    source: npt.NDArray[Any]
    language: npt.NDArray[Any]

    def only(self, rows: npt.NDArray[np.bool_]) -> Asked:
        """The texts for which `rows` is true."""
        return Asked(**{name: column[rows] for name, column in vars(self).items()})

    def witnesses(self, usual: Usual) -> Floats:
        """What speaks for each answer, beside what is usual in its language."""
        return witnesses(*usual, self.shares, self.label, self.chance, self.letters)


def ask(model: LanguageModel, texts: pl.DataFrame, held: Filters) -> Asked:
    """Answers for texts that get any."""
    column = texts["text"].to_arrow()
    found = answers(model, column, top=1)
    label = np.ascontiguousarray(found.label[:, 0])
    asked = Asked(
        label=label,
        right=np.array([*model.labels, ""], dtype=object)[label] == texts["language"].to_numpy(),
        chance=found.mass,
        letters=found.letters,
        shares=coverage.shares(string_buffers(column), label, *held),
        source=texts["source"].to_numpy(),
        language=texts["language"].to_numpy(),
    )
    return asked.only(label >= 0)


def usual_shares(asked: Asked, labels: int) -> Usual:
    """Mean and spread of the shares over the right answers of each label, drawn towards those of all."""
    right = asked.only(asked.right)
    shares, label = right.shares.astype(np.float64), right.label
    count = np.bincount(label, minlength=labels)[:, None]
    first, second = (
        np.stack([np.bincount(label, shares[:, n] ** power, labels) for n in range(2)], axis=1) for power in (1, 2)
    )
    whole = shares.mean(axis=0), (shares**2).mean(axis=0)
    mean = (first + _PSEUDO_ROWS * whole[0]) / (count + _PSEUDO_ROWS)
    square = (second + _PSEUDO_ROWS * whole[1]) / (count + _PSEUDO_ROWS)
    spread = np.sqrt(np.maximum(square - mean**2, 1e-4))
    return mean.astype(np.float32), spread.astype(np.float32)


def learn(right: Asked, unknown: Asked, usual: Usual) -> npt.NDArray[np.float32]:
    """Weights of the witnesses: a logistic regression in which sources, and unknown languages, count alike.

    `right` are right answers, `unknown` those to texts whose language the model does not have.
    """
    seen = [part.witnesses(usual) for part in (right, unknown)]
    weight = np.concatenate([_alike(right.source), _alike(unknown.language)])
    return _logistic(np.concatenate(seen), np.repeat([1.0, 0.0], [len(seen[0]), len(seen[1])]), weight)


def _alike(names: npt.NDArray[Any]) -> Floats:
    """Weights of rows that add up to 1, every name the same."""
    _, place, size = np.unique(names.astype(str), return_inverse=True, return_counts=True)
    return 1 / (size[place] * len(size))


def _logistic(seen: Floats, known: Floats, weight: Floats) -> npt.NDArray[np.float32]:
    """Ridge logistic regression by Newton's method (iteratively reweighted least squares)."""
    scale = np.maximum(seen.std(axis=0), 1e-9)
    scale[0] = 1.0
    inputs = seen / scale
    found = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (weight * (chance - known)) + _PENALTY * found
        bend = (inputs * (weight * np.maximum(chance * (1 - chance), 1e-9))[:, None]).T @ inputs
        step = np.linalg.solve(bend + _PENALTY * np.eye(len(found)), slope)
        found -= step
        if np.abs(step).max() < 1e-10:
            break
    made: npt.NDArray[np.float32] = (found / scale).astype(np.float32)
    return made


def threshold(scores: Floats, source: npt.NDArray[Any], cost: float, checked: Collection[str]) -> float:
    """The highest score at which no source loses more than `cost` of its right answers; unchecked ones do not count."""
    found = [np.quantile(scores[source == name], cost) for name in sorted(set(source)) if name in checked]
    return float(min(found)) if found else float(np.quantile(scores, cost))


def calibrated(
    model: LanguageModel, texts: pl.DataFrame, recipe: TrainingRecipe, progress: Progress
) -> tuple[LanguageModel, dict[str, Any]]:
    """The model with its refusal, and how well a model without some languages refuses these (of the part `dev`)."""
    shape, asks = recipe.model, recipe.refusal
    train, dev = (texts.filter(pl.col("split") == part) for part in ("train", "dev"))
    dev = in_their_script(dev)
    checked = {source.name for source in recipe.sources if source.checked}
    hidden = left_out(model.labels, asks.left_out)
    if len(hidden) >= _FEWEST:
        seen = train.filter(~pl.col("language").is_in(hidden))
        other = fit(seen, shape.model_copy(update={"draws": asks.draws or shape.draws}), progress)
        other = with_families(other, model.families, seen)
        held = filters(train, other.labels)
        known = ask(other, dev.filter(pl.col("language").is_in(other.labels)), held)
        unknown = ask(other, dev.filter(pl.col("language").is_in(hidden)), held)
        usual, right = usual_shares(known, len(other.labels)), known.only(known.right)
        weights = learn(right, unknown, usual)
        least = threshold(right.witnesses(usual) @ weights, right.source, asks.cost, checked)
        told = _told(unknown, _refused(right, unknown, usual, least)) | {"cost": asks.cost}
    else:
        weights, told = np.array(_OWN, np.float32), dict.fromkeys(_TOLD) | {"languages": 0, "cost": asks.cost}
    own = filters(train, model.labels)
    asked = ask(model, dev.filter(pl.col("language").is_in(model.labels)), own)
    usual, right = usual_shares(asked, len(model.labels)), asked.only(asked.right)
    least = threshold(right.witnesses(usual) @ weights, right.source, asks.cost, checked)
    return replace(model, refusal=Refusal(*own, *usual, weights, least)), told


def _refused(right: Asked, unknown: Asked, usual: Usual, least: float) -> npt.NDArray[np.bool_]:
    """Which texts of unknown languages are refused; no language is judged by weights that saw it."""
    fold = np.array([int(place_of(_SALT, f"fold {name}") * _FOLDS) for name in unknown.language])
    refused = np.zeros(len(fold), np.bool_)
    for rows in (fold == number for number in range(_FOLDS)):
        if rows.any() and not rows.all():
            weights = learn(right, unknown.only(~rows), usual)
            refused[rows] = unknown.only(rows).witnesses(usual) @ weights < least
    return refused


def _told(unknown: Asked, refused: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Shares of unknown languages that are refused, each language the same."""
    rates, apart = [], []
    for name in sorted(set(unknown.language.tolist())):
        own = unknown.language == name
        rates.append(float(refused[own].mean()))
        if np.bincount(unknown.label[own]).max() < _RELATIVE * own.sum():
            apart.append(rates[-1])
    share, alone = (round(float(np.mean(found)), 4) if found else None for found in (rates, apart))
    return dict(zip(_TOLD, (len(rates), share, len(apart), alone), strict=True))
