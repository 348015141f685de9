"""Items beside their twins, such as those translated by machine beside those translated by people: gaps, and faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.evaluate.faulty import MODELS, faulty
from weft.evaluate.measures import measure
from weft.evaluate.results import Score
from weft.evaluate.suite import Suite
from weft.statistics.paired import differences

Outcomes = Mapping[str, pl.DataFrame]


def twins(
    suite: Suite, outcomes: Outcomes, beside: Sequence[Outcomes], samples: int, seed: int
) -> tuple[list[Score], list[dict[str, Any]]]:
    """Scores `twin_gap` of the run, and by task and language the gap over all models with the items that are flagged.

    `beside` are outcomes of other models: of those items alone that were asked with the same prompts. A gap is the
    first measure of the task that `twin_of` names less that of the task, on items of one id that have both. Items are
    flagged as `faulty.faulty` says, of which three models or more answered both; so one run alone flags none.
    """
    scores: list[Score] = []
    found: list[dict[str, Any]] = []
    for name, task in suite.tasks.items():
        if task.twin_of is None or name not in outcomes or task.twin_of not in outcomes:
            continue
        both = _both(outcomes, name, task.twin_of, task.measured[0])
        for key, part in both.group_by(_keys(both), maintain_order=True):
            about = {"language": str(key[0]), "direction": str(key[1]) if len(key) > 1 else None}
            scores += _gap(suite, name, about, part, samples, seed)
            row = _of_language(suite, name, part, beside, samples)
            found += [{"task": name, "twin": task.twin_of, **about, **row}] if row else []
    return scores, found


def _keys(frame: pl.DataFrame) -> list[str]:
    return ["language", "direction"] if "direction" in frame.columns else ["language"]


def _both(outcomes: Outcomes, name: str, twin: str, metric: str) -> pl.DataFrame:
    """Items with the sums of both, `own` and `twin`, null where one was not run."""
    column = f"measure.{metric}"
    keys = [*_keys(outcomes[name]), "item"]
    sides = []
    for of, new in ((name, "own"), (twin, "twin")):
        held = outcomes[of]
        sums = pl.col(column) if column in held.columns else pl.lit(None, dtype=pl.List(pl.Float64))
        prompt = pl.col("prompt").alias(f"prompt.{new}")
        sides.append(held.select(*keys, "cluster", prompt, sums.alias(new)).unique(keys, maintain_order=True))
    return sides[0].join(sides[1].drop("cluster"), on=keys, how="inner", maintain_order="left")


def _gap(
    suite: Suite, name: str, about: dict[str, Any], part: pl.DataFrame, samples: int, seed: int
) -> Iterator[Score]:
    task = suite.tasks[name]
    ran = part.drop_nulls(["own", "twin"])
    if not ran.height:
        return
    held = measure(task.measured[0])
    sums = np.stack([np.array(ran[one].to_list(), np.float64) for one in ("own", "twin")], axis=1)
    (found,) = differences(sums, held.finish, clusters=ran["cluster"].to_list(), samples=samples, seed=seed)
    signed = f"suite:{suite.suite}.{suite.version}|task:{name}|twin:{task.twin_of}|metric:{task.measured[0]}"
    yield Score(
        suite=suite.suite,
        task=name,
        **about,
        level=task.level,
        skill=task.skill,
        domain=task.domain,
        slice=None,
        metric="twin_gap",
        primary=False,
        value=found.value,
        low=found.low,
        high=found.high,
        items=ran.height,
        not_run=part.height - ran.height,
        chance=None,
        ceiling=held.ceiling,
        higher_is_better=False,
        signature=f"{signed}|interval:bootstrap:{samples}|seed:{seed}|weft:{version('weft')}",
    )


def _of_language(
    suite: Suite, name: str, part: pl.DataFrame, beside: Sequence[Outcomes], samples: int
) -> dict[str, Any] | None:
    """The gap over all models and the items that seem faulty; None where nothing was run."""
    task = suite.tasks[name]
    assert task.twin_of is not None
    keys = [*_keys(part), "item", "prompt.own", "prompt.twin"]
    models = [part]
    for other in beside:
        if name in other and task.twin_of in other and _keys(other[name]) == _keys(part):
            held = _both(other, name, task.twin_of, task.measured[0]).select(*keys, "own", "twin")
            models.append(part.select(keys).join(held, on=keys, how="left", maintain_order="left"))
    sides = [np.stack([_values(one[side], task.measured[0]) for one in models], axis=1) for side in ("own", "twin")]
    if not (~np.isnan(sides[0]) & ~np.isnan(sides[1])).any():
        return None
    found = faulty(sides[0], sides[1], part["item"].to_list(), samples=samples)
    flagged = found.items.filter(pl.col("flagged"))
    return {
        "models": len(models),
        "gap": found.gap.value,
        "low": found.gap.low,
        "high": found.gap.high,
        "items": found.items.filter(pl.col("models") > 0).height,
        "judged": found.items.filter(pl.col("models") >= MODELS).height,
        "flagged": flagged.drop("flagged").to_dicts(),
    }


def _values(sums: pl.Series, metric: str) -> npt.NDArray[np.float64]:
    """The score of each item from 0 to 1, NaN where it was not run."""
    held = measure(metric)
    found = np.full(len(sums), np.nan)
    there = sums.is_not_null().to_numpy()
    if there.any():
        found[there] = held.finish(np.array(sums.drop_nulls().to_list(), np.float64)) / held.ceiling
    return found
