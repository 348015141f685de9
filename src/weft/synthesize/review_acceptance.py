"""What people's judgements say of a release: the share that they accept, its interval, and whether it is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.statistics.proportions import wilson
from weft.synthesize.review import Judgement
from weft.synthesize.review_guidelines import HIGHEST, LANGUAGE, LOWEST, SCALES

LEAST: Mapping[str, int] = {"adequacy": 4, "fluency": 4, "naturalness": 3, "harm": 4}
"""The rating from which a text is accepted, of every scale that it has: what the guidelines call small faults."""
STRATUM = ("recipe", "language")
ALLOWED, HELD, UNRATED = "allowed", "held", "unknown"
ACCEPTANCE = {
    **{"recipe": pl.String, "language": pl.String, "tasks": pl.Int64, "rated": pl.Int64, "accepted": pl.Int64},
    **{"rate": pl.Float64, "low": pl.Float64, "high": pl.Float64},
    **{"controls_rated": pl.Int64, "controls_accepted": pl.Int64},
    **{"controls_rate": pl.Float64, "controls_low": pl.Float64, "controls_high": pl.Float64},
    **{"reviewers": pl.Int64, "judgements": pl.Int64},
    **{f"alpha_{scale}": pl.Float64 for scale in (*SCALES, "language")},
    **{f"mean_{scale}": pl.Float64 for scale in SCALES},
}
"""Of each recipe (name@version) and language: records and what people said of them, the same of texts by people that
stood among them, agreement (Krippendorff's alpha over all of its tasks; null where no task has two judgements)."""


def acceptance(judgements: Iterable[Judgement], key: pa.Table, least: Mapping[str, int] | None = None) -> pl.DataFrame:
    """ACCEPTANCE of every recipe and language of the key (`review.KEY`), sorted.

    A judgement accepts a text that is in its language and has at least `least` on every scale that was rated. A text is
    accepted when more than half of its judgements accept it. Skipped tasks and tasks that the key does not have count
    for nothing. The interval is Wilson's score (1927), 95 %: it takes texts for independent draws.
    """
    wanted = {**LEAST, **(least or {})}
    rows = [_row(one, wanted) for one in judgements if not one.skipped]
    schema = {
        **{"task": pl.String, "reviewer": pl.String, "accepts": pl.Boolean, "language_said": pl.Int64},
        **dict.fromkeys(SCALES, pl.Int64),
    }
    said = pl.DataFrame(rows, schema, orient="row")
    known = pl.DataFrame(pl.from_arrow(key))
    both = known.join(said, on="task", how="left", maintain_order="left")
    made = []
    for stratum, part in both.sort("recipe", "language", "task").group_by(*STRATUM, maintain_order=True):
        made.append(dict(zip(STRATUM, stratum, strict=True)) | _stratum(part))
    return pl.DataFrame(made, ACCEPTANCE)


def unmatched(judgements: Iterable[Judgement], key: pa.Table) -> int:
    """Judgements of tasks that the key does not have: of another draw, or of another release."""
    known = set(key["task"].to_pylist())
    return sum(one.task not in known for one in judgements)


def release_gate(accepted: pl.DataFrame, floor: float) -> pl.DataFrame:
    """`recipe`, `language`, `state`, `detail` of each row of ACCEPTANCE.

    `allowed`: the lower end of the interval is at least `floor`. `unknown`: nobody has rated it. Else `held`; the
    detail says what would let it go.
    """
    made = []
    for row in accepted.iter_rows(named=True):
        names = [row["recipe"], row["language"]]
        if not row["rated"]:
            made.append((*names, UNRATED, f"none of {row['tasks']} tasks is rated"))
            continue
        said = f"{row['accepted']} of {row['rated']} accepted, 95 % from {row['low']:.3f} to {row['high']:.3f}"
        if row["low"] >= floor:
            made.append((*names, ALLOWED, f"{said}; the floor is {floor:g}"))
        else:
            needed = _needed(row["accepted"], row["rated"], floor)
            more = f"; at this rate {needed} ratings would do" if needed else ""
            made.append((*names, HELD, f"{said}; the floor is {floor:g}{more}"))
    return pl.DataFrame(made, {**dict.fromkeys((*STRATUM, "state", "detail"), pl.String)}, orient="row")


def _needed(accepted: int, rated: int, floor: float) -> int | None:
    """How many ratings at this rate would lift the interval's lower end to the floor; null: no number below 10,000."""
    counts = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10000)
    return next((n for n in counts if n > rated and wilson(n * accepted // rated, n)[0] >= floor), None)


def _row(one: Judgement, least: Mapping[str, int]) -> tuple[Any, ...]:
    good = all(value >= least[scale] for scale, value in one.ratings.items())
    language = LANGUAGE.index(one.language) if one.language is not None else None
    accepts = one.language == LANGUAGE[0] and bool(one.ratings) and good
    return (one.task, one.reviewer, accepts, language, *(one.ratings.get(scale) for scale in SCALES))


def _stratum(part: pl.DataFrame) -> dict[str, Any]:
    """What people said of the tasks of one stratum; `part` has a row for each judgement, or one without any."""
    judged = part.filter(pl.col("reviewer").is_not_null())
    texts = judged.group_by("task", "control").agg((pl.col("accepts").mean() > 0.5).alias("accepted"))
    made: dict[str, Any] = {"tasks": part.filter(~pl.col("control"))["task"].n_unique()}
    for prefix, control in (("", False), ("controls_", True)):
        own = texts.filter(pl.col("control") == control)
        rated, accepted = own.height, int(own["accepted"].sum())
        low, high = wilson(accepted, rated) if rated else (None, None)
        made |= {f"{prefix}rated": rated, f"{prefix}accepted": accepted, f"{prefix}low": low, f"{prefix}high": high}
        made[f"{prefix}rate"] = accepted / rated if rated else None
    made |= {"reviewers": judged["reviewer"].n_unique(), "judgements": judged.height}
    for scale in SCALES:
        made[f"alpha_{scale}"] = _alpha(judged, scale, HIGHEST - LOWEST + 1, LOWEST)
        made[f"mean_{scale}"] = judged.filter(~pl.col("control"))[scale].mean()
    made["alpha_language"] = _alpha(judged, "language_said", len(LANGUAGE), 0)
    return made


def _alpha(judged: pl.DataFrame, column: str, values: int, lowest: int) -> float | None:
    rated = judged.filter(pl.col(column).is_not_null())
    task = rated["task"].rank("dense").to_numpy().astype(np.int64) - 1
    counts = np.zeros((int(task.max(initial=-1)) + 1, values), np.int64)
    np.add.at(counts, (task, rated[column].to_numpy().astype(np.int64) - lowest), 1)
    return krippendorff(counts)


def krippendorff(counts: npt.NDArray[np.int64] | Sequence[Sequence[int]]) -> float | None:
    """Krippendorff's alpha of ordinal values: 1 agreement, 0 as by chance; null where nothing can be compared.

    `counts` is (units, values): how many observers gave a unit each value, in their order. From K. Krippendorff,
    Computing Krippendorff's Alpha-Reliability (2011): coincidences o_ck within units of two values or more, and the
    ordinal difference (sum of n_g for g from c to k, less (n_c + n_k) / 2) squared. Null also where all values are one.
    """
    held = np.asarray(counts, np.float64)
    held = held[held.sum(1) >= 2] if held.size else held.reshape(0, 1)
    if not len(held):
        return None
    pairs = held[:, :, None] * held[:, None, :]
    diagonal = np.arange(held.shape[1])
    pairs[:, diagonal, diagonal] -= held
    coincidences = (pairs / (held.sum(1) - 1)[:, None, None]).sum(0)
    totals = coincidences.sum(1)
    ends = np.cumsum(totals)
    below = ends - totals
    low, high = np.minimum.outer(diagonal, diagonal), np.maximum.outer(diagonal, diagonal)
    distance = (ends[high] - below[low] - (totals[low] + totals[high]) / 2) ** 2
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
    if expected == 0:
        return None
    return float(1 - (coincidences * distance).sum() / expected)
