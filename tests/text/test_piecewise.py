"""Sums of piecewise linear functions and products: what is summed is what is learnt, whatever else is in a batch."""

from __future__ import annotations

import numpy as np
import pytest

from weft.language.logistic import logistic
from weft.text.piecewise import basis, standardised, sums

KNOTS = (-1.0, 0.5)


@pytest.mark.parametrize("products", [False, True])
@pytest.mark.parametrize("knots", [(), KNOTS])
def test_sums_are_those_of_the_basis(knots: tuple[float, ...], products: bool) -> None:
    random = np.random.default_rng(1)
    held = random.normal(size=(50, 4))
    rows = basis(held, knots, products)
    assert rows.shape == (50, 1 + 4 * (1 + len(knots)) + 6 * products)
    weights = tuple(random.normal(size=rows.shape[1]).tolist())
    found = sums(held, knots, products, weights)
    assert found == pytest.approx(rows @ np.array(weights), rel=1e-12)
    assert np.array_equal(sums(held[7:9].copy(), knots, products, weights), found[7:9])


def test_a_line_bends_at_its_knots_and_nowhere_else() -> None:
    held = np.array([[-2.0], [-1.0], [0.0], [0.5], [2.0]])
    assert sums(held, KNOTS, False, (1.0, 2.0, -2.0, 4.0)).tolist() == [-3.0, -1.0, -1.0, -1.0, 5.0]


def test_columns_are_taken_in_their_own_units_and_cut() -> None:
    seen = np.array([[9.0, 1.0, 5.0], [9.0, 9.0, -95.0]], np.float32)
    assert standardised(seen, (2, 1), (5.0, 3.0), (10.0, 2.0), 5.0).tolist() == [[0.0, -1.0], [-5.0, 3.0]]
    assert standardised(seen, (2,), (5.0,), (10.0,), np.inf).tolist() == [[0.0], [-10.0]]


def test_what_only_two_columns_together_tell_is_learnt() -> None:
    random = np.random.default_rng(2)
    held = random.normal(size=(400, 2))
    known = (held[:, 0] * held[:, 1] > 0).astype(float)
    for products, least, most in ((False, 0.3, 0.7), (True, 0.95, 1.0)):
        weights = tuple(logistic(basis(held, (), products), known, np.full(400, 1 / 400), 1e-3, scaled=False).tolist())
        right = (sums(held, (), products, weights) > 0) == known
        assert least <= right.mean() <= most
