"""The score of culture that checks make together: no taboo and the right register, gated by adequacy and not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task

_PARTS = ("no_taboo", "register")


def culture(task: Task, items: pl.DataFrame, texts: Sequence[str | None], made: Outcome) -> Outcome:
    """Of the outcomes of both checks `culture` = 1[no taboo] 1[right register], nothing unless a task has both.

    An item that one of them is not for has the other alone; a register that is absent is wrong. With `adequate` there
    are `culture_gated`, 0 where the text is not adequate, and `culture_adequate`, of the same items (`gated.gate`).
    """
    from weft.evaluate.checks.adequacy import adequate
    from weft.evaluate.culture.gated import gate

    if not all(f"measure.{name}" in made for name in _PARTS):
        return {}
    no_taboo, register = (_values(made[f"measure.{name}"]) for name in _PARTS)
    # Without a threshold all that was answered passes.
    enough = np.where([text is None for text in texts], np.nan, 1.0)
    if task.adequate is not None:
        enough = adequate(items, texts)
    rows = gate(enough, no_taboo, register, threshold=0.0 if task.adequate is None else task.adequate).rows
    found: dict[str, Any] = {"culture": rows["ungated"].to_list()}
    if task.adequate is not None:
        told = rows["gated"].is_not_null()
        found |= {
            "culture_gated": rows["gated"].to_list(),
            "culture_adequate": [one if there else None for one, there in zip(rows["adequate"], told, strict=True)],
        }
    return shares(found)


def _values(sums: pl.Series) -> list[float | None]:
    return sums.list.first().to_list()
