"""The whole road over real input: pages, web documents and inspected pages; nothing is lost without a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from weft.engine.build import run
from weft.engine.reading import Build
from weft.recipe import load

RECIPE = """\
name: real
acquire:
  - {{path: {data}/html, basis: crawl-private}}
  - {{path: {data}/docs, basis: crawl-private}}
  - {{path: {data}/quality, basis: crawl-private}}
"""
KEPT, LANGUAGES = 0.92, 145
"""Share of the documents that enter the corpus, and languages that it holds."""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Build:
    """A build of all real documents."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "recipe.yaml").write_text(RECIPE.format(data=data_dir), "utf-8")
    result = run(load(folder / "recipe.yaml"), folder / "build", workers=2)
    assert result.status == 0, [failure.failure for failure in result.tally.failures]
    return Build.open(folder / "build")


def test_no_row_is_lost_without_a_reason(build: Build, record_property: Callable[[str, object], None]) -> None:
    stages = build.summary()["stages"]
    for stage in stages:
        assert stage["rows_in"] == stage["rows_out"] + sum(stage["rejected"].values()) + stage["errors"], stage
    parse, construct = stages[0], stages[-1]
    assert parse["errors"] == 0 and parse["rows_out"] == construct["rows_in"]
    assert build.errors().height == sum(parse["rejected"].values())
    record_property("rows", parse["rows_in"])
    record_property("kept", construct["rows_out"])


def test_most_real_documents_of_every_language_stay(
    build: Build, record_property: Callable[[str, object], None]
) -> None:
    counts = build.counts()
    judged = counts.filter(~pl.col("rule").is_in(["duplicate", "language"]))
    kept = judged.filter(pl.col("rule") == "")["documents"].sum() / judged["documents"].sum()
    languages = counts.filter((pl.col("rule") == "") & ~pl.col("language").str.starts_with("und"))[
        "language"
    ].n_unique()
    record_property("kept of identified", round(float(kept), 3))
    record_property("languages", languages)
    assert kept >= KEPT and languages >= LANGUAGES


def test_every_web_document_is_there_once(build: Build) -> None:
    frame = build.documents(text=False).filter(pl.col("source") == "docs").collect()
    assert frame.height > 7_000 and frame["id"].n_unique() == frame.height
