"""Check `names`: whether names of a source are in what was written, as they are, as accepted, or in its letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.checks.adequacy import faults_of_gate, gated
from weft.evaluate.checks.contract import Check
from weft.evaluate.checks.wanted import column, matching, said, several, sources, targets
from weft.evaluate.outcome import Outcome

if TYPE_CHECKING:
    from weft.evaluate.culture.names import Name
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if "names" not in task.lists and "names" not in task.columns.wanted:
        yield "checks: names: expected lists.names (language, name, accepted), or columns.wanted.names"
    yield from faults_of_gate(task, "names")


def asked(task: Task, items: pl.DataFrame) -> list[list[Name]]:
    """The names of each item: those of its column, or those of the list that its source has."""
    from weft.evaluate.culture.names import Name
    from weft.evaluate.culture.wording import has, phrase, read
    from weft.evaluate.lists import names

    known = names(task.lists["names"]) if "names" in task.lists else {}
    found = []
    rows = zip(targets(items), column(items, "names"), read(sources(items)), strict=True)
    for language, wanted, source in rows:
        listed = {one.source: one for one in known.get(language, ())}
        if "names" in task.columns.wanted:
            found.append([listed.get(one, Name(one)) for one in several(wanted)])
        else:
            found.append([one for one in listed.values() if has(phrase(one.source), source)])
    return found


def _names(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Names that are there, of those of an item; of translations, of those that a reference has as well.

    A name that may be there in letters that are not read is not told.
    """
    from weft.evaluate.culture.names import score

    references = items["references"].list.drop_nulls().list.first() if "references" in items.columns else None
    found = score(
        asked(task, items),
        said(texts),
        None if references is None else references.to_list(),
        matching=matching(task),
    ).drop_nulls("value")
    sums = np.zeros((items.height, 2))
    rows = found["item"].to_numpy()
    sums[:, 0] = np.bincount(rows, found["value"].to_numpy(), items.height)
    sums[:, 1] = np.bincount(rows, minlength=items.height)
    return gated(task, items, texts, "names", sums)


CHECK = Check("names", _names, _faults)
