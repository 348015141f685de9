"""What refusals may cost: no source loses more than its share, and no label less than it could."""

from __future__ import annotations

import numpy as np
import pytest

from weft.language.limits import learn, thresholds
from weft.language.refusal import scored

SCORES = np.arange(1000) / 1000 - 2


def of(*spans: tuple[int, object]) -> np.ndarray:
    return np.array([value for size, value in spans for _ in range(size)])


@pytest.fixture
def source() -> np.ndarray:
    return of((500, "a"), (500, "b")).astype(object)


def test_labels_of_a_source_that_has_lost_its_share_stay_and_the_others_rise_on(source: np.ndarray) -> None:
    label = of((250, 0), (500, 1), (250, 2)).astype(np.int32)  # 0 in a alone, 1 in both, 2 in b alone
    found = thresholds(label, source, SCORES, 4, {"a": 0.02, "b": 0.1})
    # a may lose 10 answers. b may lose 50, those of 1 stay: 50 of those of 2, which begin at -1.25.
    assert found == pytest.approx([-1.990, -1.990, -1.200, -1.990], abs=1e-6)
    for name, cost in (("a", 0.02), ("b", 0.1)):
        assert (found[label] > SCORES)[source == name].mean() == pytest.approx(cost)


def test_labels_of_no_source_have_the_lowest(source: np.ndarray) -> None:
    label = of((500, 0), (500, 1)).astype(np.int32)
    found = thresholds(label, source, SCORES, 3, {"b": 0.1})
    assert found == pytest.approx([-1.45] * 3, abs=1e-6)
    assert (thresholds(label, source, SCORES, 3, {"c": 0.1}) == -np.inf).all()
    assert (thresholds(label[:0], source[:0], SCORES[:0], 3, {"a": 0.1}) == -np.inf).all()


def test_what_is_likelier_right_is_never_refused(source: np.ndarray) -> None:
    found = thresholds(np.zeros(1000, np.int32), source, SCORES + 3, 2, {"a": 0.02, "b": 0.1})
    assert found.tolist() == [0.5, 0.5]


def test_equal_scores_are_refused_together_or_not_at_all(source: np.ndarray) -> None:
    label = np.zeros(1000, np.int32)
    scores = np.round(SCORES, 1)
    found = thresholds(label, source, scores, 1, {"a": 0.02, "b": 0.02})
    assert found == [-2.0] and not (scores < found[label]).any()
    third = np.full(1000, 1 / 3)  # which no number of half the length is
    assert not (third < thresholds(label, source, third, 1, {"a": 0.02})[label]).any()


def test_costs_hold_for_any_labels_and_scores() -> None:
    draw = np.random.default_rng(4)
    for _ in range(20):
        label = draw.integers(0, 12, 800).astype(np.int32)
        source = np.array([f"s{n}" for n in np.minimum(draw.integers(0, 9, 800), label)], dtype=object)
        scores = draw.normal(-1, size=800)
        costs = {name: float(draw.uniform(0.005, 0.2)) for name in set(source)}
        found = thresholds(label, source, scores, 12, costs)
        lost = {name: (scores < found[label])[source == name].sum() for name in costs}
        may = {name: int(costs[name] * (source == name).sum()) for name in costs}
        assert all(lost[name] <= may[name] for name in costs)
        risen = [own for own in np.unique(label) if found.min() < found[own] < 0.5]
        for own in risen:  # what keeps it from rising is a source that has lost all that it may
            assert any(lost[name] == may[name] for name in set(source[label == own]))


def test_a_source_of_low_scores_gets_weights_that_spare_it() -> None:
    draw = np.random.default_rng(5)

    def made(size: int, grams: float, words: float) -> np.ndarray:
        usual = draw.normal([grams, words], 0.7, (size, 2))
        return np.column_stack([np.full(size, 3.0), usual, np.full(size, 4.0)])

    known = np.concatenate([made(3000, 0, 0), made(300, 0, -4)])
    source = of((3000, "a"), (300, "b")).astype(object)
    unknown = np.concatenate([made(400, -2.5, -4), made(400, 0, -5)])
    weight = np.full(800, 1 / 800)
    apart = []
    for costs in ({}, {"a": 0.02, "b": 0.02}):
        scores = scored(known, learn(known, source, unknown, weight, costs))
        apart.append(np.subtract(*(np.quantile(scores[source == name], 0.02) for name in "ab")))
    assert 0 < apart[1] < 0.9 * apart[0]
    twice = [learn(known, source, unknown, weight, {"a": 0.02, "b": 0.02}) for _ in range(2)]
    assert np.array_equal(*twice)


def test_more_of_what_is_usual_is_surer() -> None:
    draw = np.random.default_rng(6)
    known = np.column_stack([np.full(200, 3.5), draw.normal(0, 1, (200, 2)), draw.uniform(3, 5, 200)])
    unknown = known + np.array([-2, -3, -3, 0])
    weights = learn(known, np.array(["a"] * 200, dtype=object), unknown, np.full(200, 1 / 200), {"a": 0.02})
    rows = np.array([[3.5, 0, 0, 4], [3.5, -3, 0, 4], [3.5, 0, -3, 4], [0, 0, 0, 4]])
    scores = scored(rows, weights)
    assert (scores[0] > scores[1:]).all()
