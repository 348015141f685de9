"""Words that are written alike, in one script or in two."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import string_buffers
from weft.text.cognates import alike


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
