"""Kind `generate`: an answer in words, which is right as a whole, in part, or as a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate import answers, numbers
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.sampled import agreeing, sampled
from weft.evaluate.kinds.written import Texts, empty, plain, questions_of, written
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if task.columns.answer is None:
        yield "generate: columns.answer is missing; expected the column of the right answer"


def _columns(task: Task, _language: str, _direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    answer = pl.col(str(task.columns.answer))
    listed = isinstance(frame.schema[str(task.columns.answer)], pl.List)
    return [(answer.cast(pl.List(pl.String)) if listed else pl.concat_list(answer.cast(pl.String))).alias("answers")]


def _answered(task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    rows = list(zip(texts, items["answers"].to_list(), strict=True))
    values = {name: [_matches(name, text, right) for text, right in rows] for name in task.measured}
    return shares(values | {"empty": empty(texts)})


_written = written(_answered)


def _score(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    made = _written(name, task, items, model, tell)
    if task.samples is None:
        return made
    texts = sampled(questions_of(name, task, items), task, model, tell)
    said = [[None if text is None else plain(answers.answered(text)) for text in one] for one in texts]
    right = items["answers"].to_list()
    first = task.measured[0]
    return made | agreeing(said, lambda item, answer: bool(_matches(first, str(answer), right[item])))


def _matches(name: str, text: str | None, right: Sequence[str | None]) -> float | None:
    """1 where one of the right answers is there: as the whole, somewhere in it, or as its last number."""
    if text is None:
        return None
    wanted = [one for one in right if one]
    if name == "number":
        return float(any(numbers.same(text, one) for one in wanted))
    said = plain(answers.answered(text))
    held = [plain(one) for one in wanted]
    return float(any(one == said for one in held) if name == "exact" else any(one and one in said for one in held))


def _example(_task: Task) -> pl.Expr:
    return pl.concat_str([pl.lit(" "), pl.col("answers").list.drop_nulls().list.first()])


def _always(_task: Task) -> bool:
    return True


KIND = Kind(
    name="generate",
    metrics=("exact", "contains", "number"),
    columns=_columns,
    needed=("answers",),
    score=_score,
    faults=_faults,
    kept=("answers",),
    answer=_example,
    written=_always,
)
