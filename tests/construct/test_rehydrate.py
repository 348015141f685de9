"""Weights by cluster size: the published formula on fitted rates, whole and between 1 and the most."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.construct.rehydrate import RATE, down_then_up, merge_rates, pools, rates, weights, weights_of_rates


def table(*rows: tuple[str, int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=RATE, orient="row")


def test_the_formula_by_hand() -> None:
    removed, clusters = np.array([600.0, 200.0, 100.0, 300.0]), np.array([1000.0, 1000.0, 1000.0, 1000.0])
    # g = .3; rates .6 .2 .1 .3: 1 + 9 (.3 - .2) / (.3 - .1) = 5.5 and 1 + 9 = 10; not below g: 1.
    assert weights_of_rates(removed, clusters, 10).tolist() == [1, 6, 10, 1]
    assert weights_of_rates(removed, clusters, 1).tolist() == [1, 1, 1, 1]
    assert weights_of_rates(np.array([5.0, 5.0]), np.array([50.0, 50.0]), 10).tolist() == [1, 1]


def test_a_cluster_counts_once_whatever_its_rows() -> None:
    # 400 single documents, half removed; 400 pairs (800 rows), none removed; 200 triples, all removed.
    found = weights(table(("a", 1, 400, 200), ("a", 2, 800, 0), ("a", 3, 600, 600)), 4)
    # g = (200 + 0 + 200) / 1000 = .4
    assert found.rows() == [("a", 1, 1), ("a", 2, 4), ("a", 3, 1)]


def test_small_values_take_the_fit_over_all() -> None:
    large = [("large", 1, 4000, 3000), ("large", 2, 4000, 400)]
    found = weights(table(*large, ("small", 1, 10, 0), ("small", 2, 4, 4)), 5)
    by = {(fit, size): weight for fit, size, weight in found.rows()}
    assert by["small", 1] == by["large", 1] == 1
    assert by["small", 2] == by["large", 2] == 5


@given(st.lists(st.integers(1, 500), max_size=30), st.integers(1, 400))
def test_pools_are_large_enough_and_in_order(counts: list[int], least: int) -> None:
    number = pools(np.array(counts, np.float64), least).tolist()
    assert number == sorted(number) and len(number) == len(counts)
    sums = [sum(count for count, n in zip(counts, number, strict=True) if n == pool) for pool in sorted(set(number))]
    assert len(sums) <= 1 or min(sums) >= least
    assert sorted(set(number)) == list(range(len(sums)))


def cost(values: list[float], fitted: np.ndarray, counts: list[int]) -> float:
    return float(sum(c * (v - f) ** 2 for v, f, c in zip(values, fitted, counts, strict=True)))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=5))
def test_the_fit_falls_then_rises_and_none_is_closer(made: list[tuple[int, int]]) -> None:
    values, counts = [float(v) for v, _ in made], [c for _, c in made]
    fitted = down_then_up(np.array(values), np.array(counts, np.float64))
    steps = np.sign(np.round(np.diff(fitted), 9))
    assert not any(a > 0 and b < 0 for a, b in itertools.combinations(steps, 2)), "it never falls after it rose"
    best = min(
        cost(values, np.array(tried), counts)
        for tried in itertools.product(range(5), repeat=len(values))
        if not any(a > 0 and b < 0 for a, b in itertools.combinations(np.sign(np.diff(tried)), 2))
    )
    assert cost(values, fitted, counts) <= best + 1e-9


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9), st.integers(0, 300), st.floats(0, 1)), max_size=20))
def test_weights_are_whole_and_within(made: list[tuple[str, int, int, float]]) -> None:
    rows = {(fit, size): (n * size + size, int(share * n) * size) for fit, size, n, share in made}
    found = weights(table(*((fit, size, n, gone) for (fit, size), (n, gone) in rows.items())), 4, pool=50)
    assert found.height == len(rows)
    assert found["weight"].null_count() == 0
    assert all(1 <= weight <= 4 for weight in found["weight"])


def test_rates_of_shards_add_up() -> None:
    frame = pl.DataFrame({"fit": ["a", "a", "b", "a"], "size": [1, 2, 1, 1], "removed": [True, False, True, False]})
    whole = rates(frame)
    assert whole.rows() == [("a", 1, 2, 1), ("a", 2, 1, 0), ("b", 1, 1, 1)]
    assert merge_rates([rates(frame[:1]), rates(frame[1:])]).equals(whole)
    assert merge_rates([]).height == 0 and weights(merge_rates([]), 4).height == 0


@pytest.mark.parametrize("pool", [1, 200, 10_000])
def test_one_size_has_weight_one(pool: int) -> None:
    assert weights(table(("a", 1, 5000, 100)), 10, pool)["weight"].to_list() == [1]
