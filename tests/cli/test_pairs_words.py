"""The commands on words of pairs, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from weft.cli.boundary import run

PAIRS = "english\tswahili\tid\nThe tree is tall.\tMti ni mrefu.\t1\nThe sea is wide.\tBahari ni pana.\t2\n" * 4


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    (tmp_path / "pairs.tsv").write_text(PAIRS.replace("\nenglish\tswahili\tid", ""), "utf-8")
    return tmp_path / "pairs.tsv"


def test_links_are_written_as_the_field_does(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = pairs.with_name("out") / "links.txt"
    assert run(["pairs", "align-words", str(pairs), "--into", str(into), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    lines = into.read_text("utf-8").splitlines()
    assert told["pairs"] == len(lines) == 8
    assert told["count"] == sum(len(line.split()) for line in lines)
    # "." stands at the end of both, and is written alike.
    assert all("4-3" in line.split() for line in lines)


def test_json_lines_have_places(pairs: Path) -> None:
    into = pairs.with_suffix(".jsonl")
    assert run(["pairs", "align-words", str(pairs), "--into", str(into), "--with", str(pairs)]) == 0
    rows = [json.loads(line) for line in into.read_text("utf-8").splitlines()]
    assert len(rows) == 8
    assert rows[0]["source_words"][1] == [4, 8] and rows[0]["target_words"][0] == [0, 3]
    assert all(0.3 <= share <= 1 for row in rows for _, _, share in row["links"])


def test_a_word_list(pairs: Path) -> None:
    into = pairs.with_name("lexicon.tsv")
    assert (
        run(["pairs", "lexicon", str(pairs), "--into", str(into), "--columns", "swahili,english", "--least", "0"]) == 0
    )
    table = pl.read_csv(into, separator="\t", quote_char=None)
    assert table.columns == ["word", "translation", "forward", "backward", "count", "confidence", "rank"]
    assert {"Mti", "Bahari"} <= set(table["word"])


def test_spans_by_links_and_by_marks(pairs: Path) -> None:
    spans, out, marks = (pairs.with_name(name) for name in ("spans.jsonl", "out.jsonl", "marks.jsonl"))
    row = {
        "source": "The sea is wide.",
        "target": "Bahari ni pana.",
        "spans": [{"begin": 15, "end": 16, "label": "END"}],
    }
    spans.write_text(json.dumps(row) + "\n", "utf-8")
    assert run(["pairs", "project", str(spans), "--into", str(out), "--with", str(pairs)]) == 0
    (made,) = (json.loads(line) for line in out.read_text("utf-8").splitlines())
    assert made["target_spans"][0]["label"] == "END" and made["target_spans"][0]["begin"] == 14
    assert run(["pairs", "mark", str(spans), "--into", str(marks)]) == 0
    (asked,) = (json.loads(line) for line in marks.read_text("utf-8").splitlines())
    assert asked == {"pair": 0, "span": 0, "marked": "The sea is wide[.]"}
    marks.write_text(json.dumps({**asked, "translated": "Bahari ni pana[.]"}), "utf-8")
    assert run(["pairs", "project", str(spans), "--into", str(out), "--marked", str(marks)]) == 0
    (made,) = (json.loads(line) for line in out.read_text("utf-8").splitlines())
    assert made["target_spans"][0]["begin"] == 14


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["align-words", "none.tsv", "--into", "x"], "none.tsv: no such file"),
        (
            ["align-words", "pairs.tsv", "--into", "x", "--columns", "english,sw"],
            "no column 'sw'; it has english, swahili, id",
        ),
        (["align-words", "pairs.tsv", "--into", "x", "--columns", "id"], "--columns id: expected two different names"),
        (["align-words", "pairs.tsv", "--into", "x", "--method", "best"], "--method best: expected one of mean"),
        (["align-words", "pairs.tsv", "--into", "x", "--tokens", "bytes"], "--tokens bytes: expected one of words"),
        (["lexicon", "empty.tsv", "--into", "x"], "empty.tsv: no pairs"),
        (["lexicon", "pairs.doc", "--into", "x"], "pairs.doc: expected a file of pairs"),
        (["project", "bad.jsonl", "--into", "x"], "bad.jsonl:2: no text in target"),
        (["project", "bad2.jsonl", "--into", "x"], "bad2.jsonl:1: {'begin': 0}: expected a span with begin and end"),
        (["project", "good.jsonl", "--into", "x", "--marked", "empty.jsonl"], "no translation of span 0 of pair 0"),
    ],
)
def test_mistakes_are_one_message(
    pairs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(pairs.parent)
    good = '{"source": "a", "target": "b", "spans": [{"begin": 0, "end": 1}]}\n'
    for name, text in {
        "empty.tsv": "a\tb\n", "pairs.doc": "a", "good.jsonl": good, "bad.jsonl": good + '{"source": "a"}\n',
        "bad2.jsonl": '{"source": "a", "target": "b", "spans": [{"begin": 0}]}\n', "empty.jsonl": "",
    }.items():  # fmt: skip
        Path(name).write_text(text, "utf-8")
    assert run(["pairs", *arguments]) == 2
    assert told in capsys.readouterr().err
