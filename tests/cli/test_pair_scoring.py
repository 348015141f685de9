"""`weft pairs score`: every row as it is, with what a model says of it, in every format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run as main
from weft.parallel.model_folder import load, save
from weft.parallel.scorer import train


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scorer") / "model"
    save(train(*bitext(300), ("eng_Latn", "swh_Latn")), folder)
    return folder


def _rows() -> tuple[list[str], list[str]]:
    source, target = bitext(60, seed=7)
    target[3], target[5] = source[3], target[40]
    return source, target


def _written(folder: Path, name: str) -> Path:
    frame, file = pl.DataFrame(dict(zip(("source", "target"), _rows(), strict=True))), folder / name
    frame = frame.with_row_index("row")
    if name.endswith(".parquet"):
        frame.write_parquet(file)
    elif ".jsonl" in name:
        content = frame.write_ndjson().encode()
        file.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    else:
        frame.select("source", "target", "row").write_csv(
            file, separator="\t", include_header=False, quote_style="never"
        )
    return file


def _read(file: Path) -> pl.DataFrame:
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    if ".jsonl" in file.name:
        content = file.read_bytes()
        return pl.read_ndjson(gzip.decompress(content) if file.suffix == ".gz" else content)
    names = ["source", "target", "row", "score", "probability", "reasons"]
    frame = pl.read_csv(file, separator="\t", has_header=False, new_columns=names, quote_char=None)
    listed = (
        pl.when(pl.col("reasons").is_null())
        .then(pl.lit([], pl.List(pl.String)))
        .otherwise(pl.col("reasons").str.split(","))
    )
    return frame.with_columns(listed.alias("reasons"))


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.jsonl", "pairs.jsonl.gz", "pairs.parquet"])
def test_a_file_is_scored_as_its_pairs_are(
    model: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, into = _written(tmp_path, name), tmp_path / f"scored.{name}"
    assert main(["pairs", "score", str(file), "--model", str(model), "--into", str(into), "--json"]) == 0
    told, found = json.loads(capsys.readouterr().out), _read(into)
    wanted = load(model).score(*_rows())
    assert found["row"].to_list() == list(range(60)) and found["source"].to_list() == _rows()[0]
    assert found["score"].to_list() == pytest.approx(wanted["score"].round(4).to_list(), abs=2e-4)
    assert found["reasons"].to_list() == wanted["reasons"].to_list()
    assert told["read"] == 60 and told["pass"] == int(wanted["keep"].sum()) < 60
    assert "copy" in found["reasons"][3] and "mismatch" in found["reasons"][5]
    assert told["reasons"] == {k: sum(k in row for row in found["reasons"]) for k in told["reasons"]}


def test_threads_and_blocks_leave_no_trace(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from weft.engine import pair_blocks

    file = _written(tmp_path, "pairs.tsv")
    given = ["pairs", "score", str(file), "--model", str(model), "--quiet", "--into"]
    assert main([*given, str(tmp_path / "one.tsv"), "--workers", "1"]) == 0
    monkeypatch.setattr(pair_blocks, "BLOCK", 700)
    assert main([*given, str(tmp_path / "three.tsv"), "--workers", "3"]) == 0
    assert (tmp_path / "one.tsv").read_bytes() == (tmp_path / "three.tsv").read_bytes()


def test_rows_that_are_no_pairs_are_told(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text('{"source": "a", "target": "b"}\nno json\n{"source": 1, "target": "b"}\n', "utf-8")
    assert (
        main(["pairs", "score", str(file), "--model", str(model), "--into", str(tmp_path / "o.jsonl"), "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["reasons"]["unreadable"] == 2
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text("utf-8").splitlines()]
    assert [row["reasons"] == ["unreadable"] for row in rows] == [False, True, True] and rows[1]["line"] == "no json"


def test_the_other_direction(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _written(tmp_path, "pairs.tsv")
    given = [
        "pairs",
        "score",
        str(file),
        "--model",
        str(model),
        "--into",
        str(tmp_path / "o.tsv"),
        "--json",
        "--columns",
        "2,1",
    ]
    assert main([*given, "--languages", "swh_Latn,eng_Latn"]) == 0
    turned = json.loads(capsys.readouterr().out)
    assert turned["pass"] == int(load(model).score(*_rows())["keep"].sum())
    assert main([*given, "--languages", "swh_Latn,fra_Latn"]) == 2
    assert "is of eng_Latn,swh_Latn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("into", "more", "wanted"),
    [
        ("scored.jsonl", [], "another format than"),
        ("pairs.tsv", [], "is read already"),
        ("none/scored.tsv", [], "its folder does not exist"),
        ("scored.tsv", ["--model", "nothing"], "no model here"),
    ],
)
def test_mistakes_are_said(
    model: Path, tmp_path: Path, into: str, more: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _written(tmp_path, "pairs.tsv")
    given = ["pairs", "score", str(file), "--model", str(model), *more, "--into", str(tmp_path / into)]
    assert main(given) == 2 and wanted in capsys.readouterr().err
