"""Invented languages: words of their own syllables, so that a test needs no text of anybody."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from weft.language.recipe import Shape

sys.path.append(str(Path(__file__).parent))  # for `hostile`, which two modules share

SYLLABLES = {
    "aaa_Latn": "ba ka to mi ne su ra lo",
    "bbb_Latn": "sch tren gul vog mist hart fel",
    "ccc_Latn": "qui tla xo ch'i tz wa ñe",
    "ddd_Cyrl": "бо ка то ми не су ра",
    "eee_Cyrl": "жы щё ґу їв өң",
    "fff_Ethi": "ሀለ ሐመ ሠረ ሰቀ በተ",
}


@pytest.fixture(scope="session")
def sentence() -> Callable[[str, random.Random], str]:
    """A sentence of three to nine invented words."""

    def make(language: str, draw: random.Random) -> str:
        parts = SYLLABLES[language].split()
        words = ["".join(draw.choices(parts, k=draw.randint(1, 4))) for _ in range(draw.randint(3, 9))]
        return " ".join(words).capitalize() + "."

    return make


@pytest.fixture(scope="session")
def texts(sentence: Callable[[str, random.Random], str]) -> pl.DataFrame:
    """A hundred and twenty sentences of each language, the last forty kept out of training."""
    rows = []
    for language in SYLLABLES:
        draw = random.Random(language)
        for number in range(120):
            part = "train" if number < 80 else "dev"
            rows.append(("made", str(number), language, sentence(language, draw), 1.0, part))
    return pl.DataFrame(rows, ["source", "group", "language", "text", "weight", "split"], orient="row")


@pytest.fixture(scope="session")
def shape() -> Shape:
    return Shape(bits=14, width=16, draws=12_000, min_characters=500)
