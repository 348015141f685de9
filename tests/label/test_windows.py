"""Windows go into batches whose shape depends on their length alone, with little padding."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from weft.label.windows import BATCH_TOKENS, batches, padded_share, steps, widths
from weft.text.sentences import sentence_bounds


def test_widths_are_near_sizes() -> None:
    sizes = np.arange(1, 5_000)
    found = widths(sizes, 4_096)
    assert (found[:4_096] >= sizes[:4_096]).all() and found.max() == 4_096
    assert ((found - sizes)[:4_096] < np.maximum(2, sizes[:4_096] / 8 + 1)).all()
    assert (found - sizes < steps(sizes))[:4_096].all()
    assert len(np.unique(found)) < 80


@pytest.mark.parametrize("filled", [True, False])
def test_every_window_is_in_one_batch(filled: bool) -> None:
    sizes = np.random.default_rng(1).integers(1, 600, 3_000)
    held = list(batches(sizes, 512, 2_048, filled=filled))
    assert sorted(np.concatenate([batch.chosen for batch in held]).tolist()) == list(range(3_000))
    for batch in held:
        assert len(batch.chosen) <= 2_048 // batch.width
        assert batch.rows == (2_048 // batch.width if filled else len(batch.chosen))
        assert (np.diff(batch.chosen) > 0).all()
    assert [batch.width for batch in held] == sorted((batch.width for batch in held), reverse=True)


def test_a_window_without_tokens_has_a_place_all_the_same() -> None:
    (held,) = batches(np.zeros(3, np.int64), 512, 512, filled=True)
    assert held.width > 0 and held.chosen.tolist() == [0, 1, 2]


def test_no_window() -> None:
    assert list(batches(np.empty(0, np.int64), 512, 512, filled=True)) == []
    assert padded_share(np.empty(0, np.int64), 512, 512, filled=True) == 0


def test_little_of_what_is_computed_is_padding(data_dir: Path) -> None:
    """Real documents and sentences; three bytes stand for a token, as no tokenizer of a real model is at hand."""
    with gzip.open(data_dir / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for _, line in zip(range(4_000), lines, strict=False)]
    documents = [len(text.encode()) // 3 + 2 for text in texts]
    whole = np.array([part for size in documents for part in [512] * (size // 512) + [size % 512 + 2]])
    short = np.array(
        [
            len(text[begin:end].encode()) // 3 + 2
            for text in texts
            for begin, end in sentence_bounds(text).reshape(-1, 2).tolist()
        ]
    )
    for sizes in (whole, np.minimum(short, 512)):
        for device, tokens in BATCH_TOKENS.items():
            assert padded_share(sizes, 512, tokens, filled=device == "cpu") < 0.05
