"""Captures of one page, in other words each time, are one cluster when the recipe asks for it; consent decides."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from tests.engine.corpus import RECIPE, contents, documents

from weft.engine.build import run
from weft.engine.reading import Build
from weft.recipe import load

ADDRESSES = (
    "http://www.example.org/{n}/?utm_source=a",
    "https://example.org/{n}",
    "https://example.org/{n}/index.html",
)
PAGES = 30


def corpus(folder: Path, steps: str, more: str = "") -> Path:
    texts = folder / "texts"
    texts.mkdir(parents=True)
    for number, address in enumerate(ADDRESSES):
        rows = [
            {"text": f"{one['text']} {number}", "url": address.format(n=n)}
            for n, one in enumerate(documents(PAGES, seed=number))
        ]
        (texts / f"capture-{number}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE + f"deduplicate: [{steps}]\n" + more, "utf-8")
    return recipe


def clusters(build: Path) -> pl.DataFrame:
    return Build.open(build).documents(text=False).collect().unnest("deduplicate")


def test_one_cluster_for_each_page(tmp_path: Path) -> None:
    recipe = corpus(tmp_path / "in", "url_key")
    assert run(load(recipe), tmp_path / "one", workers=1).status == 0
    found = clusters(tmp_path / "one")
    assert found["cluster"].n_unique() == PAGES and found["size"].unique().to_list() == [len(ADDRESSES)]
    assert found["kind"].unique().to_list() == ["page"]
    pages = found.with_columns(pl.col("url_key").struct.field("page"))
    assert pages.group_by("cluster").agg(pl.col("page").n_unique())["page"].unique().to_list() == [1]
    rule = pl.col("selection").struct.field("rule")
    kept = found.group_by("cluster").agg(rule.is_null().sum().alias("kept"))["kept"]
    assert kept.max() == 1 and kept.sum() > PAGES / 2, "of the captures that are long enough one stays"
    run(load(recipe), tmp_path / "two", workers=2)
    assert contents(tmp_path / "one" / "construct") == contents(tmp_path / "two" / "construct")


def test_without_the_step_pages_do_not_meet_and_with_all_steps_texts_meet_too(tmp_path: Path) -> None:
    run(load(corpus(tmp_path / "texts", "exact, minhash, verify")), tmp_path / "plain", workers=1)
    plain = clusters(tmp_path / "plain")
    assert plain["size"].max() < PAGES and "page" not in plain["kind"].unique().to_list()
    run(load(corpus(tmp_path / "all", "url_key, exact, minhash, verify")), tmp_path / "both", workers=1)
    both = clusters(tmp_path / "both")
    assert {"page", "near"} <= set(both["kind"].unique().to_list())
    assert both["cluster"].n_unique() < min(PAGES, plain["cluster"].n_unique())
