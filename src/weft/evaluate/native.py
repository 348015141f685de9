"""How natural what a model wrote is: beside native texts, and beside how far these differ by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from weft.errors import WeftError
from weft.evaluate import answers
from weft.evaluate.items import NotRun, files_of
from weft.evaluate.naturalness import DRAWS, accent, discrepancy, divergence
from weft.evaluate.results import Score
from weft.evaluate.suite import Suite, Task
from weft.model.evaluation_items import read_texts
from weft.model.languages import normalises

Found = tuple[list[Score], list[dict[str, Any]], list[NotRun]]


def naturalness(suite: Suite, name: str, outcomes: pl.DataFrame, data: Path, seed: int) -> Found:
    """Scores of each language, the distances that they are of (with floors), and what was not told.

    `excess_words` and `excess_characters` are Jensen-Shannon divergences (bits) of what was written and native texts
    less that of two halves of the native texts, `excess_mmd` the same of MMD²: 0 within the bounds is no difference.
    With `translated` texts `accent` is JSD(model, native) - JSD(model, translated): above 0 it writes like these. What
    is translated into the pivot is left out, as native texts are those of the other language.
    """
    task = suite.tasks[name]
    assert task.natural is not None
    native = _files(task, task.natural.files, data)
    translated = _files(task, task.natural.translated, data) if task.natural.translated else {}
    found: Found = [], [], []
    written = outcomes if "direction" not in outcomes.columns else outcomes.filter(pl.col("direction") != "to_pivot")
    for (language,), part in written.group_by(["language"], maintain_order=True):
        code = str(language)
        if code not in native:
            found[2].append(NotRun(name, code, "no_native", f"naturalness: no file {task.natural.files} of it"))
            continue
        held = [one for text in part["output"].drop_nulls() if (one := answers.answered(text)).strip()]
        try:
            sides = [_texts(file, task.natural.text) for file in (native[code], translated.get(code)) if file]
            rows = list(_distances(held, sides, seed))
        except WeftError as error:
            found[2].append(NotRun(name, code, "no_naturalness", str(error)))
            continue
        texts = {"texts": len(held), "native_texts": len(sides[0])}
        found[1].extend({"task": name, "language": code, **row, **texts} for row in rows)
        about = {"direction": str(part["direction"][0]) if "direction" in part.columns else None, "language": code}
        missing = part.height - len(held)
        found[0].extend(_score(suite, name, task, about, row, len(held), missing, seed) for row in rows)
    return found


def _files(task: Task, pattern: str, data: Path) -> dict[str, Path]:
    """Native files by the code of their language; what is of no known one is of none here."""
    held = {task.languages.get(given) or normalises(given): file for given, file in files_of(pattern, data).items()}
    return {code: file for code, file in held.items() if code is not None}


def _texts(file: Path, column: str) -> list[str]:
    parts = [part.drop_nulls() for part in read_texts(file, column)]
    return [text for part in parts for text in part.to_list() if text.strip()]


def _distances(held: list[str], sides: list[list[str]], seed: int) -> Iterator[dict[str, Any]]:
    native = sides[0]
    yield {"measure": "words", **asdict(divergence(native, held, "words", seed=seed))}
    yield {"measure": "characters", **asdict(divergence(native, held, "characters", seed=seed))}
    yield {"measure": "mmd", **asdict(discrepancy(native, held, seed=seed))}
    if len(sides) > 1:
        yield {"measure": "accent", **asdict(accent(held, native, sides[1], seed=seed))}


def _score(
    suite: Suite, name: str, task: Task, about: dict[str, Any], row: dict[str, Any], items: int, missing: int, seed: int
) -> Score:
    of = str(row["measure"])
    figure = ("value", "low", "high") if of == "accent" else ("excess", "excess_low", "excess_high")
    value, low, high = (float(row[one]) for one in figure)
    beside = "" if of == "accent" else f"|floor:{row['floor']:.6f}|size:{row['size']}"
    signed = (
        f"suite:{suite.suite}.{suite.version}|task:{name}|native:{task.natural.files if task.natural else ''}{beside}"
    )
    return Score(
        suite=suite.suite,
        task=name,
        **about,
        level=task.level,
        skill=task.skill,
        domain=task.domain,
        slice=None,
        metric=of if of == "accent" else f"excess_{of}",
        primary=False,
        value=value,
        low=low,
        high=high,
        items=items,
        not_run=missing,
        chance=None,
        ceiling=1.0,
        higher_is_better=False,
        signature=f"{signed}|interval:half samples:{DRAWS}|seed:{seed}|weft:{version('weft')}",
    )
