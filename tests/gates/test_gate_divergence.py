"""Gate: which sentences of documents made from real lines the other document says, by a seed of 2,000 lines.

The language is none of those on which anything was chosen. What is said in part is told badly (F1 below 0.5), so that
only the same and the new have floors. Foldings are given here, as choosing them takes most of the time; the page has
the figures with foldings that are chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from weft.parallel.lexicon import Folding

from . import alignments, divergent

FLOORS = {"hau_Latn": (0.90, 0.64)}
"""F1 of the same and of the new, of sentences of either side."""


@pytest.mark.parametrize("language", FLOORS)
def test_divergence(language: str, data_dir: Path, record_property: Callable[[str, object], None]) -> None:
    pairs = alignments.lines(data_dir, "tico19")[language]
    made = divergent.learnt(pairs, ("eng_Latn", language), foldings=(Folding(), Folding()))
    found = divergent.confusions(made, pairs)
    for side, name in enumerate(("eng_Latn", language)):
        values, (low, high) = divergent.scores(np.sum(found, axis=0)[side]), divergent.interval(found, side)
        for n, label in enumerate(("same", "inferable", "new", "macro_f1")):
            record_property(f"{name} {label}", f"{values[n]:.3f} ({low[n]:.3f}-{high[n]:.3f})")
        counts = np.sum(found, axis=0)[side][divergent.SAME]
        record_property(f"{name} same called so", f"{counts[divergent.SAME] / counts.sum():.3f} of 0.9 wanted")
        assert values[0] >= FLOORS[language][0] and values[2] >= FLOORS[language][1]
