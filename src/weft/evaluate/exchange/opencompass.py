"""A suite as a configuration of OpenCompass: data sets with their prompts, inferencers and evaluators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError
from weft.evaluate.exchange.parts import LEFT, Exported, Left, Part, columns, parts, write_rows, write_text
from weft.evaluate.kinds.choice import continued
from weft.evaluate.running import Settings
from weft.evaluate.suite import Suite

CONFIG = "weft_opencompass.py"
_HEAD = """\"\"\"Data sets of the suite {suite}, version {version}, as weft wrote them.

Run below the folder of this file, so that the paths of the data hold: opencompass {config} with models of your own.
\"\"\"

from opencompass.datasets import CustomDataset
from opencompass.openicl.icl_evaluator import AccEvaluator, BleuEvaluator, EMEvaluator
from opencompass.openicl.icl_inferencer import GenInferencer, PPLInferencer
from opencompass.openicl.icl_prompt_template import PromptTemplate
from opencompass.openicl.icl_retriever import ZeroRetriever
from opencompass.utils.text_postprocessors import first_option_postprocess

datasets = [
"""


class _Name(str):
    """A name of the configuration, which stands without quotation marks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def export(suite: Suite, settings: Settings, into: Path) -> Exported:
    """Write the configuration and its data below `into`; says what is not in them.

    Raises WeftError where there is nothing to carry.
    """
    left, files, told = Left(), [], []
    for part in parts(suite, settings, left):
        for called, frame, config in _datasets(suite, part, left):
            file = f"data/{called}.jsonl"
            # It puts columns into a template one after another: names in braces of a prompt put in last stay text.
            files.append(write_rows(frame.select(pl.exclude("prompt"), "prompt"), into / file))
            told.append({"abbr": called, "type": _Name("CustomDataset"), "path": file, **config})
    if not told:
        said = "; ".join(f"{row['task'] or 'suite'}: {row['what']}: {row['why']}" for row in left.rows[:5])
        raise WeftError(f"{suite.suite}: nothing that OpenCompass can ask: {said}")
    head = _HEAD.format(suite=suite.suite, version=suite.version, config=CONFIG)
    body = "".join(f"    {_written(one)},\n" for one in told)
    files.append(write_text(f"{head}{body}]\n", into / CONFIG))
    files.append(write_text(json.dumps(left.rows, ensure_ascii=False, indent=1) + "\n", into / LEFT))
    return Exported(files, left.rows)


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "dict(" + ", ".join(f"{name}={_written(held)}" for name, held in value.items()) + ")"
    if isinstance(value, _Labelled):
        return "{" + ", ".join(f"{name!r}: {held!r}" for name, held in value.templates.items()) + "}"
    return repr(value)


class _Labelled:
    """Templates by label, which are no keywords."""

    def __init__(self, templates: dict[str, str]) -> None:
        self.templates = templates


def _config(template: Any, inferencer: dict[str, Any], evaluator: dict[str, Any], output: str) -> dict[str, Any]:
    inputs = ["prompt"] if isinstance(template, str) else ["prompt", *(f"choice_{n}" for n in template.templates)]
    return {
        "reader_cfg": {"input_columns": inputs, "output_column": output},
        "infer_cfg": {
            "prompt_template": {"type": _Name("PromptTemplate"), "template": template},
            "retriever": {"type": _Name("ZeroRetriever")},
            "inferencer": inferencer,
        },
        "eval_cfg": evaluator,
    }


def _datasets(suite: Suite, part: Part, left: Left) -> Iterator[tuple[str, pl.DataFrame, dict[str, Any]]]:
    """Names, items and configurations of a part; items with other numbers of choices are data sets of their own."""
    task = part.task
    if task.kind == "prefer" or (task.kind == "choice" and task.by == "log_likelihood"):
        yield from _likeliest(suite, part, left)
        return
    inferencer: dict[str, Any] = {"type": _Name("GenInferencer"), "max_out_len": task.max_tokens}
    if task.stop:
        inferencer["stopping_criteria"] = list(task.stop)
    evaluator: dict[str, Any]
    if task.kind == "choice":
        labels = dict(enumerate(task.labels))
        right = pl.col("right").replace_strict(labels, return_dtype=pl.String).alias("answer")
        frame = columns(part, [right, "choices"])
        most = int(part.items["choices"].list.len().max() or 0)  # type: ignore[arg-type]
        options = "".join(task.labels[:most])
        evaluator = {"evaluator": {"type": _Name("AccEvaluator")}}
        if all(len(one) == 1 and one.isascii() and one.isupper() for one in task.labels):
            post = {"type": _Name("first_option_postprocess"), "options": options}
            evaluator["pred_postprocessor"] = post
            left.add(part.name, "how answers are read", "first_option_postprocess reads Chinese and English forms")
        else:
            left.add(part.name, "how answers are read", "its reader knows Latin capitals alone: whole answers count")
    elif task.kind == "generate":
        frame = columns(part, [pl.col("answers").list.drop_nulls().alias("answer")])
        evaluator = {"evaluator": {"type": _Name("EMEvaluator")}}
        left.add(part.name, "exact", "EMEvaluator takes English articles and marks out, and nothing of other languages")
        for name in task.measured:
            if name != "exact":
                left.add(part.name, f"metric {name}", "has no evaluator there; --import of its predictions gives it")
    else:
        frame = columns(part, ["source", pl.col("references").list.drop_nulls().alias("answer")])
        evaluator = {"evaluator": {"type": _Name("BleuEvaluator")}}
        for name in task.measured:
            if name != "bleu":
                left.add(part.name, f"metric {name}", "has no evaluator there; --import of its predictions gives it")
    yield part.called(suite), frame, _config("{prompt}", inferencer, evaluator, "answer")


def _likeliest(suite: Suite, part: Part, left: Left) -> Iterator[tuple[str, pl.DataFrame, dict[str, Any]]]:
    said = "PPLInferencer takes the mean over all tokens, the prompt's too; weft those of the choice alone"
    left.add(part.name, f"normalise: {part.task.normalise}", said)
    if part.task.kind == "prefer":
        made = part.items.with_columns(choices=pl.concat_list("good", "bad"), right=pl.lit(0))
    else:
        made = part.items.with_columns(choices=pl.col("choices").list.eval(continued(part.task, pl.element())))
    sizes = sorted(made["choices"].list.len().unique().to_list())
    for size in sizes:
        held = Part(
            part.name, part.task, part.language, part.direction, made.filter(pl.col("choices").list.len() == size)
        )
        each = [pl.col("choices").list.get(place).alias(f"choice_{place}") for place in range(size)]
        frame = columns(held, [*each, pl.col("right").cast(pl.String).alias("answer")])
        template = _Labelled({str(place): f"{{prompt}}{{choice_{place}}}" for place in range(size)})
        called = part.called(suite) + (f"_{size}" if len(sizes) > 1 else "")
        evaluator = {"evaluator": {"type": _Name("AccEvaluator")}}
        yield called, frame, _config(template, {"type": _Name("PPLInferencer")}, evaluator, "answer")
        if len(sizes) > 1:
            left.add(part.name, "one score", "items with different numbers of choices are data sets of their own there")
