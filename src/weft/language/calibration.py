"""Learning when to refuse: from whole languages that a second model is trained without."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.families import with_families
from weft.language.limits import learn, thresholds
from weft.language.logistic import alike
from weft.language.model import LanguageModel, answers
from weft.language.noise import kind_of
from weft.language.recipe import RefusalRecipe, TrainingRecipe
from weft.language.refusal import Refusal, plain_weights, scored, witnesses
from weft.language.tents import Floats
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
"""Languages left out below which nothing can be learnt from them: a score that is linear in the witnesses serves."""
_MOST = 150
"""Texts of a language that was left out, from each source: these say enough of it."""
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


def _costs(recipe: TrainingRecipe) -> dict[str, float]:
    """What a refusal may cost in each source that is counted."""
    own = {source.name: source.cost for source in recipe.sources if source.cost is not None}
    return {source.name: recipe.refusal.cost for source in recipe.sources if source.checked} | own


def _thresholds(
    model: LanguageModel, right: Asked, scores: Floats, costs: Mapping[str, float]
) -> npt.NDArray[np.float32]:
    """(labels,): those of a group have one threshold: one is taken for another, and the group is answered then."""
    first = np.arange(len(model.labels), dtype=np.int32)
    for own in model.competition.members.values():
        first[own] = own.min()
    return thresholds(first[right.label], right.source, scores, len(first), costs)[first]


def calibrated(
    model: LanguageModel, texts: pl.DataFrame, recipe: TrainingRecipe, progress: Progress
) -> tuple[LanguageModel, dict[str, Any]]:
    """The model with its refusal, and how well a model without some languages refuses these (of the part `dev`)."""
    asks = recipe.refusal
    train, dev = (texts.filter(pl.col("split") == part) for part in ("train", "dev"))
    # Word lists say nothing of how common words are in texts.
    listed = pl.col("source").is_in([source.name for source in recipe.sources if source.joined is not None])
    written, dev = train.filter(~listed), in_their_script(dev.filter(~listed))
    costs = _costs(recipe)
    hidden = left_out([name for name in model.labels if not kind_of(name)], asks.left_out)
    if len(hidden) >= _FEWEST:
        weights, told = _from_hidden(model, hidden, recipe, (train, written, dev), progress)
    else:
        weights = plain_weights()
        told = dict.fromkeys(_TOLD) | {"languages": 0}
    own = filters(written, model.labels, asks)
    asked = ask(model, dev.filter(pl.col("language").is_in(model.labels)), own)
    usual, right = usual_shares(asked, len(model.labels)), asked.only(asked.right)
    least = _thresholds(model, right, scored(right.witnesses(usual), weights), costs)
    return replace(model, refusal=Refusal(*own, *usual, weights, least)), told | {"cost": asks.cost}


def _from_hidden(
    model: LanguageModel,
    hidden: Collection[str],
    recipe: TrainingRecipe,
    parts: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    progress: Progress,
) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """Weights of the score, and what a model without the `hidden` languages refuses of them.

    `parts` are the texts to train on, those of them that are no word lists, and those for tuning.
    """
    train, written, dev = parts
    shape, costs = recipe.model, _costs(recipe)
    seen = train.filter(~pl.col("language").is_in(hidden))
    other = fit(seen, shape.model_copy(update={"draws": recipe.refusal.draws or shape.draws}), progress)
    other = with_families(other, model.families, seen)
    held = filters(written.filter(~pl.col("language").is_in(hidden)), other.labels, recipe.refusal)
    known = ask(other, dev.filter(pl.col("language").is_in(other.labels)), held)
    unseen = pl.concat([written, dev]).filter(pl.col("language").is_in(hidden))
    unknown = ask(other, _some(in_their_script(unseen)), held)
    labels = len(other.labels)
    usual, right = usual_shares(known, labels), known.only(known.right)
    known_witnesses, unknown_witnesses = right.witnesses(usual), unknown.witnesses(usual)
    # The group of a language is known when another of the group is: it is the right answer then.
    grouped = {label for own in model.families.values() if set(own) & set(other.labels) for label in own}
    apart = np.array([name not in grouped for name in unknown.language])

    def learnt(rows: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        rows = rows & apart
        weights = learn(known_witnesses, right.source, unknown_witnesses[rows], alike(unknown.language[rows]), costs)
        return weights, _thresholds(other, right, scored(known_witnesses, weights), costs)

    margins = np.full(len(unknown.label), np.inf)
    fold = np.array([int(place_of(_SALT, f"fold {name}") * _FOLDS) for name in unknown.language])
    for number in np.unique(fold):
        rows = fold == number
        weights, least = learnt(~rows)  # no language is judged by weights that saw it
        margins[rows] = scored(unknown_witnesses[rows], weights) - least[unknown.label[rows]]
    weights, least = learnt(np.ones(len(fold), np.bool_))
    told = _told(unknown.only(apart), margins[apart] < 0)
    told["refused_with_groups"] = _told(unknown, margins < 0)["refused"]
    checked = {source.name for source in recipe.sources if source.checked}
    known_margins = scored(known_witnesses, weights) - least[right.label]
    told["curve"] = trade_off(known_margins, right.source, margins[apart], unknown.language[apart], checked)
    return weights, told


def _some(texts: pl.DataFrame) -> pl.DataFrame:
    """At most _MOST texts of each language in each source, those of the lowest hash."""
    order = pl.Series("order", [place_of(_SALT, text) for text in texts["text"]], pl.Float64)
    ranked = texts.with_columns(order.to_frame()["order"])
    return ranked.filter(pl.col("order").rank("ordinal").over("language", "source") <= _MOST).drop("order")


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
