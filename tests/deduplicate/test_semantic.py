"""Groups by vectors are those of every pair that is compared, whatever the size of a cell."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.deduplicate import semantic as module
from weft.deduplicate.semantic import VISIT, WRITES, semantic
from weft.text.components import components


def visitors(cells: int = 5, rows: int = 60, numbers: int = 6, home: float = 1.0, seed: int = 7) -> pa.Table:
    draw = np.random.default_rng(seed)
    size = cells * rows
    return pa.table(
        {
            "cell": np.repeat(np.arange(cells, dtype=np.uint64) + np.uint64(2**63), rows),
            "home": draw.random(size) < home,
            "shard": draw.integers(0, 3, size).astype(np.int32),
            "row": np.arange(size, dtype=np.int32),
            "vector": pa.array(draw.standard_normal((size, numbers)).tolist(), pa.list_(pa.float16())),
        },
        schema=VISIT,
    )


def address(table: pa.Table, side: str = "") -> np.ndarray:
    shard, row = (table[name + side].to_numpy().astype(np.int64) for name in ("shard", "row"))
    return shard << 32 | row


def brute(table: pa.Table, threshold: float) -> set[tuple[int, int]]:
    """Every similar pair of one cell of which one is at home, by double precision."""
    vectors = np.array(table["vector"].to_pylist(), np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cell, home, place = table["cell"].to_numpy(), table["home"].to_numpy(), address(table)
    met = (vectors @ vectors.T >= threshold) & (cell[:, None] == cell) & (home[:, None] | home)
    return {
        (min(a, b), max(a, b)) for a, b in zip(place[met.nonzero()[0]], place[met.nonzero()[1]], strict=True) if a != b
    }


def groups(table: pa.Table, pairs: set[tuple[int, int]]) -> list[int]:
    known = np.sort(address(table))
    ends = np.searchsorted(known, np.array(sorted(pairs), np.int64).reshape(-1, 2))
    return components(len(known), ends[:, 0], ends[:, 1]).tolist()


def found(made: pa.Table) -> set[tuple[int, int]]:
    assert made.schema.equals(pa.schema(list(WRITES.items())))
    return set(zip(address(made, "_a").tolist(), address(made, "_b").tolist(), strict=True))


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.9])
@pytest.mark.parametrize("home", [1.0, 0.3])
def test_groups_are_those_of_all_pairs(threshold: float, home: float) -> None:
    table = visitors(home=home)
    every, made = brute(table, threshold), semantic(threshold=threshold)(table)
    assert every and found(made) <= every and made["cosine"].to_numpy().min() >= np.float32(threshold)
    assert groups(table, found(made)) == groups(table, every)
    assert made.num_rows < len(every) or threshold == 0.9  # no more pairs than it takes


def test_order_and_what_stands_beside_do_not_matter() -> None:
    table = visitors(home=0.5)
    expected = semantic(threshold=0.7)(table)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(table.num_rows)
        assert semantic(threshold=0.7)(table.take(pa.array(order))).equals(expected)
    parts = [semantic(threshold=0.7)(table.slice(start, 60)) for start in range(0, table.num_rows, 60)]
    assert pa.concat_tables(parts).equals(expected.combine_chunks())


def test_a_crowded_cell_is_compared_with_leaders(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(8)
    centres = draw.standard_normal((7, 16))
    of = draw.integers(0, 7, 3000)
    vectors = centres[of] + 0.05 * draw.standard_normal((3000, 16))
    table = visitors(cells=1, rows=3000).set_column(4, "vector", pa.array(vectors.tolist(), pa.list_(pa.float16())))
    whole = semantic(threshold=0.9)(table)
    monkeypatch.setattr(module, "CROWD", 50)
    monkeypatch.setattr(module, "_BLOCK", 64)
    crowd = semantic(threshold=0.9)(table)
    assert groups(table, found(crowd)) == groups(table, found(whole))
    assert len(set(groups(table, found(crowd)))) == 7
    assert found(crowd) <= brute(table, 0.9)


def test_a_crowd_of_different_vectors_stays_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    table = visitors(cells=1, rows=800, numbers=24)
    every = brute(table, 0.6)
    monkeypatch.setattr(module, "CROWD", 100)
    monkeypatch.setattr(module, "_BLOCK", 64)
    some = found(semantic(threshold=0.6)(table))
    assert some < every  # of 800 leaders only 100 are held: pairs with the others are lost, none is made up


def test_nobody_and_one() -> None:
    table = visitors()
    assert semantic()(table.slice(0, 0)).num_rows == 0 and semantic()(table.slice(0, 1)).num_rows == 0


def test_a_visitor_without_a_vector_is_refused() -> None:
    table = visitors(cells=1, rows=3)
    broken = table.set_column(4, "vector", pa.array([None, [1.0], [1.0]], pa.list_(pa.float16())))
    with pytest.raises(ValueError, match="no vector"):
        semantic()(broken)
