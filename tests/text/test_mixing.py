"""Labels of words against the same path and probabilities worked out by trying all of them."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from weft.text.buffers import string_buffers
from weft.text.mixing import NONE, OTHER, Contest, Parts, Settings, label_words, score_words
from weft.text.unicode import tables
from weft.text.words import Words, find_words

LABELS = 5
FREE = Settings(change=1.3, label=0.0, floor=-9.0, context=0.3, usual=20.0, other=1.0)


@pytest.fixture(scope="module")
def parts() -> Parts:
    draw = np.random.default_rng(3)
    embedding = draw.integers(-60, 60, (1 << 10, 8)).astype(np.int8)
    return embedding, draw.normal(0, 0.12, (8, LABELS)).astype(np.float32), np.linspace(-1, 1, LABELS, dtype=np.float32)


def read(*texts: str) -> tuple[npt.NDArray[np.uint8], Words]:
    strings = string_buffers(pa.array(texts, pa.large_string()))
    return strings.data, find_words(strings, np.zeros(len(tables().script_names), np.int32))


def contest(relatives: float = 0.0, allowed: tuple[int, ...] = (1,) * LABELS) -> Contest:
    related = np.full((LABELS, LABELS), relatives, np.float32)
    return Contest(np.array([0, LABELS]), related, np.array(allowed, np.uint8))


def chances(scores: npt.NDArray[np.float32], floor: float) -> npt.NDArray[np.float64]:
    wide = scores.astype(np.float64)
    return np.maximum(wide - np.log(np.exp(wide).sum(axis=1, keepdims=True)), floor)


TEXT = "bako mire tulo fasen gredi"


def test_path_and_probabilities_are_those_of_all_paths(parts: Parts) -> None:
    data, words = read(TEXT)
    places, size = (words.begin, words.end), len(words.begin)
    blocks = (np.array([0, size]), np.zeros(1, np.int32))
    mixed = 0
    for first, second in itertools.combinations(range(LABELS), 2):
        only = tuple(int(n in (first, second)) for n in range(LABELS))
        output = parts[1].copy()
        bias = np.where(np.array(only) > 0, parts[2], -60).astype(np.float32)  # the others never win
        label, sure = label_words(data, places, blocks, contest(), (parts[0], output, bias), FREE, 2)
        raw = score_words(data, places, blocks[0], (parts[0], output, bias), FREE)
        held = chances(raw, FREE.floor)
        paths = list(itertools.product((first, second), repeat=size))
        changes = [sum(a != b for a, b in itertools.pairwise(path)) for path in paths]
        worth = np.array([held[range(size), path].sum() for path in paths])
        best = paths[int(np.argmax(worth - FREE.change * np.array(changes)))]
        if set(best) == {first, second}:
            assert tuple(label) == best
            mixed += 1
            weight = np.exp(worth - FREE.change * np.array(changes))
            for n in range(size):
                mine = weight[[path[n] == best[n] for path in paths]].sum() / weight.sum()
                assert sure[n] == pytest.approx(mine, abs=2e-4)
        else:
            assert len(set(label.tolist())) == 1 and (sure == 1).all()
    assert mixed >= 3


def test_scores_are_means_of_features_with_those_of_neighbours(parts: Parts) -> None:
    data, words = read(TEXT)
    places, starts = (words.begin, words.end), np.array([0, 5])
    alone = FREE._replace(context=0.0)
    own = score_words(data, places, starts, parts, alone) - parts[2]
    beside = score_words(data, places, starts, parts, FREE) - parts[2]
    count = np.array([_features(text) for text in TEXT.split()], float)
    total = own * np.sqrt(count * FREE.usual)[:, None]
    near = np.zeros_like(total)
    near[1:] += FREE.context * total[:-1]
    near[:-1] += FREE.context * total[1:]
    sizes = count + FREE.context * (np.r_[0, count[:-1]] + np.r_[count[1:], 0])
    expected = (total + near) / sizes[:, None] * np.sqrt(count / FREE.usual)[:, None]
    assert beside == pytest.approx(expected, abs=1e-4)


def _features(word: str) -> int:
    """N-grams of 1 to 5 characters of a word with a space at both ends, no lone space, and the word from 4 letters."""
    wide = f" {word} "
    grams = [wide[n : n + size] for size in range(1, 6) for n in range(len(wide) - size + 1)]
    return sum(gram != " " for gram in grams) + (len(word) >= 4)


def test_a_label_costs_and_more_beside_its_relatives(parts: Parts) -> None:
    data, words = read(" ".join([TEXT] * 6))
    places, blocks = (words.begin, words.end), (np.array([0, 30]), np.zeros(1, np.int32))
    cheap = FREE._replace(change=0.05)
    free, _ = label_words(data, places, blocks, contest(), parts, cheap, LABELS)
    assert len(set(free.tolist())) > 2
    few, _ = label_words(data, places, blocks, contest(), parts, cheap, 2)
    assert len(set(few.tolist())) == 2
    dear, _ = label_words(data, places, blocks, contest(), parts, cheap._replace(label=1e6), LABELS)
    assert len(set(dear.tolist())) == 1
    akin, _ = label_words(data, places, blocks, contest(1e6), parts, cheap._replace(label=0.01), LABELS)
    assert len(set(akin.tolist())) == 1


def test_words_of_other_languages(parts: Parts) -> None:
    data, words = read(TEXT)
    places, blocks = (words.begin, words.end), (np.array([0, 5]), np.zeros(1, np.int32))
    one = contest(allowed=(1, 0, 0, 0, 0))
    mine, _ = label_words(data, places, blocks, one, parts, FREE._replace(other=-1e-6), 2)
    assert set(mine.tolist()) <= {0, OTHER} and OTHER in mine
    mine, _ = label_words(data, places, blocks, one, parts, FREE._replace(other=-1e6, floor=-1e5), 2)
    assert set(mine.tolist()) == {0}
    nobody = contest(allowed=(0,) * LABELS)
    assert (label_words(data, places, blocks, nobody, parts, FREE, 2)[0] == NONE).all()
    assert (label_words(data, places, blocks, nobody, parts, FREE._replace(other=-1.0), 2)[0] == OTHER).all()


def test_no_words(parts: Parts) -> None:
    none = np.empty(0, np.int64)
    empty = (np.zeros(1, np.int64), np.empty(0, np.int32))
    label, sure = label_words(np.empty(0, np.uint8), (none, none), empty, contest(), parts, FREE, 2)
    assert len(label) == len(sure) == 0
