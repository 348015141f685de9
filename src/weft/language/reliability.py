"""Scores that say how often such answers are right: the classifier's probabilities, corrected by texts kept out.

A logistic regression of being right on the log odds of the probability and the length (Platt 1999), one for answers
that name a language and one for those that name a family.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.logistic import Floats, alike, logistic
from weft.language.model import Answers, LanguageModel, answers
from weft.language.texts import place_of

_SALT = "reliability"
_SHORTEST, _LONGEST = 5, 200
"""Each text is asked whole and cut to so many characters, evenly on a logarithmic scale: for scores of short texts."""
_BINS = 15


def with_reliability(
    model: LanguageModel, texts: pl.DataFrame, checked: Collection[str]
) -> tuple[LanguageModel, dict[str, Any]]:
    """The model with its correction, learnt from texts of `checked` sources; and the error of its scores.

    The expected calibration error (Naeini et al. 2015, 15 bins of equal width) before and after, of each half of the
    groups by what the other half taught.
    """
    rows = texts.filter(pl.col("source").is_in(checked), pl.col("language").is_in(model.labels))
    plain = replace(model, reliability=None)
    if not rows.height:
        return plain, {"error": None, "error_before": None}
    place = np.array([place_of(_SALT, f"{s} {g}") for s, g in zip(rows["source"], rows["group"], strict=True)])
    length = _SHORTEST * (_LONGEST / _SHORTEST) ** np.array(
        [place_of(f"{_SALT} length", text) for text in rows["text"]]
    )
    cut = rows.with_columns(size=pl.Series(length.astype(np.int64)))
    cut = cut.with_columns(text=pl.col("text").str.slice(0, pl.col("size"))).drop("size")
    both = pl.concat([rows, cut])
    found = answers(plain, both["text"].to_arrow(), top=1)
    right = _right(plain, both["language"].to_numpy(), found)
    seen, torn = np.concatenate([place, place]) < 0.5, _torn(found)
    raw = np.where(torn, found.mass, found.chance[:, 0]).astype(np.float64)
    asked = found.label[:, 0] >= 0
    weight, after = alike(both["source"].to_numpy()), raw.copy()
    for half in (seen, ~seen):
        learnt = _fit(found, torn, right, weight, asked & half)
        after[~half] = corrected(learnt, raw, torn, found.letters)[~half]
    told = {
        "error": _error(after[asked], right[asked], weight[asked]),
        "error_before": _error(raw[asked], right[asked], weight[asked]),
    }
    return replace(model, reliability=_fit(found, torn, right, weight, asked)), told


def corrected(
    reliability: npt.NDArray[np.float32], chance: Floats, torn: npt.NDArray[np.bool_], letters: npt.NDArray[np.int32]
) -> Floats:
    """How often answers of these probabilities and lengths are right; `torn` says which name a family."""
    weights = reliability.astype(np.float64)[torn.astype(np.int64)]
    odds: Floats = (weights * _inputs(chance, letters)).sum(axis=1)
    found: Floats = 1 / (1 + np.exp(-odds))
    return found


def _inputs(chance: npt.NDArray[Any], letters: npt.NDArray[np.int32]) -> Floats:
    inside = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.column_stack([np.ones(len(inside)), np.log(inside / (1 - inside)), np.log(np.maximum(letters, 1))])


def _fit(
    found: Answers, torn: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], weight: Floats, rows: Any
) -> npt.NDArray[np.float32]:
    """(2, 3): constant, log odds, log letters; of answers that name a language, and a family."""
    learnt = np.array([[0, 1, 0], [0, 1, 0]], np.float32)
    for kind, chance in enumerate((found.chance[:, 0], found.mass)):
        own = rows & (torn == bool(kind))
        if right[own].any() and not right[own].all():
            share = weight[own] / weight[own].sum()
            learnt[kind] = logistic(_inputs(chance[own], found.letters[own]), right[own].astype(np.float64), share)
    return learnt


def _torn(found: Answers) -> npt.NDArray[np.bool_]:
    return found.family >= 0


def _right(model: LanguageModel, language: npt.NDArray[Any], found: Answers) -> npt.NDArray[np.bool_]:
    place = {name: number for number, name in enumerate(model.labels)}
    true = np.array([place[name] for name in language])
    family = model.competition.family
    right: npt.NDArray[np.bool_] = np.where(_torn(found), family[true] == found.family, true == found.label[:, 0])
    return right


def _error(chance: Floats, right: npt.NDArray[np.bool_], weight: Floats) -> float:
    place = np.minimum((chance * _BINS).astype(np.int64), _BINS - 1)
    sums = [np.bincount(place, weight * values, _BINS) for values in (chance, right.astype(np.float64))]
    return round(float(np.abs(sums[0] - sums[1]).sum() / weight.sum()), 4)
