"""Rows that do not fit into memory together meet all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from weft.engine import exchange
from weft.engine.dividing import TOGETHER, blocks, by_part, divided, merged
from weft.engine.storage import Storage


def tables(draw: np.random.Generator, count: int) -> Iterator[pa.Table]:
    for _ in range(count):
        keys = draw.integers(0, 2**64 - 1, 40, np.uint64) // np.uint64(draw.integers(1, 3))
        yield pa.table({"key": np.concatenate([keys, keys[:10]]), "order": draw.integers(0, 9, 50)})


def test_what_belongs_together_comes_together_and_nothing_is_lost() -> None:
    given = [
        *tables(np.random.default_rng(3), 200),
        pa.table({"key": pa.array([], pa.uint64()), "order": pa.array([], pa.int64())}),
    ]
    whole = pa.concat_tables(given)
    found = list(divided(given, whole.num_rows, 500, exchange.bits_of_key))
    seen: dict[int, int] = {}
    for number, table in enumerate(found):
        for key in table["key"].to_pylist():
            assert seen.setdefault(key, number) == number
    assert len(found) > 10 and max(table.num_rows for table in found) < 2_000
    rows = sorted(zip(whole["key"].to_pylist(), whole["order"].to_pylist(), strict=True))
    assert (
        sorted(pair for t in found for pair in zip(t["key"].to_pylist(), t["order"].to_pylist(), strict=True)) == rows
    )


def test_parts_come_in_their_order_and_keep_that_of_their_rows() -> None:
    given = [pa.table({"n": [5, 0, 5, 3]}).append_column("at", pa.array(range(k, k + 4))) for k in range(0, 40, 4)]
    found = list(by_part(given, 6, 7, lambda table: table["n"].to_numpy()))
    assert [table["n"][0].as_py() for table in found] == [0, 3, 5]
    assert found[2]["at"].to_pylist() == sorted(n for k in range(0, 40, 4) for n in (k, k + 2))
    assert list(by_part([], 6, 7, lambda table: table["n"].to_numpy())) == []


def test_blocks_are_of_neighbours() -> None:
    sizes = np.array([3, 3, 3, 20, 0, 1, 9], np.int64)
    found = blocks(sizes, 10)
    assert (np.diff(found) >= 0).all() and found[0] == 0
    held = [sizes[found == block] for block in set(found.tolist())]
    assert len(held) == 3 and all(one.sum() - one.max() < 10 for one in held)
    assert len(blocks(np.zeros(0, np.int64), 10)) == 0


def test_a_large_destination_of_an_exchange_comes_in_several_tables(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    storage, schema = Storage(tmp_path), pa.schema({"key": pa.uint64(), "shard": pa.int32()})
    files, total = [], 0
    for shard in range(6):
        keys = draw.integers(0, 2**64 - 1, 3_000, np.uint64)
        keys[::7] = 12345
        table = pa.table({"key": keys, "shard": np.full(3_000, shard, np.int32)})
        exchange.write(storage, f"{shard}.arrow", schema, [(table, exchange.by_key(keys))])
        files.append(f"{shard}.arrow")
        total += 3_000
    for bits, fewest in ((exchange.bits_of_key, 80), (None, 64)):
        found = list(exchange.groups(storage, files, range(exchange.PARTITIONS), 50, bits))
        seen: dict[int, int] = {}
        for number, table in enumerate(found):
            for key in table["key"].to_pylist():
                assert seen.setdefault(key, number) == number
        assert sum(table.num_rows for table in found) == total and len(found) >= fewest
    together = list(exchange.groups(storage, files, range(exchange.PARTITIONS), 10**6, exchange.bits_of_key))
    assert len(together) == 1 and together[0].num_rows == total
    assert list(exchange.groups(storage, files[:0], [3], 50, exchange.bits_of_key)) == []


@pytest.mark.parametrize("count", [0, 1, TOGETHER, 3 * TOGETHER + 1])
def test_tables_that_add_up_are_added_up_as_they_come(count: int) -> None:
    widths: list[int] = []

    def merge(parts: list[int]) -> int:
        widths.append(len(parts))
        return sum(parts)

    assert merged(merge, iter(range(count))) == sum(range(count))
    assert max(widths) <= TOGETHER + 1
