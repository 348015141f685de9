"""Kind `instructions`: constraints that can be verified, as IFEval has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.records import record
from weft.evaluate.kinds.written import Texts, written
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _columns(task: Task, _language: str, _direction: str, frame: pl.DataFrame) -> list[pl.Expr]:
    from weft.evaluate.constraints import item

    kinds, arguments = _reads(task)
    return record(frame, {"instruction_id_list": kinds, "kwargs": arguments}, item)


def _reads(task: Task) -> list[str]:
    return [task.columns.instructions, task.columns.arguments]


def _followed(_task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    from weft.evaluate.constraints import NAMES, following, item
    from weft.language.model import packaged

    asked = [item(json.loads(one) | {"prompt": prompt}) for one, prompt in items.select("record", "prompt").iter_rows()]
    found = following(asked, texts, items["language"].to_list(), packaged("default"))
    missed = pl.Series([list(one) for one in found.reasons], dtype=pl.List(pl.String))
    return {"missed": missed, **counts({name: found.of(name) for name in NAMES})}


def _always(_task: Task) -> bool:
    return True


KIND = Kind(
    name="instructions",
    metrics=("prompt_strict", "prompt_loose", "instruction_strict", "instruction_loose"),
    columns=_columns,
    needed=("record",),
    score=written(_followed),
    kept=("record",),
    written=_always,
    reads=_reads,
)
