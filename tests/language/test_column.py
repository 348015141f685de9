"""The column of a new label: at the lowest loss, whatever the other labels say."""

from __future__ import annotations

import numpy as np
import pytest

from weft.language.column import fit_column, log_sum_exp


def test_log_sum_exp() -> None:
    scores = np.array([[1.0, 2.0, 3.0], [800.0, 800.0, -800.0]])
    assert log_sum_exp(scores) == pytest.approx([3.40760596, 800 + np.log(2)])
    assert (log_sum_exp(np.empty((2, 0))) < -20).all()


def test_no_other_weights_lose_less() -> None:
    random = np.random.Generator(np.random.PCG64(2))
    inputs = np.column_stack([random.normal(size=(300, 5)), np.ones(300)])
    rivals, target = random.normal(size=300) * 3, np.repeat([0.96, 0.01], [60, 240])
    weight, ridge = random.random(300) + 0.1, np.array([0.1, 0.1, 0.1, 0.1, 0.01, 0.0])

    def loss(weights: np.ndarray) -> float:
        score = inputs @ weights - rivals
        return float((weight * (np.logaddexp(0, score) - target * score)).sum() + 0.5 * (ridge * weights**2).sum())

    found = fit_column(inputs, rivals, target, weight, ridge)
    assert found[-1] != 0
    for place in range(6):
        for step in (-0.01, 0.01):
            assert loss(found + step * np.eye(6)[place]) > loss(found)


def test_what_is_far_apart_still_ends() -> None:
    inputs = np.array([[1.0, 1.0], [-1.0, 1.0]])
    found = fit_column(inputs, np.array([500.0, -500.0]), np.array([0.95, 0.05]), np.ones(2), np.array([1e-6, 0.0]))
    score = inputs @ found - np.array([500.0, -500.0])
    assert score == pytest.approx([np.log(19), -np.log(19)], rel=0.05)
