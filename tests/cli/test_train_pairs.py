"""`weft train pairs`: what it writes, and what it says to mistakes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run as main
from weft.errors import WeftError
from weft.own_file import writing
from weft.parallel.model_folder import load
from weft.parallel.pairs_file import read_pairs


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


@pytest.mark.parametrize("kind", ["pairs", "divergence"])
def test_a_seed_of_copies_and_a_place_that_is_a_file_are_said_first(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = tmp_path / "copies.tsv"
    copies.write_text("".join(f"One text {n}.\tOne text {n}.\n" for n in range(400)), "utf-8")
    given = ["train", kind, str(copies), "--languages", "en,sw", "--into"]
    assert main([*given, str(tmp_path / "model")]) == 2
    assert f"{copies}: 400 of 400 pairs have the same text on both sides" in capsys.readouterr().err
    assert main([*given, str(copies)]) == 2
    assert f"{copies}: cannot be written: it is a file" in capsys.readouterr().err


def test_a_model_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeftError, match="cannot be written: Not a directory"), writing(tmp_path / "file" / "model"):
        (tmp_path / "file" / "model").mkdir(parents=True)


def test_names_of_columns_are_no_pair(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("swh_Latn\teng_Latn\nMti.\tTree.\n", "utf-8")
    read = read_pairs(file, None, ("eng_Latn", "swh_Latn"), first_two=True, header=None)
    assert read.rows() == [("Tree.", "Mti.")]  # the columns are told by their codes, whatever their order


def test_columns_can_be_counted(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("1\tTree.\tMti.\n2\tSea.\tBahari.\n", "utf-8")
    assert read_pairs(file, ("2", "3"), header=None).rows() == [("Tree.", "Mti."), ("Sea.", "Bahari.")]
    with pytest.raises(WeftError, match="no column '4'"):
        read_pairs(file, ("2", "4"), header=None)


@pytest.mark.parametrize(
    ("command", "said"), [("pairs", "run the same command again"), ("run", "the same command goes on where it was")]
)
def test_what_ctrl_c_says(
    command: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("weft.cli.boundary._called", stopped)
    assert main([command, "x"]) == 130
    assert capsys.readouterr().err == f"stopped; {said}\n"
