"""Mean embeddings, counts and samples of features, each against another way to the same numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from weft.text.bayes import count
from weft.text.buffers import Strings, string_buffers
from weft.text.hidden import mean_embedding, sample, tally

BITS = 12
TEXTS = ["Mtoto anasoma kitabu leo.", "Çà et là", "ስላም ለሁሉም", "a", "12 %", "", None, "kitabu kitabu kitabu"]


def strings(*texts: str | None) -> Strings:
    return string_buffers(pa.array(texts, pa.large_string()))


def test_the_mean_is_that_of_the_counted_rows() -> None:
    random = np.random.Generator(np.random.PCG64(1))
    embedding = random.integers(-127, 128, (1 << BITS, 9)).astype(np.int8)
    found = mean_embedding(strings(*TEXTS), embedding)
    for row, text in enumerate(TEXTS):
        counts = tally(strings(text), BITS)
        expected = counts @ embedding.astype(np.int64) / max(counts.sum(), 1)
        assert np.allclose(found[row], expected, atol=1e-4)
    assert not found[4:7].any() and found[:4].any(axis=1).all()


def test_counts_are_of_every_occurrence() -> None:
    once, thrice = tally(strings("kitabu"), BITS), tally(strings("kitabu kitabu kitabu"), BITS)
    assert once.sum() > 10 and np.array_equal(thrice, 3 * once)
    assert np.array_equal(tally(strings("kitabu", "kitabu", None, "kitabu"), BITS), thrice)
    distinct = count(strings("kitabu"), np.zeros(1, np.int32), 1, BITS)[:, 0]
    assert np.array_equal(distinct > 0, once > 0)


def test_samples_are_of_the_text_and_the_same_again() -> None:
    found = sample(strings(*TEXTS), BITS, 24)
    assert np.array_equal(found, sample(strings(*TEXTS), BITS, 24))
    for row, text in enumerate(TEXTS):
        held = np.flatnonzero(tally(strings(text), BITS))
        assert np.isin(found[row], held).all() if len(held) else (found[row] == -1).all()
    assert len(set(found[0].tolist())) > 8


def test_samples_are_even() -> None:
    text = " ".join(f"{first}{second}" for first in "abcdefgh" for second in "ijklmnop")
    found = sample(strings(*[text] * 400), BITS, 24)
    expected = tally(strings(text), BITS) / tally(strings(text), BITS).sum()
    drawn = np.bincount(found.reshape(-1), minlength=1 << BITS) / found.size
    assert np.abs(drawn - expected).sum() < 0.25
