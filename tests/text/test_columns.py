"""Texts of any kind of column: what is read is UTF-8 in NFC, as long as asked, and null for null."""

from __future__ import annotations

import time
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.errors import WeftError
from weft.text.columns import readable

texts = st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=12)
KINDS = (pa.string(), pa.large_string(), pa.string_view())
BYTES = (pa.binary(), pa.large_binary(), pa.binary_view())


def raw(*parts: bytes) -> pa.Array:
    """A large_string array that nobody has looked at."""
    ends = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(parts), pa.py_buffer(ends), pa.py_buffer(b"".join(parts)))


def wanted(text: str | None, most: int = 100) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text[:most])


@given(texts, st.sampled_from(KINDS), st.integers(0, 12), st.integers(0, 12))
def test_every_kind_of_string(given_texts: list[str | None], kind: pa.DataType, start: int, size: int) -> None:
    column = pa.array(given_texts, kind)
    part = column.slice(min(start, len(column)), size)
    for held in (part, pa.chunked_array([part, column]), column.cast(pa.string()).dictionary_encode()):
        found = readable(held, 100)
        assert found.type == pa.large_string() and found.to_pylist() == [wanted(t) for t in held.to_pylist()]
        found.validate(full=True)


@given(st.lists(st.one_of(st.none(), st.binary(max_size=12)), max_size=12), st.sampled_from(BYTES))
def test_bytes_that_may_be_no_utf8(parts: list[bytes | None], kind: pa.DataType) -> None:
    found = readable(pa.array(parts, kind), 100)
    decoded = [None if part is None else part.decode("utf-8", "replace") for part in parts]
    assert found.to_pylist() == [wanted(text) for text in decoded]
    unchecked = readable(raw(*(part or b"" for part in parts)), 100)
    assert unchecked.to_pylist() == [wanted(text or "") for text in decoded]


@given(st.lists(st.one_of(st.none(), st.text(st.characters(), max_size=8)), max_size=8))
def test_python_strings_with_lone_surrogates(given_texts: list[str | None]) -> None:
    found = readable(given_texts, 100).to_pylist()
    clean = [None if t is None else t.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for t in given_texts]
    assert found == [wanted(text) for text in clean]


def test_nulls_and_nothing() -> None:
    assert readable(pa.nulls(3), 10).to_pylist() == [None] * 3
    assert readable(pa.chunked_array([], pa.string()), 10).to_pylist() == []
    assert readable("one text", 3).to_pylist() == ["one"] and readable([], 3).to_pylist() == []
    assert readable(pa.array(["a", None]).dictionary_encode(), 3).to_pylist() == ["a", None]


@pytest.mark.parametrize("column", [pa.array([1]), pa.array([["a"]]), pa.array([1.5]).dictionary_encode()])
def test_what_is_no_text(column: pa.Array) -> None:
    with pytest.raises(WeftError, match=r"texts: a column of type .*; expected strings, or bytes of UTF-8"):
        readable(column, 10)
    with pytest.raises(WeftError, match="texts: a value of type int; expected strings"):
        readable(["a", 1], 10)


def test_no_more_is_read_than_asked() -> None:
    long = "e" + "\u0301\u0316" * 200_000  # whole, its canonical order takes minutes
    begin = time.process_time()
    assert readable(pa.array([long, "é" * 5_000]), 1_000).to_pylist() == [wanted(long, 1_000), "é" * 1_000]
    assert time.process_time() - begin < 5


def test_what_is_readable_is_not_copied() -> None:
    column = pa.array(["abc", "ሰላም"], pa.large_string())
    assert readable(column, 10).buffers()[2].address == column.buffers()[2].address
