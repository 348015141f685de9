"""Logistic regression with weighted rows: what refusals and scores are learnt by."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def alike(names: npt.NDArray[Any]) -> Floats:
    """Weights of rows that add up to 1, every name the same."""
    _, place, size = np.unique(names.astype(str), return_inverse=True, return_counts=True)
    return 1 / (size[place] * len(size))


def logistic(
    seen: Floats,
    known: Floats,
    weight: Floats,
    penalty: float = 1e-3,
    *,
    scaled: bool = True,
    start: npt.NDArray[np.float32] | None = None,
    steps: int = 30,
) -> npt.NDArray[np.float32]:
    """Ridge logistic regression by Newton's method (iteratively reweighted least squares).

    `seen` (rows, inputs), the first input 1 in every row; `known` and `weight` (rows). What is penalised is the square
    of each weight, in units of its input's spread where `scaled`. `start` are weights to begin from, of nearly the same
    rows: a few `steps` are enough then.
    """
    scale = np.maximum(seen.std(axis=0), 1e-9) if scaled else np.ones(seen.shape[1])
    scale[0] = 1.0
    inputs = seen / scale
    found = np.zeros(inputs.shape[1]) if start is None else start * scale
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (weight * (chance - known)) + penalty * found
        bend = (inputs * (weight * np.maximum(chance * (1 - chance), 1e-9))[:, None]).T @ inputs
        step = np.linalg.solve(bend + penalty * np.eye(len(found)), slope)
        found -= step
        if np.abs(step).max() < 1e-10:
            break
    made: npt.NDArray[np.float32] = (found / scale).astype(np.float32)
    return made
