from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import int_lists, large_strings, list_buffers, string_buffers

texts = st.lists(st.one_of(st.none(), st.text(max_size=9).filter(lambda t: t.isprintable())), max_size=9)
kinds = st.sampled_from([pa.string(), pa.large_string()])


def values(column: pa.Array | pa.ChunkedArray) -> list[str | None]:
    """What the buffers say, read back."""
    data, offsets, valid = string_buffers(column)
    assert len(offsets) == len(column) + 1 and len(valid) == len(column)
    found = [bytes(data[a:b]).decode() for a, b in pairwise(offsets)]
    assert all(text == "" for text, ok in zip(found, valid, strict=True) if not ok)
    return [text if ok else None for text, ok in zip(found, valid, strict=True)]


@given(texts, kinds, st.integers(0, 9), st.integers(0, 9))
def test_slices_of_arrays(given_texts: list[str | None], kind: pa.DataType, start: int, size: int) -> None:
    column = pa.array(given_texts, kind).slice(min(start, len(given_texts)), size)
    assert values(column) == column.to_pylist()


@given(st.lists(texts, max_size=4), kinds)
def test_chunks(parts: list[list[str | None]], kind: pa.DataType) -> None:
    column = pa.chunked_array([pa.array(part, kind) for part in parts], kind)
    assert values(column) == column.to_pylist()


def test_no_copy_of_the_text() -> None:
    column = pa.array(["abc", "ሰላም", "x"], pa.large_string())
    assert string_buffers(column[1:]).data.ctypes.data == column.buffers()[2].address


def test_bytes_behind_a_null_are_not_seen() -> None:
    mask = pa.py_buffer(bytes([0b101]))
    offsets = pa.py_buffer(np.array([0, 1, 4, 6], np.int64))
    column = pa.LargeStringArray.from_buffers(3, offsets, pa.py_buffer(b"abcdef"), mask, 1)
    assert column.to_pylist() == ["a", None, "ef"]
    assert values(column) == ["a", None, "ef"]


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="expected a string column, got int64"):
        string_buffers(pa.array([1]))


@given(texts)
def test_strings_made_of_buffers(given_texts: list[str | None]) -> None:
    made = large_strings(*string_buffers(pa.array(given_texts, pa.large_string())))
    made.validate(full=True)
    assert made.to_pylist() == given_texts


lists = st.lists(st.one_of(st.none(), st.lists(st.integers(0, 99), max_size=4)), max_size=6)


@given(lists, st.integers(0, 6))
def test_lists(given_lists: list[list[int] | None], start: int) -> None:
    column = pa.array(given_lists, pa.list_(pa.int32()))[min(start, len(given_lists)) :]
    flat, offsets = list_buffers(column)
    found = [flat[a:b].tolist() for a, b in pairwise(offsets)]
    assert found == [items or [] for items in column.to_pylist()]


def test_lists_made_of_buffers() -> None:
    made = int_lists(np.array([1, 2, 3], np.int32), np.array([0, 0, 2, 3]))
    assert made.type == pa.list_(pa.int32()) and made.to_pylist() == [[], [1, 2], [3]]
    with pytest.raises(OverflowError, match="smaller batches"):
        int_lists(np.empty(0, np.int32), np.array([0, 2**31]))
