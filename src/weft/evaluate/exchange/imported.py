"""Results of another harness as a run: scores with intervals, and the items of those that gave them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.evaluate.exchange.parts import Left, stem
from weft.evaluate.items import NotRun
from weft.evaluate.measures import Measure, interval, measure
from weft.evaluate.reading_runs import ITEMS, SCORES, VERSION, forget
from weft.evaluate.results import Score, Z, averages
from weft.evaluate.suite import Suite, Task
from weft.model.languages import normalises
from weft.own_file import whole
from weft.statistics.resampling import SAMPLES

UNKNOWN = "und"
_LARGE = 1e9
_DIRECTIONS = ("from_pivot", "to_pivot")


@dataclass(frozen=True)
class Named:
    """What the name of a task in another harness says."""

    task: str
    language: str
    direction: str | None


@dataclass(frozen=True)
class Figure:
    """A score of a file, and the items that it is of."""

    named: Named
    metric: str
    value: float
    stderr: float | None
    items: int
    primary: bool
    rows: pl.DataFrame | None = None
    """language, item, cluster, prompt, output, reason and `measure.<metric>`; null: the file gave no items."""
    norm: str | None = None


@dataclass
class Imported:
    """What was read of a file."""

    harness: str
    source: str
    model: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)
    left: Left = field(default_factory=Left)
    not_run: list[NotRun] = field(default_factory=list)


_NAME = re.compile(r"\w[\w.+ -]*")


def is_name(given: str) -> bool:
    """Whether a task may be called so: its items stand in a file of that name."""
    return bool(_NAME.fullmatch(given)) and len(given) <= 200


def fault_of_score(name: str, value: float) -> str | None:
    """Why a figure is no score of a measure; None where it may be one."""
    of = measure(name)
    if not -_LARGE < value < _LARGE:  # NaN is in no range
        return f"it is {value}, which is no score"
    top = of.ceiling if of.share or (of.ceiling == 100 and of.higher_is_better) else math.inf
    low = 0.0 if of.share or of.ceiling == 100 else -math.inf
    if not low - 1e-9 <= value <= top + 1e-9:
        return f"it is {value:.6g}; expected {low:g} to {top:g}"
    return None


def names(given: Sequence[str], suite: Suite | None, left: Left) -> dict[str, Named]:
    """Task, language and direction of each name.

    A language is a code with its script, two letters, or three letters where another task differs from it in them
    alone: `rte` and `wic` are languages too. What names none is `und`, and joins `left`.
    """
    cut: dict[str, tuple[str, str, str | None]] = {}
    for one in given:
        direction = next((name for name in _DIRECTIONS if one.endswith(f"_{name}")), None)
        rest = one.removesuffix(f"_{direction}") if direction else one
        words = rest.split("_")
        pair = "_".join(words[-2:])
        if len(words) > 2 and len(words[-1]) == 4 and normalises(pair):
            cut[one] = ("_".join(words[:-2]), pair, direction)
        elif len(words) > 1 and len(words[-1]) in (2, 3) and normalises(words[-1]):
            cut[one] = ("_".join(words[:-1]), words[-1], direction)
        else:
            cut[one] = (rest, "", direction)
    found = {}
    for one, (task, code, direction) in cut.items():
        twins = sum(1 for other, language, _ in cut.values() if other == task and language)
        if len(code) == 3 and twins < 2:
            task, code = f"{task}_{code}", ""
        language = normalises(code) if code else None
        if language is None:
            left.add(one, "language", "its name ends in no code of a language; it stands under und")
        ours = _of_suite(task, suite)
        found[one] = Named(ours, language or UNKNOWN, direction or _only_direction(ours, suite))
    return found


def _only_direction(task: str, suite: Suite | None) -> str | None:
    """The direction of a task that is asked in one, which names of tasks then leave out."""
    held = suite.tasks.get(task) if suite else None
    ways = held.of.directions(held) if held else ()
    return (ways[0] or None) if len(ways) == 1 else None


def of_suite(held: Imported, suite: Suite | None) -> tuple[str, int]:
    """Name and version of the suite whose run this is; of none those of the harness."""
    return (suite.suite, suite.version) if suite else (held.harness, 1)


def _of_suite(task: str, suite: Suite | None) -> str:
    if suite is None:
        return task
    return next((name for name in suite.tasks if task == stem(suite.suite, name)), task)


def save(held: Imported, suite: Suite | None, into: Path, samples: int = SAMPLES, seed: int = 0) -> dict[str, Any]:
    """Write the run's `scores.json` and `items/`, as `weft evaluate` has them; gives the first.

    `imported` says from where, which tasks have items (`weft diff` tests those alone), and what was left out. Raises
    WeftError where there is no score.
    """
    if not held.figures:
        said = "; ".join(f"{row['task']}: {row['what']}: {row['why']}" for row in held.left.rows[:5])
        raise WeftError(f"{held.source}: no score that weft knows; expected results of a harness. {said}".rstrip())
    scores = [_score(one, held, suite, samples, seed) for one in held.figures]
    frames = _frames(held.figures)
    lacking = sorted({one.named.task for one in held.figures} - set(frames))
    missing: dict[str, list[str]] = {}
    for one in held.not_run:
        missing.setdefault(one.task, []).append(one.language)
    told = {
        "version": VERSION,
        "weft": version("weft"),
        "suite": of_suite(held, suite)[0],
        "suite_version": of_suite(held, suite)[1],
        "model": held.model,
        "scores": [asdict(one) for one in scores],
        "averages": averages(scores, missing),
        "composites": [],
        "consistency": [],
        "contamination": None,
        "not_run": [asdict(one) for one in held.not_run],
        "lost": [],
        "unanswered": [],
        "imported": {
            "harness": held.harness,
            "file": held.source,
            "without_items": lacking,
            "left_out": held.left.rows,
        },
    }
    folder = into / ITEMS
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        with whole(folder / f"{name}.parquet") as place:
            frame.write_parquet(place, compression="zstd")
    forget(into, frames)
    with whole(into / SCORES) as place:
        place.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return told


def _frames(figures: Sequence[Figure]) -> dict[str, pl.DataFrame]:
    """Items of each task, with a column of each measure."""
    parts: dict[tuple[str, str, str | None], pl.DataFrame] = {}
    for one in figures:
        if one.rows is None:
            continue
        key = (one.named.task, one.named.language, one.named.direction)
        if key in parts:
            column = f"measure.{one.metric}"
            parts[key] = parts[key].join(one.rows.select("item", column), on="item", how="left", maintain_order="left")
        else:
            told = [pl.lit(one.named.direction).alias("direction")] if one.named.direction else []
            parts[key] = one.rows.with_columns(*told)
    tasks: dict[str, list[pl.DataFrame]] = {}
    for (task, _, _), frame in parts.items():
        tasks.setdefault(task, []).append(frame)
    return {task: pl.concat(held, how="diagonal_relaxed") for task, held in tasks.items()}


def _score(one: Figure, held: Imported, suite: Suite | None, samples: int, seed: int) -> Score:
    of = measure(one.metric)
    task = suite.tasks.get(one.named.task) if suite else None
    value, low, high, how = _bounds(one, of, held, samples, seed)
    known = f"norm:{one.norm}|" if one.norm else ""
    return Score(
        suite=suite.suite if suite else held.harness,
        task=one.named.task,
        language=one.named.language,
        level=task.level if task else "language",
        skill=task.skill if task else one.named.task,
        domain=task.domain if task else None,
        direction=one.named.direction,
        slice=None,
        metric=one.metric,
        primary=one.primary,
        value=value,
        low=low,
        high=high,
        items=one.items,
        not_run=0,
        chance=_chance(task, one),
        ceiling=of.ceiling,
        higher_is_better=of.higher_is_better,
        signature=f"imported:{held.harness}|file:{Path(held.source).name}|{known}interval:{how}|weft:{version('weft')}",
    )


def _chance(task: Task | None, one: Figure) -> float | None:
    if task is None or not one.metric.startswith("accuracy"):
        return None
    return 0.5 if task.kind == "prefer" else 1 / len(task.choices) if task.choices else None


def _bounds(one: Figure, of: Measure, held: Imported, samples: int, seed: int) -> tuple[float, float, float, str]:
    """Of the items by weft's own estimator; else of the standard error that the file has; else those of the scale."""
    column = f"measure.{one.metric}"
    if one.rows is not None:
        ran = one.rows.filter(pl.col(column).is_not_null())
        found, how = interval(of, np.array(ran[column].to_list(), np.float64), ran["item"].to_list(), samples, seed)
        if abs(found.value - one.value) > 1e-6 * max(1.0, abs(one.value)):
            said = f"the file says {one.value:.6g}, its items give {found.value:.6g}, which stands here"
            held.left.add(one.named.task, f"{one.metric} of {one.named.language}", said)
        return found.value, found.low, found.high, how
    if one.stderr is not None and np.isfinite(one.stderr):
        half = Z * one.stderr
        top = max(of.ceiling, one.value) if of.higher_is_better or of.ceiling == 1 else one.value + half
        return one.value, max(one.value - half, 0.0), min(one.value + half, top), "normal, of the file's standard error"
    said = "no items and no standard error: its interval is the whole scale"
    held.left.add(one.named.task, f"interval of {one.metric}", said)
    return one.value, 0.0, max(of.ceiling, one.value), "none, the bounds of the scale"


