"""Kind `short_answers`: what people of a region answer to a short question, as BLEnD has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.records import record
from weft.evaluate.kinds.written import Texts, written
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.culture.wording import Matching
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if task.columns.groups is None:
        yield "short_answers: columns.groups is missing; expected the column of groups of answers"


def _columns(task: Task, _language: str, _direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    from weft.evaluate.culture.short_answers import of_records

    def check(held: dict[str, Any]) -> object:
        return list(of_records([held]))

    return record(frame, {"aggregated_answers": task.columns.groups, "idks": task.columns.idks}, check)


def _matching(task: Task, language: str) -> Matching:
    """How native answers are matched: by the lemmas of a list where it has the language, and with endings."""
    from weft.evaluate.culture.wording import Matching
    from weft.evaluate.lists import lemmas

    held = lemmas(task.lists["lemmas"]).get(language) if "lemmas" in task.lists else None
    return Matching(prefix_tolerance=task.endings, lemmas=held)


def _short(task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    """Short answers of a region, matched by words as BLEnD does; questions that its rule leaves out are not told."""
    from weft.evaluate.culture.short_answers import of_records, score

    values: dict[str, list[Any]] = {name: [None] * items.height for name in ("value", "weighted")}
    rows = items.select("language", "record").with_row_index("row")
    for (language,), part in rows.group_by(["language"], maintain_order=True):
        questions = list(of_records([json.loads(one) for one in part["record"]]))
        places = part["row"].to_list()
        found = score(questions, [texts[row] for row in places], native=_matching(task, str(language)))
        for name, held in values.items():
            for row, one in zip(places, found[name].to_list(), strict=True):
                held[row] = one
    return shares({"answered": values["value"], "weighted": values["weighted"]})


def _signed(task: Task, _measure: str, _rows: pl.DataFrame) -> list[str]:
    from weft.evaluate.culture.short_answers import signature
    from weft.evaluate.culture.wording import Matching

    return [signature(Matching(prefix_tolerance=task.endings, lemmas={} if "lemmas" in task.lists else None))]


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
    signed=_signed,
)
