"""What is carried to another harness: the items of a suite by task, language and direction, and what stays behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from weft.evaluate.items import Items, read_items
from weft.evaluate.running import Settings
from weft.evaluate.suite import Suite, Task
from weft.own_file import whole

CARRIED = ("choice", "prefer", "generate", "translate")
"""Kinds that other harnesses can ask."""
LEFT = "not-carried.json"


@dataclass(frozen=True)
class Part:
    """Items of one task in one language and direction."""

    name: str
    task: Task
    language: str
    direction: str | None
    items: pl.DataFrame

    def called(self, suite: Suite) -> str:
        """Its name in another harness."""
        return "_".join([stem(suite.suite, self.name), self.language, *([self.direction] if self.direction else [])])


@dataclass
class Left:
    """What was not carried over: of which task, what, and why."""

    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, task: str, what: str, why: str) -> None:
        """Join a row, once."""
        row = {"task": task, "what": what, "why": why}
        if row not in self.rows:
            self.rows.append(row)


@dataclass(frozen=True)
class Exported:
    """Files that were written, and what is not in them."""

    files: list[Path]
    left: list[dict[str, str]]


def stem(suite: str, task: str) -> str:
    """Of a task's name in another harness that which stands before the language."""
    return f"weft_{suite}_{task}"


def parts(suite: Suite, settings: Settings, left: Left) -> Iterator[Part]:
    """The items of each task that other harnesses can ask; all else joins `left`.

    Prompts are those that weft asks, examples and all, so that no template has to be told anew.
    """
    for name, task in suite.tasks.items():
        if settings.tasks is not None and name not in settings.tasks:
            continue
        if task.kind not in CARRIED:
            left.add(name, f"kind {task.kind}", "scored by weft's own reading of answers; weft evaluate asks it")
            continue
        items = read_items(name, task, settings.data, settings.choice)
        _told(name, task, items, left)
        for language, frame in items.frames.items():
            if "direction" not in frame.columns:
                yield Part(name, task, language, None, frame)
                continue
            for (direction,), rows in frame.group_by(["direction"], maintain_order=True):
                yield Part(name, task, language, str(direction), rows)
    for name in suite.composites:
        left.add("", f"composite {name}", "weights over scaled scores; no other harness has them")


def _told(name: str, task: Task, items: Items, left: Left) -> None:
    """What of a task and its data no other harness carries."""
    for one in items.not_run:
        left.add(name, one.language or "all languages", f"{one.reason}: {one.detail}")
    for language, count in items.lost.items():
        left.add(name, f"{count} {'row' if count == 1 else 'rows'} of {language}", items.faults[language])
    for check in task.checked():
        left.add(name, f"check {check}", "a check of weft's on what is written")
    if task.noise is not None:
        left.add(name, "noise", "robustness is of weft's own noise")
    if task.samples is not None:
        left.add(name, "samples", "answers are drawn once there, at temperature 0")
    if task.natural is not None:
        left.add(name, "natural", "how far texts are from native ones is weft's own")
    if task.twin_of is not None:
        left.add(name, "twin_of", "items beside their twins are weft's own")
    if task.consistent:
        left.add(name, "consistent", "RankC and agreement over languages are weft's own")
    if task.columns.cluster is not None:
        left.add(name, "cluster", "items are taken for independent: standard errors are too small")
    if task.columns.slices:
        left.add(name, "slices", "scores of parts of the items are weft's own")


def write_rows(frame: pl.DataFrame, file: Path) -> Path:
    """A table as JSON lines, whole or not at all."""
    with whole(file) as place:
        frame.write_ndjson(place)
    return file


def write_text(text: str, file: Path) -> Path:
    """A file of text, whole or not at all."""
    with whole(file) as place:
        place.write_text(text, "utf-8")
    return file


def columns(part: Part, more: Sequence[pl.Expr | str]) -> pl.DataFrame:
    """The columns of every file of items: id, prompt, and what is right."""
    return part.items.select(pl.col("item").alias("id"), "language", "prompt", *more)


def told(exported: Exported) -> dict[str, Any]:
    """The contract of `weft evaluate --export --json`."""
    return {"version": 1, "files": [str(file) for file in exported.files], "not_carried": exported.left}