def sums_of(name: str, values: Sequence[Any]) -> pl.Series | None:
    """Sums of a measure, of what a harness has of each item: a number, or references and a text; None of neither."""
    column = f"measure.{name}"
    kind = pl.List(pl.Float64)
    if all(isinstance(one, int | float) and abs(one) < _LARGE for one in values):
        return pl.Series(column, [[float(one), 1.0] for one in values], dtype=kind)
    if not all(isinstance(one, list | tuple) and len(one) == 2 and isinstance(one[1], str) for one in values):
        return None
    from weft.evaluate.translation import metric

    listed = [[one[0]] if isinstance(one[0], str) else one[0] for one in values]
    if not all(isinstance(one, list) and one and all(isinstance(text, str) for text in one) for one in listed):
        return None
    most = max(len(one) for one in listed)
    sets = [[one[place] if place < len(one) else None for one in listed] for place in range(most)]
    made = metric(name).statistics([one[1] for one in values], sets)
    return pl.Series(column, made.tolist(), dtype=kind)


def rows_of(language: str, given: Mapping[str, Sequence[Any]], sums: pl.Series) -> pl.DataFrame:
    """Items as runs have them: `given` has item, prompt and output of each."""
    frame = pl.DataFrame(
        {
            "language": pl.Series([language] * len(sums), dtype=pl.String),
            "item": pl.Series([str(one) for one in given["item"]], dtype=pl.String),
            "cluster": pl.Series([str(one) for one in given["item"]], dtype=pl.String),
            "prompt": pl.Series(given["prompt"], dtype=pl.String),
            "output": pl.Series(given["output"], dtype=pl.String),
            "reason": pl.Series([None] * len(sums), dtype=pl.String),
        }
    )
    return frame.with_columns(sums)
