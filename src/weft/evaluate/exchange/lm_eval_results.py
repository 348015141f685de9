"""Result files of lm-evaluation-harness: results_*.json, and samples_*.jsonl beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from weft.errors import WeftError
from weft.evaluate.answers import whole_text
from weft.evaluate.exchange.imported import (
    Figure,
    Imported,
    Named,
    fault_of_score,
    is_name,
    names,
    rows_of,
    sums_of,
)
from weft.evaluate.exchange.lm_eval import NORMS
from weft.evaluate.measures import measure
from weft.evaluate.suite import Suite, Task

HARNESS = "lm-eval"
_OF_NORM = {name: f"accuracy_{norm}" for norm, name in NORMS.items()}
_MOST = 2**53
_BESIDE = ("alias", "name", "sample_len", "sample_count")


def read(file: Path, tree: Mapping[str, Any], suite: Suite | None) -> Imported:
    """The scores of a results file, and the items of those that have a file of samples of the same time.

    Means of groups are made anew, with every language once. What weft has no name for is left out, and told. Raises
    WeftError for samples that cannot be read.
    """
    config = _mapping(tree.get("config"))
    called = str(tree.get("model_name") or config.get("model_name") or config.get("model") or "")
    held = Imported(HARNESS, str(file), {"kind": HARNESS, "name": whole_text(called), "config": config})
    groups = {name for name, tasks in _mapping(tree.get("group_subtasks")).items() if tasks}
    given = []
    for name, scores in tree["results"].items():
        if name in groups:
            continue
        if isinstance(scores, dict) and is_name(name):
            given.append(name)
        else:
            held.left.add(whole_text(name), "scores", "expected the name of a task, and a mapping of its scores")
    for name, named in names(given, suite, held.left).items():
        if suite is not None and named.task not in suite.tasks:
            held.left.add(name, "task", f"the suite {suite.suite} has no such task")
            continue
        found = list(_figures(file, tree, name, named, suite, held))
        if found and not any(one.primary for one in found):
            found[0] = Figure(**{**found[0].__dict__, "primary": True})
        held.figures += found
    return held


def _figures(
    file: Path, tree: Mapping[str, Any], name: str, named: Named, suite: Suite | None, held: Imported
) -> Iterator[Figure]:
    """The scores of one task; under a suite its first measure is the primary one."""
    task = suite.tasks.get(named.task) if suite else None
    samples = _samples(file, name, held)
    first: dict[str, str] = {}
    for key, value in tree["results"][name].items():
        metric, _, chosen = key.partition(",")
        if metric in _BESIDE or metric.endswith("_stderr"):
            continue
        if first.setdefault(metric, chosen) != chosen:
            held.left.add(name, key, f"stands for filter {first[metric]} already")
            continue
        ours = _ours(metric, chosen, task)
        if ours is None or isinstance(value, bool) or not isinstance(value, int | float):
            held.left.add(name, key, "weft has no such metric, or it is no number")
            continue
        if (fault := fault_of_score(ours, value)) is not None:
            held.left.add(name, key, fault)
            continue
        error = tree["results"][name].get(f"{metric}_stderr,{chosen}")
        stderr = float(error) if isinstance(error, int | float) and 0 <= error < math.inf else None
        rows = None if samples is None else _rows(samples, metric, chosen, ours, named, held)
        count = rows.height if rows is not None else _count(tree, name)
        norm = ours.removeprefix("accuracy_") if ours.startswith("accuracy_") else None
        primary = task is not None and ours == task.measured[0]
        yield Figure(named, ours, float(value), stderr, count, primary, rows)
        if task is not None and norm == task.normalise:
            again = None if rows is None else rows.rename({f"measure.{ours}": "measure.accuracy"})
            yield Figure(named, "accuracy", float(value), stderr, count, True, again, norm)


def _ours(metric: str, chosen: str, task: Task | None) -> str | None:
    """What weft calls a metric; None where it has no such one."""
    if metric == "acc" and task is not None and task.kind == "choice" and task.by == "answer":
        return "accuracy"
    if metric in _OF_NORM:
        return _OF_NORM[metric]
    if metric == "exact_match":
        labelled = chosen == "label" or (task is not None and task.kind == "choice")
        return "accuracy" if labelled else "exact"
    try:
        return measure(metric).name
    except WeftError:
        return None


def _count(tree: Mapping[str, Any], name: str) -> int:
    told = _mapping(_mapping(tree.get("n-samples")).get(name))
    count = told.get("effective") or told.get("original")
    return count if isinstance(count, int) and 0 < count < _MOST else 0


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _samples(file: Path, name: str, held: Imported) -> list[dict[str, Any]] | None:
    """The items of a task, from the file of the same time as the results; None where there are none to be read."""
    when = file.stem.removeprefix("results").removeprefix("_")
    place = file.with_name(f"samples_{name}_{when}.jsonl" if when else f"samples_{name}.jsonl")
    if not place.is_file():
        held.left.add(name, "items", "no file of samples beside: no paired test")
        return None
    try:
        made = [json.loads(line) for line in place.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        held.left.add(name, "items", f"{place.name} cannot be read: {error}")
        return None
    if not all(isinstance(one, dict) for one in made):
        held.left.add(name, "items", f"{place.name} has a line that is no object")
        return None
    return made


def _rows(samples: list[dict[str, Any]], metric: str, chosen: str, ours: str, named: Named, held: Imported) -> Any:
    """Items with the sums of one measure; None where the samples have nothing to make them of."""
    some = [one for one in samples if one.get("filter", chosen) == chosen]
    if not some or any(metric not in one for one in some):
        held.left.add(named.task, f"items of {metric}", "its samples do not have it")
        return None
    sums = sums_of(ours, [one[metric] for one in some])
    if sums is not None and any(fault_of_score(ours, one[0]) for one in sums.to_list() if len(one) == 2):
        held.left.add(named.task, f"items of {metric}", "one of its samples has what no score can be")
        return None
    if sums is None:
        held.left.add(named.task, f"items of {metric}", "what its samples have of it is no number and no pair of texts")
        return None
    ids = [one["doc"].get("id") if isinstance(one.get("doc"), dict) else None for one in some]
    if any(one is None for one in ids) or len(set(map(str, ids))) < len(ids):
        ids = [one.get("doc_id") for one in some]
    if any(one is None for one in ids) or len(set(map(str, ids))) < len(ids):
        held.left.add(named.task, f"items of {metric}", "an item of its samples has no id, or stands twice")
        return None
    given = {"item": ids, "prompt": [_prompt(one) for one in some], "output": [_output(one) for one in some]}
    return rows_of(named.language, given, sums)


def _prompt(one: Mapping[str, Any]) -> str | None:
    asked = one.get("arguments")
    if isinstance(asked, dict):
        asked = next(iter(asked.values()), None)
        return str(asked.get("arg_0")) if isinstance(asked, dict) else None
    while isinstance(asked, list) and asked:
        asked = asked[0]
    return asked if isinstance(asked, str) else None


def _output(one: Mapping[str, Any]) -> str | None:
    """What was written; None of choices by log-likelihood."""
    said = one.get("resps")
    while isinstance(said, list) and len(said) == 1:
        said = said[0]
    return said if isinstance(said, str) else None
