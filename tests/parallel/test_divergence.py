"""Labels of divergence in documents of made-up languages: what is dropped is new, what is halved is said in part."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.parallel.bitexts import bitext

from weft.errors import WeftError
from weft.parallel.alignment import document
from weft.parallel.divergence import Divergence, learn
from weft.parallel.divergence_examples import INFERABLE, NEW, SAME, Rates, comparable, half

CODES = ("qaa_Latn", "qab_Latn")


@pytest.fixture(scope="module")
def made() -> Divergence:
    return learn(*bitext(600), CODES, keep=0.95)


def test_labels_of_documents_that_are_partly_the_same(made: Divergence) -> None:
    found: list[Counter[tuple[int, int]]] = [Counter(), Counter()]
    source, target = bitext(160, seed=7)
    for begin in range(0, 160, 40):
        own = comparable(source[begin : begin + 40], target[begin : begin + 40], np.random.default_rng(begin))
        for side, said in enumerate(made.label(document(own.texts[0]), document(own.texts[1]))):
            assert len(said.label) == len(own.texts[side])
            found[side].update(zip(own.labels[side], said.label.tolist(), strict=True))
    for counts in found:
        for label, least in ((SAME, 0.9), (INFERABLE, 0.6), (NEW, 0.85)):
            own = sum(count for (known, _), count in counts.items() if known == label)
            assert own > 12 and counts[label, label] / own >= least, counts


def test_a_text_beside_nothing_is_new_and_beside_its_translation_the_same(made: Divergence) -> None:
    source, target = bitext(30, seed=9)
    one, other = made.label(document(source), document([]))
    assert set(one.label.tolist()) == {NEW} and not len(other.label) and not one.size.any()
    one, other = made.label(document(source), document(target))
    assert np.mean(one.label == SAME) > 0.9 and np.mean(other.label == SAME) > 0.9
    assert one.begin.tolist() == list(range(30)) and set(one.size.tolist()) == {1}


def test_learning_says_how_it_does_and_is_the_same_each_time(made: Divergence) -> None:
    again = learn(*bitext(600), CODES, keep=0.95)
    for side in range(2):
        assert np.array_equal(made.weights[side], again.weights[side]) and made.least[side] == again.least[side]
        counts = made.confusion[side]
        assert abs(counts[SAME, SAME] / counts[SAME].sum() - 0.95) < 0.01
    with pytest.raises(WeftError, match="299 pairs; expected 300"):
        learn(*bitext(299), CODES)


def test_documents_that_are_made_say_what_they_lack() -> None:
    source, target = [f"a{n} b{n} c{n} d{n}" for n in range(300)], [f"e{n} f{n} g{n} h{n}" for n in range(300)]
    own = comparable(source, target, np.random.default_rng(3), Rates(0.3, 0.3, 0.1))
    for side in range(2):
        there = " ".join(own.texts[1 - side]).split()
        letters = ("efgh", "abcd")[side]
        for text, label in zip(own.texts[side], own.labels[side], strict=True):
            numbers = [(word[0], word[1:]) for word in text.split()]
            place = {letter: n for n, letter in enumerate("abcdefgh"[4 * side : 4 * side + 4])}
            said = [letters[place[letter]] + number in there for letter, number in numbers]
            # Halves are of the same words on both sides here, so that what is said can be looked up.
            assert label == (SAME if all(said) else INFERABLE if any(said) else NEW)
    assert half("one two three four", end=True) == "three four" and half("a", end=False) is None
