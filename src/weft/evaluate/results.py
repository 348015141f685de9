"""Scores of a run: one row for each language, task, slice and measure, with interval and signature."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from weft.evaluate.measures import interval, measure
from weft.evaluate.perturb import robustness
from weft.evaluate.suite import Suite, Task

Z = 1.959963984540054
"""Of a two-sided 95 % interval of a normal distribution."""
LEAST_OF_SLICE = 1


@dataclass(frozen=True)
class Score:
    """A figure and what it rests on; what was not run has no row here, but one among those not run, with its reason."""

    suite: str
    task: str
    language: str
    level: str
    skill: str
    domain: str | None
    direction: str | None
    slice: str | None
    """`name=value`; null: all items."""
    metric: str
    primary: bool
    value: float
    low: float
    high: float
    items: int
    """Items that were run."""
    not_run: int
    """Items that were asked and not answered, or lack what is asked for: they count for nothing, and not as wrong."""
    chance: float | None
    """What answers by lot would have; null where there is no such figure."""
    ceiling: float
    higher_is_better: bool
    signature: str


def scores_of(
    suite: Suite, name: str, outcomes: pl.DataFrame, lost: Mapping[str, int], samples: int, seed: int
) -> list[Score]:
    """All scores of a task, of outcomes by `scoring.scored`; `lost` are rows without what is asked, by language."""
    task = suite.tasks[name]
    found: list[Score] = []
    for language, direction, part in _parts(outcomes):
        content = _content(task, part)
        for where, rows in _slices(part):
            missing = lost.get(language, 0) if where is None else 0
            about = {"suite": suite.suite, "task": name, "language": language, "direction": direction, "slice": where}
            found += _of_rows(suite, task, rows, missing, about, content, samples, seed)
    return found


def scores_with_noise(
    suite: Suite, name: str, clean: pl.DataFrame, noisy: pl.DataFrame, kind: str, samples: int, seed: int
) -> list[Score]:
    """The first measure of a task under noise, and `robustness`: what noise leaves of it, on the same items."""
    task = suite.tasks[name]
    column = f"measure.{task.measured[0]}"
    held, found = measure(task.measured[0]), []
    for language, direction, part in _parts(noisy):
        keys = ["item", "language", *(["direction"] if direction is not None else [])]
        both = part.join(clean.select([*keys, column]), on=keys, how="inner", suffix=".clean", maintain_order="left")
        ran = both.filter(pl.col(column).is_not_null() & pl.col(f"{column}.clean").is_not_null())
        if not ran.height:
            continue
        about = {"suite": suite.suite, "task": name, "language": language, "direction": direction}
        about |= {"slice": f"noise={kind}"}
        rows = _of_rows(suite, task, ran.select(noisy.columns), 0, about, _content(task, part), samples, seed)
        (scored,) = [one for one in rows if one.metric == task.measured[0]]
        missing = part.height - ran.height
        found.append(replace(scored, primary=False, not_run=missing))
        sums = [np.array(ran[one].to_list(), np.float64) for one in (f"{column}.clean", column)]
        if held.higher_is_better and held.finish(sums[0].sum(axis=0)) > 0:
            left = robustness(
                sums[0], sums[1], held.finish, clusters=ran["cluster"].to_list(), samples=samples, seed=seed
            )
            how = f"interval:bootstrap:{samples}|seed:{seed}"
            signed = f"{scored.signature.rpartition('|interval:')[0]}|{how}|weft:{version('weft')}"
            one = replace(found[-1], metric="robustness", ceiling=1.0, chance=None, signature=signed)
            found.append(replace(one, value=left.value, low=left.low, high=left.high))
    return found


def _parts(outcomes: pl.DataFrame) -> Iterator[tuple[str, str | None, pl.DataFrame]]:
    by = ["language", "direction"] if "direction" in outcomes.columns else ["language"]
    for key, part in outcomes.group_by(by, maintain_order=True):
        yield str(key[0]), str(key[1]) if len(key) > 1 else None, part


def _slices(part: pl.DataFrame) -> Iterator[tuple[str | None, pl.DataFrame]]:
    yield None, part
    for column in part.columns:
        if column.startswith("slice."):
            for (value,), rows in part.sort(column).group_by([column], maintain_order=True):
                if value is not None:
                    yield f"{column.removeprefix('slice.')}={value}", rows


def _of_rows(
    suite: Suite,
    task: Task,
    rows: pl.DataFrame,
    missing: int,
    about: dict[str, Any],
    content: str,
    samples: int,
    seed: int,
) -> Iterator[Score]:
    chance = task.of.chance(task, rows)
    first = task.measured[0]
    for column in rows.columns:
        if not column.startswith("measure."):
            continue
        name = column.removeprefix("measure.")
        ran = rows.filter(pl.col(column).is_not_null())
        if not ran.height:
            continue
        held = measure(name)
        sums = np.array(ran[column].to_list(), np.float64)
        found, how = interval(held, sums, ran["cluster"].to_list(), samples, seed)
        # A difference of shares of which a slice lacks one is no figure.
        if math.isnan(found.value):
            continue
        right = name.startswith("accuracy")
        yield Score(
            **about,
            level=task.level,
            skill=task.skill,
            domain=task.domain,
            metric=name,
            primary=name == first,
            value=found.value,
            low=found.low,
            high=found.high,
            items=ran.height,
            not_run=rows.height - ran.height + missing,
            chance=chance if right else None,
            ceiling=held.ceiling,
            higher_is_better=held.higher_is_better,
            signature=_signature(suite, about["task"], task, name, rows, content, how),
        )


def _signature(suite: Suite, name: str, task: Task, measured: str, rows: pl.DataFrame, content: str, how: str) -> str:
    """All that decides a score, but the model: suite, task, data, metric, how the interval was found."""
    parts = [f"suite:{suite.suite}.{suite.version}", f"task:{name}", f"data:{content}"]
    if task.shots is not None:
        parts.append(f"shots:{task.shots.count}")
    parts += task.of.signed(task, measured, rows)
    return "|".join([*parts, f"interval:{how}", f"weft:{version('weft')}"])


def _content(task: Task, part: pl.DataFrame) -> str:
    """Twelve digits of a hash of what was asked, and of what is right."""
    taken = [name for name in ("item", "prompt", *task.of.kept) if name in part.columns]
    taken += [name for name in part.columns if name.startswith("wanted.")]
    found = hashlib.blake2b(digest_size=6)
    for row in part.select(taken).sort("item").iter_rows():
        found.update(json.dumps(row, ensure_ascii=True).encode())
    return found.hexdigest()


def comparable(score: Score | Mapping[str, Any]) -> float:
    """A score from 0 at chance to 1 at the best that there is; what is better when lower is turned."""
    held = asdict(score) if isinstance(score, Score) else score
    low, high, value = (float(held[name] or 0.0) for name in ("chance", "ceiling", "value"))
    return (value - low) / (high - low) if held["higher_is_better"] else 1 - value / high


def averages(scores: Sequence[Score], not_run: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Means over languages of each task's first measure: every language once, whatever its items.

    The interval is that of the items within these languages; it says nothing of other languages. `not_run` names, by
    task, the languages that are not in it.
    """
    groups: dict[tuple[str, str | None], list[Score]] = {}
    for one in scores:
        if one.primary and one.slice is None:
            groups.setdefault((one.task, one.direction), []).append(one)
    found = []
    for (task, direction), held in groups.items():
        value, half = _mean([one.value for one in held], [one.high - one.low for one in held], [1.0] * len(held))
        found.append(
            {
                "task": task,
                "direction": direction,
                "metric": held[0].metric,
                "value": value,
                **_within(value, half, held[0]),
                "languages": len(held),
                "not_run": sorted(not_run.get(task, ())),
                "estimator": "mean over languages, each once; interval of items within languages",
            }
        )
    return found


