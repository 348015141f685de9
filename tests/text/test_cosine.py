from __future__ import annotations

import numpy as np
import pytest

from weft.text.cosine import MOST_NUMBERS, SCALE, cosines, join, least_product, lengths, nearest, whole_numbers


def units(rows: int, numbers: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((rows, numbers)).astype(np.float32)
    return drawn / lengths(drawn)[:, None]


@pytest.mark.parametrize("numbers", [1, 7, 384, MOST_NUMBERS])
def test_a_product_of_whole_numbers_is_exact(numbers: int) -> None:
    whole = whole_numbers(units(40, numbers, 1))
    exact = whole.astype(np.int64) @ whole.astype(np.int64).T
    assert np.abs(exact).max() < 2**24
    np.testing.assert_array_equal(whole @ whole.T, exact)
    for seed in range(3):  # another order of the sum, another shape of the product
        order = np.random.default_rng(seed).permutation(numbers)
        np.testing.assert_array_equal(whole[:7, order] @ whole[:, order].T, exact[:7])


def test_the_longest_whole_numbers_stay_exact() -> None:
    half = np.full((1, MOST_NUMBERS), 1 / np.sqrt(MOST_NUMBERS), np.float32)  # 44.19 units in each place
    worst = np.abs(whole_numbers(half)) + 1  # more than rounding can add
    assert (worst.astype(np.int64) ** 2).sum() < 2**24


@pytest.mark.parametrize("numbers", [2, 8, 384, 4096])
@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.95, 1.0])
def test_no_similar_pair_has_a_product_below_the_least(numbers: int, threshold: float) -> None:
    one = units(300, numbers, 2)
    noise = units(300, numbers, 3)
    noise -= (noise * one).sum(axis=1, keepdims=True) * one
    noise /= np.maximum(lengths(noise), 1e-9)[:, None]
    other = threshold * one + np.sqrt(1 - threshold**2) * noise
    both = np.concatenate([one, other]).astype(np.float32)
    similar = cosines(both, np.arange(300), np.arange(300, 600)) >= np.float32(threshold)
    assert similar.any()
    products = (whole_numbers(both[:300]) * whole_numbers(both[300:] / lengths(both[300:])[:, None])).sum(axis=1)
    assert (products[similar] >= least_product(threshold, numbers)).all()
    assert least_product(threshold, numbers) > (threshold - 0.03) * SCALE**2  # and it is of use


def test_cosines_are_those_of_double_precision() -> None:
    vectors = np.random.default_rng(4).standard_normal((50, 384)).astype(np.float16).astype(np.float32)
    first, second = np.arange(49), np.arange(1, 50)
    doubles = vectors.astype(np.float64)
    expected = (doubles[first] * doubles[second]).sum(axis=1)
    expected /= np.linalg.norm(doubles[first], axis=1) * np.linalg.norm(doubles[second], axis=1)
    np.testing.assert_allclose(cosines(vectors, first, second), expected, atol=2e-6)
    assert np.isnan(cosines(np.zeros((2, 3), np.float32), np.array([0]), np.array([1])))[0]


def test_the_nearest_columns_and_of_equal_ones_the_first() -> None:
    scores = np.random.default_rng(5).integers(0, 6, (200, 40)).astype(np.float32)
    expected = np.argsort(-scores, axis=1, kind="stable")
    for wanted in (1, 3, 40):
        np.testing.assert_array_equal(nearest(scores, wanted), expected[:, :wanted])
    assert nearest(scores, 99).shape == (200, 40) and nearest(scores[:0], 3).shape == (0, 3)


def test_a_pair_is_joined_by_its_cosine_and_not_by_its_product() -> None:
    vectors = np.array([[1, 0], [0.94, np.sqrt(1 - 0.94**2)], [0.96, np.sqrt(1 - 0.96**2)]], np.float32)
    rows, parents = np.arange(3), np.arange(3)
    first, second, cosine = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3, np.float32)
    all_pass = np.full((3, 3), 2.0**24, np.float32)
    given = (rows, rows, vectors, lengths(vectors), parents, first, second, cosine)
    found = join(all_pass, np.float32(0), np.float32(0.95), *given, 0)
    assert found == 2 and list(zip(first[:2], second[:2], strict=True)) == [(0, 2), (1, 2)]
    assert parents.tolist().count(0) >= 2 and cosine[0] == pytest.approx(0.96)
    assert join(all_pass, np.float32(0), np.float32(0.1), *given, found) == found  # all are together already
