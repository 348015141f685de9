"""Kind `prefer`: a good text and a bad one; the good one should be likelier, or have the higher reward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.likeliest import likeliest
from weft.evaluate.log_likelihood import accuracy
from weft.evaluate.models.contract import Continued, Rewards
from weft.evaluate.outcome import Outcome, counts

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
    """Whether the good text of a pair is likelier than the bad one, or has the higher reward; a tie counts half."""
    if isinstance(model, Rewards):
        return _rewarded(items, model, tell)
    asked = [
        [Continued(prompt, good), Continued(prompt, bad)]
        for prompt, good, bad in items.select("prompt", "good", "bad").iter_rows()
    ]
    made = likeliest(asked, np.zeros(items.height, np.int64), task.normalise, model, tell)
    return made | {"answer": pl.Series([None] * items.height, dtype=pl.Int64)}


def _rewarded(items: pl.DataFrame, model: Rewards, tell: Tell) -> Outcome:
    """Which of two answers has the higher reward; a pair of which one has none is not run."""
    pairs = [
        Continued(prompt, answer)
        for prompt, good, bad in items.select("prompt", "good", "bad").iter_rows()
        for answer in (good, bad)
    ]
    found = model.rewards(pairs, tell)
    both = list(zip(found[::2], found[1::2], strict=True))
    rows = [[good.value, bad.value] for good, bad in both]
    values = np.array([-np.inf if one.value is None else one.value for one in found]).reshape(-1, 2)
    told = np.isfinite(values).all(axis=1).tolist()
    best = values.argmax(axis=1).tolist()
    return {
        "output": pl.Series([None] * len(rows), dtype=pl.String),
        "answer": pl.Series([one if known else None for one, known in zip(best, told, strict=True)], dtype=pl.Int64),
        "scores": pl.Series(rows, dtype=pl.List(pl.Float64)),
        "reason": pl.Series([good.reason or bad.reason for good, bad in both], dtype=pl.String),
        **counts({"accuracy": accuracy({"none": values}, np.zeros(len(rows), np.int64)).of("none")}),
    }


def _always(_task: Task) -> bool:
    return True


def _half(_task: Task, _rows: pl.DataFrame) -> float | None:
    return 0.5


def _signed(task: Task, measure: str, rows: pl.DataFrame) -> list[str]:
    if "measure.accuracy_none" not in rows.columns:  # likelihoods are rated under every norm, rewards under none
        return ["by:reward"]
    return ["by:log_likelihood", *([f"norm:{task.normalise}"] if measure == "accuracy" else [])]


KIND = Kind(
    name="prefer",
    metrics=("accuracy",),
    columns=_columns,
    needed=("good", "bad"),
    wants="preferences",
    score=_score,
    faults=_faults,
    kept=("good", "bad"),
    prompted=False,
    texts=("good",),
    likely=_always,
    chance=_half,
    signed=_signed,
)
