"""Mixtures as they are written: each document as often as it is read, an epoch apart, however rows arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.construct.copies import MIXED, copies, schema_of


def rows(times: list[int]) -> pa.Table:
    return pa.Table.from_pylist([{"id": f"{n}", "repeats": count} for n, count in enumerate(times)], MIXED)


def cut(table: pa.Table, sizes: list[int]) -> Iterator[pa.Table]:
    start = 0
    for size in [*sizes, table.num_rows]:
        if start < table.num_rows:
            yield table.slice(start, size)
        start += size


@given(st.lists(st.integers(1, 5), max_size=12), st.lists(st.integers(1, 4), max_size=4))
def test_every_document_as_often_as_it_is_read_an_epoch_apart(times: list[int], sizes: list[int]) -> None:
    written = pa.concat_tables([schema_of("copies").empty_table(), *copies(lambda: cut(rows(times), sizes), "copies")])
    found = list(zip(written["copy"].to_pylist(), map(int, written["id"].to_pylist()), strict=True))
    assert found == sorted((number, row) for row, count in enumerate(times) for number in range(1, count + 1))
    assert written.schema.equals(schema_of("copies"))


def test_written_once_nothing_is_repeated() -> None:
    assert pa.concat_tables(copies(lambda: iter([rows([3, 1])]), "once")).equals(rows([3, 1]))
    assert schema_of("once").equals(MIXED)


@pytest.mark.parametrize("written", ["copies", "once"])
def test_nothing_is_written_of_nothing(written: str) -> None:
    assert list(copies(lambda: iter([]), written)) == []  # type: ignore[arg-type]
