"""Reading UTF-8 a character at a time, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.decode import code_point

code_point(np.zeros(4, np.uint8), 0)  # compiled at the first call, which takes longer than an example may


def first(data: bytes) -> tuple[int, int]:
    return code_point(np.frombuffer(data + b"\x00\x00\x00", np.uint8), 0)


@given(st.characters(exclude_categories=["Cs"]))
def test_a_character(char: str) -> None:
    assert first(char.encode()) == (ord(char), len(char.encode()))


@given(st.binary(min_size=1, max_size=4))
def test_other_bytes_are_some_code_point(data: bytes) -> None:
    point, size = first(data)
    assert 0 <= point <= 0x10FFFF and 1 <= size <= 4


@pytest.mark.parametrize("data", [b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xff\xff\xff\xff"])
def test_beyond_the_last_code_point(data: bytes) -> None:
    assert first(data) == (0x10FFFF, 4)
