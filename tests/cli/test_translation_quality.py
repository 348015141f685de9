"""The commands `weft train mos` and `weft pairs quality`."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest

from weft.cli.boundary import run as main

_WORDS = [(f"{a}{b}ta", f"{b}{a}n") for a in ("ki", "mo", "sa", "lu", "ne") for b in ("fa", "ri", "bo", "ge", "du")]


def _written(file: Path, count: int, seed: int, head: str = "src_lang\ttgt_lang\tsource\ttranslation\tda") -> Path:
    draw, lines = random.Random(seed), [head]
    for _ in range(count):
        chosen, wrong = draw.choices(_WORDS, k=draw.randint(5, 9)), draw.random()
        made = [draw.choice(_WORDS)[1] if draw.random() < wrong else right for _, right in chosen]
        score = 100 * sum(one == right for one, (_, right) in zip(made, chosen, strict=True)) / len(chosen)
        lines.append("\t".join(("sw", "ha", " ".join(s for s, _ in chosen), " ".join(made), f"{score:.2f}")))
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quality")
    assert main(["train", "mos", str(_written(folder / "r.tsv", 300, 1)), "--into", str(folder / "q.mos"), "-q"]) == 0
    return folder / "q.mos"


def test_a_model_and_its_card_are_written(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = model.with_name("q.mos.md").read_text("utf-8")
    assert "| swh_Latn-hau_Latn | text | 300 |" in card and "weft-mos|v1|kind:da|rows:300|" in card
    ratings, into = model.with_name("r.tsv"), model.with_name("again.mos")
    assert main(["train", "mos", str(ratings), "--into", str(into), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pairs"][0]["heads"]["text"]["pearson"]["value"] > 0.5 and told["unreadable"] == 0
    assert into.read_bytes() == model.read_bytes()


@pytest.mark.parametrize("ending", [".tsv", ".csv", ".jsonl", ".parquet"])
def test_rows_keep_their_columns_and_get_scores(
    model: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new, out = _written(tmp_path / "new.tsv", 40, 2), tmp_path / f"out{ending}"
    with new.open("a", encoding="utf-8") as file:
        file.write("yo\tha\tone two\tthree four\t0\nsw\tha\tkifata\t\t0\n")
    assert main(["pairs", "quality", str(new), "--model", str(model), "--into", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["read"], told["scored"]) == (42, 41) and told["kind"] == "da"
    reasons = {"-".join(pair["languages"]): pair["reasons"] for pair in told["pairs"]}
    assert reasons == {"swh_Latn-hau_Latn": {"empty": 1}, "yor_Latn-hau_Latn": {"unsupported_pair": 1}}
    readers = {".tsv": lambda f: pl.read_csv(f, separator="\t"), ".csv": pl.read_csv, ".jsonl": pl.read_ndjson}
    frame = readers.get(ending, pl.read_parquet)(out)
    assert frame.columns[:5] == ["src_lang", "tgt_lang", "source", "translation", "da"]
    assert frame.columns[5:] == ["quality", "quality_low", "quality_high", "quality_reason"] and frame.height == 42
    assert frame["quality"].null_count() == 1 and frame["quality_low"].null_count() == 2


def test_a_person_is_told_what_was_scored(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = _written(tmp_path / "new.tsv", 5, 3)
    assert main(["pairs", "quality", str(new), "--model", str(model), "-q"]) == 0
    said = capsys.readouterr().out
    assert "swh_Latn-hau_Latn" in said and "signature  weft-mos|v1|" in said


def test_mistakes_are_told_without_a_trace(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = _written(tmp_path / "new.tsv", 5, 3)
    other = _written(tmp_path / "other.tsv", 5, 3)
    cases = {
        ("pairs", "quality", str(new), "--model", str(new)): "no estimator of translation quality",
        ("pairs", "quality", str(tmp_path / "none.tsv"), "--model", str(model)): "no such file",
        ("pairs", "quality", str(new), "--model", str(model), "--into", str(new)): "is read already",
        ("pairs", "quality", str(new), "--model", str(model), "--into", "x.doc"): "expected a file named .tsv",
        ("train", "mos", str(new)): "swh_Latn-hau_Latn: 5 rated translations, of 5 rows; expected 200",
        ("train", "mos", str(new), "--into", str(other)): "exists, and is no model of weft train mos",
        ("train", "mos", str(new), "--kind", "stars"): "expected one of da, esa, mos, mqm, z",
        ("train", "mos", str(new), "--into", str(tmp_path)): "is a folder",
        ("train", "mos", str(new), "--parallel", "sw,ha"): "expected CODE,CODE=FILE",
        ("train", "mos", str(new), "--score", "daa"): "no column 'daa'",
    }
    for command, said in cases.items():
        assert main(list(command)) == 2, command
        error = capsys.readouterr().err
        assert said in error and "Traceback" not in error, error


def test_parallel_text_of_a_pair_without_ratings_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = _written(tmp_path / "r.tsv", 220, 1)
    texts = _written(tmp_path / "p.tsv", 150, 4, "a\tb\tsource\ttarget\tc")
    command = ["train", "mos", str(ratings), "--into", str(tmp_path / "q.mos"), "-q"]
    command += ["--parallel", f"sw,ha={texts}", "--parallel", f"yo,ha={texts}"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "parallel" in said and "not used: --parallel of yor_Latn-hau_Latn" in said


def test_texts_with_tabs_keep_to_their_cells(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new, out = tmp_path / "new.jsonl", tmp_path / "out.tsv"
    row = {
        "src_lang": "sw",
        "tgt_lang": "ha",
        "source": "kifata\tsarita",
        "translation": "fakin\nrisan",
        "more": [1, 2],
    }
    new.write_text(json.dumps(row) + "\n", "utf-8")
    command = ["pairs", "quality", str(new), "--model", str(model), "-q", "--into"]
    assert main([*command, str(out)]) == 2
    assert "cannot be written" in capsys.readouterr().err and not out.exists()
    del row["more"]
    new.write_text(json.dumps(row) + "\n", "utf-8")
    assert main([*command, str(out)]) == 0
    frame = pl.read_csv(out, separator="\t")
    assert frame.height == 1 and frame["source"][0] == "kifata sarita"
