"""What is no text at all: no words, no script that has most of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.language.shape import is_in_words, is_of_one_script
from weft.text.buffers import string_buffers


def words(*given: tuple[str, int, str]) -> list[bool]:
    texts, letters, script = zip(*given, strict=True)
    column = string_buffers(pa.array(texts, pa.large_string()))
    return is_in_words(column, np.array(letters, np.int32), np.array(script, object)).tolist()


@pytest.mark.parametrize(
    ("text", "script", "plain"),
    [
        ("x" * 40, "Latn", True),
        ("x" * 41, "Latn", False),
        ("x" * 41 + " ab", "Latn", True),
        ("ж" * 300, "Cyrl", False),
        ("漢" * 300, "Hani", True),
        ("ก" * 300, "Thai", True),
        ("rindfleischetikettierungs" * 3 + " das ist es ja", "Latn", True),
        ("", "Zyyy", True),
    ],
)
def test_words(text: str, script: str, plain: bool) -> None:
    letters = sum(map(str.isalpha, text))
    assert words((text, letters, script)) == [plain]
    around = ("ein satz", 7, "Latn")
    assert words(around, (text, letters, script), around) == [True, plain, True]
    assert words((text, letters, script), around, (text, letters, script)) == [plain, True, plain]


def test_no_texts() -> None:
    nothing = string_buffers(pa.array([], pa.large_string()))
    assert len(is_in_words(nothing, np.empty(0, np.int32), np.empty(0, object))) == 0


def test_half_of_the_letters_is_enough() -> None:
    share = np.array([1.0, 0.5, 0.49, 0.0], np.float32)
    found = is_of_one_script(share, np.array(["Latn", "Latn", "Latn", "Zyyy"], object))
    assert found.tolist() == [True, True, False, True]
