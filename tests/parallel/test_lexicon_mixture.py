"""Two lexicons as one: means by how often each has met a word, and words that only one of them has."""

from __future__ import annotations

import numpy as np
import pytest
from tests.parallel.bitexts import bitext, word

from weft.parallel.lexicon import Folding, Lexicon, train
from weft.parallel.lexicon_mixture import mixed

LANGUAGES = ("eng_Latn", "swh_Latn")


def probability(lexicon: Lexicon, direction: int, given: str, other: str) -> float:
    """t(other | given)."""
    numbers = [
        int(lexicon.side(side, [text]).numbers[0])
        for side, text in ((direction, given), (1 - direction, other))
    ]  # fmt: skip
    cells = lexicon.cells[direction]
    row = slice(cells.starts[numbers[0]], cells.starts[numbers[0] + 1])
    at = np.flatnonzero(cells.target[row] == numbers[1])
    return float(cells.value[row][at[0]]) if len(at) and numbers[1] else 0.0


def test_probabilities_are_means_by_count() -> None:
    one = train(["a b", "a b", "a c"], ["x y", "x y", "x z"], LANGUAGES)
    other = train(["a d"], ["w v"], LANGUAGES)
    both = mixed(one, other)
    for direction, given, seen in ((0, "a", 0.75), (1, "x", 1.0), (0, "b", 1.0), (0, "d", 0.0)):
        for text in ("x", "y", "z", "w", "v") if direction == 0 else ("a", "b", "c", "d"):
            parts = [probability(held, direction, given, text) for held in (one, other)]
            wanted = seen * parts[0] + (1 - seen) * parts[1]
            assert probability(both, direction, given, text) == pytest.approx(wanted, abs=1e-6)
    assert both.vocabularies[0].counts.sum() == 8 and sorted(both.vocabularies[1].forms.to_pylist()) == list("vwxyz")
    numbers = both.side(0, ["a"]).numbers
    assert both.vocabularies[0].counts[numbers - 1].tolist() == [4]


def test_a_mixture_knows_what_either_knows() -> None:
    source, target = bitext(400)
    half = train(source[:200], target[:200], LANGUAGES)
    own = train([f"solo {text}" for text in source[200:]], [f"einzig {text}" for text in target[200:]], LANGUAGES)
    both = mixed(half, own)
    assert probability(both, 0, "solo", "einzig") == pytest.approx(probability(own, 0, "solo", "einzig"), abs=1e-6)
    for n in (3, 50, 111):
        assert probability(both, 1, word(n, 1), word(n, 0)) > 0.5
    again = mixed(half, half)
    assert all(np.allclose(a.value, b.value) for a, b in zip(again.cells, half.cells, strict=True))
    with pytest.raises(ValueError, match="expected the same"):
        mixed(half, train(source, target, LANGUAGES, (Folding(prefix=4), Folding())))


def test_turned_is_the_other_direction() -> None:
    source, target = bitext(150)
    one, other = train(source, target, LANGUAGES).turned(), train(target, source, LANGUAGES[::-1])
    assert one.languages == other.languages
    sides = [(held.side(0, target), held.side(1, source)) for held in (one, other)]
    rows = np.arange(len(source))
    assert np.array_equal(one.scores(*sides[0], rows, rows), other.scores(*sides[1], rows, rows))
