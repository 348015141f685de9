"""Translations of an evaluation, judged by an estimator of quality beside their references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from weft.evaluate import answers
from weft.evaluate.mos.estimator import Estimator
from weft.evaluate.outcome import SUMS
from weft.evaluate.results import Score
from weft.evaluate.suite import Task


@dataclass
class Judge:
    """An estimator, and what it said of the tasks of a run: `told` has a row for each task, language and direction."""

    estimator: Estimator
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def measure(self) -> str:
        """What its score is called: `mos`, or `mos_` and the kind of other ratings."""
        return "mos" if self.estimator.kind == "mos" else f"mos_{self.estimator.kind}"

    def judged(self, name: str, task: Task, outcomes: pl.DataFrame) -> pl.DataFrame:
        """The outcomes of a task with the score of each translation; of another kind of task as they are.

        A translation that is nothing, a copy or in another language has the lowest score of its pair; one of a pair of
        languages that the estimator does not know has none and is not counted.
        """
        if task.kind != "translate":
            return outcomes
        outward = pl.col("direction") == "from_pivot"
        pivot, language = pl.lit(str(task.pivot)), pl.col("language")
        frame = outcomes.select(
            pl.when(outward).then(pivot).otherwise(language).alias("source_language"),
            pl.when(outward).then(language).otherwise(pivot).alias("target_language"),
            "source",
            pl.Series("translation", [answers.answered(text or "") for text in outcomes["output"].to_list()]),
            pl.lit(task.domain).alias("domain"),
        )
        there = outcomes["output"].is_not_null()
        scored = pl.concat([outcomes.select("language", "direction"), self.estimator.score(frame)], how="horizontal")
        for (code, direction), part in scored.filter(there).group_by("language", "direction", maintain_order=True):
            why = part["reason"].drop_nulls().value_counts().sort("reason")
            self.told.append(
                {
                    "task": name,
                    "language": code,
                    "direction": direction,
                    "domain": task.domain,
                    "translations": part.height,
                    "scored": part.height - part["score"].null_count(),
                    "reasons": dict(why.iter_rows()),
                }
            )
        usable = there & scored["score"].is_not_null()
        sums = pl.when(usable).then(pl.concat_list(scored["score"], pl.lit(1.0))).otherwise(None).cast(SUMS)
        return outcomes.with_columns(sums.alias(f"measure.{self.measure}"))

    def signed(self, scores: Sequence[Score]) -> list[Score]:
        """Scores whose signature names the estimator where it made them."""
        return [
            replace(one, signature=f"{one.signature}|estimator:{self.estimator.signature.replace('|', ',')}")
            if one.metric == self.measure
            else one
            for one in scores
        ]

    def to_json(self) -> dict[str, Any]:
        """What joins `scores.json`."""
        return {"signature": self.estimator.signature, "kind": self.estimator.kind, "translations": self.told}


def refused(told: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each task, language and direction with translations that were not scored, or got the lowest score."""
    return [
        f"{one['task']} {one['language']} {one['direction']}: {one['scored']:,} of {one['translations']:,} scored; "
        + ", ".join(f"{name} {count:,}" for name, count in one["reasons"].items())
        for one in told
        if one["reasons"]
    ]
