"""A group against the rest: planted differences are found, and chance is no finding."""

from __future__ import annotations

import numpy as np
import pytest

from weft.statistics.groups import against_the_rest


def test_a_difference_is_that_of_the_means() -> None:
    values = [1.0, 0.0, 1.0, 1.0, 0.0]
    members = np.array([[True, False], [True, False], [False, False], [False, False], [False, False]])
    apart, chance = against_the_rest(values, members)
    assert apart[0] == pytest.approx(0.5 - 2 / 3)
    assert 0 < chance[0] <= 1
    assert np.isnan(apart[1]) and np.isnan(chance[1])


def test_of_equal_values_nothing_is_told() -> None:
    _, chance = against_the_rest(np.ones(50), np.arange(50)[:, None] < 10)
    assert chance[0] == 1.0


@pytest.mark.parametrize("together", [1, 5])
def test_chance_is_a_finding_as_often_as_it_should(together: int) -> None:
    """Without a difference five in a hundred are below .05, also where items of a cluster are alike."""
    draw = np.random.default_rng(7)
    hits = []
    for _ in range(1_500):
        clusters = np.repeat(np.arange(200 // together), together)
        rate = draw.beta(2, 2, 200 // together)[clusters]
        values = (draw.random(200) < rate).astype(float)
        inside = (draw.random(200 // together) < 0.25)[clusters]
        hits.append(against_the_rest(values, inside[:, None], clusters)[1][0] < 0.05)
    assert 0.03 <= np.mean(hits) <= 0.08


def test_a_small_group_in_which_all_are_right_is_no_surprise() -> None:
    values = np.ones(400)
    values[40:80] = 0.0  # nine in ten are right
    inside = np.zeros((400, 1), np.bool_)
    inside[:30] = True
    assert 0.03 < against_the_rest(values, inside)[1][0] < 0.2
