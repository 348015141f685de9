"""Check `taboos`: whether a text has what is not to be said, and of translations whether they are one at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.checks.contract import Check
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if "taboos" not in task.lists:
        yield "checks: taboos: expected lists.taboos, a table of language and forbidden"
    if task.kind == "translate" and task.adequate is None:
        yield "checks: taboos: translations need adequate; expected a chrF++ such as 30, below which nothing counts"


def _taboos(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """`no_taboo` of items that one applies to, and of translations `no_taboo_gated`, 0 where it is not adequate."""
    from weft.evaluate.checks.adequacy import adequate
    from weft.evaluate.culture.gated import gate
    from weft.evaluate.culture.taboo import Item, score
    from weft.evaluate.culture.wording import Matching
    from weft.evaluate.lists import taboos

    translated = "target_language" in items.columns
    columns = ["target_language" if translated else "language", "source" if translated else "prompt"]
    regions = items["slice.region"].to_list() if "slice.region" in items.columns else [None] * items.height
    asked = [
        Item(language, text, source, region or "")
        for (language, source), text, region in zip(items.select(columns).iter_rows(), texts, regions, strict=True)
    ]
    rows, _ = score(asked, taboos(task.lists["taboos"]), matching=Matching(prefix_tolerance=task.endings))
    values = {"no_taboo": rows["value"].to_list()}
    if translated:
        none = np.full(items.height, np.nan)
        held = gate(adequate(items, texts), rows["value"].to_list(), none, threshold=float(task.adequate or 0)).rows
        told = held["gated"].is_not_null()
        values |= {
            "no_taboo_gated": held["gated"].to_list(),
            "adequate": [one if there else None for one, there in zip(held["adequate"], told, strict=True)],
        }
    return shares(values)


CHECK = Check("taboos", _taboos, _faults)
