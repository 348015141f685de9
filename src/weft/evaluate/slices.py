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
    names, the lengths of prompts and of what was written in quarters, answers that were cut off or are in another
    language, and pairs of these, of which both sides have `least` items; and slices of the suite over all languages
    together (language null), of what each item has beyond the mean of its language. A row has task, language,
    direction, slice, metric, items, value, rest, difference, p and benjamini_hochberg: p-values corrected over all
    slices of a task, those of all languages by themselves, of which those below LEVEL are given. A pair is given where
    it is worse than the rest of each of its two slices too, at LEVEL: else one of them says the same. Values are means
    of items' own scores, also of metrics that are made of sums.
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
    # What holds of all languages is another question than where one is worst, of which there are many more.
    for family in ([row for row in rows if row["language"] is None], [row for row in rows if row["language"]]):
        for row, corrected in zip(family, benjamini_hochberg([row["p"] for row in family]), strict=True):
            if row.pop("says_more") and corrected < LEVEL and row["loss"] > 0:
                yield row | {"benjamini_hochberg": float(corrected)}


def _rows(
    about: Mapping[str, Any], held: Measure, part: pl.DataFrame, values: Doubles, least: int, *, every: bool
) -> Iterator[dict[str, Any]]:
    """A row for each slice of items that belong together; a pair says more if it is worse in both halves."""
    names, members, parents = _groups(part, least, every=every) if part.height >= 2 * least else ([], None, {})
    if members is None or not names:
        return
    clusters = part["cluster"].rank("dense").to_numpy()
    apart, chance = against_the_rest(values, members, clusters)
    says_more = np.ones(len(names), np.bool_)
    for parent, pairs in parents.items():
        inside = members[:, parent]
        further, within = against_the_rest(values[inside], members[inside][:, pairs], clusters[inside])
        says_more[pairs] &= (within < LEVEL) & ((further < 0) == (apart[pairs] < 0))
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
            "says_more": bool(says_more[place]),
        }


def _groups(part: pl.DataFrame, least: int, *, every: bool) -> tuple[list[str], Any, dict[int, list[int]]]:
    """Names of slices, which items each has, (items, slices), and the pairs that each single slice is half of.

    Of two slices that hold the same items the first stays.
    """
    columns = {}
    for name, values in _attributes(part, every=every):
        for value in sorted(values.drop_nulls().unique().to_list()):
            columns[f"{name}={value}"] = (values == value).fill_null(value=False).to_numpy()
    found: dict[str, Any] = {}
    seen: set[bytes] = set()
    for name, held in columns.items():
        if least <= held.sum() <= part.height - least and (mark := held.tobytes()) not in seen:
            seen.add(mark)
            found[name] = held
    single, parents = list(found), dict[int, list[int]]()
    for first, other in itertools.combinations(range(len(single)), 2):
        names = single[first], single[other]
        both = found[names[0]] & found[names[1]]
        sizes = [int(found[name].sum()) for name in names]
        if names[0].partition("=")[0] == names[1].partition("=")[0] or not least <= both.sum() < min(sizes):
            continue
        if (mark := both.tobytes()) not in seen:
            seen.add(mark)
            for parent in (first, other):
                parents.setdefault(parent, []).append(len(found))
            found[" & ".join(names)] = both
    return list(found), np.stack(list(found.values()), axis=1) if found else None, parents


def _attributes(part: pl.DataFrame, *, every: bool) -> Iterator[tuple[str, pl.Series]]:
    for column in part.columns:
        if column.startswith("slice.") and part[column].n_unique() <= part.height // 2:
            yield column.removeprefix("slice."), part[column]
    # Lengths of texts in different languages are no attribute that they share.
    for name, column in (("length of the prompt", "prompt"), ("length of the answer", "output")):
        if every and column in part.columns and part[column].null_count() == 0:
            yield name, _quarters(part[column].str.len_chars())
    for name, column in (("cut off", "measure.cut"), ("in the language", "measure.in_language")):
        if column in part.columns:
            told = part[column].list.get(0, null_on_oob=True)
            yield name, told.replace_strict({1.0: "yes", 0.0: "no"}, default=None, return_dtype=pl.String)


def _quarters(sizes: pl.Series) -> pl.Series:
    """In which quarter of the lengths each is, as a text that says from where to where."""
    edges = sorted({int(sizes.quantile(q, "nearest") or 0) for q in (0.25, 0.5, 0.75)})
    bounds = [int(sizes.min() or 0), *(edge + 1 for edge in edges), int(sizes.max() or 0) + 1]  # type: ignore[arg-type]
    which = np.searchsorted(np.array(edges), sizes.to_numpy(), side="left")
    names = [
        f"{low} to {high - 1} characters" if high - low > 1 else f"{low} characters"
        for low, high in itertools.pairwise(bounds)
    ]
    return pl.Series([names[place] for place in which.tolist()], dtype=pl.String)
