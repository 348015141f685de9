"""Check `language`: whether what was written is in the language that was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from weft.evaluate.checks.contract import Check
from weft.evaluate.outcome import Outcome, counts

if TYPE_CHECKING:
    from weft.evaluate.suite import Task


def _of_language(_task: Task, items: pl.DataFrame, texts: Sequence[str | None]) -> Outcome:
    """Whether what was written is in the language that was wanted: as a whole, by lines, and by words."""
    from weft.evaluate.fidelity import fidelity
    from weft.language.model import packaged

    translated = "target_language" in items.columns
    wanted = items["target_language" if translated else "language"].to_list()
    # Names of what was asked are no words of another language.
    prompts = items["source" if translated else "prompt"].to_list()
    found = fidelity(packaged("default"), texts, wanted, prompts=prompts)
    names = {"response": "in_language", "lines": "lines_in_language", "words": "words_in_language"}
    return counts({new: found.of(old) for old, new in names.items()})


CHECK = Check("language", _of_language)
