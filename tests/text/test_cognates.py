"""Words that are written alike, in one script or in two."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import string_buffers
from weft.text.cognates import alike, sounds
from weft.text.tokens import tokens


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("Ἀγαμέμνων", "Agamemnon", 1.0),
        ("Κλυταιμνήστρης", "Clytemnestra", 7 / 9),  # KLTMNSTRS and CLTMNSTR
        ("Νестор", "Nestor", 1.0),
        ("abc", "abc", 0.0),  # too short to tell
        ("άλλος", "table", 0.0),
        ("aeiou", "aeiou", 0.0),
    ],
)
def test_likeness(one: str, other: str, share: float) -> None:
    sides = [string_buffers(pa.array(["x", word], pa.large_string())) for word in (one, other)]
    at = np.array([1], np.int32)
    assert alike(*sides, at, at)[0] == pytest.approx(share, abs=1e-6)


def heard(text: str) -> list[int]:
    held = string_buffers(pa.array([text], pa.large_string()))
    found = tokens(held, fold_marks=True)
    return sounds(held.data, found, np.ones(len(found.kinds), np.bool_)).tolist()


@pytest.mark.parametrize("other", ["ሎፒናቪር", "लोपिनाविर", "لوپیناویر", "лопинавир", "Lopinaviri"])
def test_names_sound_alike_in_any_script(other: str) -> None:
    assert heard("lopinavir") == heard(other) != [0]


def test_what_sounds_alike_by_chance_says_nothing() -> None:
    assert heard("go Oman 2024 ! ญี่ปุ่น") == [0] * len(heard("go Oman 2024 ! ญี่ปุ่น"))
    assert heard("lopinavir") != heard("ritonavir") and heard("coronavirus") != heard("corona")
    assert heard("kerala") == heard("ꯀꯦꯔꯥꯂꯥ") != [0]  # letters of scripts whose names tell their sound


def test_only_words_that_are_wanted_are_heard() -> None:
    held = string_buffers(pa.array(["lopinavir", None, "lopinavir lopinavir"], pa.large_string()))
    found = tokens(held, fold_marks=True)
    first, second, third = sounds(held.data, found, np.array([True, False, True])).tolist()
    assert first == third != 0 and second == 0
