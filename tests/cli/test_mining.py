"""weft pairs mine from the command line: what it writes, and one message for each mistake."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.cli.boundary import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = random.Random(5)
    words = ["".join(draw.choices("abdefgiklmnoprstu", k=4)) for _ in range(120)]
    lines = [" ".join(draw.choices(words, k=6)) for _ in range(400)]
    back = [" ".join(word[::-1] for word in line.split()) for line in lines]
    pl.DataFrame({"source": lines[:300], "target": back[:300]}).write_csv(tmp_path / "seed.tsv", separator="\t")
    (tmp_path / "a.txt").write_text("".join(line + "\n" for line in [*lines[300:380], lines[300]]), "utf-8")
    pl.DataFrame({"text": back[320:], "name": [f"n{n}" for n in range(320, 400)]}).write_parquet(tmp_path / "b.parquet")
    return tmp_path


def mine(folder: Path, *more: str, into: str = "out/mined.jsonl") -> int:
    files = [str(folder / name) for name in ("a.txt", "b.parquet")]
    return run(["pairs", "mine", *files, "--languages", "en,qaa_Latn", "--into", str(folder / into), *more])


def test_pairs_are_written_with_their_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mine(folder, "--seed", str(folder / "seed.tsv"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    rows = pl.read_ndjson(folder / "out/mined.jsonl")
    assert told["pairs"] == rows.height >= 50 and told["sentences"] == [80, 80] and told["seed_pairs"] == 300
    right = rows["source_line"] == rows["target_line"] + 20
    assert right.mean() >= 0.9 and rows["probability"].is_sorted(descending=True)
    assert rows.columns[:2] == ["eng_Latn", "qaa_Latn"]


def test_vectors_take_the_place_of_a_seed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(0).standard_normal((100, 16)).astype(np.float32)
    np.save(folder / "a.npy", np.concatenate([draw[:80], draw[:1]]))
    np.save(folder / "b.npy", draw[20:])
    given = [str(folder / name) for name in ("a.npy", "b.npy")]
    assert mine(folder, "--vectors", *given, into="mined.parquet") == 0
    rows = pl.read_parquet(folder / "mined.parquet").filter(pl.col("score") > 0.999)
    assert rows.height == 60 and (rows["source_line"] == rows["target_line"] + 20).all()
    assert mine(folder, "--vectors", *given[::-1]) == 2
    assert "expected floats, a vector of at most 8192 numbers for each of 81 rows" in capsys.readouterr().err


def test_a_model_finds_pairs_that_a_small_seed_judges(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = pl.read_csv(folder / "seed.tsv", separator="\t")
    rows[:180].write_csv(folder / "first.tsv", separator="\t")
    rows[100:].write_csv(folder / "rest.tsv", separator="\t")  # eighty of them the model has seen
    train = ["train", "pairs", str(folder / "first.tsv"), "--languages", "qaa_Latn,en", "--columns", "target,source"]
    assert run([*train, "--into", str(folder / "model"), "--json"]) == 0
    capsys.readouterr()
    model = ["--lexicon", str(folder / "model")]
    assert mine(folder, *model, "--seed", str(folder / "rest.tsv"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    found = pl.read_ndjson(folder / "out/mined.jsonl")
    assert told["seed_pairs"] == 120 and found.height >= 45
    assert (found["source_line"] == found["target_line"] + 20).mean() >= 0.9
    assert mine(folder, *model, "--seed", str(folder / "first.tsv")) == 2
    assert "0 of 180 pairs are none that the model was trained with; expected at least 100" in capsys.readouterr().err
    assert mine(folder, *model) == 2
    assert "--seed: not given; expected 100 pairs at least that the model" in capsys.readouterr().err
    assert mine(folder, *model, "--seed", str(folder / "rest.tsv"), "--languages", "en,swh_Latn") == 2
    assert "a model of qaa_Latn,eng_Latn; expected one of eng_Latn,swh_Latn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "--seed: not given"),
        (["--seed", "nowhere.tsv"], "nowhere.tsv: no such file"),
        (["--seed", "seed.tsv", "--seed-columns", "one"], "--seed-columns one: expected two different names"),
        (["--seed", "seed.tsv", "--text", "txt"], "no column 'txt'"),
        (["--seed", "seed.tsv", "--id", "name"], "--id name:"),
        (["--seed", "seed.tsv", "--languages", "en,xxxxx"], "--languages en,xxxxx: 'xxxxx' is no language"),
        (["--seed", "seed.tsv", "--into", "seed.tsv"], "seed.tsv: is read already; expected another file to write"),
        (["--seed", "copies.tsv"], "copies.tsv: 120 of 120 pairs have the same text on both sides"),
        (["--seed", "nothing.tsv"], "nothing.tsv: is empty; expected pairs"),
        (["--seed", "seed.tsv", "--into", "a.csv"], "expected a file named .tsv, .jsonl or .parquet"),
    ],
)
def test_a_mistake_is_one_message(
    folder: Path,
    more: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    copies = "".join(f"text {n}\ttext {n}\n" for n in range(120))
    (folder / "copies.tsv").write_text(f"source\ttarget\n{copies}", "utf-8")
    (folder / "nothing.tsv").touch()
    assert mine(folder, *more) == 2
    assert message in capsys.readouterr().err
