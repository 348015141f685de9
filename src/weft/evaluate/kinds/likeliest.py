"""Log-likelihoods of several texts after a prompt, as sums of accuracy under every norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.evaluate.log_likelihood import Norm, accuracy, normalised
from weft.evaluate.models.contract import Continued, Model, Tell
from weft.evaluate.outcome import Outcome, counts

Doubles = npt.NDArray[np.float64]


def likeliest(
    continued: Sequence[Sequence[Continued]],
    right: Any,
    norm: Norm,
    model: Model,
    tell: Tell,
    unconditional: str | None = None,
) -> Outcome:
    """Which text of each item is likeliest after its prompt, by the norm that chooses and by all others.

    `continued` has the texts of each item, and `right` the place of the right one, (items,). An item whose texts a
    model could not all rate is not run: `no_likelihood`.
    """
    rows = np.repeat(np.arange(len(continued)), [len(one) for one in continued])
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    shape = (len(continued), int(place.max(initial=-1)) + 1)
    pairs = [pair for one in continued for pair in one]
    bare = [] if unconditional is None else [Continued(unconditional, pair.continuation) for pair in pairs]
    found = model.likelihoods([*pairs, *bare], tell)

    def spread(values: Sequence[float]) -> Doubles:
        made = np.full(shape, np.nan)
        made[rows, place] = values
        return made

    first, second = found[: len(pairs)], found[len(pairs) :]
    untold = spread([float(one is None) for one in first]) == 1
    scores = normalised(
        spread([-np.inf if one is None else one.nats for one in first]),
        choices=[[pair.continuation for pair in one] for one in continued],
        tokens=spread([1.0 if one is None else one.tokens for one in first]),
        unconditional=spread([-np.inf if one is None else one.nats for one in second]) if bare else None,
    )
    counted = accuracy(scores, np.asarray(right))
    sums = {f"accuracy_{name}": counted.of(name) for name in counted.names}
    best = np.where(untold.any(axis=1), -1, np.argmax(np.nan_to_num(scores[norm], nan=-np.inf), axis=1)).tolist()
    return {
        "output": pl.Series([None] * len(continued), dtype=pl.String),
        "answer": pl.Series([None if one < 0 else one for one in best], dtype=pl.Int64),
        "scores": _lists(scores[norm]),
        "reason": pl.Series(["no_likelihood" if one < 0 else None for one in best], dtype=pl.String),
        **counts({"accuracy": sums[f"accuracy_{norm}"], **sums}),
    }


def _lists(scores: Doubles) -> pl.Series:
    """Scores of each item's choices, infinite ones as none."""
    rows = [[one if np.isfinite(one) else None for one in row if not np.isnan(one)] for row in scores.tolist()]
    return pl.Series(rows, dtype=pl.List(pl.Float64))
