from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.errors import WeftError
from weft.evaluate.consistency import agreement, found_among, likeness, rank_consistency, retrieval


def _by_hand(first: np.ndarray, second: np.ndarray) -> float:
    found = []
    for a, b in zip(first, second, strict=True):
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        size = len(a)
        top = [list(np.argsort(-side, kind="stable")) for side in (a, b)]
        weight = np.exp(np.arange(size, 0, -1.0))
        weight /= weight.sum()
        shares = [len(set(top[0][:j]) & set(top[1][:j])) / j for j in range(1, size + 1)]
        found.append(float((weight * shares).sum()))
    return float(np.mean(found))


@given(st.integers(0, 50))
def test_rank_consistency_is_that_of_its_formula(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = random.integers(0, 6, (2, 9, 7)).astype(float)
    for row in range(9):
        gone = random.permutation(7)[: random.integers(0, 6)]
        first[row, gone] = second[row, gone] = np.nan
    assert rank_consistency(first, second).value == pytest.approx(_by_hand(first, second))


def test_chance_is_no_consistency() -> None:
    two = rank_consistency([[0.0, 1.0]], [[0.0, 1.0]])
    # 1 - w_1 / 2 with w_1 = e / (e + 1).
    assert two.chance == pytest.approx(1 - np.e / (np.e + 1) / 2) and two.corrected == pytest.approx(1)
    random = np.random.default_rng(1)
    for weights in ("softmax", "linear", "squared"):
        by_lot = rank_consistency(random.random((20_000, 5)), random.random((20_000, 5)), weights)
        assert by_lot.value > 0.2 and by_lot.corrected == pytest.approx(0, abs=0.01)
    with pytest.raises(WeftError, match="query 2: a candidate has one in one language alone"):
        rank_consistency([[1, 2], [1, 2]], [[1, 2], [1, np.nan]])
    with pytest.raises(WeftError, match="no query has two"):
        rank_consistency([[1.0, np.nan]], [[1.0, np.nan]])


def test_agreement_by_hand() -> None:
    found = agreement([0, 1, 2, 2, None, 1], [0, 1, 2, 1, 0, None], [0, 0, 2, 2, 0, 1])
    # a is 0 1 2 2, b is 0 1 2 1: chance is (1 * 1 + 1 * 2 + 2 * 1) / 16.
    assert (found.same, found.same_wrong, found.items, found.unanswered) == (0.75, 0.25, 4, 2)
    assert found.kappa == pytest.approx((0.75 - 5 / 16) / (1 - 5 / 16))
    assert np.isnan(agreement([None], [1], [1]).same) and np.isnan(agreement([1, 1], [1, 1], [1, 0]).kappa)
    with pytest.raises(WeftError, match="1 and 2 to 2 items"):
        agreement([1], [1, 2], [1, 2])


def test_retrieval_is_that_of_its_formula() -> None:
    random = np.random.default_rng(3)
    source = random.normal(size=(40, 8))
    target = source + random.normal(size=(40, 8))
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (source, target)]
    cosine = unit[0] @ unit[1].T
    wrong = 0
    for i in range(40):
        best, place = -np.inf, -1
        for j in range(40):
            mean = (np.sort(cosine[i])[-4:].sum() + np.sort(cosine[:, j])[-4:].sum()) / 8
            if cosine[i, j] / mean > best:
                best, place = cosine[i, j] / mean, j
        wrong += place != i
    found = retrieval(source, target)
    assert found.xsim == wrong / 40 > 0 and found.cosine == (cosine.argmax(axis=1) != np.arange(40)).mean()
    assert found.recall[1] == 1 - found.xsim <= found.recall[5] <= found.recall[10] and found.items == 40
    assert retrieval(source, source * 3).xsim == 0
    every = found_among(source, target)
    assert ((every.nearest == np.arange(40)) == (every.by_margin == 0)).all()


def test_vectors_that_are_all_the_same_find_nothing() -> None:
    assert retrieval(np.ones((5, 3)), np.ones((5, 3))).xsim == 1
    with pytest.raises(WeftError, match="of the target: one is of no length"):
        retrieval(np.ones((2, 2)), [[1, 1], [0, 0]])


def test_likeness_is_that_of_all_other_pairs() -> None:
    random = np.random.default_rng(5)
    first, second = random.normal(size=(2, 12, 3, 6)) + 0.5
    layers = []
    for layer in range(3):
        own, other = [], []
        for i in range(12):
            for j in range(12):
                x, y = first[i, layer], second[j, layer]
                (own if i == j else other).append(float(x @ y / np.linalg.norm(x) / np.linalg.norm(y)))
        layers.append(np.mean(own) - np.mean(other))
    found = likeness(first, second)
    assert found.layers == pytest.approx(layers) and found.value == pytest.approx(np.mean(layers))
    assert found.each.mean() == pytest.approx(found.value) and found.cosines.mean() == pytest.approx(found.cosine)


def test_states_that_all_point_one_way_are_not_alike() -> None:
    random = np.random.default_rng(6)
    first, second = random.normal(size=(2, 200, 2, 16)) + 5
    found = likeness(first, second)
    assert found.cosine > 0.9 and abs(found.value) < 0.01
    found = likeness(first, first + 0.1 * random.normal(size=first.shape))
    assert found.cosine > 0.99 and found.value > 0.03


def test_what_items_give_to_likeness_says_how_sure_it_is() -> None:
    """Of many draws of thirty items the spread of the value is what resampling of the items of one draw says."""
    random = np.random.default_rng(7)
    values, told = [], []
    for _ in range(400):
        first = random.normal(size=(30, 2, 4)) + np.array([2.0, 0, 0, 0])
        found = likeness(first, first + 1.5 * random.normal(size=first.shape))
        values.append(found.value)
        told.append(found.each.std(ddof=1) / np.sqrt(30))
    assert np.mean(told) == pytest.approx(np.std(values), rel=0.12)


def test_states_that_are_none() -> None:
    with pytest.raises(WeftError, match="states of 1 items; expected two"):
        likeness(np.ones((1, 2, 3)), np.ones((1, 2, 3)))
    with pytest.raises(WeftError, match=r"states of shapes \(2, 3\)"):
        likeness(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(WeftError, match="states of layer 2: one is of no length"):
        likeness(np.ones((2, 2, 3)), np.array([[[1, 1, 1], [0, 0, 0]]] * 2))
