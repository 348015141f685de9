"""Piecewise linear functions: what is summed is what is learnt, knots are met, what lies outside is clipped."""

from __future__ import annotations

import numpy as np
import pytest

from weft.language.tents import bounds_of, linear, products, score

KNOTS = ((0.0, 1.0, 3.0), (-2.0, 2.0), (0.0, 0.5, 0.75, 1.0))


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(1).uniform(-3, 4, (200, 3))


def test_a_score_is_the_sum_of_its_products(values: np.ndarray) -> None:
    seen, places = products(values, KNOTS)
    many = 3 + 2 + 4
    assert bounds_of(KNOTS) == [1, 4, 6, 10]
    assert seen.shape == (200, 1 + many + 3 * 2 + 3 * 4 + 2 * 4) and (seen[:, 0] == 1).all()
    found = np.random.default_rng(2).normal(size=seen.shape[1])
    weights = np.zeros((10, 10))
    weights[places] = found
    assert score(values, KNOTS, weights) == pytest.approx(seen @ found)


def test_a_row_has_the_same_score_whatever_is_beside_it(values: np.ndarray) -> None:
    weights = np.triu(np.random.default_rng(3).normal(size=(10, 10)))
    whole = score(values, KNOTS, weights)
    assert [score(values[n : n + 1], KNOTS, weights)[0] for n in range(200)] == whole.tolist()
    assert len(score(values[:0], KNOTS, weights)) == 0


def test_a_product_counts_both_parts() -> None:
    weights = np.zeros((10, 10))
    weights[2, 5] = 8.0  # the knot 1 of the first number, the knot 2 of the second
    rows = np.array([[1.0, 2.0, 0.0], [2.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [1.0, 9.0, 0.0]])
    assert score(rows, KNOTS, weights).tolist() == [8.0, 4.0, 2.0, 0.0, 8.0]


def test_linear(values: np.ndarray) -> None:
    weights = linear((2.0, -1.0, 0.5), 3.0, KNOTS)
    inside = np.clip(values, [0, -2, 0], [3, 2, 1])
    assert score(values, KNOTS, weights) == pytest.approx(3 + inside @ [2, -1, 0.5])
