"""From what a model answered to what is counted: an outcome of each item, with the sums of each measure."""

from __future__ import annotations

import polars as pl

from weft.evaluate.models.contract import Model, Tell
from weft.evaluate.suite import Task

KEPT = ("language", "item", "cluster", "prompt")
"""Columns of items that outcomes keep, beside those of slices, of checks and of the kind."""


def scored(name: str, task: Task, items: pl.DataFrame, model: Model, tell: Tell) -> pl.DataFrame:
    """The outcome of each item: what was answered, `reason` where it was not run, and `measure.<name>`: sums, or null.

    Raises WeftError where the model cannot answer this kind of question.
    """
    made = task.of.score(name, task, items, model, tell)
    told = [column for column in items.columns if column in KEPT or column.startswith(("slice.", "wanted."))]
    of_kind = [column for column in task.of.kept if column in items.columns]
    return items.select([*told, *of_kind]).with_columns(**made)
