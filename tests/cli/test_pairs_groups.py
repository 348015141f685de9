"""weft pairs join, expand, coverage, batches and diverge as a person uses them: what is written, said, and refused."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run as weft
from weft.cli.coverage_table import lines, short
from weft.errors import WeftError
from weft.parallel import model_folder
from weft.parallel.coverage import coverage
from weft.parallel.divergence import learn
from weft.parallel.divergence_folder import save


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "swh.tsv").write_text("eng_Latn\tswh_Latn\nThe tree\tMti\nThe sea\tBahari\n", "utf-8")
    (tmp_path / "zul.tsv").write_text("the tree\tIsihlahla\nThe sea\tUlwandle\n", "utf-8")
    return [str(tmp_path / "swh.tsv"), f"en,zu={tmp_path / 'zul.tsv'}"]


def test_from_pairs_to_groups_to_batches(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = str(tmp_path / "groups.parquet")
    assert weft(["pairs", "join", *files, "--pivot", "en", "--match", "caseless", "--into", groups, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["groups"], told["languages"]) == (2, ["eng_Latn", "swh_Latn", "zul_Latn"])
    assert weft(["pairs", "coverage", groups]) == 0
    said = capsys.readouterr().out
    assert "2 groups in 3 languages" in said and "3, 3, 3" in said
    assert weft(["pairs", "coverage", groups, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["matrix"] == [[2] * 3] * 3
    expanded = ["pairs", "expand", groups, "--into", str(tmp_path / "pairs"), "--languages", "sw,zu", "--quiet"]
    assert weft(expanded) == 0
    assert [file.name for file in (tmp_path / "pairs").iterdir()] == ["swh_Latn-zul_Latn.jsonl"]
    into = str(tmp_path / "batches.jsonl")
    assert weft(["pairs", "batches", groups, "--batch-size", "2", "--source", "eng_Latn", "--into", into]) == 0
    assert "4 rows in 2 batches" in capsys.readouterr().out
    assert pl.read_ndjson(into)["batch"].to_list() == [1, 1, 2, 2]


def test_the_sentences_of_comparable_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = bitext(520)
    seed = pl.DataFrame({"source": source[:400], "target": target[:400]})
    seed.write_csv(tmp_path / "seed.tsv", separator="\t", quote_style="never")
    there = [n for n in range(400, 520) if n % 4]
    (tmp_path / "a.txt").write_text("\n".join(source[400:]), "utf-8")
    (tmp_path / "b.txt").write_text("\n".join(target[n] for n in there), "utf-8")
    given = ["pairs", "diverge", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--languages", "eng_Latn,swh_Latn"]
    seed = ["--seed", str(tmp_path / "seed.tsv")]
    assert weft([*given, *seed, "--into", str(tmp_path / "labels.tsv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = pl.read_csv(tmp_path / "labels.tsv", separator="\t", quote_char=None)
    assert rows.height == 120 + 90 and told["documents"] == 1
    own = rows.filter(language="eng_Latn")
    assert own["text"].to_list() == source[400:] and own["sentence"].to_list() == list(range(1, 121))
    missing = own.filter(pl.Series([n % 4 == 0 for n in range(400, 520)]))
    assert (missing["label"] == "new").mean() > 0.8 and (own["label"] == "same").mean() > 0.6
    assert told["sentences"]["swh_Latn"]["same"] > 80 and told["held_out"]["swh_Latn"]["f1"]["same"] > 0.9
    # What is learnt once is the same: the same bytes, and labels do not depend on the side that is named first.
    model = str(tmp_path / "model")
    assert weft(["train", "divergence", seed[1], "--languages", "en,sw", "--into", model, "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert kept["held_out"] == told["held_out"] and (kept["pairs"], kept["keep"]) == (400, 0.9)
    again = ["--model", model, "--documents", "content", "--into", str(tmp_path / "again.tsv")]
    assert weft([*given, *again]) == 0 and "1 pair of documents" in capsys.readouterr().out
    assert (tmp_path / "again.tsv").read_bytes() == (tmp_path / "labels.tsv").read_bytes()
    turned = [*given[:2], given[3], given[2], "--languages", "sw,en", "--model", model, "--json"]
    assert weft([*turned, "--into", str(tmp_path / "turned.parquet")]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["held_out"] == told["held_out"] and list(other["held_out"]) == ["swh_Latn", "eng_Latn"]
    columns = ["language", "sentence", "text", "label", "same", "new", "other"]
    assert (
        pl.read_parquet(tmp_path / "turned.parquet", columns=columns)
        .sort(columns[:2])
        .equals(rows.select(columns).with_columns(pl.col("other").fill_null("")).sort(columns[:2]))
    )


@pytest.fixture(scope="module")
def divergence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("divergence") / "model"
    save(learn(*bitext(300), ("eng_Latn", "swh_Latn")), folder)
    return folder


def test_a_model_of_divergence_scores_no_pairs(divergence: Path) -> None:
    with pytest.raises(WeftError, match="a model of divergence; expected one that `weft train pairs` wrote"):
        model_folder.load(divergence)


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        ({}, ["--languages", "en,zu"], "a model of eng_Latn,swh_Latn; expected one of eng_Latn,zul_Latn"),
        ({"format": 0}, [], "a model of another version of weft; expected one that `weft train divergence` wrote anew"),
        ({"inputs": 3}, [], "a model of another version of weft"),
        ({"kind": "other"}, [], "no model of divergence; expected a folder that `weft train divergence` wrote"),
        ({"least": [1]}, [], "cannot be read: "),
        ({}, ["--model", "nowhere"], "nowhere: no model here; expected a folder that `weft train divergence` wrote"),
        ({}, ["--seed", "a.txt"], "expected --seed FILE, or --model FOLDER of weft train divergence; one of both"),
        ({}, ["--keep", "0.8"], "--model: with --keep or --random-seed"),
    ],
)
def test_a_model_of_divergence_that_does_not_fit_is_refused(
    divergence: Path, tmp_path: Path, change: dict[str, object], more: list[str], said: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shutil.copytree(divergence, "model")
    told = json.loads(Path("model/model.json").read_text("utf-8"))
    Path("model/model.json").write_text(json.dumps(told | change), "utf-8")
    Path("a.txt").write_text("a\n", "utf-8")
    given = ["pairs", "diverge", "a.txt", "a.txt", "--languages", "en,sw", "--model", "model", "--into", "out.tsv"]
    assert weft([*given, *more]) == 2
    assert said in capsys.readouterr().err.replace("\n", " ") and not Path("out.tsv").exists()


def test_fifty_languages_fit_a_terminal() -> None:
    draw = random.Random(4)
    codes = [f"q{a}{b}_Latn" for a in "abcde" for b in "abcdefghij"]
    rows = [{code: "text" if draw.random() < n / 60 else None for n, code in enumerate(codes, 1)} for _ in range(300)]
    found = coverage(pl.DataFrame(rows, dict.fromkeys(codes, pl.String)).select(translation=pl.struct(codes)))
    said = list(lines(found, 100))
    assert max(map(len, said)) <= 100 and said[0] == "300 groups in 50 languages"
    # Every two languages once, in the lower half: 50 on the diagonal and 1,225 others.
    matrix = said[said.index("", 2) + 1 :]
    cells = [cell for line in matrix for cell in line[12:].split() if "_" in line[:13]]
    own = np.sort(np.diagonal(found.matrix))[::-1]
    assert len(cells) == 1275 and matrix[3].split() == ["1", "qej_Latn", short(int(own[0]))]


def test_counts_take_four_characters() -> None:
    numbers = [0, 7, 999, 1000, 9949, 9999, 99_499, 999_400, 1_200_000, 25_000_000]
    assert [short(n) for n in numbers] == [".", "7", "999", "1.0k", "9.9k", "10k", "99k", "999k", "1.2M", "25M"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["join", "SWH", "--pivot", "eng_Latn", "--into", "x.tsv"], "expected a file named .jsonl or .parquet"),
        (["join", "SWH", "--pivot", "hau_Latn", "--into", "x.jsonl"], "no text in the pivot hau_Latn"),
        (["join", "SWH", "--pivot", "eng_Latn", "--match", "caselss", "--into", "x.jsonl"], "did you mean caseless"),
        (["join", "none.tsv", "--pivot", "eng_Latn", "--into", "x.jsonl"], "none.tsv"),
        (["expand", "SWH", "--into", "out", "--languages", "hau_Latn,eng_Latn"], "no texts in hau_Latn"),
        (["batches", "SWH", "--into", "x.jsonl"], "expected --batch-size, or --batch-tokens with --tokenizer"),
        (["batches", "SWH", "--into", "x.jsonl", "--batch-size", "2", "--last", "all"], "keep, drop, fill"),
        (
            ["diverge", "SWH", "SWH", "--languages", "en,sw", "--seed", "SWH", "--into", "x.doc"],
            "expected a file named",
        ),
    ],
)
def test_mistakes_are_said(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert weft(["pairs", *(files[0] if one == "SWH" else one for one in arguments)]) == 2
    assert said in capsys.readouterr().err.replace("\n", " ")
