"""Gate: the translation of a retrieved text is nearer to the true one than that of a random text, in each language.

Words or characters were chosen on other lines of TICO-19 (docs/synthesis-shots.md); every fourth line of the
test part is asked for here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import shots
from .pair_sets import pair_sets

LANGUAGES = ("ben_Beng", "hau_Latn", "khm_Khmr", "mya_Mymr", "swh_Latn", "tam_Taml", "tir_Ethi", "urd_Arab", "zul_Latn")
FLOOR = 2.0
"""What the lower end of the interval of the difference is above, in points of chrF."""


@pytest.fixture(scope="module")
def sets(data_dir: Path) -> dict[str, object]:
    return {held.languages[1]: held for held in pair_sets(data_dir, ("tico19",)) if held.languages[1] in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("from_english", [True, False])
def test_shots(
    language: str, from_english: bool, sets: dict[str, object], record_property: Callable[[str, object], None]
) -> None:
    held = sets[language]
    sides = (held.source, held.target) if from_english else (held.target, held.source)  # type: ignore[attr-defined]
    pool, asked = shots.parts(*sides, test=True)
    found = shots.compare(pool, [side.gather_every(4) for side in asked])
    for name, one in found.items():
        record_property(name, f"{one.retrieved:.1f} - {one.random:.1f} = {one.more:.1f} ({one.low:.1f}-{one.high:.1f})")
        assert one.low > FLOOR
