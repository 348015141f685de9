"""Result files of OpenCompass: the summary as CSV, and predictions as JSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate import answers
from weft.evaluate.exchange.imported import Figure, Imported, Named, fault_of_score, names, rows_of, sums_of
from weft.evaluate.exchange.parts import Left, Part, parts
from weft.evaluate.items import NotRun
from weft.evaluate.measures import measure
from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.evaluate.running import Settings
from weft.evaluate.scoring import scored
from weft.evaluate.suite import Suite

HARNESS = "opencompass"
_COLUMNS = ("dataset", "version", "metric", "mode")


def read_summary(file: Path, model: str | None, suite: Suite | None, settings: Settings | None) -> Imported:
    """The scores of one model of a summary, and the items of those that have predictions beside it.

    Raises WeftError for a summary of another form, and for one of several models where none is named.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    known = [name for name in (rows[0] if rows else {}) if name not in _COLUMNS]
    if not rows or any(name not in rows[0] for name in _COLUMNS) or not known:
        raise WeftError(f"{file}: expected columns {', '.join(_COLUMNS)} and a model, as OpenCompass's summaries have")
    if model is None and len(known) > 1:
        raise WeftError(f"{file}: has {len(known)} models; expected --model with one of {', '.join(known)}")
    chosen = known[0] if model is None else model
    if chosen not in known:
        raise WeftError(f"--model {chosen}: {file} has {', '.join(known)}{nearest(chosen, known)}")
    held = Imported(HARNESS, str(file), {"kind": HARNESS, "name": chosen})
    asked = _asked(suite, settings)
    named = names(list(dict.fromkeys(row["dataset"] for row in rows)), suite, held.left)
    seen: set[str] = set()
    for row in rows:
        called, value = row["dataset"], (row[chosen] or "").strip()
        of = named[called]
        if value in ("", "-"):
            held.not_run.append(NotRun(of.task, of.language, "not_in_file", f"{called} has no score"))
            continue
        predictions = file.parent.parent / "predictions" / chosen / f"{called}.json"
        if predictions.is_file() and called not in seen:
            seen.add(called)
            held.figures += _predicted(predictions, called, of, suite, asked, held.left)
        if called in seen:
            continue
        metric, scale = _ours(row["metric"], of, suite)
        if metric is None:
            held.left.add(called, row["metric"], "weft has no such metric")
            continue
        figure = _number(value) / scale
        if (fault := fault_of_score(metric, figure)) is not None:
            held.left.add(called, row["metric"], fault)
            continue
        held.left.add(called, "items", "no file of predictions: no paired test")
        first = not any(one.named == of for one in held.figures)
        held.figures.append(Figure(of, metric, figure, None, 0, first))
    return held


def read_predictions(file: Path, tree: Mapping[str, Any], suite: Suite | None, settings: Settings | None) -> Imported:
    """The scores of one file of predictions, by weft's own metrics."""
    held = Imported(HARNESS, str(file), {"kind": HARNESS, "name": file.parent.name})
    (named,) = names([file.stem], suite, held.left).values()
    held.figures += _predicted(file, file.stem, named, suite, _asked(suite, settings), held.left, tree)
    return held


def is_predictions(tree: Mapping[str, Any]) -> bool:
    """Whether this is what an inferencer wrote: numbers, each with a prediction."""
    return bool(tree) and all(isinstance(one, dict) and "prediction" in one for one in tree.values())


def _asked(suite: Suite | None, settings: Settings | None) -> dict[str, Part]:
    """What weft has asked itself, by name: the answers of a suite can be scored as weft scores them."""
    if suite is None or settings is None:
        return {}
    return {part.called(suite): part for part in parts(suite, settings, Left())}


def _ours(metric: str, of: Named, suite: Suite | None) -> tuple[str | None, float]:
    """What weft calls a metric, and what its scores are divided by."""
    task = suite.tasks.get(of.task) if suite else None
    if metric in ("accuracy", "acc"):
        return "accuracy", 100.0
    if metric in ("score", "exact_match", "em"):
        if task is not None and task.kind == "translate":
            return "bleu", 1.0
        return ("exact", 100.0) if task is not None or metric != "score" else (None, 1.0)
    try:
        of_name = measure(metric)
    except WeftError:
        return None, 1.0
    return of_name.name, 100.0 if of_name.ceiling == 1 else 1.0


