from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from weft.deduplicate.verify import WRITES, verify

SCHEMA = pa.schema(
    {
        "component": pa.int64(),
        "shard": pa.int32(),
        "row": pa.int32(),
        "shingles": pa.large_list(pa.uint64()),
        "partners": pa.list_(pa.int64()),
    }
)


def address(shard: int, row: int) -> int:
    return shard << 32 | row


ROWS: list[tuple[Any, ...]] = [
    (0, 0, 3, [1, 2, 3, 4, 2**64 - 1], [address(0, 5), address(7, 1)]),
    (0, 0, 5, [1, 2, 3, 4], [address(7, 1)]),
    (0, 7, 1, [2, 3, 4], []),
    (9, 2, 0, [], [address(2, 1)]),
    (9, 2, 1, [8], None),
]


def verified(rows: list[tuple[Any, ...]], **parameters: float) -> list[tuple[Any, ...]]:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    made = verify(**parameters)(pa.table(columns, schema=SCHEMA))
    assert made.schema.equals(pa.schema(list(WRITES.items())))
    return [tuple(row.values()) for row in made.to_pylist()]


def test_pairs_of_the_threshold_or_more() -> None:
    assert verified(ROWS) == [(0, 3, 0, 5, pytest.approx(0.8))]
    assert verified(ROWS, threshold=0.75)[1:] == [(0, 5, 7, 1, 0.75)]
    assert len(verified(ROWS, threshold=0.6)) == 3
    assert verified(ROWS, threshold=0.81) == []


def test_only_partners_are_compared() -> None:
    assert verified([(*row[:4], []) for row in ROWS], threshold=0.01) == []


def test_order_of_rows_and_split_by_component_do_not_matter() -> None:
    expected = verified(ROWS, threshold=0.6)
    shuffled = ROWS.copy()
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        assert verified(shuffled, threshold=0.6) == expected
    assert verified(ROWS[:3], threshold=0.6) + verified(ROWS[3:], threshold=0.6) == expected


def test_a_sliced_batch_in_chunks() -> None:
    table = pa.table([list(column) for column in zip(*ROWS, strict=True)], schema=SCHEMA)
    twice = pa.concat_tables([table.slice(3), table.slice(0, 3)])
    assert verify()(twice).num_rows == 1 and verify()(twice.slice(2)).num_rows == 1


def test_a_component_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="whole components"):
        verified(ROWS[:2])
    with pytest.raises(ValueError, match="whole components"):
        verified(ROWS[1:2])


def test_no_rows() -> None:
    assert verified([]) == []
