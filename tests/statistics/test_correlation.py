from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.errors import WeftError
from weft.statistics.correlation import inversions, kendall, pearson, pearson_interval, ranks, spearman

LEVELS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=60)


@given(st.lists(st.integers(0, 300), max_size=80))
def test_inversions_are_those_of_all_pairs(values: list[int]) -> None:
    wanted = sum(values[i] > values[j] for i in range(len(values)) for j in range(i + 1, len(values)))
    assert inversions(values) == wanted


@given(LEVELS)
def test_kendall_is_that_of_all_pairs(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(side) for side in zip(*rows, strict=True))
    first, second = np.triu_indices(len(x), 1)
    one, other = np.sign(x[first] - x[second]), np.sign(y[first] - y[second])
    below = np.sqrt(float(np.abs(one).sum()) * float(np.abs(other).sum()))
    wanted = (one * other).sum() / below if below else float("nan")
    assert kendall(x, y) == pytest.approx(wanted, nan_ok=True)


@given(LEVELS)
def test_pearson_is_numpys_and_spearman_that_of_ranks(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(side, float) for side in zip(*rows, strict=True))
    if x.std() and y.std():
        assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
        assert spearman(x, y) == pytest.approx(np.corrcoef(ranks(x), ranks(y))[0, 1])
    else:
        assert np.isnan(pearson(x, y)) and np.isnan(spearman(x, y))


def test_ranks_of_equal_values_are_their_mean() -> None:
    assert ranks([3, 1, 3, 2]).tolist() == [3.5, 1, 3.5, 2]


def test_large_figures_that_hardly_differ_keep_their_digits() -> None:
    x = 1e9 + np.arange(50)
    assert pearson(x, x**1.01) == pytest.approx(1, abs=1e-6)


def test_items_without_a_figure_are_left_out_and_shapes_told() -> None:
    assert pearson([1, 2, np.nan, 3], [2, 4, 9, 6]) == pytest.approx(1)
    with pytest.raises(WeftError, match="expected one shape"):
        pearson([1, 2], [1, 2, 3])


def test_an_interval_of_r_is_fishers() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=500)
    y = 0.6 * x + 0.8 * random.normal(size=500)
    found = pearson_interval(x, y, samples=3_000)
    centre, half = np.arctanh(found.value), 1.96 / np.sqrt(497)
    assert (found.low, found.high) == pytest.approx((np.tanh(centre - half), np.tanh(centre + half)), abs=0.02)
