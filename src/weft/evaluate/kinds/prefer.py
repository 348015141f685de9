"""Kind `prefer`: a good text and a bad one; the good one should be likelier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.likeliest import likeliest
from weft.evaluate.models.contract import Continued
from weft.evaluate.outcome import Outcome

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if task.columns.good is None or task.columns.bad is None:
        yield "prefer: expected columns.good and columns.bad"


def _columns(task: Task, _language: str, _direction: str, _frame: pl.DataFrame) -> list[pl.Expr]:
    return [pl.col(str(name)).cast(pl.String).alias(side) for side, name in _sides(task)]


def _sides(task: Task) -> list[tuple[str, str | None]]:
    return [("good", task.columns.good), ("bad", task.columns.bad)]


def _score(_name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    """Whether the good text of a minimal pair is likelier than the bad one; a tie counts half."""
    asked = [
        [Continued(prompt, good), Continued(prompt, bad)]
        for prompt, good, bad in items.select("prompt", "good", "bad").iter_rows()
    ]
    made = likeliest(asked, np.zeros(items.height, np.int64), task.normalise, model, tell)
    return made | {"answer": pl.Series([None] * items.height, dtype=pl.Int64)}


def _always(_task: Task) -> bool:
    return True


def _half(_task: Task, _rows: pl.DataFrame) -> float | None:
    return 0.5


def _signed(task: Task, measure: str, _rows: pl.DataFrame) -> list[str]:
    return ["by:log_likelihood", *([f"norm:{task.normalise}"] if measure == "accuracy" else [])]


KIND = Kind(
    name="prefer",
    metrics=("accuracy",),
    columns=_columns,
    needed=("good", "bad"),
    score=_score,
    faults=_faults,
    kept=("good", "bad"),
    prompted=False,
    texts=("good",),
    likely=_always,
    chance=_half,
    signed=_signed,
)
