"""Several answers to one question, drawn at a temperature: how often they are the same, and what most of them say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.models.contract import Question
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task

Answered = Sequence[Hashable | None]
"""What each item was answered in one sample, None where that is not clear or was not run."""


def sampled(questions: Sequence[Question], task: Task, model: Model, tell: Tell) -> list[list[str | None]]:
    """Texts of each sample, (samples, items); None where one was not run."""
    assert task.samples is not None
    count = task.samples.count
    asked = [
        one._replace(sample=number, temperature=task.samples.temperature)
        for number in range(1, count + 1)
        for one in questions
    ]
    texts = [one.text for one in model.generate(asked, tell)]
    return [texts[first * len(questions) : (first + 1) * len(questions)] for first in range(count)]


def agreeing(samples: Sequence[Answered], right: Callable[[int, Hashable], bool]) -> Outcome:
    """Measures `self_consistent` and `majority` of items.

    The first is the share of samples that gave the commonest answer (Wang et al. 2023, arXiv 2203.11171), the second
    whether that one is right: `right` says so of an item's number and an answer. Of answers that are as common the one
    that came first counts. An item of which no sample was clear is told of nothing.
    """
    consistent: list[float | None] = []
    majority: list[float | None] = []
    for item, held in enumerate(zip(*samples, strict=True)):
        clear = Counter(one for one in held if one is not None)
        if not clear:
            consistent.append(None)
            majority.append(None)
            continue
        (commonest, times), *_ = clear.most_common(1)
        consistent.append(times / len(held))
        majority.append(float(right(item, commonest)))
    return shares({"self_consistent": consistent, "majority": majority})


def distributions(samples: Sequence[Answered], sizes: Sequence[int]) -> pl.Series:
    """Shares of the choices of each item over samples, (items) lists; null where no sample was clear."""
    from weft.evaluate.culture.values import of_answers

    made = []
    for held, size in zip(zip(*samples, strict=True), sizes, strict=True):
        chosen = of_answers([one if isinstance(one, int) else None for one in held], size)
        made.append(None if chosen is None else chosen.tolist())
    return pl.Series(made, dtype=pl.List(pl.Float64))
