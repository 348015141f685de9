"""Gate: sentences of documents made from real parallel lines, with half of the lines merged, split, inserted, deleted.

Strict F1 for each language by itself, without embeddings; beside it what lengths alone find. The languages are none of
those on which weights were chosen; `benchmarks/alignment.py` measures all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from . import alignments

FLOORS = {
    # source, language: without a seed, with a seed
    ("tico19", "zul_Latn"): (0.96, 0.97),
    ("tico19", "khm_Khmr"): (0.95, 0.97),
    ("tico19", "kin_Latn"): (0.93, 0.93),
    ("oldi", "nqo_Nkoo"): (0.94, 0.96),
    ("oldi", "dzo_Tibt"): (0.86, 0.90),
    ("nusax", "bbc_Latn"): (0.97, 0.97),
}
PAGES = {"lug_Latn": (0.72, 0.72), "por_Latn": (0.90, 0.90)}
"""Stories by page, as above."""


def found(counts: list[tuple[int, int, int]], name: str, record: Callable[[str, object], None]) -> float:
    value = alignments.f1(tuple(np.sum(counts, axis=0)))
    low, high = alignments.interval(counts)
    record(name, f"{value:.3f} ({low:.3f}-{high:.3f})")
    return value


@pytest.mark.parametrize(("source", "language"), FLOORS)
def test_sentences_of_documents(
    source: str, language: str, data_dir: Path, record_property: Callable[[str, object], None]
) -> None:
    pairs = alignments.lines(data_dir, source)[language]
    seed, made = alignments.documents(pairs, source, alignments.HEAVY)
    values = {
        mode: found(alignments.counted(made, seed, mode), mode, record_property)
        for mode in ("lengths", "no seed", "seed")
    }
    least = FLOORS[source, language]
    assert values["no seed"] >= least[0] and values["seed"] >= least[1]
    assert values["no seed"] > values["lengths"] + 0.1


@pytest.mark.parametrize("language", PAGES)
def test_pages_of_stories(language: str, data_dir: Path, record_property: Callable[[str, object], None]) -> None:
    seed, made, more = alignments.story_documents(alignments.stories(data_dir)[language], alignments.HEAVY)
    values = {
        mode: found(alignments.counted(made, seed, mode, more), mode, record_property)
        for mode in ("lengths", "no seed", "seed")
    }
    assert values["no seed"] >= PAGES[language][0] and values["seed"] >= PAGES[language][1]
    assert values["no seed"] > values["lengths"]
