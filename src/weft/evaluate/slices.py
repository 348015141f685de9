"""Where a model is worse than on the rest of a task: attributes of items, alone and in pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from weft.evaluate.measures import Measure, measure
from weft.statistics.groups import against_the_rest
from weft.statistics.many import benjamini_hochberg
from weft.statistics.resampling import Doubles

LEAST = 30
"""Items that a slice and the rest beside it must have."""
LEVEL = 0.05


def worst(scores: Mapping[str, Any], outcomes: Mapping[str, pl.DataFrame], least: int = LEAST) -> list[dict[str, Any]]:
    """Slices that score worse than the rest of their task and language, the worst first.

    `scores` is what `scores.json` holds, `outcomes` the items of each task. Looked at are the slices that the suite
    names, the lengths of prompts and of what was written in quarters, answers that were cut off, and pairs of these, of
    which both sides have `least` items; and slices of the suite over all languages together (language null), of what
    each item has beyond the mean of its language. A row has task, language, direction, slice, metric, items, value,
    rest, difference, p and benjamini_hochberg: p-values corrected over all slices of a task, of which those below LEVEL
    are given. Values are means of items' own scores, also of metrics that are made of sums.
    """
    found: list[dict[str, Any]] = []
    for name, metric in _first_measures(scores).items():
        if name in outcomes:
            found += _of_task(name, metric, outcomes[name], least)
    return sorted(found, key=lambda row: (row["benjamini_hochberg"], -row["loss"], row["task"], row["language"] or ""))


def _first_measures(scores: Mapping[str, Any]) -> dict[str, str]:
    return {one["task"]: one["metric"] for one in scores["scores"] if one["primary"]}


def _of_task(name: str, metric: str, outcomes: pl.DataFrame, least: int) -> Iterator[dict[str, Any]]:
    column = f"measure.{metric}"
    if column not in outcomes.columns:
        return
    held, rows = measure(metric), list[dict[str, Any]]()
    # Sums of more than two groups are no score of one item.
    if outcomes[column].drop_nulls().is_empty() or metric == "bias":
        return
    by = ["language", "direction"] if "direction" in outcomes.columns else ["language"]
    ran = outcomes.filter(pl.col(column).is_not_null())
    ran = ran.with_columns(pl.Series("weft.value", held.finish(np.array(ran[column].to_list(), np.float64))))
    for key, part in ran.group_by(by, maintain_order=True):
        about = {"language": str(key[0]), "direction": str(key[1]) if len(key) > 1 else None}
        rows += _rows(about, held, part, part["weft.value"].to_numpy(), least, every=True)
    if ran["language"].n_unique() > 1:
        beyond = ran["weft.value"] - ran.select(pl.col("weft.value").mean().over(by)).to_series()
        values = (beyond + ran["weft.value"].mean()).to_numpy()
        rows += _rows({"language": None, "direction": None}, held, ran, values, least, every=False)
    rows = [{"task": name, "metric": metric, **row} for row in rows]
    for row, corrected in zip(rows, benjamini_hochberg([row["p"] for row in rows]) if rows else (), strict=True):
        if corrected < LEVEL and row["loss"] > 0:
            yield row | {"benjamini_hochberg": float(corrected)}


def _rows(
    about: Mapping[str, Any], held: Measure, part: pl.DataFrame, values: Doubles, least: int, *, every: bool
) -> Iterator[dict[str, Any]]:
    """A row for each slice of items that belong together."""
    names, members = _groups(part, least, every=every) if part.height >= 2 * least else ([], None)
    if members is None or not names:
        return
    apart, chance = against_the_rest(values, members, part["cluster"].to_list())
    for place, said in enumerate(names):
        inside = members[:, place]
        yield {
            **about,
            "slice": said,
            "items": int(inside.sum()),
            "value": float(values[inside].mean()),
            "rest": float(values[~inside].mean()),
            "difference": float(apart[place]),
            "loss": float(-apart[place] if held.higher_is_better else apart[place]) / held.ceiling,
            "p": float(chance[place]),
        }


def _groups(part: pl.DataFrame, least: int, *, every: bool) -> tuple[list[str], Any]:
    """Names of slices, and which items each has, (items, slices); of two that hold the same items the first."""
    columns = {}
    for name, values in _attributes(part, every=every):
        for value in sorted(values.drop_nulls().unique().to_list()):
            columns[f"{name}={value}"] = (values == value).fill_null(value=False).to_numpy()
    alone = {name: held for name, held in columns.items() if least <= held.sum() <= part.height - least}
    found = dict(alone)
    for (first, one), (second, other) in itertools.combinations(alone.items(), 2):
        if first.partition("=")[0] != second.partition("=")[0]:
            both = one & other
            # What one of them says alone, both say no better.
            if least <= both.sum() <= part.height - least and both.sum() < min(one.sum(), other.sum()):
                found[f"{first} & {second}"] = both
    seen: set[bytes] = set()
    kept = {}
    for name, held in found.items():
        if (mark := held.tobytes()) not in seen:
            seen.add(mark)
            kept[name] = held
    return list(kept), np.stack(list(kept.values()), axis=1) if kept else np.zeros((part.height, 0), np.bool_)


def _attributes(part: pl.DataFrame, *, every: bool) -> Iterator[tuple[str, pl.Series]]:
    for column in part.columns:
        if column.startswith("slice.") and part[column].n_unique() <= part.height // 2:
            yield column.removeprefix("slice."), part[column]
    # Lengths of texts in different languages are no attribute that they share.
    for name, column in (("length of the prompt", "prompt"), ("length of the answer", "output")):
        if every and column in part.columns and part[column].null_count() == 0:
            yield name, _quarters(part[column].str.len_chars())
    if "measure.cut" in part.columns:
        cut = part["measure.cut"].list.get(0, null_on_oob=True)
        yield "cut off", cut.replace_strict({1.0: "yes", 0.0: "no"}, default=None, return_dtype=pl.String)


def _quarters(sizes: pl.Series) -> pl.Series:
    """In which quarter of the lengths each is, as a text that says from where to where."""
    edges = sorted({int(sizes.quantile(q, "nearest") or 0) for q in (0.25, 0.5, 0.75)})
    bounds = [int(sizes.min() or 0), *(edge + 1 for edge in edges), int(sizes.max() or 0) + 1]  # type: ignore[arg-type]
    which = np.searchsorted(np.array(edges), sizes.to_numpy(), side="left")
    names = [f"{low} to {high - 1} characters" for low, high in itertools.pairwise(bounds)]
    return pl.Series([names[place] for place in which.tolist()], dtype=pl.String)
