"""What a model remembers: small, exact where it must be, and the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.language.memory import DRAWN, Memory, as_bytes, load_memory, packed, remember
from weft.language.model import LanguageModel
from weft.text.buffers import string_buffers
from weft.text.hidden import tally

LABELS = ("aaa_Latn", "bbb_Latn", "ccc_Latn")
BITS = 14


@pytest.fixture(scope="module")
def memory(texts: pl.DataFrame) -> Memory:
    return remember(texts, LABELS, np.array([3, 3, 3]), BITS)


@pytest.mark.parametrize("bits", [10, 14, 18, 22])
def test_features_are_packed_without_loss(bits: int) -> None:
    values = np.random.Generator(np.random.PCG64(bits)).integers(0, 1 << bits, (7, DRAWN)).astype(np.int32)
    held = packed(values, bits)
    memory = Memory(np.zeros(1 << bits, np.uint8), held, np.array([3, 4], np.int32))
    assert memory.bits == bits and np.array_equal(memory.texts(), values)
    assert held.nbytes == -(-values.size * bits // 8)


def test_shares_are_off_by_a_twentieth_at_most() -> None:
    shares = np.exp2(-np.linspace(0.1, 24, 64))
    held = Memory(as_bytes(shares), np.empty(0, np.uint8), np.empty(0, np.int32)).shares()
    assert np.abs(held / shares - 1).max() < 0.05
    assert as_bytes(np.array([0.0, 2.0**-30, 1.0])).tolist() == [0, 0, 192]


def test_texts_are_of_their_label(memory: Memory, texts: pl.DataFrame) -> None:
    assert memory.owners.tolist() == [120, 120, 120]
    begin = 0
    for label, size in zip(LABELS, memory.owners.tolist(), strict=True):
        own = tally(string_buffers(texts.filter(pl.col("language") == label)["text"].to_arrow()), BITS)
        assert (own[memory.texts()[begin : begin + size]] > 0).all()
        begin += size


def test_the_background_is_the_mean(memory: Memory, texts: pl.DataFrame) -> None:
    counts = [
        tally(string_buffers(texts.filter(pl.col("language") == label)["text"].to_arrow()), BITS) for label in LABELS
    ]
    expected = sum(own / own.sum() for own in counts) / 3
    seen = expected > 1e-6
    assert np.allclose(memory.shares()[seen], expected[seen], rtol=0.05)


def test_one_more_language_is_as_if_it_had_been_there(memory: Memory, texts: pl.DataFrame) -> None:
    few = texts.filter(pl.col("language") != "bbb_Latn")
    made = remember(few, ("aaa_Latn", "ccc_Latn"), np.array([3, 3]), BITS)
    made = made.with_language(texts.filter(pl.col("language") == "bbb_Latn")["text"], 1, 2)
    assert np.array_equal(made.texts(), memory.texts()) and np.array_equal(made.owners, memory.owners)
    apart = np.abs(made.background.astype(int) - memory.background.astype(int))
    assert apart.max() <= 1 and (apart == 0).mean() > 0.9


def test_a_file_without_memory(tmp_path: Path) -> None:
    model = LanguageModel(LABELS[:2], np.zeros((1 << BITS, 8), np.int8), np.zeros((8, 2), np.float32))
    model.save(tmp_path / "model.npz")
    with pytest.raises(WeftError, match="keeps nothing of its texts"):
        load_memory(tmp_path / "model.npz")
    with pytest.raises(WeftError, match="cannot be read: No such file"):
        load_memory(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no model", "utf-8")
    with pytest.raises(WeftError, match="not a language model"):
        load_memory(tmp_path / "text.npz")
