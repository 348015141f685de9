"""weft pairs align as a person uses it: texts, folders, tables, what is written, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.parallel.test_alignment import changed, sentences

from weft.cli.boundary import run as weft

BASE = ["--languages", "eng_Latn,swh_Latn"]


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    one, other = sentences(800, 1)
    pl.DataFrame({"source": one, "target": other}).write_csv(tmp_path / "seed.tsv", separator="\t", quote_style="never")
    return tmp_path / "seed.tsv"


def test_two_texts_with_a_seed(tmp_path: Path, seed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, wanted = changed(*sentences(60, 2), 3)
    (tmp_path / "en.txt").write_text("\n".join(one[:30]) + "\n\n" + "\n".join(one[30:]) + "\n", "utf-8")
    (tmp_path / "sw.txt").write_text("\n".join(other), "utf-8")
    given = ["pairs", "align", str(tmp_path / "en.txt"), str(tmp_path / "sw.txt"), *BASE, "--seed", str(seed)]
    assert weft([*given, "--into", str(tmp_path / "out.parquet"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = pl.read_parquet(tmp_path / "out.parquet")
    assert told["written"] == rows.height == sum(told["beads"].values())
    assert told["sentences"] == {"source": len(one), "target": len(other)}
    found = {
        (first - 1, count, second - 1, more)
        for first, count, second, more in rows.select(
            "source_first", "source_count", "target_first", "target_count"
        ).rows()
    }
    assert len(found & wanted) >= 0.95 * len(wanted)
    for row in rows.head(5).iter_rows(named=True):
        first, count = row["source_first"] - 1, row["source_count"]
        assert row["source"] == " ".join(one[first : first + count])
    assert weft([*given, "--into", str(tmp_path / "all.jsonl"), "--all", "--quiet"]) == 0
    every = pl.read_ndjson(tmp_path / "all.jsonl")
    assert every["source_count"].sum() == len(one) and every["target_count"].sum() == len(other)
    assert weft([*given, "--into", str(tmp_path / "sure.tsv"), "--least", "0.9"]) == 0
    sure = pl.read_csv(tmp_path / "sure.tsv", separator="\t", quote_char=None)
    assert 0 < sure.height <= rows.height and sure["score"].min() >= 0.9


def test_folders_and_tables(tmp_path: Path, seed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = sentences(60, 4)
    for n in range(3):
        for name, side in (("en", one), ("sw", other)):
            (tmp_path / name).mkdir(exist_ok=True)
            text = "\n".join(side[20 * n : 20 * n + 20])
            (tmp_path / name / f"{n}.{'txt' if name == 'en' else 'text'}").write_text(text, "utf-8")
    (tmp_path / "en" / "alone.txt").write_text("nobody\n", "utf-8")
    given = [*BASE, "--seed", str(seed), "--into", str(tmp_path / "out.jsonl"), "--json"]
    assert weft(["pairs", "align", str(tmp_path / "en"), str(tmp_path / "sw"), *given]) == 0
    assert json.loads(capsys.readouterr().out)["documents"] == {"source": 4, "target": 3, "paired": 3}
    assert pl.read_ndjson(tmp_path / "out.jsonl")["source_document"].unique().sort().to_list() == [
        f"{n}.txt" for n in range(3)
    ]
    for name, side, order in (("en", one, (0, 1, 2)), ("sw", other, (2, 0, 1))):
        rows = [{"url": f"x.org/{name}/{n}", "text": ". ".join(side[20 * n : 20 * n + 20])} for n in order]
        pl.DataFrame(rows).write_ndjson(tmp_path / f"{name}.jsonl")
    for how in ("url", "content"):
        tables = ["pairs", "align", str(tmp_path / "en.jsonl"), str(tmp_path / "sw.jsonl"), "--documents", how]
        assert weft([*tables, *given]) == 0
        assert json.loads(capsys.readouterr().out)["documents"]["paired"] == 3
        links = (
            pl.read_ndjson(tmp_path / "out.jsonl")
            .select("source_document", "target_document")
            .unique()
            .sort("source_document")
        )
        assert links["target_document"].to_list() == ["sw.jsonl#2", "sw.jsonl#3", "sw.jsonl#1"]


def test_a_model_takes_the_place_of_a_seed(tmp_path: Path, seed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, wanted = changed(*sentences(30, 2), 3)
    (tmp_path / "en.txt").write_text("\n".join(one), "utf-8")
    (tmp_path / "sw.txt").write_text("\n".join(other), "utf-8")
    train = ["train", "pairs", str(seed), "--columns", "target,source", "--languages", "swh_Latn,eng_Latn"]
    assert weft([*train, "--into", str(tmp_path / "model"), "--json"]) == 0
    given = ["pairs", "align", str(tmp_path / "en.txt"), str(tmp_path / "sw.txt"), *BASE]

    def right(*more: str) -> float:
        assert weft([*given, *more, "--into", str(tmp_path / "out.parquet"), "--quiet"]) == 0
        rows = pl.read_parquet(tmp_path / "out.parquet")
        found = rows.select(
            pl.col("source_first") - 1, "source_count", pl.col("target_first") - 1, "target_count"
        ).rows()
        return len(set(found) & wanted) / len(wanted)

    model = ["--lexicon", str(tmp_path / "model")]
    alone, known, both = right(), right(*model), right(*model, "--seed", str(seed))
    assert alone < 0.9 and known >= 0.95 and both >= 0.95
    assert weft([*given[:4], "--languages", "eng_Latn,fra_Latn", *model, "--into", str(tmp_path / "o.tsv")]) == 2
    assert "a model of swh_Latn,eng_Latn; expected one of eng_Latn,fra_Latn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--languages": "eng_Latn"}, "expected two"),
        ({"--languages": "eng_Latn,en"}, "two different"),
        ({"--languages": "eng_Latn,qqqq"}, "no language"),
        ({"--into": "out.xlsx"}, "expected a file named .tsv, .jsonl, .parquet"),
        ({"--into": "nowhere/out.tsv"}, "its folder does not exist"),
        ({"--documents": "date"}, "expected names, url, content"),
        ({"--seed": "en.txt"}, "en.txt: expected a file of pairs"),
    ],
)
def test_a_mistake_is_one_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("en.txt").write_text("one\n", "utf-8")
    options = {"--languages": "eng_Latn,swh_Latn", "--into": "out.tsv"} | changes
    given = [part for option in options.items() for part in option]
    assert weft(["pairs", "align", "en.txt", "en.txt", *given]) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
    assert not Path("out.tsv").exists()


def test_places_that_do_not_fit_are_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "en.txt").write_text("one\n", "utf-8")
    (tmp_path / "bad.txt").write_bytes(b"one \xff\n")
    (tmp_path / "empty").mkdir()
    for target, said in (("none", "no such file"), ("empty", "two files or two folders"), ("bad.txt", "not UTF-8")):
        given = ["pairs", "align", str(tmp_path / "en.txt"), str(tmp_path / target), *BASE]
        assert weft([*given, "--into", str(tmp_path / "out.tsv")]) == 2
        assert said in capsys.readouterr().err


def _vectors(texts: list[str], wild: bool = False) -> np.ndarray:
    """Sums of vectors of words, the same of both languages: the digits of a word say which it is."""
    held = np.random.default_rng(3).normal(size=(1_000, 24)).astype(np.float32)
    if wild:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), 24)).astype(np.float32)
    return np.stack([sum(held[int(word[1:4])] for word in text.split()) for text in texts])


def test_vectors_of_sentences_find_what_lengths_cannot_and_wild_ones_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted: list[set[tuple[int, ...]]] = []
    counts: list[list[str]] = [[], []]
    for n in range(3):
        one, other, beads = changed(*sentences(20, 30 + n), 3)
        for name, side, count in (("en", one, counts[0]), ("sw", other, counts[1])):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{n}.txt").write_text("\n".join(side), "utf-8")
            count.extend(side)
        wanted.append(beads)
    (tmp_path / "en/0a.txt").write_text("alone\nin its folder\n", "utf-8")  # second by name, and no pair of another
    texts = [counts[0], counts[1]]
    first = len((tmp_path / "en/0.txt").read_text("utf-8").splitlines())
    made = [_vectors(side) for side in texts]
    np.save(tmp_path / "en.npy", np.vstack([made[0][:first], np.ones((2, 24), np.float32), made[0][first:]]))
    np.save(tmp_path / "sw.npy", made[1])
    given = ["pairs", "align", str(tmp_path / "en"), str(tmp_path / "sw"), *BASE, "--into", str(tmp_path / "o.parquet")]

    def right(*more: str) -> tuple[float, dict[str, object]]:
        assert weft([*given, "--json", *more]) == 0
        rows = pl.read_parquet(tmp_path / "o.parquet")
        columns = ("source_document", "source_first", "source_count", "target_first", "target_count")
        found = {(int(n[0]), a - 1, b, c - 1, d) for n, a, b, c, d in rows.select(columns).rows()}
        true = {(n, *bead) for n, beads in enumerate(wanted) for bead in beads}
        return len(found & true) / len(true), json.loads(capsys.readouterr().out)

    plain, told = right()
    assert "vectors" not in told
    share, told = right("--vectors", str(tmp_path / "en.npy"), str(tmp_path / "sw.npy"))
    assert share > 0.97 and share > plain + 0.02 and told["vectors"]["used"] and told["vectors"]["order"] > 0.9
    np.save(tmp_path / "wild.npy", _vectors(texts[1], wild=True))
    share, told = right("--vectors", str(tmp_path / "en.npy"), str(tmp_path / "wild.npy"))
    assert share == plain and not told["vectors"]["used"] and "do not stand in the same order" in told["vectors"]["why"]


def test_vectors_that_do_not_fit_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("en.txt", "one\ntwo\n"), ("sw.txt", "moja\nmbili\n")):
        (tmp_path / name).write_text(text, "utf-8")
    given = ["pairs", "align", str(tmp_path / "en.txt"), str(tmp_path / "sw.txt"), *BASE]
    given += ["--into", str(tmp_path / "o.tsv")]
    np.save(tmp_path / "good.npy", np.ones((2, 4), np.float32))
    for held, wanted in (
        (np.ones((3, 4), np.float32), "a vector of at most 8192 numbers for each of 2 rows"),
        (np.array([[1, 1], [np.nan, 1]], np.float32), "row 2 has no direction"),
        (np.ones((2, 5), np.float32), "4 and 5 numbers; expected one encoder's"),
    ):
        np.save(tmp_path / "bad.npy", held)
        assert weft([*given, "--vectors", str(tmp_path / "good.npy"), str(tmp_path / "bad.npy")]) == 2
        assert wanted in capsys.readouterr().err
    assert weft([*given, "--vectors", str(tmp_path / "good.npy"), str(tmp_path / "none.npy")]) == 2
    assert "none.npy: cannot be read" in capsys.readouterr().err
    both = ["--vectors", str(tmp_path / "good.npy"), str(tmp_path / "good.npy"), "--encoder", "x"]
    assert weft([*given, *both]) == 2 and "expected one of them" in capsys.readouterr().err
    assert weft([*given, "--encoder", "nowhere"]) == 2 and "is not a folder" in capsys.readouterr().err
