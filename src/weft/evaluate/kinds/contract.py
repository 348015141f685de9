"""What a kind of task is: what a suite must say of it, what its items have, and how answers become sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.models.contract import Ability
from weft.evaluate.outcome import Outcome

if TYPE_CHECKING:
    from weft.evaluate.models.contract import Model, Tell
    from weft.evaluate.suite import Task


def _nothing(_task: Task) -> Iterator[str]:
    yield from ()


def _no(_task: Task) -> bool:
    return False


def _no_chance(_task: Task, _rows: pl.DataFrame) -> float | None:
    return None


def _unsigned(_task: Task, _measure: str, _rows: pl.DataFrame) -> list[str]:
    return []


def _one(_task: Task) -> Sequence[str]:
    return ("",)


def _as_they_are(_task: Task, _language: str, frame: pl.DataFrame, _seed: int) -> pl.DataFrame:
    return frame


def _none_read(_task: Task) -> list[str]:
    return []


@dataclass(frozen=True)
class Kind:
    """A kind of task; one module of this room has it."""

    name: str
    metrics: tuple[str, ...]
    """What a task may name; the first is that of tasks that name none."""
    columns: Callable[[Task, str, str, pl.DataFrame], list[pl.Expr]]
    """Of a task, a language, a direction and its rows: the columns of items, with `fault` where one is known."""
    needed: tuple[str, ...] | Callable[[Task], tuple[str, ...]]
    """Columns of items without which a row is lost, or which these are of a task."""
    score: Callable[[str, Task, pl.DataFrame, Model, Tell], Outcome]
    """Of the task's name, the task and its items: what was answered, `reason`, and `measure.<name>`."""
    faults: Callable[[Task], Iterator[str]] = _nothing
    """What is wrong with a task of a suite."""
    metric_prefixes: tuple[str, ...] = ()
    """Of metrics that have more names than can be listed."""
    kept: tuple[str, ...] = ()
    """Columns of items that outcomes keep."""
    places: tuple[str, ...] = ("language",)
    """Places of a prompt that no column of the data fills."""
    prompted: bool = True
    """Whether a prompt must be there."""
    answer: Callable[[Task], pl.Expr] | None = None
    """What follows the prompt of an example; null: there are no examples of this kind."""
    texts: tuple[str, ...] = ()
    """Columns of items that a model may have read, beside what fills the prompt."""
    noisy: tuple[str, ...] = ()
    """Columns of items that noise changes, beside what fills the prompt."""
    rows: Callable[[Task, str, pl.DataFrame, int], pl.DataFrame] = _as_they_are
    """Of a task, a language, the rows of its files and a seed: the rows that are asked, where these are made of them;
    `weft.item` is their id, `weft.cluster` what is drawn together. May raise WeftError: then nothing is asked."""
    directions: Callable[[Task], Sequence[str]] = _one
    """Ways in which each row is asked, each with scores of its own, such as from the pivot and to it."""
    joined: Callable[[Task], bool] = _no
    """Whether rows of a language stand beside those of the pivot with the same id, which is `weft.pivot`."""
    written: Callable[[Task], bool] = _no
    """Whether a model answers in words, which checks look at."""
    wants: Ability = "answers"
    """What a model must give."""
    likely: Callable[[Task], bool] = _no
    """Whether a model must give log-likelihoods."""
    consistent: bool = False
    """Whether answers can be compared over languages."""
    chance: Callable[[Task, pl.DataFrame], float | None] = _no_chance
    """The mean share that answers by lot would have."""
    signed: Callable[[Task, str, pl.DataFrame], list[str]] = _unsigned
    """What the signature of a measure says beside data and interval."""
    reads: Callable[[Task], list[str]] = _none_read
    """Columns of the data that are read though the suite does not name them."""

    def needs(self, task: Task) -> tuple[str, ...]:
        """Columns of items without which a row of a task is lost."""
        return self.needed(task) if callable(self.needed) else self.needed
