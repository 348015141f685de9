"""Check `hallucination`: translations that say what their source does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate import answers
from weft.evaluate.checks.contract import Check
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _faults(task: Task) -> Iterator[str]:
    if task.kind != "translate" or task.hallucination_below is None:
        yield "checks: hallucination: of translate alone, with hallucination_below, a chrF++ such as 20"


def _made_up(task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Hallucinations by chrF++ of each segment; the bands of lengths are those of the references."""
    from weft.evaluate.checks.adequacy import adequate
    from weft.evaluate.hallucination import NAMES, hallucinations, length_bands
    from weft.language.model import packaged

    if all(text is None for text in texts):
        return {}
    sources, first = items["source"].to_list(), items["references"].list.drop_nulls().list.first().to_list()
    pairs = items.select(pl.concat_str(["source_language", "target_language"], separator="-")).to_series().to_list()
    found = hallucinations(
        sources,
        [None if text is None else answers.answered(text) for text in texts],
        adequacy=adequate(items, texts),
        least=float(task.hallucination_below or 0),
        pairs=pairs,
        languages=items["target_language"].to_list(),
        bands=length_bands(sources, first, pairs),
        model=packaged("default"),
        references=first,
    )
    return counts({name if name == "hallucinated" else f"hallucination_{name}": found.of(name) for name in NAMES})


CHECK = Check("hallucination", _made_up, _faults)