def _within(value: float, half: float, one: Score) -> dict[str, float]:
    """The bounds of a mean of scores like `one`: those of the scale where normal ones go past them."""
    # Error rates such as TER have no upper bound.
    top = one.ceiling if one.higher_is_better or one.ceiling == 1 else math.inf
    return {"low": max(value - half, min(value, 0.0)), "high": min(value + half, max(value, top))}


def _mean(values: Sequence[float], widths: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """A weighted mean of independent figures, and half of its interval of 95 %."""
    total = math.fsum(weights)
    value = math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total
    errors = [width / (2 * Z) for width in widths]
    return value, Z * math.sqrt(math.fsum((w * e / total) ** 2 for w, e in zip(weights, errors, strict=True)))


def composites(suite: Suite, scores: Sequence[Score]) -> list[dict[str, Any]]:
    """The composites of each language with their parts, weights and what is missing; without all parts there is none.

    A part counts from 0 at chance to 1 at its ceiling, as a mean over directions.
    """
    languages = sorted({one.language for one in scores})
    return [
        {"name": name, "language": language, **_composite(suite, composite.weights, scores, language)}
        for name, composite in suite.composites.items()
        for language in languages
    ]


def _composite(suite: Suite, weights: Mapping[str, float], scores: Sequence[Score], language: str) -> dict[str, Any]:
    values, widths, parts, missing = [], [], [], []
    for part, weight in weights.items():
        task, _, wanted = part.partition("/")
        wanted = wanted or suite.tasks[task].measured[0]
        held = [s for s in scores if (s.task, s.language, s.metric, s.slice) == (task, language, wanted, None)]
        if not held:
            missing.append(part)
            continue
        each = [(s.high - s.low) / (s.ceiling - (s.chance or 0.0)) for s in held]
        value, half = _mean([comparable(s) for s in held], each, [1.0] * len(held))
        values.append(value)
        widths.append(2 * half)
        parts.append({"part": part, "weight": weight, "value": value})
    told: dict[str, Any] = {"value": None, "low": None, "high": None, "parts": parts, "missing": missing}
    if not missing:
        value, half = _mean(values, widths, list(weights.values()))
        told |= {"value": value, "low": value - half, "high": min(value + half, 1.0)}
    return told
