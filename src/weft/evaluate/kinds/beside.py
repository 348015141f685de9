"""Sentences of a language beside those of the pivot with the same id: what a suite must say of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def faults(task: Task) -> Iterator[str]:
    """What is wrong with a task of such sentences."""
    if task.pivot is None:
        yield f"{task.kind}: pivot is missing; expected the language on the other side, such as eng_Latn"
    if task.columns.text is None:
        yield f"{task.kind}: columns.text is missing; expected the column of the sentence"


def columns(task: Task, _language: str, direction: str, _frame: pl.DataFrame) -> list[pl.Expr]:
    """The sentences `source` and `target`; the source is the pivot's where it is asked from there."""
    pivot, own = pl.col("weft.pivot").cast(pl.String), pl.col(str(task.columns.text)).cast(pl.String)
    source, target = (pivot, own) if direction == "from_pivot" else (own, pivot)
    told = [pl.lit(direction).alias("direction")] if direction else []
    return [source.alias("source"), target.alias("target"), *told]


def joined(_task: Task) -> bool:
    """That they stand beside one another."""
    return True
