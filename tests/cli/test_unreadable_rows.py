"""Commands on pairs leave out rows that cannot be read, say so, count them, and keep the numbers of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.parallel.bitexts import bitext

from weft.cli.boundary import run

SAID = "1 row left out that cannot be read; the first is line"


def lines(sides: tuple[list[str], list[str]], bad: int) -> bytes:
    """A TSV without names whose line `bad` is a row of too few cells."""
    rows = [f"{a}\t{b}" for a, b in zip(*sides, strict=True)]
    return "\n".join([*rows[: bad - 1], "one cell", *rows[bad - 1 :], ""]).encode()


def told(capsys: pytest.CaptureFixture[str], *given: object) -> Any:
    """What a command answers, having said that one row is left out."""
    assert run([*map(str, given), "--json"]) == 0
    held = capsys.readouterr()
    answer = json.loads(held.out)
    assert answer["unreadable"] == 1 and held.err.count("\n") == 1 and SAID in held.err
    return answer


def test_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, into = tmp_path / "pairs.tsv", tmp_path / "out.jsonl"
    file.write_bytes(lines(bitext(4), 2))
    named = f"eng_Latn,swh_Latn={file}"
    assert told(capsys, "pairs", "coverage", named)["matrix"] == [[4, 4], [4, 4]]
    told(capsys, "pairs", "batches", named, "--batch-size", 2, "--source", "eng_Latn", "--into", into)
    assert sorted(pl.read_ndjson(into)["id"]) == [f"pairs.tsv#{n}" for n in (1, 3, 4, 5)]
    told(capsys, "pairs", "expand", named, "--into", tmp_path / "folder")
    rows = pl.read_ndjson(tmp_path / "folder/eng_Latn-swh_Latn.jsonl")
    assert rows["id"].to_list() == [f"pairs.tsv#{n}" for n in (1, 3, 4, 5)]
    assert told(capsys, "pairs", "join", named, "--pivot", "eng_Latn", "--into", into)["groups"] == 4


def test_vectors_stay_with_their_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = bitext(60)
    made = [json.dumps({"text": text}).encode() for text in source]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([*made[:20], b'{"text": "cut', *made[20:]]))
    (tmp_path / "b.txt").write_text("\n".join(target), "utf-8")
    vectors = np.random.default_rng(0).standard_normal((60, 16)).astype(np.float32)
    np.save(tmp_path / "a.npy", np.insert(vectors, 20, vectors[3], axis=0))
    np.save(tmp_path / "b.npy", vectors)
    files = (tmp_path / "a.jsonl", tmp_path / "b.txt", "--vectors", tmp_path / "a.npy", tmp_path / "b.npy")
    into = tmp_path / "out.parquet"
    told(capsys, "pairs", "mine", *files, "--languages", "en,sw", "--into", into)
    rows = pl.read_parquet(into).filter(pl.col("score") > 0.999)
    assert rows.height >= 50 and rows["source_line"].n_unique() == rows.height
    assert (rows["source_line"] == rows["target_line"] + (rows["target_line"] > 20)).all()


def test_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, into = tmp_path / "pairs.tsv", tmp_path / "out.txt"
    file.write_bytes(b"source\ttarget\n" + lines(bitext(20), 3))
    assert told(capsys, "pairs", "align-words", file, "--into", into)["pairs"] == 21
    links = into.read_text().split("\n")
    assert len(links) == 22 and not links[2] and all(links[:2]) and all(links[3:20])
    told(capsys, "pairs", "lexicon", file, "--into", tmp_path / "out.tsv")
    spans = tmp_path / "spans.jsonl"
    row = {"source": "The sea.", "target": "Bahari.", "spans": [{"begin": 4, "end": 7}]}
    spans.write_text(f"nothing\n{json.dumps(row)}\n")
    told(capsys, "pairs", "mark", spans, "--into", tmp_path / "marks.jsonl")
    mark = json.loads((tmp_path / "marks.jsonl").read_text())
    assert mark["pair"] == 1
    (tmp_path / "marks.jsonl").write_text(json.dumps(mark | {"translated": "<m>Bahari</m>."}))
    answer = told(capsys, "pairs", "project", spans, "--marked", tmp_path / "marks.jsonl", "--into", into)
    assert answer["projected"] + sum(answer["rejected"].values()) == 1


def test_documents_keep_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = bitext(12)
    for name, side, bad in (("a.jsonl", one, 1), ("b.jsonl", other, None)):
        texts = [json.dumps({"text": "\n".join(side[4 * n : 4 * n + 4])}) for n in range(3)]
        (tmp_path / name).write_text("\n".join("{" if n == bad else text for n, text in enumerate(texts)))
    files, into = (tmp_path / "a.jsonl", tmp_path / "b.jsonl"), tmp_path / "out.jsonl"
    told(capsys, "pairs", "align", *files, "--languages", "en,sw", "--into", into)
    rows = pl.read_ndjson(into)
    assert rows["source_document"].unique().sort().to_list() == ["a.jsonl#1", "a.jsonl#3"]
    assert (rows["source_document"].str.slice(-1) == rows["target_document"].str.slice(-1)).all()


def test_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, into = tmp_path / "pairs.tsv", tmp_path / "rules.json"
    file.write_bytes(lines(bitext(150), 120))
    answer = told(capsys, "pairs", "learn-rules", file, "--languages", "en,sw", "--no-identify", "--into", into)
    assert answer["pairs"] == 150
    assert run(["pairs", "learn-rules", str(file), "--languages", "en,sw", "--no-identify", "--most", "119", "--into",
                str(into), "--json"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["unreadable"] == 0


def test_a_divergence_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(lines(bitext(300), 7))
    answer = told(capsys, "train", "divergence", file, "--languages", "en,sw", "--into", tmp_path / "model")
    assert answer["pairs"] == 300
