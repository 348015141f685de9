"""Kind `short_answers`: what people of a region answer to a short question, as BLEnD has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.records import record
from weft.evaluate.kinds.written import Texts, written
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if task.columns.groups is None:
        yield "short_answers: columns.groups is missing; expected the column of groups of answers"


def _columns(task: Task, _language: str, _direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    from weft.evaluate.culture.short_answers import of_records

    def check(held: dict[str, Any]) -> object:
        return list(of_records([held]))

    return record(frame, {"aggregated_answers": task.columns.groups, "idks": task.columns.idks}, check)


def _short(_task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    """Short answers of a region, matched by words as BLEnD does; questions that its rule leaves out are not told."""
    from weft.evaluate.culture.short_answers import of_records, score

    questions = list(of_records([json.loads(one) for one in items["record"]]))
    found = score(questions, texts)
    values: dict[str, Sequence[Any]] = {"answered": found["value"].to_list(), "weighted": found["weighted"].to_list()}
    return shares(values)


def _always(_task: Task) -> bool:
    return True


KIND = Kind(
    name="short_answers",
    metrics=("answered", "weighted"),
    columns=_columns,
    needed=("record",),
    score=written(_short),
    faults=_faults,
    kept=("record",),
    written=_always,
)
