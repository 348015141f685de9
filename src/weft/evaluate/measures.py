"""What sums of items mean: a score of them, its direction, its bounds, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.evaluate.consistency import RANKS
from weft.evaluate.hallucination import REASONS
from weft.evaluate.log_likelihood import NORMS
from weft.evaluate.translation import metric
from weft.statistics import resampling
from weft.statistics.proportions import wilson

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A score made of sums: of the statistics of items, added up."""

    name: str
    finish: Callable[[Doubles], Doubles]
    higher_is_better: bool = True
    ceiling: float = 1.0
    share: bool = False
    """A share of items, each 0 or 1."""


_GATED = ("register", "names", "local_forms", "culture")
"""Checks with a share, the same where only what is adequate counts, and the share that is adequate."""
_SHARES = {
    "accuracy": True,
    "exact": True,
    "contains": True,
    "number": True,
    "unclear": False,
    "copied": False,
    "empty": False,
    "cut": False,
    "answered": True,
    "weighted": True,
    "prompt_strict": True,
    "prompt_loose": True,
    "instruction_strict": True,
    "instruction_loose": True,
    "in_language": True,
    "lines_in_language": True,
    "words_in_language": True,
    "hallucinated": False,
    "terms": True,
    "no_taboo": True,
    "no_taboo_gated": True,
    "adequate": True,
    "toxic": False,
    "xsim": False,
    "cosine_top1": True,
    **{f"recall_{rank}": True for rank in RANKS},
    "refusal": True,
    "self_consistent": True,
    "majority": True,
    "similarity": True,
    "distance": False,
    "near": True,
    "stereotyped": False,
    "controls": False,
    "over_refusal": False,
    **{f"{check}{end}": True for check in _GATED for end in ("", "_gated", "_adequate")},
    **{f"{check}_{verdict}": False for check in ("register", "local_forms") for verdict in ("wrong", "absent")},
    **dict.fromkeys(("local_dates", "local_numbers", "local_units", "of_region", "names_region", "found"), True),
    **{f"hallucination_{reason}": False for reason in ("low", "empty", *REASONS)},
}
"""Shares of items, and whether more is better."""
_ESTIMATED = {"mos": 5.0, "mos_da": 100.0, "mos_esa": 100.0, "mos_mqm": 1.0, "mos_z": 1.0}
"""Means of what an estimator of translation quality says (`judging`), and the best there is of the kind of its ratings;
of kinds that have no best score one deviation, or one error."""


def _apart(sums: Doubles) -> Doubles:
    """A share less another one, of sums (…, 4)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Doubles = sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3]
    return found


_MEANS = ("likeness", "cosine")
"""Means over items of what is no share."""


@cache
def measure(name: str) -> Measure:
    """The measure of a name. Raises WeftError for names that are none."""
    if name in _SHARES or name in {f"accuracy_{norm}" for norm in NORMS}:
        return Measure(name, resampling.mean, _SHARES.get(name, True), share=True)
    if name in _ESTIMATED:
        return Measure(name, resampling.mean, ceiling=_ESTIMATED[name])
    if name == "bias":
        return Measure(name, _apart, higher_is_better=False)
    if name in _MEANS:
        return Measure(name, resampling.mean)
    held = metric(name)
    return Measure(name, held.finish, held.higher_is_better, 100.0)


def _scale(held: Measure) -> tuple[float, float] | None:
    """The least and the most that a score can be; None where there is no such thing."""
    if held.name in (*_MEANS, "bias"):
        return -1.0, 1.0
    if held.share:
        return 0.0, 1.0
    return (0.0, held.ceiling) if held.higher_is_better and held.name not in _ESTIMATED else None


def interval(held: Measure, statistics: Any, clusters: Any, samples: int, seed: int) -> tuple[resampling.Interval, str]:
    """The score of items and its 95 % interval, and how that was found.

    `statistics` are (items, sums). A share of items that stand for themselves has Wilson's interval; else clusters are
    resampled.
    """
    rows = np.asarray(statistics, np.float64)
    names = np.asarray(clusters)
    different = len(np.unique(names))
    alone = different == len(names)
    # A tie counts half, which is no draw of yes or no.
    if held.share and alone and np.isin(rows, (0.0, 1.0)).all():
        right = int(rows[:, 0].sum())
        low, high = wilson(right, len(rows))
        return resampling.Interval(right / len(rows), low, high, len(rows)), "wilson"
    if different == 1 and (scale := _scale(held)) is not None:
        # Drawn again, one cluster is always itself: that says nothing of others.
        value = float(held.finish(rows.sum(axis=0)))
        return resampling.Interval(value, *scale, len(rows)), "none:one_cluster"
    (found,) = resampling.bootstrap(rows[:, None, :], held.finish, clusters=names, samples=samples, seed=seed)
    return found, f"bootstrap:{samples}|seed:{seed}"
