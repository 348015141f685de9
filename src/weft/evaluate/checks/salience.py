"""Check `salience`: whether what is written of a region has what is of that region, and not what is of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.checks.contract import Check
from weft.evaluate.checks.wanted import matching, regions, said, targets
from weft.evaluate.outcome import Outcome, shares

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if "salient" not in task.lists:
        yield "checks: salience: expected lists.salient: language, term, region, and salience, or count and popularity"
    if "region" not in task.columns.slices:
        yield "checks: salience: expected columns.slices.region, the column of the region that is written of"


def _salience(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """`of_region`: of the salient terms in a text the share, by salience, that is of its region, null without any.

    `names_region`: whether it has a term of its region at all. Texts of regions that the list does not have are told
    of nothing.
    """
    from weft.evaluate.culture.salience import represented
    from weft.evaluate.lists import salient

    known, held = salient(task.lists["salient"]), said(texts)
    languages, of = targets(items), regions(items)
    share: list[float | None] = [None] * items.height
    there: list[float | None] = [None] * items.height
    for language, terms in known.items():
        listed = set(terms.filter(pl.col("salience") > 0)["region"])
        rows = [n for n in range(items.height) if languages[n] == language and of[n] in listed]
        found = represented([held[n] for n in rows], [str(of[n]) for n in rows], terms, matching=matching(task))
        for row, value, own in zip(rows, found["value"].to_list(), found["own"].to_list(), strict=True):
            share[row] = value
            there[row] = None if own is None else float(own > 0)
    return shares({"of_region": share, "names_region": there})


CHECK = Check("salience", _salience, _faults)
