"""The commands on words of pairs, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.engine.model_server import ModelServer

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


class Translator(ModelServer):
    """Answers with the marked text in capitals."""

    def _judgement(self, asked: dict[str, object]) -> str:
        (message,) = asked["messages"]  # type: ignore[misc,attr-defined]
        return str(message["content"]).split("\n\n")[1].upper()


def test_a_server_translates_marked_texts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spans, marks, service = (tmp_path / name for name in ("spans.jsonl", "marks.jsonl", "service.yaml"))
    rows = [
        {"source": text, "target": "x", "spans": [{"begin": 4, "end": 8, "label": "T"}]}
        for text in ("The tree is {tall}.", "The lake is wide.", "The road is long.")
    ]
    spans.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    given = ["pairs", "mark", str(spans), "--into", str(marks), "--service", str(service), "--json"]
    languages = ["--languages", "eng_Latn,swh_Latn"]
    with Translator(refuse=("road",)) as server:
        service.write_text(f"{{url: '{server.url}', protocol: openai-chat, model: m, give_up_seconds: 1}}", "utf-8")
        assert run([*given, *languages]) == 0
        told, asked = json.loads(capsys.readouterr().out), sum(server.answered.values())
        first = marks.read_text("utf-8")
        assert run([*given, *languages]) == 0 and sum(server.answered.values()) == asked == 2
    assert told["translated"] == 2 and told["unanswered"] == {"service_refused": 1}
    texts = [json.loads(line)["translated"] for line in first.splitlines()]
    assert texts == ["THE [TREE] IS {TALL}.", "THE [LAKE] IS WIDE.", ""]
    spans.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]), "utf-8")
    assert run([*given, *languages]) == 0  # nobody answers any more, and all is there
    assert marks.read_text("utf-8").splitlines() == first.splitlines()[:2]
    capsys.readouterr()
    out = tmp_path / "out.jsonl"
    assert run(["pairs", "project", str(spans), "--marked", str(marks), "--into", str(out)]) == 0
    spans.write_text(json.dumps({**rows[0], "source": "The bird is tall."}) + "\n", "utf-8")
    assert run([*given, *languages]) == 2
    assert "what was answered is kept in" in capsys.readouterr().err
    assert run(given) == 2 and "--languages: not given" in capsys.readouterr().err
    for content, said in (
        ("[1]", "expected the keys of a service"),
        ("{url: x}", "service.yaml: "),
        ("{url: 'http://a/v1', protocol: tei-predict}", "expected openai-chat or openai-completions"),
        ("{", "not valid YAML"),
    ):
        service.write_text(content, "utf-8")
        assert run([*given, *languages]) == 2 and said in capsys.readouterr().err


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
        (["align-words", "pairs.tsv", "--into", "x.parquet"], "--into x.parquet: .parquet is not written"),
        (["align-words", "pairs.tsv", "--into", "x", "--with", "x"], "x: is read already"),
        (["lexicon", "pairs.tsv", "--into", "x.jsonl"], "--into x.jsonl: .jsonl is not written; expected a word list"),
        (["lexicon", "pairs.tsv", "--into", "pairs.tsv"], "pairs.tsv: is read already; expected another file"),
        (["mark", "good.jsonl", "--into", "good.jsonl"], "good.jsonl: is read already"),
        (["project", "good.jsonl", "--into", "good.jsonl"], "good.jsonl: is read already"),
        (["lexicon", "empty.tsv", "--into", "x"], "empty.tsv: no pairs"),
        (["lexicon", "pairs.doc", "--into", "x"], "pairs.doc: expected a file of pairs"),
        (["project", "bad.jsonl", "--into", "x"], "bad.jsonl: no row that can be read; line 1: no text in target"),
        (
            ["project", "bad2.jsonl", "--into", "x"],
            "bad2.jsonl: no row that can be read; line 1: {'begin': 0}: expected a span with begin and end",
        ),
        (["project", "good.jsonl", "--into", "x", "--marked", "empty.jsonl"], "no translation of span 0 of pair 0"),
    ],
)
def test_mistakes_are_one_message(
    pairs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(pairs.parent)
    good = '{"source": "a", "target": "b", "spans": [{"begin": 0, "end": 1}]}\n'
    for name, text in {
        "empty.tsv": "a\tb\n", "pairs.doc": "a", "good.jsonl": good, "bad.jsonl": '{"source": "a"}\n',
        "bad2.jsonl": '{"source": "a", "target": "b", "spans": [{"begin": 0}]}\n', "empty.jsonl": "",
    }.items():  # fmt: skip
        Path(name).write_text(text, "utf-8")
    assert run(["pairs", *arguments]) == 2
    assert told in capsys.readouterr().err
