"""Check `terms`: whether terms of a field are translated as its people do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from weft.evaluate.checks.contract import Check
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.lists import Term
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if "terms" not in task.lists:
        yield "checks: terms: expected lists.terms, a table of language, source and target"


def _terms(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Terms of the source that stand in the text in one of the accepted ways, of those that the source has.

    The source is that of a translation, else the prompt. An item whose source has none of the terms is told of nothing.
    """
    from weft.evaluate.culture.wording import Matching, has, phrase, read
    from weft.evaluate.lists import terms

    translated = "target_language" in items.columns
    languages = items["target_language" if translated else "language"].to_list()
    sources = read(items["source" if translated else "prompt"].to_list())
    matching = Matching(prefix_tolerance=task.endings)
    wanted: dict[str, list[Term]] = {}
    for term in terms(task.lists["terms"]):
        wanted.setdefault(term.language, []).append(term)
    found = np.zeros((items.height, 2))
    for row, (language, source, output) in enumerate(zip(languages, sources, read(texts), strict=True)):
        if texts[row] is None:
            continue
        asked = [term for term in wanted.get(language, ()) if has(phrase(term.source), source, matching)]
        right = sum(any(has(phrase(one), output, matching) for one in term.targets) for term in asked)
        found[row] = right, len(asked)
    return counts({"terms": found})


CHECK = Check("terms", _terms, _faults)
