"""What is lost between two ways of asking the same items: paired differences of a task's first measure."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
import polars as pl

from weft.evaluate.measures import measure
from weft.evaluate.results import Score
from weft.evaluate.suite import Suite
from weft.statistics.paired import differences


def gaps(suite: Suite, name: str, outcomes: pl.DataFrame, samples: int, seed: int) -> Iterator[Score]:
    """Of each language the score with the first context of `gap` less that with the second, on items that have both.

    NormAd (Rao et al. 2024, arXiv 2404.12464): what a rule that is told adds to a country that is named is knowledge of
    the country that a model lacks, so lower is better.
    """
    task = suite.tasks[name]
    more, less = task.gap
    first = task.measured[0]
    column = f"measure.{first}"
    if not {more, less} <= set(task.contexts):
        return
    sides = [outcomes.filter((pl.col("direction") == one) & pl.col(column).is_not_null()) for one in (less, more)]
    both = sides[0].join(
        sides[1].select("language", "item", column), on=["language", "item"], suffix=".more", maintain_order="left"
    )
    for (language,), part in both.group_by(["language"], maintain_order=True):
        sums = np.stack([np.array(part[one].to_list(), np.float64) for one in (column, f"{column}.more")], axis=1)
        (found,) = differences(
            sums, measure(first).finish, clusters=part["cluster"].to_list(), samples=samples, seed=seed
        )
        asked = outcomes.filter((pl.col("language") == language) & (pl.col("direction") == less)).height
        signed = f"suite:{suite.suite}.{suite.version}|task:{name}|gap:{more}-{less}|metric:{first}"
        yield Score(
            suite=suite.suite,
            task=name,
            language=str(language),
            level=task.level,
            skill=task.skill,
            domain=task.domain,
            direction=f"{more} - {less}",
            slice=None,
            metric="gap",
            primary=False,
            value=found.value,
            low=found.low,
            high=found.high,
            items=part.height,
            not_run=asked - part.height,
            chance=None,
            ceiling=1.0,
            higher_is_better=False,
            signature=f"{signed}|interval:bootstrap:{samples}|seed:{seed}|weft:{version('weft')}",
        )
