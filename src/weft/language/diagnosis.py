"""Figures behind the pictures of a model's report: confusable languages, short texts, refusals, calibration."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.calibration import trade_off
from weft.language.evaluation import UNKNOWN, macro_f1, merged, predicted
from weft.language.model import LanguageModel, answers
from weft.statistics.proportions import wilson
from weft.text.buffers import string_buffers
from weft.text.components import components

LENGTHS = (10, 20, 40, 80)
"""Characters to which texts are cut that have at least the last of them."""
_SOURCES = 6
_CONFUSED, _FEWEST = 0.03, 3
"""Two languages are confusable when so many of the texts of one are taken for the other: a share, and a number."""
_LARGEST, _CLUSTERS = 12, 16
_BINS = 10
Matrix = npt.NDArray[np.int64]


def diagnose(model: LanguageModel, texts: pl.DataFrame, rows: pl.DataFrame, checked: Collection[str]) -> dict[str, Any]:
    """All figures, as lists and numbers, from labelled texts of known languages and `rows`, what was answered to them.

    `checked` are the sources whose labels people have seen: by them are the costs of refusals.
    """
    return {
        "by_length": by_length(model, texts.filter(pl.col("source").is_in(list(checked)))),
        "clusters": clusters(rows),
        "refusals": refusals(model, texts, checked),
        "reliability": reliability(model, rows),
    }


def by_length(model: LanguageModel, texts: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Macro-F1 of the first characters, of the same texts each time: of the sources with most languages."""
    long = texts.filter(pl.col("text").str.len_chars() >= LENGTHS[-1])
    size = long.group_by("source").agg(pl.col("language").n_unique().alias("n")).filter(pl.col("n") > 1)
    names = size.sort("n", "source", descending=[True, False])["source"].head(_SOURCES).to_list()
    made: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        own = long.filter(pl.col("source") == name)
        made[name] = []
        for characters in (*LENGTHS, None):
            found = predicted(model, own["text"].str.slice(0, characters))[0]
            made[name].append({"characters": characters} | macro_f1(own["language"].to_numpy(), found))
    return made


def clusters(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Groups of languages that are taken for one another, those with most such texts first.

    Two languages are joined when 3 % and three of the texts of one, or more, have the other for their most probable
    language; a group that grows too large is divided at twice that share, and so on. `shares[i][j]` is the share of the
    texts of language i that are taken for j, `elsewhere` for any language outside.
    """
    names = sorted(set(rows["language"]) | set(rows["best"]) - {UNKNOWN})
    counts = rows.group_by("language", "best").len()
    place = {name: n for n, name in enumerate(names)} | {UNKNOWN: len(names)}
    matrix = np.zeros((len(names), len(names) + 1), np.int64)
    ends = (counts[column].replace_strict(place, return_dtype=pl.Int64).to_numpy() for column in ("language", "best"))
    matrix[tuple(ends)] = counts["len"].to_numpy()
    size = np.maximum(matrix.sum(axis=1), 1)
    made = []
    for members in _joined(matrix[:, :-1], size, np.arange(len(names)), _CONFUSED):
        inside = matrix[np.ix_(members, members)]
        made.append(
            {
                "languages": [names[n] for n in members],
                "texts": matrix[members].sum(axis=1).tolist(),
                "shares": np.round(inside / size[members, None], 4).tolist(),
                "elsewhere": np.round(1 - inside.sum(axis=1) / size[members], 4).tolist(),
                "confused": int(inside.sum() - np.trace(inside)),
            }
        )
    made.sort(key=lambda cluster: (-cluster["confused"], cluster["languages"]))
    return made[:_CLUSTERS]


def _joined(matrix: Matrix, size: Matrix, members: Matrix, least: float) -> list[Matrix]:
    """Connected components of two members or more of the graph of confusions among `members`."""
    inside = matrix[np.ix_(members, members)]
    edge = (inside >= _FEWEST) & (inside >= least * size[members, None])
    np.fill_diagonal(edge, False)
    first, second = np.nonzero(edge)
    root = components(len(members), first.astype(np.int64), second.astype(np.int64))
    found: list[Matrix] = []
    for start in np.unique(root):
        own = members[root == start]
        if len(own) > _LARGEST:
            found += _joined(matrix, size, own, 2 * least)
        elif len(own) > 1:
            found.append(own)
    return found


def refusals(model: LanguageModel, texts: pl.DataFrame, checked: Collection[str]) -> dict[str, Any]:
    """How many wrong answers are refused at which cost in right ones, and where the model's threshold lies.

    Answers within the right group are right; costs are those of the checked source that loses most.
    """
    if model.refusal is None:
        return {}
    found = answers(model, texts["text"].to_arrow(), top=1)
    best = np.ascontiguousarray(found.label[:, 0])
    scores = model.refusal.scores(string_buffers(texts["text"].to_arrow()), best, found.mass, found.letters)
    margins = scores - np.append(np.broadcast_to(model.refusal.threshold, len(model.labels)), 0.0)[best]
    said = np.array([*model.labels, UNKNOWN], dtype=object)[best]
    right = (merged(model.families, said) == merged(model.families, texts["language"].to_numpy())) & (best >= 0)
    source, wrong = texts["source"].to_numpy(), ~right & (best >= 0)
    if not right.any() or not wrong.any():
        return {}
    counted = right & np.isin(source.astype(str), sorted(checked))
    lost = [float((margins[counted & (source == name)] < 0).mean()) for name in sorted(set(source[counted]))]
    every = np.full(int(wrong.sum()), "wrong")
    return {
        "wrong_answers": trade_off(margins[right], source[right], margins[wrong], every, checked),
        "at": [round(max(lost, default=0.0), 4), round(float((margins[wrong] < 0).mean()), 4)],
    }


def reliability(model: LanguageModel, rows: pl.DataFrame) -> dict[str, Any]:
    """Whether answers with a probability of 0.8 are right in 80 % (DeGroot and Fienberg 1983), in ten equal bins.

    `best`: the most probable language of every text; `answered`: what is answered where it is not refused, a group
    being right that holds the language. With the expected calibration error of each (Guo et al. 2017).
    """
    asked = rows.filter(pl.col("best") != UNKNOWN)
    given = rows.filter(pl.col("answer") != UNKNOWN)
    same = given["answer"] == given["language"]
    whole = merged(model.families, given["language"].to_numpy()) == given["answer"].to_numpy()
    right = np.where(given["as_group"].to_numpy(), whole, same.to_numpy())
    return {
        "best": _bins(asked["chance"].to_numpy(), (asked["best"] == asked["language"]).to_numpy()),
        "answered": _bins(given["score"].to_numpy(), right),
    }


def _bins(chance: npt.NDArray[Any], right: npt.NDArray[Any]) -> dict[str, Any]:
    place = np.minimum((chance * _BINS).astype(np.int64), _BINS - 1)
    count, good = np.bincount(place, minlength=_BINS), np.bincount(place, right, _BINS)
    mean = np.bincount(place, chance, _BINS) / np.maximum(count, 1)
    rows = []
    for n in np.flatnonzero(count):
        low, high = wilson(int(good[n]), int(count[n]), 1.96)
        bounds = {"low": round(low, 4), "high": round(high, 4)}
        rows.append(
            {"score": round(float(mean[n]), 4), "right": round(float(good[n] / count[n]), 4), "texts": int(count[n])}
            | bounds
        )
    error = float(np.abs(good - mean * count).sum() / max(count.sum(), 1))
    return {"bins": rows, "error": round(error, 4)}
