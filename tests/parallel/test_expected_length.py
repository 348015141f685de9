"""Lengths of translations that words let expect."""

from __future__ import annotations

import numpy as np
import pytest

from weft.parallel.expected_length import learn
from weft.parallel.lexicon import Side, train
from weft.text.buffers import Longs


def _texts(size: int, seed: int) -> tuple[list[str], Longs]:
    """Texts of words of one length, and the bytes of translations in which `lo` gets 12 and any other word 4."""
    random = np.random.default_rng(seed)
    words = [
        [("lo", "ba", "di", "ke")[n] for n in random.integers(4, size=random.integers(3, 12))] for _ in range(size)
    ]
    return [" ".join(text) for text in words], np.array([sum(12 if w == "lo" else 4 for w in t) for t in words])


def _side(texts: list[str], size: int) -> Side:
    return train(texts[:size], texts[:size], ("xxa_Latn", "xxb_Latn")).side(0, texts)


def test_words_that_become_long_ones_let_longer_translations_be_expected() -> None:
    texts, others = _texts(500, 1)
    texts, others = [*texts, "lo lo lo lo", "ba di ke ba", ""], np.array([*others, 0, 0, 0])
    sizes = np.array([len(text) for text in texts])
    side = _side(texts, 500)
    tokens = side.tokens._replace(starts=side.tokens.starts[:501])
    known = Side(tokens, side.numbers[: tokens.starts[500]], side.data)
    lengths = learn(known, sizes[:500], others[:500], 4)
    assert lengths.expected(side, sizes)[500:].tolist() == pytest.approx([48, 16, 0], abs=2)
    # The common ratio says the same of both.
    assert lengths.ratio * 11 == pytest.approx(24, abs=3)
    assert np.array_equal(lengths.words, learn(known, sizes[:500], others[:500], 4).words)


def test_unknown_words_add_nothing() -> None:
    texts, others = _texts(200, 2)
    sizes = np.array([len(text) for text in texts])
    lengths = learn(_side(texts, 200), sizes, others, 4)
    unknown = _side([*texts, "xx yy zz"], 200)
    assert lengths.expected(unknown, np.array([*sizes, 8]))[-1] == pytest.approx(8 * lengths.ratio)
