"""A suite as tasks of lm-evaluation-harness: one YAML for each language, groups over them, and the items beside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError
from weft.evaluate.exchange import lm_eval_functions
from weft.evaluate.exchange.parts import LEFT, Exported, Left, Part, columns, parts, stem, write_rows, write_text
from weft.evaluate.kinds.choice import continued
from weft.evaluate.measures import measure
from weft.evaluate.running import Settings
from weft.evaluate.suite import Suite, Task
from weft.model.languages import name as english_name

FUNCTIONS = "weft_lm_eval"
NORMS = {"none": "acc", "characters": "acc_norm", "bytes": "acc_bytes"}
"""What lm-evaluation-harness calls choices by log-likelihood under each of our norms."""


class _Function(str):
    """`module.function`, which the harness loads from beside the YAML."""

    __slots__ = ()


def _yaml(tree: Mapping[str, Any]) -> str:
    """A key on each line, and each part of a list on a line of its own."""
    lines = []
    for name, value in tree.items():
        if isinstance(value, list) and value:
            lines += [f"{name}:", *(f"  - {_flow(one)}" for one in value)]
        else:
            lines.append(f"{name}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, _Function):
        return f"!function {value}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def export(suite: Suite, settings: Settings, into: Path) -> Exported:
    """Write the tasks of a suite below `into`, which `lm_eval --include_path` takes; says what is not in them.

    The suite is the group `weft_SUITE`, and each task a group of its languages whose mean has every language once, as
    weft's. Raises WeftError where there is nothing to carry.
    """
    left, files = Left(), []
    groups: dict[tuple[str, str | None], list[str]] = {}
    for part in parts(suite, settings, left):
        tree, frame = _task(suite, part, left)
        called = part.called(suite)
        files.append(write_rows(frame, into / str(tree["dataset_kwargs"]["file"])))
        files.append(write_text(_yaml(tree), into / f"{called}.yaml"))
        groups.setdefault((part.name, part.direction), []).append(called)
    if not groups:
        said = "; ".join(f"{row['task'] or 'suite'}: {row['what']}: {row['why']}" for row in left.rows[:5])
        raise WeftError(f"{suite.suite}: nothing that lm-evaluation-harness can ask: {said}")
    named = []
    for (name, direction), tasks in groups.items():
        group = "_".join([stem(suite.suite, name), *([direction] if direction else [])])
        metrics = [row["metric"] for row in _metrics(suite.tasks[name], Left(), name)]
        tree = {"group": group, "task": tasks, "aggregate_metric_list": _mean(suite.tasks[name], metrics)}
        tree["metadata"] = {"version": suite.version}
        files.append(write_text(_yaml(tree), into / f"{group}.yaml"))
        named.append(group)
    tree = {"group": f"weft_{suite.suite}", "task": named, "metadata": {"version": suite.version}}
    files.append(write_text(_yaml(tree), into / f"weft_{suite.suite}.yaml"))
    files.append(write_text(Path(lm_eval_functions.__file__).read_text("utf-8"), into / f"{FUNCTIONS}.py"))
    files.append(write_text(json.dumps(left.rows, ensure_ascii=False, indent=1) + "\n", into / LEFT))
    return Exported(files, left.rows)


def _mean(task: Task, metrics: list[str]) -> list[dict[str, Any]]:
    filters = ["label"] if _labelled(task) else ["none"]
    return [{"metric": one, "aggregation": "mean", "weight_by_size": False, "filter_list": filters} for one in metrics]


def _labelled(task: Task) -> bool:
    return task.kind == "choice" and task.by == "answer"


def _task(suite: Suite, part: Part, left: Left) -> tuple[dict[str, Any], pl.DataFrame]:
    """The YAML of a part, and its items."""
    called = part.called(suite)
    tree: dict[str, Any] = {
        "task": called,
        "task_alias": f"{part.name} {english_name(part.language)}{f' {part.direction}' if part.direction else ''}",
        "custom_dataset": _Function(f"{FUNCTIONS}.rows"),
        "dataset_kwargs": {"file": f"data/{called}.jsonl"},
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": "prompt",
        "target_delimiter": "",
    }
    more, frame = _KINDS[part.task.kind](part, left)
    tree |= more | {"metric_list": _metrics(part.task, left, part.name)}
    tree["metadata"] = {"version": suite.version}
    return tree, frame


def _choice(part: Part, left: Left) -> tuple[dict[str, Any], pl.DataFrame]:
    task = part.task
    if task.by == "log_likelihood":
        _normed(part, left)
        after = continued(task, pl.element())
        frame = columns(part, [pl.col("choices").list.eval(after).alias("choices"), "right"])
        return {"output_type": "multiple_choice", "doc_to_choice": "choices", "doc_to_target": "right"}, frame
    labels = dict(enumerate(task.labels))
    frame = columns(
        part,
        ["choices", pl.col("right").replace_strict(labels, return_dtype=pl.String).alias("label")],
    )
    left.add(part.name, "how answers are read", "the last label that stands by itself counts; weft reads more forms")
    most = int(part.items["choices"].list.len().max() or 0)  # type: ignore[arg-type]
    pattern = "|".join(sorted((re.escape(one) for one in task.labels[:most]), key=len, reverse=True))
    chosen = [
        {"function": "regex", "regex_pattern": rf"(?<!\w)({pattern})(?!\w)", "group_select": -1, "fallback": "[none]"},
        {"function": "take_first"},
    ]
    told = _generation(task) | {"doc_to_target": "label", "filter_list": [{"name": "label", "filter": chosen}]}
    return told, frame


def _normed(part: Part, left: Left) -> None:
    norm = part.task.normalise
    if norm not in NORMS:
        left.add(part.name, f"normalise: {norm}", "lm-evaluation-harness has acc, acc_norm and acc_bytes")
    left.add(part.name, "ties of log-likelihoods", "the first of equal choices counts there, 1 / k of k here")


def _prefer(part: Part, left: Left) -> tuple[dict[str, Any], pl.DataFrame]:
    _normed(part, left)
    frame = columns(part, [pl.concat_list("good", "bad").alias("choices"), pl.lit(0).alias("right")])
    return {"output_type": "multiple_choice", "doc_to_choice": "choices", "doc_to_target": "right"}, frame


def _generation(task: Task) -> dict[str, Any]:
    asked = {"until": list(task.stop), "max_gen_toks": task.max_tokens, "do_sample": False, "temperature": 0.0}
    return {"output_type": "generate_until", "generation_kwargs": asked}


def _generate(part: Part, _left: Left) -> tuple[dict[str, Any], pl.DataFrame]:
    told = _generation(part.task) | {"doc_to_target": "{{answers[0]}}"}
    return told | {"process_results": _Function(f"{FUNCTIONS}.generated")}, columns(part, ["answers"])


def _translate(part: Part, _left: Left) -> tuple[dict[str, Any], pl.DataFrame]:
    names = pl.lit(list(part.task.measured), dtype=pl.List(pl.String)).alias("metrics")
    told = _generation(part.task) | {"doc_to_target": "{{references[0]}}"}
    return told | {"process_results": _Function(f"{FUNCTIONS}.translated")}, columns(
        part, ["source", "references", names]
    )


_KINDS = {"choice": _choice, "prefer": _prefer, "generate": _generate, "translate": _translate}


def _metrics(task: Task, left: Left, name: str) -> list[dict[str, Any]]:
    """The metrics of a task, the one of tables first where the harness has it."""
    if task.kind == "translate":
        return [
            {
                "metric": one,
                "aggregation": _Function(f"{FUNCTIONS}.{one.replace('++', '_plus_plus').replace('-', '_')}"),
                "higher_is_better": measure(one).higher_is_better,
            }
            for one in task.measured
        ]
    if task.kind == "generate":
        if "number" in task.measured:
            left.add(name, "metric number", "numbers of every script are read by weft")
        held = ["exact_match", *(["contains"] if "contains" in task.measured else [])]
    elif _labelled(task):
        held = ["exact_match"]
    else:
        held = sorted(NORMS.values(), key=lambda one: one != NORMS.get(task.normalise))
    return [{"metric": one, "aggregation": "mean", "higher_is_better": True} for one in held]
