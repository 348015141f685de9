"""A release loads in the real `datasets`, by language, with every split and row."""

from __future__ import annotations

from pathlib import Path

import datasets
import polars as pl
import pytest
from tests.engine.corpus import write_corpus

from weft.engine.build import run
from weft.recipe import load


@pytest.mark.parametrize("more", ["", "  mixture: {method: unimax, budget: 30000, unit: bytes, epochs: 3}\n"])
def test_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    recipe = write_corpus(tmp_path / "in", count=120, files=2)
    text = recipe.read_text("utf-8").replace(
        "construct:\n", f"construct:\n{more}  split: {{train: 0.7, validation: 0.1, test: 0.2}}\n"
    )
    recipe.write_text(text, "utf-8")
    assert run(load(recipe), tmp_path / "build", workers=1).status == 0
    construct = tmp_path / "build" / "construct"
    languages = sorted(folder.name for folder in (construct / "ct").iterdir())
    assert languages
    for language in languages:
        loaded = datasets.load_dataset(str(construct), language, cache_dir=str(tmp_path / "cache"))
        for split, rows in loaded.items():
            files = pl.read_parquet(construct / "ct" / language / f"{split}-*.parquet")
            assert rows["id"] == files["id"].to_list() and rows["text"] == files["text"].to_list()
            assert set(rows.column_names) == set(files.columns)
        assert (
            sum(len(rows) for rows in loaded.values())
            == pl.read_parquet(construct / "ct" / language / "*.parquet").height
        )
