from __future__ import annotations

import pyarrow as pa

from weft.deduplicate.minhash import minhash
from weft.deduplicate.shingle_sets import WRITES, shingle_sets
from weft.label.tokens import tokens

TEXTS = ["a b c d e f a b c d e f", None, "...", "สวัสดีตอนเช้าเพื่อนรักของฉัน", "a b c d e f"]


def addressed(texts: list[str | None]) -> pa.Table:
    table = tokens()(pa.table({"text": pa.array(texts, pa.large_string())}))
    count = len(texts)
    table = table.append_column("shard", pa.array([1] * count, pa.int32()))
    table = table.append_column("row", pa.array(range(count), pa.int32()))
    return table.append_column("component", pa.array([2**40] * count, pa.int64()))


def test_sets_are_sorted_without_repeats_and_a_row_is_kept_without_any() -> None:
    made = shingle_sets()(addressed(TEXTS))
    assert made.schema.equals(pa.schema(list(WRITES.items())))
    assert made["row"].to_pylist() == [0, 1, 2, 3, 4] and set(made["component"].to_pylist()) == {2**40}
    sets = made["shingles"].to_pylist()
    assert [len(one) for one in sets] == [6, 0, 0, 17, 2]  # 8 runs of words, of which 2 come twice
    assert all(one == sorted(set(one)) for one in sets)
    assert set(sets[4]) < set(sets[0])


def test_they_are_what_minhash_counted() -> None:
    table = addressed(TEXTS[3:])
    counted = [one["shingles"] for one in minhash(words=3, chars=8)(table)["minhash"].to_pylist()]
    assert [len(one) for one in shingle_sets(words=3, chars=8)(table)["shingles"].to_pylist()] == counted


def test_batches_slices_and_no_rows() -> None:
    table = addressed(TEXTS)
    whole = shingle_sets()(table)
    parts = [shingle_sets()(table.slice(n, 2)) for n in range(0, 5, 2)]
    assert pa.concat_tables(parts).to_pylist() == whole.to_pylist()
    assert shingle_sets()(table.slice(0, 0)).num_rows == 0
