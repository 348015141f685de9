from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weft.text.components import components
from weft.text.pairs import FULL, candidate_pairs

Row = tuple[int, int, int]
Pairs = set[tuple[int, int]]


def found(rows: list[Row]) -> tuple[Pairs, Pairs]:
    key, exact = (np.array([row[n] for row in rows], np.uint64) for n in range(2))
    ends = candidate_pairs(key, exact, np.array([row[2] for row in rows], np.int64))
    same_a, same_b, near_a, near_b = (part.tolist() for part in ends)
    pairs = [{(min(p), max(p)) for p in zip(a, b, strict=True)} for a, b in ((same_a, same_b), (near_a, near_b))]
    return pairs[0], pairs[1]


# Every document (an address) has one exact hash.
ROWS = st.lists(st.tuples(st.integers(0, 3) | st.just(2**64 - 1), st.integers(0, 11)), max_size=16, unique=True).map(
    lambda pairs: [(key, address // 3, address) for key, address in pairs]
)


@given(ROWS)
def test_small_groups_give_stars_of_copies_and_all_pairs_of_the_rest(rows: list[Row]) -> None:
    same, near = set(), set()
    for key in {row[0] for row in rows}:
        texts: dict[int, list[int]] = {}
        for _, exact, address in sorted(row for row in rows if row[0] == key):
            texts.setdefault(exact, []).append(address)
        same |= {(min(copies), other) for copies in texts.values() for other in copies if other != min(copies)}
        near |= {(min(p), max(p)) for p in combinations([min(copies) for copies in texts.values()], 2)}
    assert found(rows) == (same, near)


@given(ROWS, st.randoms())
def test_order_of_rows_does_not_matter(rows: list[Row], random: object) -> None:
    before = found(rows)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert found(rows) == before


def test_a_large_group_costs_linear_work_and_stays_connected() -> None:
    size = 5000
    _, near = found([(9, n, n) for n in range(size)])
    assert len(near) <= 8 * size
    ends = np.array(sorted(near))
    assert not components(size, ends[:, 0].copy(), ends[:, 1].copy()).any()
    assert max(np.bincount(ends.ravel())) >= size - 1 - 8  # the first four meet everyone


def test_largest_full_group_and_one_more() -> None:
    assert len(found([(9, n, n) for n in range(FULL)])[1]) == FULL * (FULL - 1) // 2
    assert len(found([(9, n, n) for n in range(FULL + 1)])[1]) < (FULL + 1) * FULL // 2


def test_bands_of_a_large_family_try_other_pairs() -> None:
    texts = np.random.default_rng(1).integers(0, 2**64, 400, np.uint64).tolist()
    one, two = (found([(key, text, n) for n, text in enumerate(texts)])[1] for key in (2**63 + 7, 3**40))
    assert len(one & two) < 0.1 * len(one)


def test_many_keys_of_which_few_meet() -> None:
    keys = np.random.default_rng(1).permutation(100_000)
    rows = [(int(key) * 3, n, n) for n, key in enumerate(keys)] + [(int(keys[5]) * 3, 100_000, 100_000)]
    assert found(rows) == (set(), {(5, 100_000)})


def test_no_rows() -> None:
    assert found([]) == (set(), set())
