"""Learning varieties: which n-grams tell them apart, and when an answer is sure, from texts that were left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.logistic import Floats, logistic
from weft.language.recipe import TrainingRecipe
from weft.language.texts import place_of
from weft.language.varieties import BITS, LEAST_LEAD, NEVER, NONE, Seen, Varieties, Variety, look, scored, witnesses
from weft.text.bayes import count
from weft.text.buffers import string_buffers

_MOST, _LEAST_G = 1_500, 6.0
"""N-grams of a language at most, and the G-test's statistic (Woolf 1957) that each needs."""
_ADDED = 0.3
"""Texts that every variety is taken to have of every n-gram."""
_FOLDS, _CUTS = 10, (80, 40)
"""Parts of cross-validation, and letters of the beginnings that are asked beside whole texts."""
_COST, _STRAY = 0.05, 0.01
"""Sure answers that may be lost; texts of any source, of a language with NONE, that may get a variety by mistake."""
_FEWEST, _LEAST_SHARE = 10, 0.2
"""Right answers, and the share of a variety's own texts that gets them, below which it is left out."""
_LEAST_SCORE = 0.5
_OWN = (-8.7, 0.7, 7.2)
"""Weights of the witnesses that weft's own texts give: they serve where there are hardly any answers to learn from."""


class Asked(NamedTuple):
    """Answers about texts that the answering model did not see: `own` places of their varieties, -1: of none there is.

    `whole` where the text was not cut.
    """

    own: npt.NDArray[np.int64]
    seen: Seen
    whole: npt.NDArray[np.bool_]

    def right(self) -> npt.NDArray[np.bool_]:
        """Where the best variety is the text's own."""
        found: npt.NDArray[np.bool_] = self.own == self.seen.best
        return found

    def only(self, rows: npt.NDArray[np.bool_]) -> Asked:
        """The texts for which `rows` is true."""
        return Asked(self.own[rows], self.seen.only(rows), self.whole[rows])


@dataclass(frozen=True)
class _Language:
    """What was learnt of one language before the scores of all are weighed: `strange` are texts of a variety that the
    answering model did not have, `stray` the sources of texts that name none and what was answered to them."""

    variety: Variety
    asked: Asked
    strange: Asked | None
    stray: Mapping[str, Seen]


def fit_variety(texts: pl.DataFrame, codes: tuple[str, ...]) -> Variety:
    """Count n-grams, and keep those whose counts differ between varieties by more than chance would have it."""
    place = {code: n for n, code in enumerate(codes)}
    own = texts["variety"].replace_strict(place, return_dtype=pl.Int32).to_numpy()
    held = count(string_buffers(texts["text"].to_arrow()), own, len(codes), BITS).astype(np.float64)
    size = np.bincount(own, minlength=len(codes)).astype(np.float64)
    order = np.argsort(-_g_test(held, size), kind="stable")[:_MOST]
    places = np.sort(order[_g_test(held[order], size) > _LEAST_G])
    table = np.log((held[places] + _ADDED) / (size + 2 * _ADDED))
    table -= table.mean(axis=1, keepdims=True)
    scale = float(np.abs(table).max(initial=0.0)) / 127 or 1.0
    return Variety(codes, places.astype(np.uint16), np.rint(table / scale).astype(np.int8), scale, (0.0,) * len(codes))


def _g_test(held: Floats, size: Floats) -> Floats:
    """Twice the log likelihood ratio between a share for each variety and one for all, for each row of counts."""
    expected = held.sum(axis=1, keepdims=True) * size / size.sum()
    rest, rest_expected = size - held, size - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(held > 0, held * np.log(held / expected), 0.0)
        outside = np.where(rest > 0, rest * np.log(rest / rest_expected), 0.0)
    summed: Floats = 2 * (inside + outside).sum(axis=1)
    return summed


def comparable(texts: pl.DataFrame, codes: tuple[str, ...]) -> pl.DataFrame:
    """Texts with one of these codes, from sources that have two of them: else a source's subject would be learnt."""
    rows = texts.filter(pl.col("variety").is_in(codes))
    sources = rows.group_by("source").agg(pl.col("variety").n_unique().alias("codes")).filter(pl.col("codes") > 1)
    return rows.filter(pl.col("source").is_in(sources["source"].implode()))


