"""weft train tokenizer and weft tokenizer report as a person uses them, and what is said of a mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.tokenizer.models import EXAMPLE, SENTENCES, made, write
from tests.tokenizer.test_extend import AMHARIC, SWAHILI

from weft.cli.boundary import run as weft
from weft.tokenizer.loaded import load

WRITTEN = {"tokenizer.json", "tokenizer_config.json", "README.md", "languages.tsv", "scores.json", "report.html"}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = []
    for n in range(12):
        for language, held in (("eng_Latn", SENTENCES), ("amh_Ethi", AMHARIC), ("swh_Latn", SWAHILI)):
            rows.append({"lang": language, "text": f"{held[n % len(held)]} {n}", "id": n})
    file = tmp_path / "texts.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return file


def train(texts: Path, into: Path, *more: str) -> int:
    return weft(["train", "tokenizer", str(texts), "--vocabulary", "600", "--into", str(into), "-q", *more])


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_train(texts: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    into = tmp_path / "made"
    assert train(texts, into, "--kind", kind, "--key", "id", "--hold-out", "0.2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {file.name for file in into.iterdir()} == WRITTEN
    held = load(into / "tokenizer.json")
    assert told["kind"] == kind and told["pieces"] == held.size <= 600
    rows = {row["language"]: row for row in told["languages"]}
    assert set(rows) == {"amh_Ethi", "eng_Latn", "swh_Latn"} and rows["eng_Latn"]["parity"] == 1
    assert all(row["restored_share"] == 1 and row["fertility"] >= 1 for row in rows.values())
    assert told["summary"]["trained"]["languages"] == 3
    assert json.loads((into / "scores.json").read_text("utf-8"))["languages"] == told["languages"]
    card = (into / "README.md").read_text("utf-8")
    assert (
        f"A {'BPE' if kind == 'bpe' else kind} tokenizer of {held.size:,} pieces" in card
        and "| `amh_Ethi` | Amharic | 9 |" in card
    )
    table = (into / "languages.tsv").read_text("utf-8").splitlines()
    assert table[0].startswith("tokenizer\tlanguage\ttexts\twords") and len(table) == 4
    assert "<h2>From best to worst</h2>" in (into / "report.html").read_text("utf-8")


def test_the_same_bytes_twice(texts: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert train(texts, tmp_path / name) == 0
    assert (tmp_path / "one/tokenizer.json").read_bytes() == (tmp_path / "two/tokenizer.json").read_bytes()


def test_extend_with_before_and_after(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "old"
    old.mkdir()
    write(made("byte_level"), old / "tokenizer.json")
    (old / "tokenizer_config.json").write_text('{"model_max_length": 7}', "utf-8")
    into = tmp_path / "made"
    assert train(texts, into, "--extend", str(old), "--hold-out", "0.2") == 0
    said = capsys.readouterr().out
    before, after = load(old / "tokenizer.json"), load(into / "tokenizer.json")
    assert f"{after.size - before.size:,} pieces more than {before.size:,}." in said
    assert "before" in said and "after" in said and "amh_Ethi" in said
    assert (into / "tokenizer_config.json").read_text("utf-8") == '{"model_max_length": 7}'
    assert "Every old id is what it was" in (into / "README.md").read_text("utf-8")


def test_report(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write(made("byte_level"), tmp_path / "bytes.json")
    given = ["tokenizer", "report", str(EXAMPLE), str(other), "--texts", str(texts), "--key", "id", "-q"]
    assert weft([*given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["summary"]) == {"label.token_count", "bytes"} and len(told["languages"]) == 6
    assert weft([*given, "--tsv", "--pivot", "swh_Latn"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    parity = lines[0].index("parity")
    assert [row[parity] for row in lines[1:] if row[1] == "swh_Latn"] == ["1.000000", "1.000000"]
    assert weft([*given, "--into", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "Gini" in said and "amh_Ethi" in said and str(tmp_path / "out/report.html") in said
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"languages.tsv", "scores.json", "report.html"}


def test_files_of_one_name_are_told_apart(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "x").mkdir(parents=True)
        write(made("own"), tmp_path / name / "x" / "tokenizer.json")
    files = [str(tmp_path / name / "x") for name in ("a", "b")]
    assert weft(["tokenizer", "report", *files, "--texts", str(texts), "--json", "-q"]) == 0
    assert len(json.loads(capsys.readouterr().out)["summary"]) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--kind", "wordpiece"], "--kind wordpiece: expected bpe or unigram"),
        (["--extend", str(EXAMPLE), "--kind", "unigram"], "--kind: not possible with --extend"),
        (["--extend", str(EXAMPLE), "--special", "<x>"], "--special: not possible with --extend"),
        (["--extend", "absent.json"], "absent.json: cannot be read"),
        (["--text", "txt"], "no column 'txt'; it has lang, text, id; did you mean text?"),
        (["--key", "id", "--pivot", "eng_Lat"], "--pivot eng_Lat: .*did you mean eng_Latn"),
        (["--into", "texts.jsonl"], "it is a file"),
    ],
)
def test_mistakes_of_training(
    texts: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(texts.parent)
    assert train(texts, Path("made"), *more) == 2
    error = capsys.readouterr().err
    assert re.search(said, error) and "Traceback" not in error


def test_mistakes_of_a_report(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weft(["tokenizer", "report", str(texts), "--texts", str(texts)]) == 2
    assert "not JSON" in capsys.readouterr().err
    assert weft(["tokenizer", "report", str(EXAMPLE), "--texts", str(texts), "--tsv", "--json"]) == 2
    assert "exclude one another" in capsys.readouterr().err
    assert weft(["tokenizer", "report", str(EXAMPLE)]) == 2
    assert "--texts" in capsys.readouterr().err


def test_the_tokenizer_itself_is_not_written_over(texts: Path, tmp_path: Path) -> None:
    write(made("own"), tmp_path / "tokenizer.json")
    before = (tmp_path / "tokenizer.json").read_bytes()
    assert train(texts, tmp_path, "--extend", str(tmp_path)) == 2
    assert (tmp_path / "tokenizer.json").read_bytes() == before
