"""Adequacy of translations and answers: the chrF++ of each, and what of a check counts where it is enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.suite import Task

Doubles = npt.NDArray[np.float64]
_WITH_REFERENCES = ("translate", "generate")


def adequate(items: pl.DataFrame, texts: Sequence[str | None]) -> Doubles:
    """chrF++ of each translation, or answer beside the right ones, (items,); NaN where there is none."""
    from weft.evaluate.kinds.translate import answered_rows
    from weft.evaluate.translation import metric

    held = items if "references" in items.columns else items.rename({"answers": "references"})
    there, plain, sets = answered_rows(held, texts)
    found = np.full(len(texts), np.nan)
    if there:
        of = metric("chrf++")
        found[there] = of.finish(of.statistics(plain, sets))
    return found


def faults_of_gate(task: Task, check: str) -> Iterator[str]:
    """What is wrong with how a check is gated: translations have to be, what has no reference cannot be."""
    if task.kind == "translate" and task.adequate is None:
        yield f"checks: {check}: translations need adequate; expected a chrF++ such as 30, below which nothing counts"
    if task.adequate is not None and task.kind not in _WITH_REFERENCES:
        yield f"adequate: of {' and '.join(_WITH_REFERENCES)} alone, which have references; got {task.kind}"


def gated(task: Task, items: pl.DataFrame, texts: Sequence[str | None], name: str, sums: Doubles) -> Outcome:
    """Of sums (items, 2) `name`, and with a threshold `<name>_gated` and `<name>_adequate` on the same items.

    Gated, what is not adequate holds nothing of as much: culture = mean(1[adequacy >= t] 1[right]).
    """
    if task.adequate is None:
        return counts({name: sums})
    enough = np.nan_to_num(adequate(items, texts), nan=-1.0) >= task.adequate
    told = sums[:, 1] > 0
    of_items = np.stack([enough & told, told], axis=1).astype(np.float64)
    held = sums * np.stack([enough, np.ones(len(enough))], axis=1)
    return counts({name: sums, f"{name}_gated": held, f"{name}_adequate": of_items})
