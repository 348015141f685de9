"""Variety figures over real text: repeated text stands out in every script, other text by the same people does not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl

from weft.synthesize.diversity import Sizes, diversity

LANGUAGES = ("bam_Latn", "bho_Deva", "nqo_Nkoo", "shn_Mymr")
"""Of the thirteen in benchmarks/synthesis_diversity.py one each of four scripts, one without spaces."""
LIKE_PEOPLE = 0.02
"""Most that other text by the same people is away from them, in bits, beyond what they are from one another."""


def test_repeated_text_stands_out_and_other_text_by_people_does_not(
    data_dir: Path, record_property: Callable[[str, object], None]
) -> None:
    every = pl.read_csv(data_dir / "parallel" / "oldi_seed.tsv.gz", separator="\t", quote_char=None)
    for language in LANGUAGES:
        lines = every.filter(pl.col("lang") == language)["text"].to_list()
        lines = random.Random(0).sample(lines, len(lines))
        kinds = {None: lines[:1000], "people": lines[1000:1500], "repeated": lines[1500:1540] * 12}
        rows = [
            {"id": f"{kind} {n}", "text": text, "language": language, "recipe": kind}
            for kind, held in kinds.items()
            for n, text in enumerate(held)
        ]
        texts = pl.DataFrame(rows, dict.fromkeys(("id", "text", "language", "recipe"), pl.String))
        measured = diversity(texts, 0, Sizes(resamples=60, compared=150, words=10_000))
        found = {row["recipe"]: row for row in measured.iter_rows(named=True)}
        for what in ("words", "characters"):
            record_property(f"{language} {what} repeated", found["repeated"][f"{what}_low"])
            record_property(f"{language} {what} people", found["people"][f"{what}_excess"])
            assert found["repeated"][f"{what}_low"] > 0
            assert abs(found["people"][f"{what}_excess"]) <= LIKE_PEOPLE
        assert found["repeated"]["similarity_best"] > 0.9 > 5 * found["people"]["similarity_best"]
        assert found["repeated"]["distinct_2"] < found["people"]["distinct_2"] - 0.02
