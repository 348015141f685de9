"""Token-level language beside a majority and a word-list baseline; texts in one language stay whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from weft.language.model import LanguageModel, packaged

from .code_mixing import fallen_apart, measure, sentences, training_texts

GIVEN = {"fry-nld": 0.66, "arq-fra": 0.87, "tel-eng": 0.73}
OPEN = {"fry-nld": 0.48, "arq-fra": 0.65, "tel-eng": 0.365}
"""Mean F1 of the two languages on the half for tuning, where the pair is given and where all languages compete."""
APART = {"sib200": 0.011, "udhr": 0.001}
"""Share of texts in one language in which words of another are found."""


@pytest.fixture(scope="module")
def texts(data_dir: Path) -> pl.DataFrame:
    return training_texts(data_dir)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """The one that weft carries."""
    return packaged("default")


def test_token_level_language(
    model: LanguageModel, texts: pl.DataFrame, data_dir: Path, record_property: Callable[[str, object], None]
) -> None:
    found = measure(model, texts, sentences(data_dir, "tune"))
    for pair, own in found.items():
        for name, figures in own.items():
            record_property(f"{pair} {name}", figures["f1"])
    for pair, own in found.items():
        assert own["model"]["f1"] >= GIVEN[pair] and own["model, open"]["f1"] >= OPEN[pair]
        assert own["model"]["f1"] > own["majority"]["f1"]
    for pair in ("fry-nld", "arq-fra"):  # of pairs that the model has both languages of
        assert own_beats_lists(found[pair])


def own_beats_lists(own: dict[str, dict[str, float]]) -> bool:
    """Whether the model is better than word lists, with the pair given and with all languages open."""
    return all(own[f"model{kind}"]["f1"] > own[f"word lists{kind}"]["f1"] for kind in ("", ", open"))


@pytest.mark.parametrize("source", sorted(APART))
def test_texts_in_one_language_stay_whole(
    model: LanguageModel, texts: pl.DataFrame, source: str, record_property: Callable[[str, object], None]
) -> None:
    rows = texts.filter(pl.col("source") == source, pl.col("split") == "dev")
    found = fallen_apart(model, rows["text"])
    for name, value in found.items():
        record_property(name, value)
    assert found["texts"] <= APART[source]
