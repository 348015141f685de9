"""Prompts: what a task asks of each item, with examples before it, as columns of text."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from weft.evaluate.suite import Task
from weft.model.languages import name as english_name

_BETWEEN = "\n\n"
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_. -]*)\}")


def prompted(task: Task, language: str, frame: pl.DataFrame, shown: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The items with their `prompt`, and without the columns that only it needed.

    `shown` are examples by direction, empty where there are none; each stands with its answer, before all items alike.
    """
    asked = _filled(task.prompt_of(language), task, frame).alias("weft.asked")
    held = frame.with_columns(asked)
    before = {}
    for direction, examples in shown.items():
        if not examples.height or task.of.answer is None:
            continue
        told = examples.select(pl.concat_str([_filled(task.prompt_of(language), task, examples), task.of.answer(task)]))
        before[direction] = "".join(text + _BETWEEN for text in told.to_series().to_list())
    where = pl.col("direction") if "direction" in frame.columns else pl.lit("")
    lead = where.replace_strict(before, default="", return_dtype=pl.String)
    places = [name for name in frame.columns if name.startswith("place.")]
    return held.with_columns(pl.concat_str([lead, pl.col("weft.asked")]).alias("prompt")).drop(*places, "weft.asked")


def _filled(template: str, task: Task, frame: pl.DataFrame) -> pl.Expr:
    """A template with the values of each row."""
    parts: list[pl.Expr] = []
    at = 0
    for match in _PLACE.finditer(template):
        parts += [pl.lit(template[at : match.start()]), _value(match[1], match[0], task, frame)]
        at = match.end()
    return pl.concat_str([*parts, pl.lit(template[at:])])


def _value(name: str, whole: str, task: Task, frame: pl.DataFrame) -> pl.Expr:
    if name in ("language", "source_language", "target_language"):
        codes = frame[name].unique().to_list() if name in frame.columns else []
        names = {code: english_name(code) for code in codes if code}
        return pl.col(name).replace_strict(names, default=None, return_dtype=pl.String) if names else pl.lit(whole)
    if name == "choices" and "choices" in frame.columns:
        return _listed(task, frame)
    if name in task.of.places and name in frame.columns:
        return pl.col(name)
    return pl.col(f"place.{name}") if f"place.{name}" in frame.columns else pl.lit(whole)


def _listed(task: Task, frame: pl.DataFrame) -> pl.Expr:
    """The choices, each with its label, a line each."""
    most = min(int(frame["choices"].list.len().max() or 0), len(task.labels))  # type: ignore[arg-type]
    lines = []
    for place, label in enumerate(task.labels[:most]):
        one = pl.col("choices").list.get(place, null_on_oob=True)
        line = pl.concat_str([pl.lit(f"{label}. " if place == 0 else f"\n{label}. "), one])
        lines.append(pl.when(one.is_not_null()).then(line).otherwise(pl.lit("")))
    return pl.concat_str(lines) if lines else pl.lit("")
