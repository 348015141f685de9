"""Gate: what an estimator of translation quality is worth, trained on part of the ratings of one pair of languages.

Cross-validated on train rows alone, so that the test part of docs/translation-quality.md is left in peace. Floors are
below what was measured, by the half of an interval.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from weft.evaluate.mos.ratings import Ratings, read_ratings
from weft.evaluate.mos.training import Plan, train

FLOORS = {"npi_Deva": 0.40, "ekk_Latn": 0.39}


def test_quality_is_learnt_from_ratings(
    data_dir: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    table = pl.read_csv(data_dir / "qe/mlqe_pe_da_train_dev.tsv.gz", separator="\t", quote_char=None)
    rows = table.filter(pl.col("id").str.contains(":train:"), pl.col("src_lang").is_in(list(FLOORS)))
    rows.write_csv(tmp_path / "ratings.tsv", separator="\t", quote_style="never")
    held = read_ratings(tmp_path / "ratings.tsv")
    assert held.kind == "z" and held.frame.height == rows.height
    made = train(Ratings(held.frame, held.kind, held.facts), Plan())
    for told in made.card["pairs"]:
        source, figures = told["languages"][0], told["heads"]["text"]
        record_property(source, f"{figures['pearson']} inside {figures['inside']}")
        assert figures["pearson"]["value"] >= FLOORS[source]
        assert 0.88 <= figures["inside"] <= 0.92
    began = time.process_time()
    scored = made.score(held.frame)
    record_property("rows per CPU-second", round(held.frame.height / (time.process_time() - began)))
    assert scored["score"].null_count() == 0
    assert scored["reason"].is_not_null().mean() < 0.01
