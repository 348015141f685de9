from __future__ import annotations

import itertools

import numpy as np
import pytest

from weft.errors import WeftError
from weft.statistics.paired import differences, permuted
from weft.statistics.resampling import mean, of_values


def test_swaps_are_those_of_all_swaps() -> None:
    """Of eight items all 256 swaps can be looked at."""
    values = np.random.default_rng(1).random((8, 2)).round(2)
    apart = values[:, 1] - values[:, 0]
    every = [abs(np.mean(apart * signs)) for signs in itertools.product((1, -1), repeat=8)]
    exact = np.mean(np.array(every) >= abs(apart.mean()) - 1e-12)
    (found,) = differences(of_values(values), samples=20_000)
    assert found.permutation_p == pytest.approx(exact, abs=0.02)
    assert found.value == pytest.approx(apart.mean()) and found.items == 8


def test_a_swap_exchanges_the_sums_of_both() -> None:
    sums = np.random.default_rng(2).integers(0, 9, (5, 3, 2)).astype(float) + 1
    found = permuted(sums, mean, 500, 3)
    wanted = set()
    for coins in itertools.product((0, 1), repeat=5):
        one, other = sums[:, 0].copy(), sums[:, 2].copy()
        for at, coin in enumerate(coins):
            if coin:
                one[at], other[at] = sums[at, 2], sums[at, 0]
        wanted.add(round(float(mean(other.sum(axis=0)) - mean(one.sum(axis=0))), 9))
    assert {round(value, 9) for value in found[:, 1].tolist()} <= wanted and len(set(found[:, 1].round(9))) > 10


def test_pairing_shows_what_two_separate_intervals_hide() -> None:
    random = np.random.default_rng(7)
    hard = random.normal(0, 3, 300)
    values = np.stack([hard, hard + random.normal(0.2, 0.5, 300)], axis=1)
    (found,) = differences(of_values(values))
    assert found.low > 0 and found.bootstrap_p < 0.001 and found.permutation_p < 0.001
    unpaired = np.abs(found.value) / np.sqrt(2 * values[:, 0].var() / 300)
    assert unpaired < 1.96


def test_equal_systems_are_rarely_called_different() -> None:
    random, found = np.random.default_rng(8), []
    for turn in range(200):
        values = random.normal(size=(60, 2))
        found += differences(of_values(values), samples=300, seed=turn)
    for name in ("bootstrap_p", "permutation_p"):
        assert 0.01 <= np.mean([getattr(one, name) <= 0.05 for one in found]) <= 0.10
    same = of_values(np.repeat(random.normal(size=(20, 1)), 2, axis=1))
    (equal,) = differences(same)
    assert (equal.value, equal.low, equal.high, equal.bootstrap_p, equal.permutation_p) == (0, 0, 0, 1, 1)


def test_every_other_system_is_told_of_and_a_wrong_number_refused() -> None:
    values = of_values(np.random.default_rng(9).random((20, 4)))
    told = differences(values, first=2, samples=50)
    whole = mean(values.sum(axis=0))
    assert [one.second for one in told] == pytest.approx([whole[0], whole[1], whole[3]])
    with pytest.raises(WeftError, match="what was run is of shape"):
        differences(values, ran=np.ones((20, 3)))
    with pytest.raises(WeftError, match="system 4 of 4"):
        differences(values, first=4)


def test_two_systems_are_compared_on_what_both_ran() -> None:
    values = np.random.default_rng(10).random((40, 4))
    ran = np.ones((40, 4), bool)
    ran[:15, 1] = False
    ran[30:, 2] = False
    ran[:, 3] = False
    names = [f"passage {n // 2}" for n in range(40)]
    told = differences(of_values(values), ran=ran, samples=200, clusters=names)
    (alone,) = differences(of_values(values[15:, :2]), samples=200, clusters=names[15:])
    assert told[0] == alone and told[0].items == 13
    assert told[1].items == 15 and told[1].value == pytest.approx(values[:30, 2].mean() - values[:30, 0].mean())
    assert told[2].items == 0 and np.isnan(told[2].value) and np.isnan(told[2].permutation_p)
