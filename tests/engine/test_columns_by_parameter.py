"""A step that reads the columns which its parameter lists gets them, and runs again when they change."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.engine.corpus import write_corpus

from weft.engine.build import run
from weft.recipe import load

MODEL = Path(__file__).parent.parent / "examples" / "label.lid_fasttext.bin"
STEPS = "[script, lid, {lid_fasttext: {model: mine.bin}}, {lid_vote: {identifiers: [lid, lid_fasttext]}}, signals]"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    found = write_corpus(tmp_path, count=60, files=2)
    shutil.copy(MODEL, tmp_path / "mine.bin")
    return found


def _labels(build: Path, name: str) -> list[dict[str, str]]:
    return pl.read_parquet(build / f"label/{name}/*.parquet")[name].to_list()


def test_a_vote_over_stored_columns(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    first = run(load(recipe, [f"label={STEPS}"]), build, workers=1, only="label")
    assert first.status == 0, first.tally.failures
    votes = _labels(build, "lid_vote")
    pairs = list(zip(_labels(build, "lid"), _labels(build, "lid_fasttext"), strict=True))
    assert {vote["language"] for vote in votes} > {"swh_Latn"}
    for vote, (one, other) in zip(votes, pairs, strict=True):
        same = one["language"] == other["language"] and not one["language"].startswith("und_")
        assert vote["language"] == one["language"] if same else vote["language"].startswith("und_")
    again = run(load(recipe, [f"label={STEPS}"]), build, workers=1, only="label")
    assert not again.tally.ran


def test_another_model_is_another_answer(recipe: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    run(load(recipe, [f"label={STEPS}"]), build, workers=1, only="label")
    before = {file.name for file in (build / "label").rglob("*.parquet")}
    content = MODEL.read_bytes().replace(b"__label__swh_Latn", b"__label__swa_Latn").replace(b"mtoto", b"watoo")
    (tmp_path / "mine.bin").write_bytes(content)
    changed = run(load(recipe, [f"label={STEPS}"]), build, workers=1, only="label")
    assert set(changed.tally.ran) == {"label"}
    fresh = {
        file.relative_to(build / "label").parts[0]
        for file in (build / "label").rglob("*.parquet")
        if file.name not in before
    }
    assert fresh == {"lid_fasttext", "lid_vote"}