def _ask(variety: Variety, texts: pl.DataFrame) -> Asked:
    """Whole texts, then their beginnings."""
    place = {code: n for n, code in enumerate(variety.codes)}
    own = texts["variety"].replace_strict(place, default=-1, return_dtype=pl.Int64).to_numpy()
    parts = [texts["text"], *(texts["text"].str.slice(0, cut) for cut in _CUTS)]
    seen = [look(variety, string_buffers(part.to_arrow())) for part in parts]
    whole = np.repeat(np.arange(len(parts)) == 0, len(own))
    return Asked(np.tile(own, len(parts)), _joined(seen), whole)


def _joined(parts: list[Seen]) -> Seen:
    return Seen(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _together(parts: list[Asked]) -> Asked | None:
    if not parts:
        return None
    own, seen, whole = zip(*parts, strict=True)
    return Asked(np.concatenate(own), _joined(list(seen)), np.concatenate(whole))


def _crossed(texts: pl.DataFrame, codes: tuple[str, ...]) -> tuple[Asked | None, Asked | None]:
    """Each group of texts asked of a model of the others, and of models that lack its variety."""
    fold = pl.Series([int(place_of("varieties", group) * _FOLDS) for group in texts["group"]], dtype=pl.Int64)
    asked, strange = [], []
    for number in sorted(fold.unique()):
        seen, held = texts.filter(fold != number), texts.filter(fold == number)
        if seen["variety"].n_unique() < len(codes):
            continue
        asked.append(_ask(fit_variety(seen, codes), held))
        for code in codes if len(codes) > 2 else ():
            others = tuple(other for other in codes if other != code)
            rows = held.filter(pl.col("variety") == code)
            if rows.height and code != NONE:
                model = fit_variety(seen.filter(pl.col("variety") != code), others)
                found = _ask(model, rows)
                places = np.array([codes.index(other) for other in others])
                strange.append(found._replace(seen=found.seen._replace(best=places[found.seen.best])))
    return _together(asked), _together(strange)


def _learn(texts: pl.DataFrame, codes: tuple[str, ...]) -> _Language | None:
    """One language; null where no source has two of its varieties in groups enough."""
    rows = comparable(texts, codes)
    held = tuple(code for code in codes if (rows["variety"] == code).any())
    asked, strange = _crossed(rows, held) if len(held) > 1 else (None, None)
    if asked is None:
        return None
    variety = fit_variety(rows, held)
    unnamed = texts.filter(pl.col("variety").is_null()).partition_by("source", as_dict=True, maintain_order=True)
    stray = {str(source): look(variety, string_buffers(part["text"].to_arrow())) for (source,), part in unnamed.items()}
    return _Language(variety, asked, strange, stray)


def _weigh(learnt: Mapping[str, _Language]) -> npt.NDArray[np.float32]:
    """Weights of the witnesses: right answers against wrong ones, every language the same on either side.

    Right ones of which there are too few, or wrong ones, say nothing: _OWN.
    """
    seen, known, weight = [], [], []
    for right in (True, False):
        sides = [_evidence(each, right) for each in learnt.values()]
        sides = [side for side in sides if len(side)]
        if sum(map(len, sides)) < _FEWEST:
            return np.array(_OWN, np.float32)
        for side in sides:
            seen.append(side)
            known.append(np.full(len(side), float(right)))
            weight.append(np.full(len(side), 1 / (len(side) * len(sides))))
    return logistic(np.concatenate(seen), np.concatenate(known), np.concatenate(weight))


def _evidence(each: _Language, right: bool) -> Floats:
    """Witnesses of the right answers about one language, or of the wrong ones; those without a lead are none."""
    rows = each.asked.right() == right
    parts = [each.asked.seen.only(rows)]
    if not right:
        parts += [each.strange.seen] if each.strange is not None else []
        if NONE in each.variety.codes:
            none = each.variety.codes.index(NONE)
            parts += [seen.only(seen.best != none) for seen in each.stray.values()]
    joined = _joined(parts)
    return witnesses(joined.only(joined.lead >= LEAST_LEAD))


def _threshold(each: _Language, code: int, weights: npt.NDArray[np.float32], precision: float) -> float:
    """The lowest score from which answers of a code are right often enough, and stray ones rare."""
    asked, score = each.asked, scored(each.asked.seen, weights)
    given = (asked.seen.best == code) & (score >= _LEAST_SCORE)
    sure = score[given & asked.right() & asked.whole]
    found = [
        _LEAST_SCORE,
        _precise(score[given], asked.right()[given], precision),
        _precise(score[given & asked.whole], asked.right()[given & asked.whole], precision),
        float(np.quantile(sure, _COST)) if len(sure) else NEVER,
    ]
    if NONE in each.variety.codes:
        for seen in each.stray.values():
            stray = np.where(seen.best == code, scored(seen, weights), 0.0)
            # The score above which so few are: those that are equal to it would be answered too.
            found.append(float(np.nextafter(np.quantile(stray, 1 - _STRAY, method="higher"), NEVER)))
    return float(max(found))


def _precise(score: Floats, right: npt.NDArray[np.bool_], precision: float) -> float:
    """The lowest score from which on answers are right often enough, looked at from the surest downwards."""
    order = np.argsort(-score, kind="stable")
    size = np.arange(1, len(order) + 1)
    enough = np.flatnonzero((np.cumsum(right[order]) >= precision * size) & (size >= _FEWEST))
    return float(score[order[enough[-1]]]) if len(enough) else NEVER


def _decided(
    each: _Language, weights: npt.NDArray[np.float32], precision: float
) -> tuple[Variety, dict[str, dict[str, Any]]]:
    """The language with its thresholds, and what cross-validation says of each of its varieties."""
    codes = each.variety.codes
    limits = [0.0 if code == NONE else _threshold(each, n, weights, precision) for n, code in enumerate(codes)]
    told: dict[str, dict[str, Any]] = {}
    asked = each.asked.only(each.asked.whole)
    for number, code in enumerate(codes):
        if code == NONE:
            continue
        found = _counted(asked, scored(asked.seen, weights), number, limits[number], codes)
        right = round(found["answered"] * found["texts"])
        if right < _FEWEST or found["answered"] < _LEAST_SHARE:
            limits[number] = NEVER
            found["left_out"] = "too few texts that can be told from those of the others"
        told[code] = found
    return each.variety._replace(thresholds=tuple(limits)), told


def _counted(asked: Asked, score: Floats, number: int, limit: float, codes: tuple[str, ...]) -> dict[str, Any]:
    own, given = asked.own == number, (asked.seen.best == number) & (score >= limit)
    wrong = asked.own[given & ~own]
    return {
        "texts": int(own.sum()),
        "answered": round(float((given & own).sum() / max(own.sum(), 1)), 4),
        "precision": round(float((given & own).sum() / given.sum()), 4) if given.any() else None,
        "false_positive_rate": round(float((given & ~own).sum() / max((~own).sum(), 1)), 4),
        "errors": {codes[n]: int((wrong == n).sum()) for n in sorted(set(wrong.tolist()))},
    }


def with_varieties(texts: pl.DataFrame, recipe: TrainingRecipe) -> tuple[Varieties | None, dict[str, Any]]:
    """Varieties of the recipe that can be told, from texts to train on, and what is known of each of all of them.

    The figures are of groups of texts that were left out in turn (cross-validation).
    """
    learnt: dict[str, _Language] = {}
    told: dict[str, Any] = {}
    for language, names in recipe.varieties.items():
        own = texts.filter(pl.col("language") == language)
        each = _learn(own, tuple(names))
        held = dict(own.group_by("variety").len().iter_rows())
        told[language] = {
            code: {"texts": held.get(code, 0), "left_out": "no source has texts of it beside others, in groups enough"}
            for code in names
            if code != NONE
        }
        if each is not None:
            learnt[language] = each
    if not learnt:
        return None, told
    weights = _weigh(learnt)
    made: dict[str, Variety] = {}
    for language, each in learnt.items():
        variety, found = _decided(each, weights, recipe.variety_precision)
        told[language] |= found
        if variety.answerable():
            made[language] = variety
            _tell_strangers(told[language], each, variety, weights)
    return Varieties(made, weights), told


def _tell_strangers(
    told: dict[str, dict[str, Any]], each: _Language, variety: Variety, weights: npt.NDArray[np.float32]
) -> None:
    """Adds to each code which share of texts of a variety that was left out, and of those that name none, got it."""
    for number, code in enumerate(variety.codes):
        if code != NONE and variety.thresholds[number] < NEVER:
            told[code]["threshold"] = round(variety.thresholds[number], 4)
            told[code]["unnamed"] = {
                source: round(_share(seen, number, variety, weights), 4) for source, seen in each.stray.items()
            }
    if each.strange is not None:
        whole = each.strange.seen.only(each.strange.whole)
        limits = np.array([NEVER if code == NONE else variety.thresholds[n] for n, code in enumerate(variety.codes)])
        answered = scored(whole, weights) >= limits[whole.best]
        told["unknown varieties"] = {"texts": len(answered), "answered": round(float(answered.mean()), 4)}


def _share(seen: Seen, number: int, variety: Variety, weights: npt.NDArray[np.float32]) -> float:
    return float(((seen.best == number) & (scored(seen, weights) >= variety.thresholds[number])).mean())
