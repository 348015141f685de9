"""Heads over vectors answer as the layers of torch that they were saved from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.label.tiny_encoder import write as write_encoder

from weft.engine.build import run
from weft.errors import ShardError, WeftError
from weft.label.head import head
from weft.label.head_file import load_head
from weft.recipe import load


def saved(file: Path, layers: Any, **told: str) -> Path:
    from safetensors.torch import save_file

    save_file(layers.state_dict(), file, metadata=told or None)
    return file


def column(rows: int, width: int, seed: int = 3) -> pa.Array:
    drawn = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float16)
    return pa.array([None if n % 7 == 3 else list(row) for n, row in enumerate(drawn)], pa.list_(pa.float16()))


def answers(files: list[Path], vectors: pa.Array) -> pa.ChunkedArray:
    label = head(files=tuple(map(str, files)))
    return label(pa.table({"embedding": vectors}))["head"]


@pytest.mark.parametrize(
    ("problem", "activation"),
    [
        ("regression", "relu"),
        ("single_label_classification", "gelu_tanh"),
        ("multi_label_classification", "tanh"),
        ("regression", "gelu"),
        ("single_label_classification", "silu"),
    ],
)
@pytest.mark.parametrize("kind", ["float32", "bfloat16", "float16", "float64"])
def test_numbers_are_those_of_torch(tmp_path: Path, problem: str, activation: str, kind: str) -> None:
    import torch

    torch.manual_seed(4)
    between = {
        "relu": torch.nn.ReLU(),
        "tanh": torch.nn.Tanh(),
        "silu": torch.nn.SiLU(),
        "gelu": torch.nn.GELU(),
        "gelu_tanh": torch.nn.GELU(approximate="tanh"),
    }[activation]
    layers = torch.nn.Sequential(torch.nn.Linear(6, 5), between, torch.nn.Linear(5, 3)).to(getattr(torch, kind))
    file = saved(tmp_path / "topic.safetensors", layers, problem_type=problem, activation=activation)
    vectors = column(40, 6)
    good = vectors.drop_null().flatten().to_numpy().reshape(-1, 6)
    with torch.inference_mode():
        raw = layers.double()(torch.from_numpy(good.astype(np.float64)))
    wanted = {
        "regression": raw,
        "single_label_classification": raw.softmax(1),
        "multi_label_classification": raw.sigmoid(),
    }[problem].numpy()
    np.testing.assert_allclose(load_head(file).scores(good), wanted, atol=1e-12)
    found = answers([file], vectors).to_pylist()
    assert [one is None for one in found] == [value is None for value in vectors.to_pylist()]
    held = [one["topic"] for one in found if one is not None]
    assert [one["label"] for one in held] == [f"LABEL_{n}" for n in wanted.argmax(1)]
    np.testing.assert_allclose([one["score"] for one in held], wanted.max(1), rtol=1e-6)


def test_several_heads_a_target_and_any_batch(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(5)
    files = [
        saved(tmp_path / "education.safetensors", torch.nn.Linear(300, 1)),
        saved(tmp_path / "toxic.safetensors", torch.nn.Linear(300, 2), labels='["no", "yes"]', target="yes"),
    ]
    vectors = column(50, 300)
    whole = answers(files, vectors).combine_chunks()
    alone = pa.concat_arrays([answers(files, vectors.slice(n, 1)).combine_chunks() for n in range(50)])
    assert whole.equals(alone)
    (first,) = answers(files, vectors.slice(0, 1)).to_pylist()
    assert first["education"]["label"] == "LABEL_0"
    no = load_head(files[1]).scores(np.array([vectors[0].as_py()], np.float16))[0, 0]
    assert first["toxic"]["score"] == pytest.approx(1 - no, abs=1e-6)
    assert first["toxic"]["label"] == ("no" if no > 0.5 else "yes")


def test_a_file_that_is_no_head(tmp_path: Path) -> None:
    import torch

    layer = torch.nn.Linear(4, 2)
    (tmp_path / "none.safetensors").write_bytes(b"no")
    for name, told, message in (
        ("absent", None, "cannot be read: No such file"),
        ("none", None, "is no safetensors file"),
        ("a", {"labels": "x"}, "expected JSON such as"),
        ("b", {"labels": '["x"]'}, "expected a list of 2 names"),
        ("c", {"problem_type": "regresion"}, "did you mean regression"),
        ("d", {"activation": "gellu"}, "activation is gellu; expected one of relu, .*did you mean gelu"),
        ("e", {"labels": '["x", "y"]', "target": "z"}, "no label 'z'; expected one of x, y"),
    ):
        file = tmp_path / f"{name}.safetensors"
        if told is not None:
            saved(file, layer, **told)
        with pytest.raises(WeftError, match=message):
            head(files=(str(file),))
    odd = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(4, 2))
    with pytest.raises(WeftError, match="gives 3 numbers, and the next takes 4"):
        head(files=(str(saved(tmp_path / "f.safetensors", odd)),))
    with pytest.raises(WeftError, match=r"tensor gamma is not known|tensor weird\.name"):
        from safetensors.torch import save_file

        save_file({"weird.name": torch.zeros(2)}, tmp_path / "g.safetensors")
        head(files=(str(tmp_path / "g.safetensors"),))
    good = saved(tmp_path / "good.safetensors", layer)
    with pytest.raises(WeftError, match=r"takes vectors of 5 numbers, and .*good\.safetensors of 4"):
        head(files=(str(good), str(saved(tmp_path / "h.safetensors", torch.nn.Linear(5, 1)))))
    with pytest.raises(WeftError, match="'good' is not one name of its own"):
        head(files=(str(good), str(good)))
    with pytest.raises(ShardError, match=r"embedding has vectors of 6 numbers, and .* takes 4"):
        answers([good], column(3, 6))


@pytest.mark.slow
def test_rules_ask_for_a_head_by_its_name(tmp_path: Path) -> None:
    """One pass of an encoder, two heads, and a build whose rules read them."""
    import torch

    write_encoder(tmp_path / "encoder")
    torch.manual_seed(6)
    saved(tmp_path / "education.safetensors", torch.nn.Linear(16, 1))
    saved(tmp_path / "toxic.safetensors", torch.nn.Linear(16, 2), labels='["no", "yes"]', target="yes")
    words = "Mtoto anasoma kitabu chake kila siku na mwalimu wake anafurahi sana".split()
    texts = [" ".join(words[n % 11 :] + words[: n % 7] * 3) + f" {n}." for n in range(30)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    recipe = """\
