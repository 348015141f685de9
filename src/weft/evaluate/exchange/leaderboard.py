"""A finished run in the form that leaderboards of Hugging Face read: that of lm-evaluation-harness's results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from weft.errors import WeftError
from weft.evaluate.exchange.lm_eval import NORMS
from weft.evaluate.exchange.parts import LEFT, Exported, Left, stem, write_text
from weft.evaluate.reading_runs import read_scores
from weft.evaluate.results import Z

RESULTS = "results.json"
ESTIMATOR = "half of the 95 % interval of weft (Wilson, or bootstrap by clusters), divided by 1.96"
NAMES = {
    "accuracy": "acc",
    **{f"accuracy_{norm}": name for norm, name in NORMS.items()},
    "exact": "exact_match",
}
"""Of measures, what others call them; all else keeps its name."""


def export(folder: Path, into: Path) -> Exported:
    """Write `results.json` of a run's scores over all items below `into`, and what is not in it.

    Scores stand under `metric,none`, standard errors under `metric_stderr,none`: half of weft's interval by its normal
    quantile, which `stderr_estimator` says. Raises WeftError for folders that hold no evaluation.
    """
    held, left = read_scores(folder), Left()
    rows = [row for row in held["scores"] if row["slice"] is None]
    if not rows:
        raise WeftError(f"{folder}: nothing was run; expected an evaluation with scores")
    results: dict[str, dict[str, Any]] = {}
    higher: dict[str, dict[str, bool]] = {}
    samples: dict[str, dict[str, int]] = {}
    tasks: dict[str, list[str]] = {}
    for row in rows:
        direction = [row["direction"]] if row["direction"] else []
        group = "_".join([stem(held["suite"], row["task"]), *direction])
        name = "_".join([stem(held["suite"], row["task"]), row["language"], *direction])
        metric = NAMES.get(row["metric"], row["metric"])
        if metric == "acc" and row["metric"] == "accuracy" and _by_log_likelihood(row, rows):
            continue
        found = results.setdefault(name, {"alias": f"{row['task']} {row['language']}"})
        found[f"{metric},none"] = row["value"]
        found[f"{metric}_stderr,none"] = (row["high"] - row["low"]) / (2 * Z)
        higher.setdefault(name, {})[metric] = row["higher_is_better"]
        samples[name] = {"original": row["items"] + row["not_run"], "effective": row["items"]}
        if name not in tasks.setdefault(group, []):
            tasks[group].append(name)
    _left(held, left)
    whole = {
        "results": results,
        "groups": _groups(held),
        "group_subtasks": tasks,
        "versions": {name: held["suite_version"] for name in results},
        "n-shot": {name: _shots(rows, name, held["suite"]) for name in results},
        "higher_is_better": higher,
        "n-samples": samples,
        "config": {"model": held["model"].get("kind"), "model_name": held["model"].get("name"), **held["model"]},
        "stderr_estimator": ESTIMATOR,
        "not_run": held["not_run"],
        "weft": held["weft"],
    }
    files = [
        write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", into / RESULTS),
        write_text(json.dumps(left.rows, ensure_ascii=False, indent=1) + "\n", into / LEFT),
    ]
    return Exported(files, left.rows)


def _by_log_likelihood(row: dict[str, Any], rows: Iterable[dict[str, Any]]) -> bool:
    """Whether the same task has accuracies under each norm, of which `acc` is the one without."""
    return any(one["task"] == row["task"] and one["metric"] == "accuracy_none" for one in rows)


def _shots(rows: Iterable[dict[str, Any]], name: str, suite: str) -> int:
    signed = next(one["signature"] for one in rows if name.startswith(stem(suite, one["task"]) + "_" + one["language"]))
    return next((int(part[6:]) for part in signed.split("|") if part.startswith("shots:")), 0)


def _groups(held: dict[str, Any]) -> dict[str, Any]:
    """Means over languages, each of which counts once."""
    found = {}
    for one in held["averages"]:
        name = "_".join([stem(held["suite"], one["task"]), *([one["direction"]] if one["direction"] else [])])
        metric = _of_mean(one, held["scores"])
        found[name] = {
            "alias": one["task"],
            f"{metric},none": one["value"],
            f"{metric}_stderr,none": (one["high"] - one["low"]) / (2 * Z),
            "languages": one["languages"],
            "estimator": one["estimator"],
        }
    return found


def _of_mean(one: dict[str, Any], rows: Iterable[dict[str, Any]]) -> str:
    """What others call the first measure of a task: accuracy by log-likelihood is of one norm."""
    signed = next(row["signature"] for row in rows if row["task"] == one["task"] and row["primary"])
    norm = next((part[5:] for part in signed.split("|") if part.startswith("norm:")), None)
    metric = one["metric"] if norm is None else f"accuracy_{norm}"
    return NAMES.get(metric, metric)


def _left(held: dict[str, Any], left: Left) -> None:
    if any(row["slice"] for row in held["scores"]):
        left.add("", "slices", "a leaderboard has scores of whole tasks")
    if any(row["metric"] == "accuracy_tokens" or row["metric"] == "accuracy_pmi" for row in held["scores"]):
        left.add("", "accuracy_tokens, accuracy_pmi", "stand under weft's names: others have none for them")
    left.add("", "signatures, bounds of intervals", "the form has room for a standard error alone")
    for name in ("composites", "consistency", "contamination"):
        if held.get(name):
            left.add("", name, "the form has no room for it")
    for one in held["not_run"]:
        left.add(one["task"], one["language"] or "all languages", f"{one['reason']}: {one['detail']}")
