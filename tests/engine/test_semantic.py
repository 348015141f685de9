"""Documents whose vectors are similar are one cluster, within their language, whatever the shards and workers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.engine.corpus import contents
from tests.engine.here import run_here
from tests.label.tiny_encoder import write

from weft.deduplicate import cells
from weft.engine.build import run
from weft.engine.keys import operator_identity
from weft.engine.reading import Build
from weft.engine.work import rooms_registry
from weft.recipe import load
from weft.text.components import components

WORDS = "habari watu nyumba shule mtoto maji chakula safari barua kazi siku mwaka mji bahari mti samaki".split()
COUNT, NUMBERS = 400, 8
EXAMPLE = Path(__file__).parent.parent / "examples" / "label.embedding"
RECIPE = """\
name: meaning
acquire:
  - path: texts
    format: jsonl
    basis: owned
    license: CC0-1.0
    options: {{language_field: language, meta_fields: [embedding]}}
label: [script, {{lid: {{trust_hint: true}}}}, signals, {label}]
deduplicate: [exact, minhash, verify, {{semantic: {semantic}}}]
construct: {{extends: nothing}}
settings: {{shard_mb: 0.03}}
"""


def vectors() -> np.ndarray:
    """Vectors in groups of about four, some of them null."""
    draw = np.random.default_rng(9)
    centres = draw.standard_normal((COUNT // 4, NUMBERS))
    return centres[draw.integers(0, len(centres), COUNT)] + 0.12 * draw.standard_normal((COUNT, NUMBERS))


def corpus(folder: Path, semantic: str, label: str = f"{{embedding_given: {{dimensions: {NUMBERS}}}}}") -> Path:
    (folder / "texts").mkdir(parents=True)
    draw = np.random.default_rng(10)
    rows: list[dict[str, Any]] = []
    for number, vector in enumerate(vectors()):
        text = " ".join(draw.choice(WORDS, 40))
        language = ["swh_Latn", "eng_Latn", "und_Latn"][number % 7 % 3] if number % 7 < 3 else "swh_Latn"
        held = None if number % 50 == 0 else [round(float(value), 5) for value in vector]
        rows.append({"id": f"d{number}", "text": text, "language": language, "embedding": held})
    rows[-1] |= {name: rows[-2][name] for name in ("embedding", "language")}  # the same numbers, another text
    for part in range(3):
        lines = [json.dumps(row) for row in rows[part::3]]
        (folder / "texts" / f"{part}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(semantic=semantic, label=label), "utf-8")
    return recipe


def built(folder: Path, semantic: str, workers: int | None = None) -> pl.DataFrame:
    recipe = load(corpus(folder, semantic))
    done = run(recipe, folder / "build", workers=workers) if workers else run_here(recipe, folder / "build")
    assert done.status == 0
    return Build.open(folder / "build").documents(text=False).collect()


def expected(frame: pl.DataFrame, threshold: float, meet: Callable[[str, str], bool]) -> list[str]:
    """The cluster of each row: components of all pairs of stored vectors, by double precision."""
    held = [None if one is None else np.array(one) / np.linalg.norm(one) for one in frame["embedding_given"].to_list()]
    language = frame["lid"].struct.field("language").to_list()
    edges = [
        (a, b)
        for a in range(len(held))
        for b in range(a)
        if held[a] is not None and held[b] is not None and meet(language[a], language[b])
        if held[a] @ held[b] >= threshold
    ]
    assert len(edges) > 50
    root = components(len(held), *np.array(edges, np.int64).T)
    return frame["id"].gather(root).to_list()


def same(a: str, b: str) -> bool:
    return a == b and not a.startswith("und")


@pytest.mark.parametrize("exact", [8192, 100])  # one cell; many cells
def test_clusters_are_those_of_all_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: int) -> None:
    monkeypatch.setattr(cells, "EXACT", exact)
    frame = built(tmp_path, "{vectors: embedding_given, threshold: 0.9, probes: 24}")
    assert frame["shard"].n_unique() >= 3
    assert frame["deduplicate"].struct.field("cluster").to_list() == expected(frame, 0.9, same)
    kinds = frame["deduplicate"].struct.unnest().group_by("kind").agg(pl.col("size").min())
    assert dict(kinds.iter_rows()) == {"semantic": 2, None: 1}
    assert frame["embedding_given"].null_count() == COUNT // 50


def test_in_all_languages(tmp_path: Path) -> None:
    frame = built(tmp_path, "{vectors: embedding_given, threshold: 0.9, within: all}")
    assert frame["deduplicate"].struct.field("cluster").to_list() == expected(frame, 0.9, lambda a, b: True)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path) -> None:
    semantic = "{vectors: embedding_given, threshold: 0.9}"
    for workers in (1, 3):
        built(tmp_path / str(workers), semantic, workers)
    for part in ("label", "construct", "deduplicate/semantic", "deduplicate/cells"):
        assert contents(tmp_path / f"1/build/{part}") == contents(tmp_path / f"3/build/{part}")


def test_a_new_threshold_computes_no_vector_again_and_only_pairs(tmp_path: Path) -> None:
    built(tmp_path, "{vectors: embedding_given, threshold: 0.9}")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(recipe.read_text("utf-8").replace("threshold: 0.9", "threshold: 0.8"), "utf-8")
    again = run_here(load(recipe), tmp_path / "build")
    assert again.status == 0 and {"label", "documents", "centres", "cells", "bands"}.isdisjoint(again.tally.ran)
    assert {"semantic", "clusters"} <= set(again.tally.ran)


def test_explain_shows_the_cosine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from weft.cli.reading import explain

    frame = built(tmp_path, "{vectors: embedding_given, threshold: 0.9}").unnest("deduplicate")
    row = frame.filter(pl.col("size") > 1).row(0, named=True)
    (met,) = [stage["met"] for stage in Build.open(tmp_path / "build").explain(row["id"])["stages"] if "met" in stage]
    first = met["neighbours"][0]
    assert first["in_cluster"] and first["cosine"] >= 0.9 > 0.3 > first["jaccard"]
    assert explain(tmp_path / "build", row["id"], False) == 0
    shown = capsys.readouterr().out
    assert "cosine" in shown and f"{first['cosine']:.3f}" in shown and "[8 values]" not in shown


@pytest.mark.slow
def test_vectors_of_an_encoder(tmp_path: Path) -> None:
    recipe = corpus(tmp_path, "{threshold: 0.99}", "{embedding: {model: mine, device: cpu}}")
    write(tmp_path / "mine")
    assert run_here(load(recipe), tmp_path / "build", only="deduplicate").status == 0
    frame = Build.open(tmp_path / "build").documents(text=False).collect()
    assert frame["embedding"].list.len().unique().to_list() == [16]
    assert not run_here(load(recipe), tmp_path / "build", only="deduplicate").tally.ran


def test_new_weights_are_new_answers(tmp_path: Path) -> None:
    recipe = corpus(tmp_path, "{threshold: 0.99}", "{embedding: {model: mine, device: cpu}}")
    shutil.copytree(EXAMPLE, tmp_path / "mine")

    def key() -> list[object]:
        step = load(recipe).label[-1]
        return operator_identity(rooms_registry().get(step.operator), step.params, None)

    before = key()
    shutil.copytree(tmp_path / "mine", tmp_path / "other")
    recipe.write_text(recipe.read_text("utf-8").replace("model: mine", "model: other"), "utf-8")
    assert key() == before  # the same files elsewhere
    content = bytearray((tmp_path / "other/model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "other/model.safetensors").write_bytes(content)
    assert key() != before
    recipe.write_text(recipe.read_text("utf-8").replace("model: other", "model: mine, precision: bfloat16"), "utf-8")
    assert key() != before


def test_no_document_has_a_vector(tmp_path: Path) -> None:
    label = "{embedding_given: {dimensions: 3}}"
    recipe = corpus(tmp_path, "{vectors: embedding_given}", label)
    assert run_here(load(recipe), tmp_path / "build").status == 0
    found = Build.open(tmp_path / "build").documents(text=False).collect()
    assert found["embedding_given"].null_count() == COUNT and found["deduplicate"].struct.field("size").max() == 1
