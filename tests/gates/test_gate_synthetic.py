"""Gates of synthetic records refuse planted faults and keep trusted translations, in seven languages of seven scripts.

Trusted text, what was tuned on and what is tested lie in different blocks of lines. The table of all languages is in
docs/synthesis-gates.md (`benchmarks/synthetic_gates.py`); this is a sample of it. A floor is only raised.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gates.planted_records import Corpus, Tally, corpora, measured, sib200

pytestmark = pytest.mark.slow
LOSS = 0.05
FLOORS = {
    **dict.fromkeys(("near language", "far language", "English", "copy", "contamination"), 0.99),
    **{"truncation": 0.97, "loop": 0.97, "number changed": 0.95},
}
NUMBERS = {"tico19/tam_Taml": 0.98, "tico19/tir_Ethi": 0.98, "tico19/khm_Khmr": 0.98, "oldi_seed/bho_Deva": 0.98}
"""Floors for changed numbers; Tamil writes names twice, with their numbers."""
ITEMS = 200
LANGUAGES = {
    "oldi_seed": ("bho_Deva", "lij_Latn", "nqo_Nkoo"),
    "tico19": ("ckb_Arab", "khm_Khmr", "tam_Taml", "tir_Ethi"),
}


@pytest.fixture(scope="module")
def tallies(data_dir: Path) -> dict[str, list[Tally]]:
    chosen: list[Corpus] = [
        each for each in corpora(data_dir, tuple(LANGUAGES)) if each.language in LANGUAGES[each.name]
    ]
    return measured(chosen, sib200(data_dir), "test", most=ITEMS + 20, teach=2_000)


def test_planted_faults_are_refused_in_every_language(tallies: dict[str, list[Tally]]) -> None:
    assert len(tallies) == 7
    missed = {
        (language, each.fault): round(each.share, 3)
        for language, held in tallies.items()
        for each in held
        if each.fault != "none" and each.share < FLOORS[each.fault]
    }
    assert not missed
    number = {name: next(each.share for each in tallies[name] if each.fault == "number changed") for name in NUMBERS}
    assert {name: share for name, share in number.items() if share < NUMBERS[name]} == {}
    sizes = {each.fault: 0 for held in tallies.values() for each in held}
    for held in tallies.values():
        for each in held:
            sizes[each.fault] += each.of >= ITEMS
    assert all(count == 7 for fault, count in sizes.items() if fault not in ("number changed",)), sizes


def test_trusted_text_that_taught_nothing_is_kept(tallies: dict[str, list[Tally]]) -> None:
    lost = {language: next(each.share for each in held if each.fault == "none") for language, held in tallies.items()}
    assert {language: share for language, share in lost.items() if share > LOSS} == {}
