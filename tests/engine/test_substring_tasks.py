"""Fingerprints meet in all destinations alike, and marks of who stays are those of the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from weft.engine import exchange
from weft.engine.storage import Storage
from weft.engine.tasks.substrings import Marks
from weft.engine.work import Context, rooms_registry


def test_the_lowest_hashes_of_windows_are_spread() -> None:
    keys = np.random.default_rng(2).integers(0, 2**64 - 1, (64_000, 40), np.uint64).min(axis=1)
    assert np.bincount(exchange.by_key(keys)).max() > 20_000
    found = np.bincount(exchange.by_skewed_key(keys), minlength=exchange.PARTITIONS)
    assert found.min() > 800 and found.max() < 1_200
    # Within a destination as well: by further bits.
    bits = exchange.bits_of_skewed_key(pa.table({"key": keys}))
    within = bits[bits >> np.uint64(58) == 5] << np.uint64(6) >> np.uint64(61)
    assert np.bincount(within.astype(np.int64), minlength=8).min() > 80


@pytest.mark.parametrize("asks", [False, True])
def test_marks_are_those_of_the_rows(tmp_path: Path, asks: bool) -> None:
    draw = np.random.default_rng(3)
    context = Context(Storage(tmp_path), rooms_registry())
    held: dict[int, dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]] = {}
    for shard, rows in {0: 13, 1: 0, 3: 8, 4: 1, 6: 200}.items():
        held[shard] = {name: draw.random(rows) < 0.5 for name in ("stays", "asks")}
        table = pa.table(held[shard])
        context.storage.write_table(f"{shard}.parquet", [table], table.schema)
    marks = Marks.read(context, [(shard, f"{shard}.parquet") for shard in held])
    places = [(shard, row) for shard in range(9) for row in range(len(held.get(shard, {"asks": [0] * 5})["asks"]))]
    shard, row = np.array(places, np.int32).T
    found = marks.of(pa.table({"shard_b": shard, "row_b": row}), "_b", asks=asks).to_pylist()
    name = "asks" if asks else "stays"
    assert found == [bool(held[s][name][r]) if s in held else False for s, r in places]
    assert any(found) and not all(found)
