"""IBM Model 1 against the formulas written out in plain Python."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from weft.text.ibm1 import Bitext, Cells, pruned, train

Sentences = list[list[int]]


def _bitext(source: Sentences, target: Sentences) -> Bitext:
    def flat(sentences: Sentences) -> tuple[np.ndarray, np.ndarray]:
        starts = np.cumsum([0, *map(len, sentences)]).astype(np.int64)
        return starts, np.array([word for one in sentences for word in one], np.int32)

    return Bitext(*flat(source), *flat(target))


def _plain(source: Sentences, target: Sentences, iterations: int) -> dict[tuple[int, int], float]:
    """Brown et al. 1993, with NULL as word 0 of every source sentence."""
    t: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    for _ in range(iterations):
        counts: dict[tuple[int, int], float] = defaultdict(float)
        totals: dict[int, float] = defaultdict(float)
        for given, words in zip(source, target, strict=True):
            for f in words:
                whole = sum(t[e, f] for e in [0, *given])
                for e in [0, *given]:
                    counts[e, f] += t[e, f] / whole
                    totals[e] += t[e, f] / whole
        t = defaultdict(float, {(e, f): count / totals[e] for (e, f), count in counts.items()})
    return t


def _told(cells: Cells) -> dict[tuple[int, int], float]:
    source = np.repeat(np.arange(len(cells.starts) - 1), np.diff(cells.starts))
    return {(int(e), int(f)): float(v) for e, f, v in zip(source, cells.target, cells.value, strict=True)}


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_probabilities_are_those_of_the_formula(iterations: int) -> None:
    random = np.random.default_rng(3)
    source = [random.integers(1, 9, random.integers(0, 7)).tolist() for _ in range(40)]
    target = [random.integers(1, 12, random.integers(1, 6)).tolist() for _ in range(40)]
    found = _told(train(_bitext(source, target), iterations, 0.0))
    wanted = {key: value for key, value in _plain(source, target, iterations).items() if value > 0}
    assert found.keys() == wanted.keys()
    assert max(abs(found[key] - wanted[key]) for key in wanted) < 1e-5


def test_a_word_that_stands_twice_counts_twice() -> None:
    source, target = [[1, 1, 2], [2]], [[1, 2, 2], [2]]
    found, wanted = _told(train(_bitext(source, target), 3, 0.0)), _plain(source, target, 3)
    assert all(found[key] == pytest.approx(value, abs=1e-5) for key, value in wanted.items())


def test_what_belongs_together_is_found() -> None:
    random = np.random.default_rng(5)
    source = [(random.permutation(30)[:6] + 1).tolist() for _ in range(300)]
    target = [[word + 100 for word in reversed(one)] for one in source]
    cells = train(_bitext(source, target), 8, 0.01)
    for word in range(1, 31):
        held = slice(cells.starts[word], cells.starts[word + 1])
        assert cells.target[held][np.argmax(cells.value[held])] == word + 100


def test_small_cells_are_left_out_and_the_rest_are_sorted() -> None:
    cells = Cells(
        np.array([0, 2, 5]), np.array([7, 3, 9, 1, 4], np.int32), np.array([0.5, 0.5, 0.1, 0.8, 0.1], np.float32)
    )
    kept = pruned(cells, 0.2)
    assert kept.starts.tolist() == [0, 2, 3] and kept.target.tolist() == [3, 7, 1]


def test_empty_sentences_are_no_mistake() -> None:
    cells = train(_bitext([[], [1]], [[1], []]), 2, 0.0)
    assert _told(cells) == {(0, 1): 1.0}
