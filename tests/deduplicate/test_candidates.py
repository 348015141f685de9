from __future__ import annotations

import random

import pyarrow as pa

from weft.deduplicate.candidates import WRITES, candidates

SCHEMA = pa.schema(
    [
        *(("key", pa.uint64()), ("text_hash", pa.uint64()), ("page", pa.bool_()), ("pair", pa.bool_())),
        *(("script", pa.int16()), ("shard", pa.int32()), ("row", pa.int32())),
    ]
)
ROWS = [
    # key, text hash, shard, row
    (1, 50, 0, 7),
    (1, 50, 1, 2),
    (1, 60, 0, 9),
    (2, 50, 0, 7),
    (2, 60, 0, 9),
    (2**64 - 1, 70, 2, 0),
    (2**64 - 1, 50, 0, 7),
    (3, 80, 0, 0),
]


def edges(
    rows: list[tuple[int, int, int, int]], pages: tuple[tuple[int, int, int, int], ...] = ()
) -> list[tuple[int, int, int, int, bool]]:
    marked = [(key, text, place >= len(rows), False, 0, *at) for place, (key, text, *at) in enumerate([*rows, *pages])]
    table = pa.table([list(column) for column in zip(*marked, strict=True)] or [[]] * 7, schema=SCHEMA)
    made = candidates()(table)
    assert made.schema.equals(pa.schema(list(WRITES.items())))
    found = [tuple(row.values()) for row in made.to_pylist()]
    assert [edge[5] for edge in found] == sorted(edge[5] for edge in found)
    return [edge[:5] for edge in found if edge[5] == bool(pages)]


def test_copies_are_certain_and_their_first_meets_the_others_once() -> None:
    assert edges(ROWS) == [(0, 7, 1, 2, True), (0, 7, 0, 9, False), (0, 7, 2, 0, False)]


def test_order_of_rows_does_not_matter() -> None:
    shuffled = ROWS.copy()
    for seed in range(10):
        random.Random(seed).shuffle(shuffled)
        assert edges(shuffled) == edges(ROWS)


def test_groups_apart_give_the_same_edges_as_groups_together() -> None:
    apart = {edge for key in {row[0] for row in ROWS} for edge in edges([row for row in ROWS if row[0] == key])}
    assert apart == set(edges(ROWS))


def test_documents_of_a_page_are_certain_whatever_their_text_and_are_told_apart_from_copies() -> None:
    pages = ((1, 1, 0, 9), (1, 1, 3, 3), (4, 4, 0, 0))  # the first has a key that texts have too
    assert edges(ROWS, pages) == [(0, 9, 3, 3, True)]


def test_no_rows_and_nobody_to_meet() -> None:
    assert edges([]) == []
    assert edges([(n, n, 0, n) for n in range(100)]) == []


def test_many_copies_are_a_star() -> None:
    count = 100_000
    table = pa.table(
        [[9] * count, [5] * count, *([[False] * count] * 2), *([[0] * count] * 2), list(range(count))], schema=SCHEMA
    )
    made = candidates()(table)
    assert made.num_rows == count - 1 and set(made["row_a"].to_pylist()) == {0}
