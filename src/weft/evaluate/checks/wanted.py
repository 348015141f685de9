"""What checks of culture look for in each item: its language, its region, and what the suite's columns say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate import answers
from weft.evaluate.culture.wording import Matching

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def targets(items: pl.DataFrame) -> list[str]:
    """The language that is wanted of each item."""
    return items["target_language" if "target_language" in items.columns else "language"].to_list()


def sources(items: pl.DataFrame) -> list[str]:
    """What each item is about: the source of a translation, else the prompt."""
    return items["source" if "source" in items.columns else "prompt"].to_list()


def regions(items: pl.DataFrame) -> list[str | None]:
    """The region of each item, its slice of that name."""
    return items["slice.region"].to_list() if "slice.region" in items.columns else [None] * items.height


def column(items: pl.DataFrame, name: str) -> list[str | None]:
    """What the suite's column says is wanted; none where it names no column."""
    held = f"wanted.{name}"
    return items[held].to_list() if held in items.columns else [None] * items.height


def several(value: str | None) -> list[str]:
    """The parts of what stands with `|` between."""
    return [one.strip() for one in (value or "").split("|") if one.strip()]


def said(texts: Sequence[str | None]) -> list[str | None]:
    """What of each text is the answer."""
    return [None if text is None else answers.answered(text) for text in texts]


def matching(task: Task) -> Matching:
    """How words are matched, with as many letters after them as a task allows."""
    return Matching(prefix_tolerance=task.endings)
