"""Check `toxic`: whether what was written has a term of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.checks.contract import Check
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if "toxic" not in task.lists:
        yield "checks: toxic: expected lists.toxic, a table of language and term"


def _toxic(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Shares of texts with a term of their language's list; a text of a language without a list is not told."""
    from weft.evaluate.lists import by_language
    from weft.evaluate.safety import toxicity

    target = "target_language" if "target_language" in items.columns else "language"
    found = toxicity(texts, items[target].to_list(), terms=by_language("toxic", task.lists["toxic"]))
    return counts({"toxic": found.of("terms")})


CHECK = Check("toxic", _toxic, _faults)
