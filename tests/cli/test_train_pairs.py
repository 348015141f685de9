"""`weft train pairs`: what it writes, and what it says to mistakes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run as main
from weft.parallel.model_folder import load


def _seed(folder: Path, count: int = 200) -> Path:
    file = folder / "seed.tsv"
    rows = [f"{a}\t{b}" for a, b in zip(*bitext(count), strict=True)]
    file.write_text("\n".join(["source\ttarget", *rows, "alone\t", "one cell", ""]), "utf-8")
    return file


def test_a_seed_makes_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["train", "pairs", str(_seed(tmp_path)), "--languages", "en,sw", "--into", str(tmp_path / "model")]
    assert main([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pairs"] == 200 and told["left_out"] == told["unreadable"] == 1 and told["auc"]["mismatch"] > 0.9
    assert load(tmp_path / "model").languages == ("eng_Latn", "swh_Latn")
    assert main(given) == 0
    out, said = capsys.readouterr()
    assert "seed.tsv: 1 row left out that cannot be read; the first is line 203: 1 cell" in said
    assert "200 pairs of eng_Latn and swh_Latn; 1 with an empty side left out" in out and "truncated target 75" in out


def test_pairs_that_nobody_checked_are_learnt_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = bitext(120, seed=8)
    raw = tmp_path / "raw.tsv"
    raw.write_text("".join(f"{a}\t{b}\n" for a, b in zip(source, target, strict=True)), "utf-8")
    given = ["train", "pairs", str(_seed(tmp_path, 150)), "--languages", "en,sw", "--into", str(tmp_path / "model")]
    assert main([*given, "--bootstrap", str(raw), "--rounds", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 0 < told["rounds"][0]["added"] <= 120
    assert load(tmp_path / "model").facts["rounds"] == told["rounds"]
    assert main([*given, "--rounds", "2"]) == 2
    assert "--rounds 2: expected with --bootstrap FILE" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["seed.jsonl", "seed.parquet", "seed.csv", "plain.tsv", "seed.tsv.gz"])
def test_layouts_of_a_seed(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    import polars as pl

    frame = pl.DataFrame(dict(zip(("source", "target"), bitext(120), strict=True)))
    file = tmp_path / name
    if name.endswith("jsonl"):
        frame.write_ndjson(file)
    elif name.endswith("parquet"):
        frame.write_parquet(file)
    elif name.endswith("csv"):
        frame.write_csv(file)
    elif name == "plain.tsv":
        frame.write_csv(file, separator="\t", include_header=False, quote_style="never")
    else:
        file.write_bytes(gzip.compress(frame.write_csv(separator="\t", quote_style="never").encode()))
    assert (
        main(["train", "pairs", str(file), "--languages", "eng_Latn,swh_Latn", "--into", str(tmp_path / "m"), "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["pairs"] == 120


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (["--languages", "eng_Latn"], "expected two different names with a comma between, such as eng_Latn,swh_Latn"),
        (["--languages", "eng_Latn,eng_Latn"], "expected two different names"),
        (["--languages", "en,eng_Latn"], "both are eng_Latn; expected two different languages"),
        (["--languages", "eng_Latn,xx-nothing"], "--languages eng_Latn,xx-nothing:"),
        (["--languages", "en,sw", "--columns", "source"], "--columns source: expected two different names"),
        (
            ["--languages", "en,sw", "--columns", "source,traget"],
            "no column 'traget'; it has source, target; did you mean target?",
        ),
    ],
)
def test_mistakes_are_said(tmp_path: Path, more: list[str], wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "pairs", str(_seed(tmp_path)), *more, "--into", str(tmp_path / "model")]) == 2
    assert wanted in capsys.readouterr().err and not (tmp_path / "model").exists()


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, wanted in (("none.tsv", "no such file"), ("pairs.docx", "expected a file of pairs")):
        assert main(["train", "pairs", str(tmp_path / name), "--languages", "en,sw"]) == 2
        assert wanted in capsys.readouterr().err
    (tmp_path / "bad.jsonl").write_text("{", "utf-8")
    assert main(["train", "pairs", str(tmp_path / "bad.jsonl"), "--languages", "en,sw"]) == 2
    assert "bad.jsonl: no row that can be read; line 1: no JSON" in capsys.readouterr().err
