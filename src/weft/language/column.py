"""One more label for a linear classifier whose other labels stay as they are: a logistic regression with an offset."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEPS, _HALVINGS, _GAIN = 60, 30, 1e-9
_CLIP = 30.0


def log_sum_exp(scores: Floats) -> Floats:
    """(texts,): the logarithm of the summed exponentials of each row; -30 where there are no columns."""
    if scores.shape[1] == 0:
        return np.full(len(scores), -_CLIP)
    highest = scores.max(axis=1)
    found: Floats = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
    return found


def fit_column(inputs: Floats, rivals: Floats, target: Floats, weight: Floats, ridge: Floats) -> Floats:
    """Weights (columns,) of a new label's score `inputs @ weights`, by Newton's method with halved steps.

    `rivals` are the logarithms of the summed exponentials of the other labels' scores: as these are fixed, the softmax
    over all labels is a logistic function of the new score less `rivals`, and the loss is convex. `target` are the
    probabilities that the new label should have, `ridge` (columns,) what a squared weight costs.
    """

    def loss(weights: Floats) -> float:
        score = inputs @ weights - rivals
        return float((weight * (np.logaddexp(0, score) - target * score)).sum() + 0.5 * (ridge * weights**2).sum())

    found = np.zeros(inputs.shape[1])
    now = loss(found)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ found - rivals, -_CLIP, _CLIP)))
        slope = inputs.T @ (weight * (chance - target)) + ridge * found
        bend = (inputs * (weight * np.maximum(chance * (1 - chance), 1e-9))[:, None]).T @ inputs
        step = np.linalg.solve(bend + np.diag(ridge + 1e-9), slope)
        tried = (found - step * 0.5**n for n in range(_HALVINGS))
        better = next(((loss(each), each) for each in tried if loss(each) < now), None)
        if better is None or now - better[0] < _GAIN:
            break
        now, found = better
    return found
