from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.jaccard import similarities, sorted_sets, upper_halves

LISTS = st.lists(st.lists(st.integers(0, 30) | st.integers(2**64 - 5, 2**64 - 1), max_size=20), min_size=1, max_size=8)


def flat(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    values = np.array([value for one in lists for value in one], np.uint64)
    return values, np.cumsum([0, *map(len, lists)], dtype=np.int64)


@given(LISTS)
def test_lists_become_sorted_sets(lists: list[list[int]]) -> None:
    values, offsets = sorted_sets(*flat(lists))
    found = [values[a:b].tolist() for a, b in pairwise(offsets)]
    assert found == [sorted(set(one)) for one in lists]


@given(LISTS)
def test_similarity_of_all_pairs_is_that_of_python_sets(lists: list[list[int]]) -> None:
    first, second = (np.ascontiguousarray(n) for n in np.indices((len(lists), len(lists))).reshape(2, -1))
    found = similarities(*sorted_sets(*flat(lists)), first, second)
    sets = [set(one) for one in lists]
    expected = [
        len(sets[a] & sets[b]) / len(sets[a] | sets[b]) if sets[a] | sets[b] else 1.0
        for a, b in zip(first, second, strict=True)
    ]
    assert found.tolist() == pytest.approx(expected)


def test_a_similarity_on_the_threshold_reaches_it() -> None:
    values, offsets = sorted_sets(*flat([[1, 2, 3, 4], [1, 2, 3, 4, 5]]))
    assert similarities(values, offsets, np.array([0]), np.array([1]))[0] >= np.float32(0.8)


def test_no_pairs() -> None:
    none = np.empty(0, np.int64)
    assert similarities(np.empty(0, np.uint64), np.zeros(1, np.int64), none, none).tolist() == []


@given(LISTS)
def test_first_halves_are_sorted_sets(lists: list[list[int]]) -> None:
    spread = [[value * 0x9E3779B97F4A7C15 % 2**64 for value in one] + [7, 8] for one in lists]
    given_values, given_offsets = sorted_sets(*flat(spread))
    before = given_values.copy(), given_offsets.copy()
    values, offsets = upper_halves(given_values, given_offsets)
    assert [values[a:b].tolist() for a, b in pairwise(offsets)] == [sorted({v >> 32 for v in one}) for one in spread]
    assert (given_values == before[0]).all() and (given_offsets == before[1]).all()
