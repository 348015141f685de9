"""Check `register`: whether forms of address and endings are those of the wanted level of politeness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.errors import nearest
from weft.evaluate.checks.adequacy import faults_of_gate, gated
from weft.evaluate.checks.contract import Check
from weft.evaluate.checks.wanted import column, matching, said, several, targets
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if "markers" not in task.lists:
        yield "checks: register: expected lists.markers, a table of language, marker and level"
    if "register" not in task.columns.wanted:
        yield "checks: register: expected columns.wanted.register, the column of the level that is wanted"
    yield from faults_of_gate(task, "register")


def _lacking(task: Task, items: pl.DataFrame) -> list[str | None]:
    """Levels that the language of an item does not have; of a language without markers nothing is told."""
    from weft.evaluate.lists import markers

    known = markers(task.lists["markers"])
    found: list[str | None] = []
    for language, wanted in zip(targets(items), column(items, "register"), strict=True):
        levels = known[language].levels if language in known else ()
        strange = [one for one in several(wanted) if levels and one not in levels]
        hint = f"expected one of {', '.join(levels)}{nearest(strange[0], levels)}" if strange else ""
        found.append(f"register {strange[0]}: {language} has none; {hint}" if strange else None)
    return found


def _register(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Shares of items that want a level: right, in another one (`wrong`), or without a marker (`absent`)."""
    from weft.evaluate.culture.honorifics import judge
    from weft.evaluate.culture.wording import read
    from weft.evaluate.lists import markers

    known, held = markers(task.lists["markers"]), said(texts)
    sums = np.zeros((3, items.height, 2))
    rows = zip(targets(items), column(items, "register"), held, read(held), strict=True)
    for row, (language, wanted, text, reading) in enumerate(rows):
        levels = several(wanted)
        if text is None or not levels or language not in known:
            continue
        verdict = judge(reading, levels, known[language], matching(task))
        sums[:, row, 1] = 1
        sums[("right", "wrong", "absent").index(verdict), row, 0] = 1
    return gated(task, items, texts, "register", sums[0]) | counts(
        {"register_wrong": sums[1], "register_absent": sums[2]}
    )


CHECK = Check("register", _register, _faults, _lacking)
