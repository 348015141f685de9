"""The sampler against the formula on a text of one word, and on a language that was made up."""

from __future__ import annotations

import numpy as np
import pytest

from weft.text import alignment_sampler as sampler
from weft.text.alignment_sampler import Grid, Prior, Sweeps
from weft.text.ibm1 import Bitext

Sentences = list[list[int]]


def _bitext(source: Sentences, target: Sentences) -> Bitext:
    def flat(sentences: Sentences) -> tuple[np.ndarray, np.ndarray]:
        starts = np.cumsum([0, *map(len, sentences)]).astype(np.int64)
        return starts, np.array([word for one in sentences for word in one], np.int32)

    return Bitext(*flat(source), *flat(target))


def _sampled(bitext: Bitext, sweeps: Sweeps, null: float = 0.1, seed: int = 1) -> sampler.Sampled:
    keys, cells = np.unique(sampler.grid_keys(bitext), return_inverse=True)
    near = sampler.diagonal(bitext.source_starts, bitext.target_starts, 2.0)
    kinds = int(bitext.source.max()) + 1, int(bitext.target.max())
    prior = Prior(np.full(len(keys), 0.01, np.float32), np.full(kinds[0], 0.01 * kinds[1]), null)
    return sampler.sample(bitext, Grid(cells.astype(np.int32), near), prior, sweeps, seed)


def test_one_word_of_each_has_the_probability_of_the_formula() -> None:
    # Nothing else is counted: (prior / mass) · near against null · 1/kinds, both uniform over one word.
    found = _sampled(_bitext([[1]], [[1]]), Sweeps(3, 0, 0, 1), null=0.25)
    assert found.links[0] == pytest.approx(1 / 1.25, abs=1e-6)
    assert found.cells[0] == pytest.approx(1 / 1.25, abs=1e-6)


def test_words_of_a_made_up_language_find_each_other() -> None:
    random = np.random.default_rng(5)
    source = [random.permutation(np.arange(1, 31))[: random.integers(3, 9)].tolist() for _ in range(200)]
    target = [[word + 40 for word in reversed(one)] for one in source]
    bitext = _bitext(source, target)
    links = _sampled(bitext, Sweeps(10, 10, 10)).links
    place, right, words = 0, 0, 0
    for one in source:
        held = links[place : place + len(one) ** 2].reshape(len(one), len(one))
        right += int((held.argmax(1) == np.arange(len(one))[::-1]).sum())
        words += len(one)
        place += len(one) ** 2
    assert right / words > 0.98


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    random = np.random.default_rng(2)
    source = [random.integers(1, 20, random.integers(1, 9)).tolist() for _ in range(30)]
    target = [random.integers(1, 25, random.integers(1, 9)).tolist() for _ in range(30)]
    one, same, other = (_sampled(_bitext(source, target), Sweeps(3, 3, 3), seed=seed) for seed in (1, 1, 2))
    assert one.links.tobytes() == same.links.tobytes()
    assert one.links.tobytes() != other.links.tobytes()


def test_probabilities_of_a_word_are_at_most_one_and_empty_sides_are_passed_over() -> None:
    bitext = _bitext([[1, 2], [], [2]], [[1, 2, 3], [1], []])
    found = _sampled(bitext, Sweeps(2, 2, 2))
    assert len(found.links) == 6 and np.isfinite(found.links).all()
    assert (found.links.reshape(3, 2).sum(1) <= 1 + 1e-6).all()


def test_a_grid_is_turned_around() -> None:
    starts = np.array([0, 2, 3], np.int64), np.array([0, 3, 5], np.int64)
    values = np.array([1, 2, 3, 4, 5, 6, 7, 8], np.float32)  # pair 0: 3 rows of 2, pair 1: 2 rows of 1
    turned = sampler.transposed(*starts, values)
    assert turned.tolist() == [1, 3, 5, 2, 4, 6, 7, 8]
    assert sampler.transposed(starts[1], starts[0], turned).tolist() == values.tolist()


def test_the_diagonal_is_nearest() -> None:
    near = sampler.diagonal(np.array([0, 3], np.int64), np.array([0, 3], np.int64), 4.0).reshape(3, 3)
    assert np.allclose(np.diag(near), 1.0)
    assert near[0, 2] == pytest.approx(np.exp(-4 * 2 / 3), abs=1e-6)