def _number(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        return math.nan


class _Given:
    """A model that has answered already, in the order of the items."""

    likely = False
    told: Mapping[str, Any] = {}

    def __init__(self, texts: Sequence[str | None]) -> None:
        self._texts = texts

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        return [Output(text, "stop") for text in self._texts]

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        return [None] * len(pairs)

    def close(self) -> None:
        """There is nothing to keep."""


def _predicted(
    file: Path,
    called: str,
    named: Named,
    suite: Suite | None,
    asked: Mapping[str, Part],
    left: Left,
    tree: Mapping[str, Any] | None = None,
) -> Iterator[Figure]:
    """The scores of predictions, with their items."""
    if tree is None:
        try:
            tree = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            left.add(called, "predictions", f"{file.name} cannot be read: {error}")
            return
    if not isinstance(tree, dict) or not is_predictions(tree) or not all(key.isdecimal() for key in tree):
        left.add(called, "predictions", f"{file.name} is none: expected numbers, each with a prediction")
        return
    held = [tree[key] for key in sorted(tree, key=int)]
    part = asked.get(called)
    task = suite.tasks.get(named.task) if suite else None
    if part is not None and part.items.height != len(held):
        left.add(called, "weft's own scores", f"{len(held)} predictions of {part.items.height} items")
        part = None
    if part is not None and (part.task.of.written(part.task) or part.task.by == "answer"):
        yield from _rescored(part, named, held)
        return
    if task is not None and task.kind in ("translate", "generate"):
        left.add(called, "weft's own scores", "expected --data with the items; whole answers are compared alone")
    ids = list(range(len(held))) if part is None else part.items["item"].to_list()
    prompts = [_prompt(one) for one in held] if part is None else part.items["prompt"].to_list()
    metric = "accuracy" if task is not None and task.kind in ("choice", "prefer") else "exact"
    right = [float(_same(one.get("prediction"), one.get("gold"), metric, task)) for one in held]
    sums = sums_of(metric, right)
    assert sums is not None
    given = {"item": ids, "prompt": prompts, "output": [_text(one.get("prediction")) for one in held]}
    yield Figure(
        named, metric, sum(right) / max(len(right), 1), None, len(right), True, rows_of(named.language, given, sums)
    )


def _same(said: Any, gold: Any, metric: str, task: Any) -> bool:
    text = _text(said) or ""
    if metric == "accuracy" and task is not None and task.by == "answer":
        place = answers.choice(text, task.labels, task.labels)
        return place is not None and task.labels[place] == str(gold)
    wanted = gold if isinstance(gold, list) else [gold]
    return any(text.strip() == str(one).strip() for one in wanted)


def _text(value: Any) -> str | None:
    while isinstance(value, list) and value:
        value = value[0]
    return None if value is None else str(value)


def _prompt(one: Mapping[str, Any]) -> str | None:
    asked = one.get("origin_prompt")
    if isinstance(asked, list):
        return "".join(str(turn.get("prompt", "")) for turn in asked if isinstance(turn, dict))
    return asked if isinstance(asked, str) else None


def _rescored(part: Part, named: Named, held: Sequence[Mapping[str, Any]]) -> Iterator[Figure]:
    """What weft itself says of these answers, checks and all."""
    texts = [_text(one.get("prediction")) for one in held]
    once = part.task.model_copy(update={"samples": None})
    made = scored(part.name, once, part.items, _Given(texts), lambda what, done, total: None)
    for column in made.columns:
        if not column.startswith("measure."):
            continue
        name = column.removeprefix("measure.")
        ran = made.filter(pl.col(column).is_not_null())
        if not ran.height:
            continue
        keep = ["language", "item", "cluster", "prompt", "output", "reason", column]
        total = measure(name).finish(_stacked(ran[column]).sum(axis=0))
        yield Figure(named, name, float(total), None, ran.height, name == part.task.measured[0], made.select(keep))


def _stacked(column: pl.Series) -> Any:
    import numpy as np

    return np.array(column.to_list(), np.float64)
