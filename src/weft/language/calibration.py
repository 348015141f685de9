"""Learning when to refuse: from whole languages that a second model is trained without."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.families import with_families
from weft.language.logistic import alike, logistic
from weft.language.model import LanguageModel, answers
from weft.language.noise import kind_of
from weft.language.recipe import RefusalRecipe, TrainingRecipe
from weft.language.refusal import Floats, Refusal, witnesses
from weft.language.texts import place_of
from weft.language.training import Progress, fit, in_their_script
from weft.text import coverage
from weft.text.buffers import string_buffers

Filters = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
Usual = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Mean and spread of the shares of grams and words, both (labels, 2)."""

_PSEUDO_ROWS = 6
"""Weight of all languages' mean beside a language's own texts (shrinkage)."""
_SALT, _FOLDS = "left out", 4
_FEWEST = 5
"""Languages left out below which nothing can be learnt from them: the weights of weft's own model serve."""
_OWN = (-1.7, 0.6, 0.35, 0.7, 0.5, 0.0, 0.0)
_TOLD = ("languages", "refused", "languages_without_relative", "refused_without_relative")
COSTS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2)
"""Shares of right answers lost, in the checked source that loses most, at which a trade-off is told."""
_RELATIVE = 0.6
"""Share of an unknown language's texts that are taken for one and the same known language, from which that is a close
relative."""


def left_out(labels: Collection[str], share: float) -> frozenset[str]:
    """The languages of lowest hash, whatever the others are: those that a model is trained without."""
    return frozenset(name for name in labels if place_of(_SALT, name) < share)


def filters(texts: pl.DataFrame, labels: tuple[str, ...], recipe: RefusalRecipe) -> Filters:
    """Bloom filters of the commonest 4-grams and words of each language in some texts."""
    grams, words = coverage.empty_filter(recipe.bits), coverage.empty_filter(recipe.bits)
    parts = texts.partition_by("language", as_dict=True)
    for number, name in enumerate(labels):
        own = parts.get((name,))
        if own is not None:
            each = coverage.hashes(string_buffers(own["text"].to_arrow()))
            coverage.insert(grams, coverage.commonest(each[0], recipe.grams), number)
            coverage.insert(words, coverage.commonest(each[1], recipe.words), number)
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
    weight = np.concatenate([alike(right.source), alike(unknown.language)])
    return logistic(np.concatenate(seen), np.repeat([1.0, 0.0], [len(seen[0]), len(seen[1])]), weight)


def thresholds(right: Asked, scores: Floats, labels: int, costs: Mapping[str, float]) -> npt.NDArray[np.float32]:
    """For each label the highest score at which no source in which it occurs loses more than its cost.

    `right` are right answers, `scores` theirs, `costs` the share of a source's right answers that may be refused. A
    label of none of these sources has the lowest threshold of all.
    """
    highest = {
        name: float(np.quantile(scores[right.source == name], cost))
        for name, cost in sorted(costs.items())
        if (right.source == name).any()
    }
    if not highest:
        return np.full(labels, -np.inf, np.float32)
    found = np.full(labels, np.inf, np.float32)
    for name, score in highest.items():
        own = np.unique(right.label[right.source == name])
        found[own] = np.minimum(found[own], score)
    return np.where(np.isinf(found), np.float32(min(highest.values())), found)


def _costs(recipe: TrainingRecipe) -> dict[str, float]:
    """What a refusal may cost in each source: sources whose labels are neither checked nor doubted do not count."""
    checked = {source.name: recipe.refusal.cost for source in recipe.sources if source.checked}
    return checked | {source.name: recipe.refusal.doubted_cost for source in recipe.sources if source.doubted}


def calibrated(
    model: LanguageModel, texts: pl.DataFrame, recipe: TrainingRecipe, progress: Progress
) -> tuple[LanguageModel, dict[str, Any]]:
    """The model with its refusal, and how well a model without some languages refuses these (of the part `dev`)."""
    shape, asks = recipe.model, recipe.refusal
    train, dev = (texts.filter(pl.col("split") == part) for part in ("train", "dev"))
    # Word lists say nothing of how common words are in texts.
    listed = pl.col("source").is_in([source.name for source in recipe.sources if source.joined is not None])
    written, dev = train.filter(~listed), in_their_script(dev.filter(~listed))
    costs = _costs(recipe)
    hidden = left_out([name for name in model.labels if not kind_of(name)], asks.left_out)
    if len(hidden) >= _FEWEST:
        seen = train.filter(~pl.col("language").is_in(hidden))
        other = fit(seen, shape.model_copy(update={"draws": asks.draws or shape.draws}), progress)
        other = with_families(other, model.families, seen)
        held = filters(written.filter(~pl.col("language").is_in(hidden)), other.labels, asks)
        known = ask(other, dev.filter(pl.col("language").is_in(other.labels)), held)
        unknown = ask(other, dev.filter(pl.col("language").is_in(hidden)), held)
        usual, right = usual_shares(known, len(other.labels)), known.only(known.right)
        weights = learn(right, unknown, usual)
        scores = _unseen_scores(right, unknown, usual)
        known_scores = right.witnesses(usual) @ weights
        least = thresholds(right, known_scores, len(other.labels), costs)
        told = _told(unknown, scores < least[unknown.label]) | {"cost": asks.cost}
        margins = known_scores - least[right.label], scores - least[unknown.label]
        checked = {source.name for source in recipe.sources if source.checked}
        told["curve"] = trade_off(margins[0], right.source, margins[1], unknown.language, checked)
    else:
        weights, told = np.array(_OWN, np.float32), dict.fromkeys(_TOLD) | {"languages": 0, "cost": asks.cost}
    own = filters(written, model.labels, asks)
    asked = ask(model, dev.filter(pl.col("language").is_in(model.labels)), own)
    usual, right = usual_shares(asked, len(model.labels)), asked.only(asked.right)
    least = thresholds(right, right.witnesses(usual) @ weights, len(model.labels), costs)
    return replace(model, refusal=Refusal(*own, *usual, weights, least)), told


def _unseen_scores(right: Asked, unknown: Asked, usual: Usual) -> Floats:
    """Scores of texts of unknown languages; no language is judged by weights that saw it."""
    fold = np.array([int(place_of(_SALT, f"fold {name}") * _FOLDS) for name in unknown.language])
    scores = np.full(len(fold), np.inf)
    for rows in (fold == number for number in range(_FOLDS)):
        if rows.any() and not rows.all():
            weights = learn(right, unknown.only(~rows), usual)
            scores[rows] = unknown.only(rows).witnesses(usual) @ weights
    return scores


def trade_off(
    right: Floats, source: npt.NDArray[Any], other: Floats, kind: npt.NDArray[Any], checked: Collection[str]
) -> list[tuple[float, float]]:
    """(cost, share of `other` refused) for each of COSTS, from margins above their labels' thresholds.

    `right` are the margins of right answers, `other` of answers to refuse, of which each name in `kind` (a language)
    counts the same. All thresholds are moved alike until no checked source loses more than the cost.
    """
    weight, found = alike(kind), []
    for cost in COSTS:
        at = min(
            (float(np.quantile(right[source == name], cost)) for name in set(source) if name in checked), default=0.0
        )
        found.append((cost, round(float(weight @ (other < at)), 4)))
    return found


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
