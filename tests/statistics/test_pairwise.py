from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.errors import WeftError
from weft.statistics.pairwise import calibrated_epsilon, soft_pairwise_accuracy, tie_accuracy

SCORES = st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=8)


def _by_hand(human: np.ndarray, metric: np.ndarray, epsilon: float) -> float:
    found = []
    for h, m in zip(human, metric, strict=True):
        right = total = 0
        for i, j in itertools.combinations(range(len(h)), 2):
            said = 0 if abs(m[i] - m[j]) <= epsilon else np.sign(m[i] - m[j])
            right, total = right + (said == np.sign(h[i] - h[j])), total + 1
        found.append(right / total)
    return float(np.mean(found))


@given(SCORES, st.integers(0, 9))
def test_accuracy_with_ties_is_that_of_its_formula(rows: list[list[int]], seed: int) -> None:
    human = np.array(rows, float)
    metric = np.random.default_rng(seed).integers(0, 4, human.shape) / 2
    for epsilon in (0.0, 0.5, 1.0, 9.0):
        found = tie_accuracy(human, metric, epsilon)
        assert found.accuracy == pytest.approx(_by_hand(human, metric, epsilon))
    assert found.accuracy == pytest.approx(found.all_ties), "with ties alone it is the baseline"


@given(SCORES, st.integers(0, 9))
def test_the_threshold_is_the_best_of_all_that_differ(rows: list[list[int]], seed: int) -> None:
    human = np.array(rows, float)
    metric = np.random.default_rng(seed).normal(size=human.shape).round(1)
    first, second = np.triu_indices(human.shape[1], 1)
    candidates = sorted({0.0, *np.abs(metric[:, first] - metric[:, second]).ravel().tolist()})
    found = {one: _by_hand(human, metric, one) for one in candidates}
    best = max(found.values())
    epsilon = calibrated_epsilon(human, metric)
    assert tie_accuracy(human, metric, epsilon).accuracy == pytest.approx(best)
    assert epsilon == pytest.approx(next(one for one in candidates if found[one] >= best - 1e-12))


def test_what_nobody_scored_is_no_pair() -> None:
    human = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, 1.0]])
    found = tie_accuracy(human, np.array([[0.0, 5.0, 1.0], [1.0, 2.0, 3.0]]))
    assert (found.accuracy, found.items, found.pairs) == (1.0, 1, 1)
    with pytest.raises(WeftError, match="no item has two systems"):
        tie_accuracy(human[1:], human[1:])


def test_soft_accuracy_is_that_of_its_formula() -> None:
    random = np.random.default_rng(1)
    human, metric = random.normal(size=(30, 4)), random.normal(size=(40, 4))
    wanted = []
    p: list[dict[tuple[int, int], float]] = []
    for scores in (human, metric):
        signs = np.random.Generator(np.random.PCG64(5)).integers(0, 2, (1000, len(scores)), dtype=np.int8) * 2 - 1
        p.append({})
        for i, j in itertools.combinations(range(4), 2):
            apart = scores[:, i] - scores[:, j]
            null = (signs * apart).mean(axis=1)
            p[-1][i, j] = float((null >= apart.mean()).mean())
    wanted = [1 - abs(p[0][pair] - p[1][pair]) for pair in p[0]]
    assert soft_pairwise_accuracy(human, metric, seed=5) == pytest.approx(np.mean(wanted), abs=1e-9)
    assert soft_pairwise_accuracy(human, human) == 1


def test_a_metric_that_says_the_opposite_is_far_off() -> None:
    human = np.random.default_rng(2).normal(size=(200, 3)) + np.arange(3)
    assert soft_pairwise_accuracy(human, -human) < 0.05
    with pytest.raises(WeftError, match="two systems at least"):
        soft_pairwise_accuracy(human[:, :1], human[:, :1])
