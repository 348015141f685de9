"""Features of short texts against the same written in plain Python."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.hashing import mix
from weft.text.jit import I32, I64_IN, U8_IN, U32, U32_IN, kernel, types
from weft.text.ngrams import LONGEST_WORD, WIDEST, WORD_FROM, features, letters, read_letters

MASK = (1 << 64) - 1
PRIME, SEED = 0x9E3779B97F4A7C15, 0x5851F42D4C957F2D


@kernel(types.int64(U8_IN, I64_IN, U32_IN, types.int64, types.uint64, U32, I32, I32))
def _both(data, offsets, table, most, shift, read, numbers, counts):  # type: ignore[no-untyped-def]
    size, found = read_letters(data, offsets[0], offsets[1], table, read, most)
    counts[0], counts[1] = size, found
    return features(read, size, shift, numbers)


def ours(text: str, most: int = 500) -> tuple[str, int, list[int]]:
    """Letters read, how many are no spaces, and numbers of 20 bits."""
    data = np.frombuffer(text.encode(), np.uint8) if text else np.empty(0, np.uint8)
    read, numbers = np.empty(most + 8, np.uint32), np.empty((most + 8) * (WIDEST + 1), np.int32)
    counts = np.empty(2, np.int32)
    found = _both(data, np.array([0, len(data)]), letters(), most, np.uint64(44), read, numbers, counts)
    return "".join(map(chr, read[: counts[0]])), int(counts[1]), numbers[:found].tolist()


def one_hash(text: str, seed: int = 0) -> int:
    value = 0
    for char in text:
        value = ((value + ord(char)) * PRIME) & MASK
    return int(mix.py_func(np.uint64(value ^ seed))) >> 44


def expected(read: str) -> list[int]:
    """Every n-gram within a word and its spaces, in order of where it begins, and whole words where they end."""
    found, word = [], ""
    for start, char in enumerate(read):
        if char == " ":
            if WORD_FROM <= len(word) <= LONGEST_WORD:
                found.append(one_hash(word, SEED))
            word = ""
        else:
            word += char
        for stop in range(start + 1, min(start + WIDEST, len(read)) + 1):
            gram = read[start:stop]
            if gram != " ":
                found.append(one_hash(gram))
            if gram[-1] == " " and len(gram) > 1:
                break
    return found


@given(st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=80))
def test_any_text_gives_the_features_that_the_formula_gives(text: str) -> None:
    with np.errstate(over="ignore"):
        read, count, numbers = ours(text)
        assert read.startswith(" ") and read.endswith(" ") and "  " not in read
        assert count == len(read.replace(" ", ""))
        assert numbers == expected(read)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Habari, ZA leo!", " habari za leo "),
        ("", " "),
        ("12 %", " "),
        ("it’s ʻokina", " it's 'okina "),
        ("ΤΗΣ", " τησ "),
        ("نمی\u200cخواهم", " نمی\u200cخواهم "),
        ("a\u200bb", " ab "),
        ("क्षि १२", " क्षि "),
    ],
)
def test_what_is_read(text: str, read: str) -> None:
    assert ours(unicodedata.normalize("NFC", text))[0] == read


def test_no_more_is_read_than_asked() -> None:
    read, count, _ = ours("abcdefghij " * 20, most=20)
    assert len(read) == 21 and count <= 20


def test_a_long_run_without_spaces_has_no_word() -> None:
    with np.errstate(over="ignore"):
        short: npt.NDArray[np.int32] = np.array(ours("ก" * LONGEST_WORD)[2])
        assert one_hash("ก" * LONGEST_WORD, SEED) in short
        assert one_hash("ก" * (LONGEST_WORD + 1), SEED) not in ours("ก" * (LONGEST_WORD + 1))[2]
