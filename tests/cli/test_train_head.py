"""weft train head: labels of people become a head that label.head reads."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file
from tests.label.tiny_encoder import write

from weft.cli.boundary import run
from weft.label.embedding import embedding
from weft.label.head import head

SIDES = ("kitabu chake kila siku mwalimu mtoto anasoma", "учитель ребёнок читает книгу каждый день рад")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("models") / "encoder")


def texts(count: int) -> list[tuple[str, int]]:
    draw = random.Random(1)
    return [(" ".join(draw.choices(SIDES[n % 2].split(), k=6)) + f" {n}", n % 2) for n in range(count)]


def test_a_head_from_labels_and_back(tmp_path: Path, encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = texts(240)
    lines = ["text\tlabel", *(f"{text}\t{('swahili', 'russian')[side]}" for text, side in rows)]
    (tmp_path / "labels.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    made = tmp_path / "heads/which.safetensors"
    command = ["train", "head", str(tmp_path / "labels.tsv"), "--model", str(encoder), "--device", "cpu", "--into"]
    assert run([*command, str(made), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["labels"] == ["russian", "swahili"] and told["macro_f1"] > 0.9
    assert told["low"] <= told["macro_f1"] <= told["high"] and told["learnt_from"] + told["held_out"] == 240
    card = made.with_suffix(".md").read_text("utf-8")
    assert "label.head" in card and str(told["macro_f1"]) in card
    first = made.read_bytes()
    assert run([*command, str(made)]) == 0 and "macro-F1" in capsys.readouterr().out
    assert made.read_bytes() == first
    held = load_file(made)  # the library itself reads it
    assert held["weight"].shape == (2, 16) and held["bias"].shape == (2,)

    table = pa.table({"text": pa.array([text for text, _ in rows], pa.large_string())})
    found = head(files=(str(made),))(embedding(model=str(encoder), device="cpu")(table))["head"].to_pylist()
    right = [one["which"]["label"] == ("swahili", "russian")[side] for one, (_, side) in zip(found, rows, strict=True)]
    assert np.mean(right) > 0.9


def test_a_regression(tmp_path: Path, encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(json.dumps({"body": text, "score": 4 * side + 0.5}) + "\n" for text, side in texts(200))
    (tmp_path / "labels.jsonl").write_text(rows, "utf-8")
    command = ["train", "head", str(tmp_path / "labels.jsonl"), "--model", str(encoder), "--device", "cpu"]
    names = ["--text", "body", "--label", "score", "--regression", "--into", str(tmp_path / "good.safetensors")]
    assert run([*command, *names]) == 0
    told = capsys.readouterr().out
    assert float(told.split()[1]) > 0.7 and told.startswith("correlation ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--label", "lable"], "no column lable; it has text, label"),
        (["--into", "my head.safetensors"], "expected a name such as education.safetensors"),
        (["--target", "c"], "no label 'c'; expected one of a, b"),
        (["--device", "gpu"], "expected auto, cpu or cuda"),
        (["--hold-out", "0.05"], "expected 20 of each"),
        (["--regression"], "has 0 values; expected two or more"),
    ],
)
def test_faults(
    tmp_path: Path, encoder: Path, capsys: pytest.CaptureFixture[str], change: list[str], message: str
) -> None:
    rows = [f"{text}\t{'ab'[side]}" for text, side in texts(60)]
    (tmp_path / "labels.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n", "utf-8")
    command = ["train", "head", str(tmp_path / "labels.tsv"), "--model", str(encoder), "--device", "cpu"]
    if "--device" in change:
        command = command[:-2]
    assert run([*command, *change]) == 2
    assert message in capsys.readouterr().err
