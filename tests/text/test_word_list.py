"""Words of a list, against sets in plain Python."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import Strings, string_buffers
from weft.text.word_list import count_words, keys_of


def strings(*texts: str | None) -> Strings:
    return string_buffers(pa.array(texts, pa.large_string()))


def keys(words: list[str], label: int) -> np.ndarray:
    return keys_of(strings(*words), np.full(len(words), label, np.int32))[0]


LISTS = {0: ["watu", "mji"], 1: ["mji", "ñandé"]}
KEYS = np.unique(np.concatenate([keys(words, label) for label, words in LISTS.items()]))


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("Watu, WATU na mji!", 0, (4, 3)),
        ("Watu, WATU na mji!", 1, (4, 1)),
        ("ÑANDÉ ñandé-ñandé x", 1, (4, 3)),
        ("mji", -1, (0, 0)),
        ("watumji", 0, (1, 0)),
        ("wa\u00adtu wa\u200btu", 0, (2, 2)),  # a soft hyphen and a zero-width space are not read
        ("12 % 👍", 0, (0, 0)),
        ("", 0, (0, 0)),
        (None, 0, (0, 0)),
        ("m" * 2_000_000 + " watu", 0, (2, 1)),
    ],
)
def test_words_and_hits(text: str | None, label: int, expected: tuple[int, int]) -> None:
    found = count_words(strings("mji", text, "mji"), np.array([0, label, 1], np.int32), KEYS)
    assert tuple(found[1].tolist()) == expected
    assert found[[0, 2]].tolist() == [[1, 1], [1, 1]]


def test_no_list_holds_nothing() -> None:
    assert count_words(strings("watu"), np.zeros(1, np.int32), np.empty(0, np.uint64)).tolist() == [[1, 0]]


def test_what_is_one_word() -> None:
    words = ["watu", "l'eau", "", "12", "mji mji", " mji ", "x" * 41, "x" * 40, None]
    _, one = keys_of(strings(*words), np.zeros(len(words), np.int32))
    assert one.tolist() == [True, True, False, False, False, True, False, True, False]