acquire: [{path: texts.jsonl, basis: owned}]
label: [script, lid, signals, {embedding: {model: encoder, device: cpu}},
        {head: {files: [education.safetensors, toxic.safetensors]}}]
deduplicate: []
construct: {rules: {default: null, useful: RULE}}
"""
    base = recipe.replace("default: null, ", "")
    (tmp_path / "recipe.yaml").write_text(base.replace("RULE", "head.education.score >= 0.1"), "utf-8")
    loaded = load(tmp_path / "recipe.yaml")
    run(loaded, str(tmp_path / "build"))
    import polars as pl

    made = pl.read_parquet(tmp_path / "build/label/head/*.parquet")["head"]
    assert made.struct.field("education").struct.field("score").null_count() == 0
    assert 0 <= made.struct.field("toxic").struct.field("score").min() <= 1
    (tmp_path / "recipe.yaml").write_text(base.replace("RULE", "head.eduction.score >= 0.1"), "utf-8")
    with pytest.raises(WeftError, match="eduction"):
        load(tmp_path / "recipe.yaml")
    (tmp_path / "recipe.yaml").write_text(
        base.replace("RULE", "head.education.score >= 0.1").replace("{embedding: {model: encoder, device: cpu}},", ""),
        "utf-8",
    )
    with pytest.raises(WeftError, match=r"label\.head reads embedding, which no earlier step writes"):
        load(tmp_path / "recipe.yaml")
