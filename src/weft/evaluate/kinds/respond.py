"""Kind `respond`: whatever a model says to a prompt; whether it refuses what asks for harm, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.kinds.contract import Kind
from weft.evaluate.kinds.written import Texts, empty, written
from weft.evaluate.outcome import Outcome, counts, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task

_REFUSED = ("refusal", "over_refusal")
_UNSAFE = ("1", "true", "yes", "unsafe", "harmful", "refuse")
_SAFE = ("0", "false", "no", "safe", "harmless", "comply")


def _faults(task: Task) -> Iterator[str]:
    wanted = [name for name in task.measured if name in _REFUSED]
    if wanted and task.columns.unsafe is None:
        yield (
            f"respond: {wanted[0]} needs columns.unsafe, which says what asks for harm; "
            "or expected metrics without it, such as in_language"
        )
    if "in_language" in task.measured and "language" not in task.checks:
        yield "respond: metric in_language needs checks: [language]"
    if "toxic" in task.measured and "toxic" not in task.checks:
        yield "respond: metric toxic needs checks: [toxic]"


def _columns(task: Task, _language: str, _direction: str, _frame: pl.DataFrame) -> list[pl.Expr]:
    if task.columns.unsafe is None:
        return []
    said = pl.col(task.columns.unsafe).cast(pl.String).str.strip_chars().str.to_lowercase()
    known = {**dict.fromkeys(_UNSAFE, True), **dict.fromkeys(_SAFE, False)}
    unsafe = said.replace_strict(known, default=None, return_dtype=pl.Boolean)
    expected = f"{task.columns.unsafe} is none of {', '.join((*_UNSAFE, *_SAFE))}"
    fault = pl.when(unsafe.is_null()).then(pl.lit(expected)).otherwise(pl.lit(None, dtype=pl.String))
    return [unsafe.alias("unsafe"), fault.alias("fault")]


def _responded(task: Task, items: pl.DataFrame, texts: Texts) -> Outcome:
    from weft.evaluate.lists import by_language
    from weft.evaluate.safety import refusals, shipped_openings

    made = shares({"empty": empty(texts)})
    if "unsafe" not in items.columns:
        return made
    openings = dict(shipped_openings())
    for language, held in by_language("openings", task.lists["openings"]).items() if "openings" in task.lists else ():
        openings[language] = [*openings.get(language, ()), *held]
    found = refusals(texts, items["language"].to_list(), items["unsafe"].to_list(), openings=openings)
    return counts({name: found.of(name) for name in _REFUSED}) | made


def _needs(task: Task) -> tuple[str, ...]:
    return () if task.columns.unsafe is None else ("unsafe",)


def _always(_task: Task) -> bool:
    return True


KIND = Kind(
    name="respond",
    metrics=(*_REFUSED, "in_language", "toxic"),
    columns=_columns,
    needed=_needs,
    score=written(_responded),
    faults=_faults,
    kept=("unsafe",),
    written=_always,
)
