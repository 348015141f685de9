"""Vectors learnt from pairs: translations are near, other sentences are not, unknown texts are nowhere."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from weft.parallel.candidates import Best, Pairs
from weft.parallel.lexicon import Folding
from weft.parallel.seed_vectors import SeedVectors, alike, learn_vectors
from weft.text.latent import whole_cosines

FOLDINGS = (Folding(), Folding())


def inflected(count: int, draw: random.Random) -> tuple[pl.Series, pl.Series]:
    """Sentences and their words backwards, each with one of many endings: hardly a word comes twice."""
    stems = ["".join(draw.choices("bdfgklmnprst", k=3)) + vowel for vowel in "aeiou" for _ in range(12)]
    source = [draw.choices(stems, k=6) for _ in range(count)]
    target = [[word[::-1] * 2 + "".join(draw.choices("aeiou", k=5)) for word in line] for line in source]
    return pl.Series([" ".join(line) for line in source]), pl.Series([" ".join(line) for line in target])


@pytest.fixture(scope="module")
def held() -> tuple[SeedVectors, pl.Series, pl.Series]:
    source, target = inflected(500, random.Random(4))
    return learn_vectors(source[:400], target[:400], FOLDINGS), source[400:], target[400:]


def test_characters_find_translations_whose_words_were_never_met(
    held: tuple[SeedVectors, pl.Series, pl.Series],
) -> None:
    vectors, source, target = held
    sides = [vectors.side(n, texts, 1) for n, texts in enumerate((source, target))]
    every = np.divmod(np.arange(100 * 100), 100)
    found = [whole_cosines(sides[0][kind], sides[1][kind], *every).reshape(100, 100) for kind in range(2)]
    first = [(one.argmax(1) == np.arange(100)).mean() for one in found]
    assert first[1] > 0.8 > first[0]


def test_the_same_on_any_number_of_threads_and_unknown_texts_are_nowhere(
    held: tuple[SeedVectors, pl.Series, pl.Series], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weft.parallel.seed_vectors._BLOCK", 7)
    vectors, source, _ = held
    texts = pl.concat([source, pl.Series(["", "123 !", "жжж"])])
    one, three = vectors.side(0, texts, 1), vectors.side(0, texts, 3)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, three, strict=True))
    assert not one[0][-3:].any() and one[1][:-3].any(1).all()
    again = learn_vectors(*inflected(500, random.Random(4)), FOLDINGS)
    assert again.side(0, source, 1)[1].shape == one[1][:100].shape
    empty = vectors.side(0, source[:0], 2)
    assert [side.shape for side in empty] == [(0, 200), (0, 200)]


def test_the_margin_is_over_the_neighbours_of_both_sides(held: tuple[SeedVectors, pl.Series, pl.Series]) -> None:
    vectors, source, target = held
    texts = np.tile(np.arange(6, dtype=np.int32), (100, 1))
    texts[:, 5] = -1
    best = Best(texts, np.zeros(texts.shape, np.float32))
    near = alike(vectors, (source, target), (best, best), 1)
    rows, columns = np.array([3, 9]), np.array([3, 50])
    nothing = np.zeros(2, np.float32)
    seen = near.features(Pairs(rows, columns, nothing, nothing, nothing, nothing))
    sides = [vectors.side(n, side, 1)[0] for n, side in enumerate((source, target))]
    for n, (row, column) in enumerate(zip(rows, columns, strict=True)):
        own = whole_cosines(sides[0], sides[1], np.full(5, row), np.arange(5))
        back = whole_cosines(sides[0], sides[1], np.arange(5), np.full(5, column))
        usual = (np.sort(own)[1:].mean() + np.sort(back)[1:].mean()) / 2
        assert seen[n, 1] == pytest.approx(seen[n, 0] - usual, abs=1e-6)
