"""What a model writes: questions, outputs, what checks say of them, and what a kind of task counts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate import answers
from weft.evaluate.checks import CHECKS
from weft.evaluate.checks.together import culture
from weft.evaluate.models.contract import Question
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task

Texts = Sequence[str | None]
Counted = Callable[["Task", pl.DataFrame, Texts], Outcome]


def written(of_kind: Counted) -> Callable[[str, Task, pl.DataFrame, Model, Tell], Outcome]:
    """How a kind is scored that is answered in words: `of_kind` counts what of them is right."""

    def score(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
        outputs = model.generate(questions_of(name, task, items), tell)
        texts = [output.text for output in outputs]
        made: Outcome = {
            "output": pl.Series(texts, dtype=pl.String),
            "reason": pl.Series([o.reason if o.text is None else None for o in outputs], dtype=pl.String),
        }
        made |= of_kind(task, items, texts)
        for check in task.checked():
            made |= CHECKS[check].columns(task, items, texts)
        made |= culture(task, items, texts, made)
        return made | shares({"cut": [None if o.text is None else float(o.finish == "length") for o in outputs]})

    return score


def questions_of(name: str, task: Task, items: pl.DataFrame) -> list[Question]:
    """What is asked of each item."""
    keys = items["item"] if "direction" not in items.columns else _directed(items)
    rows = zip(items["language"], keys, items["prompt"], strict=True)
    return [
        Question(name, language, item, prompt, task.max_tokens, tuple(task.stop)) for language, item, prompt in rows
    ]


def _directed(items: pl.DataFrame) -> pl.Series:
    """Items of a file of outputs, where one is asked in two directions: `id/from_pivot`."""
    if items["direction"].n_unique() < 2:
        return items["item"]
    return items.select(pl.concat_str(["item", "direction"], separator="/")).to_series()


def empty(texts: Texts) -> list[float | None]:
    """Whether nothing was answered, of each text."""
    return [None if text is None else float(not answers.answered(text)) for text in texts]


def plain(text: str) -> str:
    """A text in which compatibility forms, case, marks of punctuation at the ends and runs of space do not count."""
    held = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    start, stop = 0, len(held)
    while start < stop and unicodedata.category(held[start])[0] in "PZ":
        start += 1
    while start < stop and unicodedata.category(held[stop - 1])[0] in "PZ":
        stop -= 1
    return held[start:stop]
