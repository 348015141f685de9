"""One text in two scripts of its language is one cluster when the recipe asks for it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
from tests.engine.corpus import contents

from weft.engine.build import run
from weft.engine.reading import Build
from weft.recipe import load

WORDS = "слобода једнакост достојанство право разум свест братство човек закон живот сигурност ропство мучење суд "
WORDS += "заштита држава породица брак имовина мисао вера мишљење изражавање удружење рад одмор школа наука уметност"
LETTERS = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
LETTERS |= {"љ": "lj", "њ": "nj", "џ": "dž"}
TEXTS = 20
RECIPE = """\
name: scripts
acquire:
  - {path: Cyrl.jsonl, language_hint: srp_Cyrl, basis: owned, license: CC0-1.0}
  - {path: Latn.jsonl, language_hint: srp_Latn, basis: owned, license: CC0-1.0}
label: [script, {lid: {trust_hint: true}}, signals]
"""
STEPS = "romanized, exact, minhash, verify"


def texts() -> list[str]:
    draw = random.Random(3)
    return [". ".join(" ".join(draw.choices(WORDS.split(), k=9)) for _ in range(8)) for _ in range(TEXTS)]


def clusters(folder: Path, steps: str, workers: int = 1) -> pl.DataFrame:
    folder.mkdir()
    written = {"Cyrl": texts(), "Latn": ["".join(LETTERS.get(c, c) for c in text) for text in texts()]}
    for script, held in written.items():
        rows = [{"id": f"{script}{n}", "text": t} for n, t in enumerate(held)]
        (folder / f"{script}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE + f"deduplicate: [{steps}]\n", "utf-8")
    assert run(load(recipe), folder / "build", workers=workers).status == 0
    return Build.open(folder / "build").documents(text=False).collect().unnest("deduplicate")


def test_one_cluster_for_each_text(tmp_path: Path) -> None:
    found = clusters(tmp_path / "one", STEPS)
    assert found["cluster"].n_unique() == TEXTS and found["size"].unique().to_list() == [2]
    assert found["kind"].unique().to_list() == ["script"]
    build = Build.open(tmp_path / "one/build")
    (nearest, *_) = build.explain(found["id"][0])["stages"][-2]["met"]["neighbours"]
    assert nearest["jaccard"] < 0.1 and nearest["skeleton"] >= 0.8 and nearest["in_cluster"]
    again = clusters(tmp_path / "two", STEPS, workers=2)
    assert again["cluster"].to_list() == found["cluster"].to_list()
    assert contents(tmp_path / "one/build/construct") == contents(tmp_path / "two/build/construct")


def test_alone_with_a_threshold_and_without_the_step(tmp_path: Path) -> None:
    alone = clusters(tmp_path / "alone", "{romanized: {symbols: 5}}, {verify_romanized: {threshold: 0.9}}")
    assert alone["kind"].unique().to_list() == ["script"] and alone["cluster"].n_unique() == TEXTS
    assert clusters(tmp_path / "plain", "exact, minhash, verify")["size"].max() == 1
