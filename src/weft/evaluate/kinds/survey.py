"""Kind `survey`: whether a model's answers are spread as those of a country's people are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.evaluate.kinds.choice import continued_choices, faults_of_asking, likely, listed, named
from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.sampled import distributions, sampled
from weft.evaluate.kinds.written import questions_of
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if bool(task.choices) == bool(task.columns.choices):
        yield "survey: expected choices, or columns.choices, and not both"
    if task.columns.people is None:
        yield "survey: columns.people is missing; expected the column with the share of people of each answer"
    yield from faults_of_asking(task)
    if task.by == "answer" and task.samples is None:
        yield "survey: by: answer needs samples; expected samples: {count: 20}, as one answer is no distribution"
    ordered = [name for name in task.measured if name in ("distance", "near")]
    if ordered and not task.ordinal:
        yield f"survey: {ordered[0]} is of answers in an order; expected ordinal: true"


def _columns(task: Task, _language: str, _direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    """Choices, and the people's shares; counts and per cents are divided by their sum."""
    choices = listed(task, frame)
    sizes = frame.select(choices.list.len()).to_series().to_list()
    made: list[list[float] | None] = []
    faults: list[str | None] = []
    for given, size in zip(frame[str(task.columns.people)].to_list(), sizes, strict=True):
        try:
            made.append(_shares(given, size))
            faults.append(None)
        except WeftError as error:
            made.append(None)
            faults.append(str(error))
    return [
        choices.alias("choices"),
        pl.lit(pl.Series("people", made, dtype=pl.List(pl.Float64))),
        pl.lit(pl.Series("fault", faults, dtype=pl.String)),
    ]


def _shares(given: Any, size: int | None) -> list[float] | None:
    """Raises WeftError for what is no list of as many numbers as there are answers."""
    if given is None:
        return None
    try:
        held = json.loads(given) if isinstance(given, str) else given
        values = np.asarray(held, np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    whole = values.shape == (size,) and np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0
    if not whole:
        raise WeftError(f"people: {str(given)[:60]}; expected {size} numbers, shares or counts, one of each answer")
    return [float(one) for one in values / values.sum()]


def _score(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> Outcome:
    given = _by_likelihood(items, task, model, tell) if likely(task) else _by_samples(name, task, items, model, tell)
    return {
        "output": pl.Series([None] * items.height, dtype=pl.String),
        "shares": given,
        "reason": pl.Series(
            [None if one is not None else "no_answer" if task.by == "answer" else "no_likelihood" for one in given],
            dtype=pl.String,
        ),
        **_compared(task, items["people"].to_list(), given.to_list()),
    }


def _by_likelihood(items: pl.DataFrame, task: Task, model: Model, tell: Tell) -> pl.Series:
    from weft.evaluate.culture.values import of_log_likelihoods

    asked = continued_choices(task, items)
    found = iter(model.likelihoods([pair for one in asked for pair in one], tell))
    made: list[list[float] | None] = []
    for one in asked:
        held = [next(found) for _ in one]
        # One label that could not be rated leaves no distribution.
        whole = all(value is not None for value in held) and any(np.isfinite(value.nats) for value in held if value)
        made.append(of_log_likelihoods([value.nats for value in held if value]).tolist() if whole else None)
    return pl.Series(made, dtype=pl.List(pl.Float64))


def _by_samples(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> pl.Series:
    texts = sampled(questions_of(name, task, items), task, model, tell)
    chosen = [named(task, items, one) for one in texts]
    return distributions(chosen, items["choices"].list.len().to_list())


def _compared(task: Task, people: list[list[float]], model: list[list[float] | None]) -> Outcome:
    from weft.evaluate.culture.values import NEAR, distance, similarity

    pairs = list(zip(people, model, strict=True))
    values: dict[str, Any] = {"similarity": [None if said is None else similarity(said, held) for held, said in pairs]}
    if task.ordinal:
        far = [None if said is None else distance(said, held) for held, said in pairs]
        values |= {"distance": far, "near": [None if one is None else float(one < NEAR) for one in far]}
    return shares(values)


KIND = Kind(
    name="survey",
    metrics=("similarity", "distance", "near"),
    columns=_columns,
    needed=("people",),
    score=_score,
    faults=_faults,
    kept=("choices", "people"),
    places=("language", "choices"),
    likely=likely,
)
