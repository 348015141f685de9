"""Scores of pairs against the formulas written out in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.parallel.bitexts import bitext

from weft.parallel.lexicon import Lexicon, Side, train
from weft.text.translated import FEATURES


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return train(*bitext(80), ("eng_Latn", "swh_Latn"))


def _cell(lexicon: Lexicon, direction: int, given: int, made: int) -> float:
    cells = lexicon.cells[direction]
    held = slice(cells.starts[given], cells.starts[given + 1])
    at = np.flatnonzero(cells.target[held] == made)
    return float(cells.value[held][at[0]]) if len(at) else 0.0


def _plain(lexicon: Lexicon, source: Side, target: Side, direction: int, n: int, m: int) -> list[float]:
    """FEATURES of text `m` given text `n`, for direction 0; of text `n` given `m` for 1."""
    given, made = (source, target) if direction == 0 else (target, source)
    one, other = (n, m) if direction == 0 else (m, n)
    words = [
        side.numbers[side.tokens.starts[k] : side.tokens.starts[k + 1]] for side, k in ((given, one), (made, other))
    ]
    hashes = [
        side.tokens.hashes[side.tokens.starts[k] : side.tokens.starts[k + 1]]
        for side, k in ((given, one), (made, other))
    ]
    usual = lexicon.vocabularies[1 - direction].background
    total, covered, unknown = 0.0, [], 0
    for f, mark in zip(words[1], hashes[1], strict=True):
        chances = [_cell(lexicon, direction, int(e), int(f)) if e and f else 0.0 for e in words[0]]
        same = int((hashes[0] == mark).sum())
        found = (_cell(lexicon, direction, 0, int(f)) if f else 0.0) + sum(chances) + (same if f == 0 else 0)
        total += math.log((0.9 * found / (len(words[0]) + 1) + 0.1 * usual[f]) / usual[f])
        covered.append(max(chances, default=0.0) >= 0.05 or same > 0)
        unknown += f == 0 and not same
    size, run, longest = len(covered), 0, 0
    for one_covered in covered:
        run = 0 if one_covered else run + 1
        longest = max(longest, run)
    tail = covered[size - max(1, (size + 2) // 3) :]
    return [total / size, sum(covered) / size, longest / size, sum(tail) / len(tail), unknown / size]


def test_features_are_those_of_the_formulas(lexicon: Lexicon) -> None:
    source, target = bitext(30, seed=9)
    source[4], target[4] = f"{source[4]} Nairobi 77", f"Nairobi {target[4]}"
    sides = lexicon.side(0, source), lexicon.side(1, target)
    rows = np.array([0, 4, 4, 17, 29, 3], np.int64)
    columns = np.array([0, 4, 5, 17, 2, 4], np.int64)
    found = lexicon.features(*sides, rows, columns)
    for k, (n, m) in enumerate(zip(rows, columns, strict=True)):
        wanted = _plain(lexicon, *sides, 0, n, m) + _plain(lexicon, *sides, 1, n, m)
        assert found[k].tolist() == pytest.approx(wanted, abs=2e-4), (n, m)


def _plain_links(lexicon: Lexicon, source: Side, target: Side, n: int) -> list[float]:
    """`linked.FEATURES` of pair `n`, by the matrices of both directions."""
    words, hashes = (
        [held[slice(*side.tokens.starts[n : n + 2])] for side in (source, target)
         for held in (side.numbers if what == "numbers" else side.tokens.hashes,)]
        for what in ("numbers", "hashes")
    )  # fmt: skip
    there = np.array([[_cell(lexicon, 0, e, f) if e and f else 0.0 for f in words[1]] for e in words[0]])
    back = np.array([[_cell(lexicon, 1, f, e) if e and f else 0.0 for f in words[1]] for e in words[0]])
    same = (hashes[0][:, None] == hashes[1]) & ((words[0][:, None] == 0) | (words[1] == 0))
    there[same] = back[same] = 1.0
    null = [np.array([_cell(lexicon, k, 0, w) if w else 0.0 for w in words[1 - k]]) for k in range(2)]
    made, given = there / (there.sum(0) + null[0] + 1e-6), back / (back.sum(1) + null[1] + 1e-6)[:, None]
    both = made * given
    sizes = both.shape
    places = [(np.arange(size) + 0.5) / size for size in sizes]
    ends = [both.sum(1 - k)[sizes[k] - math.ceil(sizes[k] / 4) :].sum() for k in range(2)]
    return [
        *(made.sum() / sizes[0], given.sum() / sizes[1], both.sum() / sizes[0], both.sum() / sizes[1]),
        *((end + 0.25) / (both.sum() + 1) for end in ends),
        (both * (places[1] - places[0][:, None])).sum() / (both.sum() + 0.5),
        max(there[-1, -1], back[-1, -1]),
    ]


def test_links_are_those_of_the_formulas(lexicon: Lexicon) -> None:
    source, target = bitext(30, seed=9)
    source[4], target[4] = f"{source[4]} Nairobi 77", f"Nairobi {target[4]} 77"
    target[5] = target[5][: len(target[5]) // 2]
    sides = lexicon.side(0, source), lexicon.side(1, target)
    rows = np.arange(30)
    found = lexicon.linked(*sides)
    assert np.array_equal(found[:, :10], lexicon.features(*sides, rows, rows))
    for n in range(30):
        assert found[n, 10:].tolist() == pytest.approx(_plain_links(lexicon, *sides, n), abs=2e-4), n


def test_empty_texts_say_nothing(lexicon: Lexicon) -> None:
    sides = lexicon.side(0, ["", "bakeba"]), lexicon.side(1, ["toltol", ""])
    found = lexicon.features(*sides, np.array([0, 1, 0]), np.array([0, 1, 1]))
    assert not found.any() and found.shape == (3, 2 * len(FEATURES))
    assert not lexicon.linked(*sides).any()
