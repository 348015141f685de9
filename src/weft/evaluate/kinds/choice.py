"""Kind `choice`: one of several, by log-likelihood or as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate import answers
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.likeliest import likeliest
from weft.evaluate.kinds.sampled import agreeing, sampled
from weft.evaluate.kinds.written import questions_of, written
from weft.evaluate.models.contract import Continued
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if bool(task.choices) == bool(task.columns.choices):
        yield "choice: expected choices, or columns.choices, and not both"
    if task.columns.answer is None:
        yield "choice: columns.answer is missing; expected the column of the right choice"
    yield from faults_of_asking(task)


def faults_of_asking(task: Task) -> Iterator[str]:
    """What is wrong with how choices are asked."""
    if task.by == "log_likelihood" and task.continuation.count("{choice}") != 1:
        yield f"continuation is {task.continuation!r}; expected {{choice}} in it, once"
    if task.by == "answer" and "{choices}" not in task.prompt:
        yield "prompt has no {choices}; expected it where the list of choices stands (by: answer)"


def _columns(task: Task, _language: str, _direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    choices = listed(task, frame)
    right = _right(task, choices, frame)
    said = pl.concat_str([pl.lit("the answer is "), pl.col(str(task.columns.answer)).cast(pl.String)])
    base = task.columns.answers_from
    said = pl.concat_str([said, pl.lit(f", none of the choices; numbers count from {base} (answers_from)")])
    names = task.columns.choices
    gaps = [pl.col(a).is_null() & pl.col(b).is_not_null() for a, b in pairwise(names)]
    # Letters and numbers count columns: without one in between they would mean others.
    gap = (
        pl.when(pl.any_horizontal(gaps)).then(pl.lit("a choice before another one is empty")) if gaps else pl.lit(None)
    )
    fault = pl.coalesce(gap, pl.when(right.is_null()).then(said))
    return [choices.alias("choices"), right.alias("right"), fault.alias("fault")]


def listed(task: Task, frame: pl.DataFrame) -> pl.Expr:
    """The choices of each row."""
    if task.choices:
        return pl.concat_list([pl.lit(one) for one in task.choices])
    names = task.columns.choices
    if len(names) == 1 and isinstance(frame.schema[names[0]], pl.List):
        return pl.col(names[0]).cast(pl.List(pl.String))
    return pl.concat_list([pl.col(name).cast(pl.String) for name in names]).list.drop_nulls()


def _right(task: Task, choices: pl.Expr, frame: pl.DataFrame) -> pl.Expr:
    """The place of the right choice: of a label, of a choice's own text, or of a number; null where it is none."""
    answer = pl.col(str(task.columns.answer)).cast(pl.String).str.strip_chars()
    number = answer.str.to_integer(strict=False) - task.columns.answers_from
    by_label = answer.replace_strict(
        {label: place for place, label in enumerate(task.labels)}, default=None, return_dtype=pl.Int64
    )
    if task.choices:
        texts = {text: place for place, text in enumerate(task.choices)}
        by_text = answer.replace_strict(texts, default=None, return_dtype=pl.Int64)
    else:
        same = [choices.list.get(place, null_on_oob=True) == answer for place in range(_most(task, frame))]
        by_text = pl.coalesce([pl.when(one).then(place) for place, one in enumerate(same)])
    size = choices.list.len()
    ways = {"label": by_label, "number": number, "text": by_text}
    held = {name: pl.when((one >= 0) & (one < size)).then(one).cast(pl.Int64) for name, one in ways.items()}
    return pl.coalesce([held[name] for name in _ways(task, held, frame)])


def _ways(task: Task, held: Mapping[str, pl.Expr], frame: pl.DataFrame) -> list[str]:
    """How answers are read, the likeliest way first: the choices of a question may themselves be numbers or letters.

    That is the way in which most rows have a right choice.
    """
    if task.columns.answers_are is not None:
        return [task.columns.answers_are]
    if task.choices:
        return ["text", "label", "number"]
    told = frame.select(one.is_not_null().sum().alias(name) for name, one in held.items()).row(0, named=True)
    return sorted(held, key=lambda name: -int(told[name]))


def _most(task: Task, frame: pl.DataFrame) -> int:
    return max(int(frame.select(listed(task, frame).list.len().max()).item() or 1), 1)


def _score(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    if task.by == "answer":
        return _by_answer(name, task, items, model, tell) | _drawn(name, task, items, model, tell)
    asked = continued_choices(task, items)
    return likeliest(asked, items["right"].to_numpy(), task.normalise, model, tell, task.unconditional)


def continued_choices(task: Task, items: pl.DataFrame) -> list[list[Continued]]:
    """Of each item its prompt with each choice after it."""
    made = items.select("prompt", choice="choices", row=pl.int_range(pl.len())).explode("choice")
    made = made.with_columns(continued(task, pl.col("choice")).alias("continuation"))
    found: list[list[Continued]] = [[] for _ in range(items.height)]
    for row, prompt, continuation in made.select("row", "prompt", "continuation").iter_rows():
        found[row].append(Continued(prompt, continuation))
    return found


def continued(task: Task, choice: pl.Expr) -> pl.Expr:
    """A choice as it follows the prompt, where log-likelihoods choose."""
    before, _, after = task.continuation.partition("{choice}")
    return pl.concat_str([pl.lit(before), choice, pl.lit(after)])


def _chosen(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Which choice a text names; one that names none clearly is wrong, and counted as unclear beside."""
    found = named(task, items, texts)
    told = list(zip(texts, found, items["right"].to_list(), strict=True))
    values = {
        "accuracy": [None if text is None else float(one == want) for text, one, want in told],
        "unclear": [None if text is None else float(one is None) for text, one, _ in told],
    }
    return {"answer": pl.Series(found, dtype=pl.Int64), **shares(values)}


def named(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> list[int | None]:
    """The place of the choice that each text names, None where it names none clearly."""
    rows = zip(texts, items["choices"].to_list(), strict=True)
    return [None if text is None else answers.choice(text, choices, task.labels) for text, choices in rows]


_by_answer = written(_chosen)


def _drawn(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    """What several answers to one question have in common, where the task asks for some."""
    if task.samples is None:
        return {}
    chosen = [named(task, items, one) for one in sampled(questions_of(name, task, items), task, model, tell)]
    right = items["right"].to_list()
    return agreeing(chosen, lambda item, answer: answer == right[item])


def _example(task: Task) -> pl.Expr:
    if task.by == "log_likelihood":
        return continued(task, pl.col("choices").list.get(pl.col("right")))
    labels = dict(enumerate(task.labels))
    return pl.concat_str([pl.lit(" "), pl.col("right").replace_strict(labels, return_dtype=pl.String)])


def _chance(_task: Task, rows: pl.DataFrame) -> float | None:
    sizes = rows["choices"].list.len().to_numpy()
    return float((1 / np.maximum(sizes, 1)).mean())


def _signed(task: Task, measure: str, _rows: pl.DataFrame) -> list[str]:
    norm = [f"norm:{task.normalise}"] if task.by == "log_likelihood" and measure == "accuracy" else []
    return [f"by:{task.by}", *norm]


def likely(task: Task) -> bool:
    """Whether log-likelihoods choose."""
    return task.by == "log_likelihood"


KIND = Kind(
    name="choice",
    metrics=("accuracy",),
    columns=_columns,
    needed=("right",),
    score=_score,
    faults=_faults,
    kept=("choices", "right"),
    places=("language", "choices"),
    answer=_example,
    likely=likely,
    consistent=True,
    chance=_chance,
    signed=_signed,
)
