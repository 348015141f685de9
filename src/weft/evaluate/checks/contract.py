"""What a check of written answers is: what a suite must say of it, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.outcome import Outcome

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _nothing(_task: Task) -> Iterator[str]:
    yield from ()


def _complete(_task: Task, items: pl.DataFrame) -> list[str | None]:
    return [None] * items.height


@dataclass(frozen=True)
class Check:
    """A check of what a model writes; one module of this room has it."""

    name: str
    columns: Callable[[Task, pl.DataFrame, Sequence[str | None]], Outcome]
    """Of a task, its items and what was written, none where nothing was: `measure.<name>` with the sums of items."""
    faults: Callable[[Task], Iterator[str]] = _nothing
    """What is wrong with a task that names it."""
    lacking: Callable[[Task, pl.DataFrame], list[str | None]] = _complete
    """Of each item what is wrong with what the check is to look for; such a row is lost, and told."""
