"""What `weft evaluate` wrote, read again: checked once, as people and other programs write such files too."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from weft.errors import WeftError
from weft.evaluate.measures import measure

SCORES, ITEMS = "scores.json", "items"
VERSION = 1
_TEXTS = ("language", "item", "cluster", "prompt", "reason")
_EXPECTED = "expected what weft evaluate wrote"
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Score(_Part):
    task: str
    language: str
    level: str
    skill: str
    domain: str | None
    direction: str | None
    slice: str | None
    metric: str
    primary: bool
    value: _Finite
    low: _Finite
    high: _Finite
    items: _Count
    not_run: _Count
    chance: _Finite | None
    ceiling: _Finite
    higher_is_better: bool
    signature: str


class _Average(_Part):
    task: str
    direction: str | None
    metric: str
    value: _Finite
    low: _Finite
    high: _Finite
    languages: _Count
    not_run: list[str]
    estimator: str


class _Composite(_Part):
    name: str
    language: str
    value: _Finite | None
    parts: list[dict[str, Any]]
    missing: list[str]


class _NotRun(_Part):
    task: str
    language: str
    reason: str
    detail: str
    noise: str | None = None


class _Lost(_Part):
    task: str
    language: str
    rows: _Count
    first: str


class _Unanswered(_Part):
    task: str
    language: str
    noise: str | None
    reason: str
    items: _Count
    of: _Count


class _Run(_Part):
    weft: str
    suite: str
    suite_version: int
    model: dict[str, Any]
    scores: list[_Score]
    averages: list[_Average]
    composites: list[_Composite] = []
    not_run: list[_NotRun]
    lost: list[_Lost]
    unanswered: list[_Unanswered] = []
    consistency: list[dict[str, Any]] = []
    naturalness: list[dict[str, Any]] = []
    twins: list[dict[str, Any]] = []
    contamination: dict[str, Any] | None = None
    imported: dict[str, Any] | None = None


_LATER: Mapping[str, Any] = {
    "composites": [], "consistency": [], "naturalness": [], "twins": [], "unanswered": [], "contamination": None,
    "quality": None, "paid": None,
}  # fmt: skip
"""Keys that runs of earlier versions have not."""


def read_scores(folder: Path) -> dict[str, Any]:
    """What `save` wrote. Raises WeftError for what is no evaluation, with the place of what is wrong."""
    file = folder / SCORES if folder.is_dir() else folder
    try:
        held = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise WeftError(f"{folder}: has no {SCORES}; {_EXPECTED}") from None
    except RecursionError:
        raise WeftError(f"{file}: cannot be read: nested too deeply; {_EXPECTED}") from None
    except (OSError, ValueError) as error:
        raise WeftError(f"{file}: cannot be read: {error}; {_EXPECTED}") from None
    if not isinstance(held, dict) or held.get("version") != VERSION:
        raise WeftError(f"{file}: no scores of version {VERSION}; {_EXPECTED}")
    try:
        _Run.model_validate(held)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise WeftError(f"{file}: {_where(first['loc'])}: {first['msg']}; {_EXPECTED}") from None
    scored = {(one["task"], one["metric"]) for one in held["scores"]}
    for number, one in enumerate(held["averages"]):
        if (one["task"], one["metric"]) not in scored:
            raise WeftError(
                f"{file}: averages[{number}]: of {one['task']} by {one['metric']} there is no score; {_EXPECTED}"
            )
    return {**_LATER, **held}


def _where(place: Sequence[int | str]) -> str:
    """`scores[3].value`."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place).removeprefix(".")


def tasks_with_items(held: Mapping[str, Any]) -> list[str]:
    """Tasks of a run that have scores and items; what another harness gave without items has scores alone."""
    lacking = (held.get("imported") or {}).get("without_items", ())
    return sorted({score["task"] for score in held["scores"]} - set(lacking))


def read_outcomes(folder: Path, names: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The outcomes of tasks. Raises WeftError where a file is missing, and for one that has no outcomes."""
    found = {}
    for name in names:
        file = folder / ITEMS / f"{name}.parquet"
        try:
            found[name] = pl.read_parquet(file)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise WeftError(f"{file}: cannot be read: {str(error).splitlines()[0]}; {_EXPECTED}") from None
        _check(file, found[name])
    return found


def _check(file: Path, held: pl.DataFrame) -> None:
    for name in _TEXTS:
        if name not in held.columns:
            raise WeftError(f"{file}: no column {name}; {_EXPECTED}")
        if held.schema[name] not in (pl.String, pl.Null):
            raise WeftError(f"{file}: column {name} holds {held.schema[name]}; expected texts")
    measured = [name for name in held.columns if name.startswith("measure.")]
    if not measured or not held.height:
        raise WeftError(f"{file}: has no {'measure' if held.height else 'rows'}; {_EXPECTED}")
    for name in measured:
        sums = held[name].drop_nulls()
        if not isinstance(sums.dtype, pl.List) or not sums.dtype.inner.is_numeric():
            raise WeftError(f"{file}: column {name} holds {sums.dtype}; expected lists of numbers")
        if sums.list.len().n_unique() > 1 or (sums.len() and sums.list.len()[0] == 0):
            raise WeftError(f"{file}: column {name} has lists of several lengths; {_EXPECTED}")
        if not sums.explode().is_finite().fill_null(value=False).all():
            raise WeftError(f"{file}: column {name} has what is no number; {_EXPECTED}")
        _check_width(file, name, int(sums.list.len()[0]) if sums.len() else None)
    keys = [name for name in ("language", "direction", "item") if name in held.columns]
    twice = held.filter(held.select(keys).is_duplicated())
    if twice.height:
        raise WeftError(f"{file}: item {twice['item'][0]} of {twice['language'][0]} stands twice; expected it once")


def _check_width(file: Path, name: str, width: int | None) -> None:
    """Whether a measure can be made of so many sums."""
    of = measure(name.removeprefix("measure."))
    try:
        if width is not None:
            of.finish(np.ones(width))
    except (IndexError, ValueError):
        raise WeftError(
            f"{file}: column {name} has lists of {width}, of which no score can be made; {_EXPECTED}"
        ) from None


def forget(folder: Path, kept: Container[str]) -> None:
    """Remove the items of an earlier run there, which would be taken for those of new scores; and no other files."""
    try:
        held = read_scores(folder)
    except WeftError:
        return
    tasks = {one["task"] for rows in (held["scores"], held["not_run"]) for one in rows}
    for file in (folder / ITEMS).glob("*.parquet"):
        # Items that were asked with noise stand under the task's name, a point and the kind of noise.
        if file.stem not in kept and file.stem.partition(".")[0] in tasks:
            file.unlink()
