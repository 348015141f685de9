"""Sums over runs, cheapest ways and probabilities of beads against the same written out in plain Python."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from weft.text import agreement, beads
from weft.text.agreement import Table, Words, band
from weft.text.beads import Costs, Sizes

SHAPES = np.array([(1, 1), (1, 0), (0, 1), (2, 1), (1, 2), (2, 2)], np.int64)
VOCABULARY = 6


def _words(draw: random.Random, sentences: int) -> Words:
    held = [[draw.randrange(VOCABULARY) for _ in range(draw.randint(0, 4))] for _ in range(sentences)]
    starts = np.cumsum([0, *map(len, held)]).astype(np.int64)
    flat = np.array([word for sentence in held for word in sentence], np.int32)
    same = np.where(flat == VOCABULARY - 1, flat, -1).astype(np.int32)
    return Words(starts, np.where(flat == VOCABULARY - 1, -1, flat).astype(np.int32), flat, same)


def _table(draw: random.Random) -> Table:
    rows = [[(f, draw.random()) for f in range(VOCABULARY) if draw.random() < 0.5] for _ in range(VOCABULARY)]
    starts = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    target = np.array([f for row in rows for f, _ in row], np.int32)
    value = np.array([v for row in rows for _, v in row], np.float32)
    null, usual, belief = (np.array([draw.uniform(0.1, 0.9) for _ in range(VOCABULARY)], np.float32) for _ in range(3))
    return Table(starts, target, value, null, usual, belief)


def _said(table: Table, given: Words, told: Words, first: int, last: int, sentence: int) -> float:
    """What sentences `first` to `last` (exclusive) say of one sentence, by the formula."""
    own = range(given.starts[first], given.starts[last])
    total = 0.0
    for at in range(told.starts[sentence], told.starts[sentence + 1]):
        f = told.told[at]
        found = float(table.null[f])
        for e in own:
            if given.words[e] >= 0:
                row = slice(table.starts[given.words[e]], table.starts[given.words[e] + 1])
                found += sum(table.value[row][table.target[row] == f].tolist())
            found += given.same[e] == f
        trust = float(table.belief[f])
        total += math.log(trust * found / (len(own) + 1) / float(table.usual[f]) + 1 - trust)
    return total


@pytest.mark.parametrize("across", [False, True])
def test_what_runs_say_is_the_formula(across: bool) -> None:
    draw = random.Random(3)
    one, other, table = _words(draw, 7), _words(draw, 6), _table(draw)
    places = band(np.array([0, 0, 0, 1, 1, 2, 3, 4]), np.array([2, 3, 4, 5, 6, 6, 6, 6]))
    given, told = (other, one) if across else (one, other)
    found = agreement.agreement(table, given, told, places, 3, across=across)
    compared = 0
    for i in range(1, 8):
        for j in range(max(places.low[i], 1), places.high[i] + 1):
            end, sentence = (j, i - 1) if across else (i, j - 1)
            for depth in range(1, min(3, end) + 1):
                cell = places.begin[i] + j - places.low[i]
                wanted = _said(table, given, told, end - depth, end, sentence)
                assert found[depth - 1, cell] == pytest.approx(wanted, abs=1e-4)
                compared += 1
    assert compared > 60


def _prices(draw: random.Random, rows: int, columns: int) -> tuple[agreement.Band, np.ndarray]:
    low = np.zeros(rows + 1, np.int64)
    places = band(low, low + columns)
    prices = np.full((places.size, len(SHAPES)), np.inf, np.float32)
    for i in range(rows + 1):
        for j in range(columns + 1):
            for k, (a, b) in enumerate(SHAPES.tolist()):
                if i >= a and j >= b:
                    prices[places.begin[i] + j, k] = draw.uniform(0.1, 4)
    return places, prices


def _ways(places: agreement.Band, prices: np.ndarray, i: int, j: int) -> list[tuple[float, list[tuple[int, ...]]]]:
    """Every way to a place: its cost and beads."""
    if i == j == 0:
        return [(0.0, [])]
    found = []
    for k, (a, b) in enumerate(SHAPES.tolist()):
        if i >= a and j >= b:
            price = float(prices[places.begin[i] + j, k])
            for cost, way in _ways(places, prices, i - a, j - b):
                found.append((cost + price, [*way, (i - a, a, j - b, b)]))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_way_is_the_cheapest_and_its_beads_have_their_probabilities(seed: int) -> None:
    places, prices = _prices(random.Random(seed), 4, 3)
    ways = _ways(places, prices, 4, 3)
    cost, wanted = min(ways)
    found = beads.cheapest(SHAPES, places, prices, 0.5)
    assert [tuple(bead) for bead in found.beads.tolist()] == wanted
    assert found.cost == pytest.approx(cost, abs=1e-5)
    whole = sum(math.exp(-way[0] / 0.5) for way in ways)
    for bead, chance in zip(wanted, found.probabilities, strict=True):
        held = sum(math.exp(-way[0] / 0.5) for way in ways if bead in way[1])
        assert chance == pytest.approx(held / whole, abs=1e-5)


def test_prices_are_priors_lengths_words_and_ends_of_paragraphs() -> None:
    sizes = Sizes(np.array([0.0, 10, 30]), np.array([0, 0, 1])), Sizes(np.array([0.0, 24, 33]), np.array([0, 0, 0]))
    places = band(np.zeros(3, np.int64), np.full(3, 2))
    said = np.arange(2 * places.size, dtype=np.float32).reshape(2, -1)
    costs = Costs(SHAPES, np.arange(6.0), 1.1, 6.8, 0.5, 0.25, 0.125, 3.0)
    prices = beads.priced(costs, *sizes, places, said, said)
    z = abs(33 - 1.1 * 30) / math.sqrt(6.8 * 30)
    lengths = -math.log(math.erfc(z / math.sqrt(2)))
    # Two with two that end at (2, 2): sentences 2 and 1 of the second side given both, and those of the first.
    words = 0.25 * (said[1, 8] + said[1, 7]) + 0.125 * (said[1, 8] + said[1, 5])
    assert prices[8, 5] == pytest.approx(5 + 0.5 * lengths - words + 3.0, abs=1e-5)
    assert prices[0].tolist() == [math.inf] * 6
    assert prices[1, 2] == 2.0 and prices[1, 0] == math.inf


def test_a_band_without_a_way_is_an_error() -> None:
    places = band(np.array([0, 2]), np.array([0, 2]))
    with pytest.raises(ValueError, match="band is broken"):
        beads.cheapest(SHAPES, places, np.full((2, 6), np.inf, np.float32), 1.0)
