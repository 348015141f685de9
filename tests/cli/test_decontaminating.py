"""weft decontaminate: documents of several formats, tables and JSON, what is not sought, and mistakes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from weft.cli.boundary import run as weft

ITEM = "Je, mji mkuu wa nchi hii uko upande gani wa mto mkubwa?"
OTHER = "ข่าวนี้เป็นคำถามข้อที่สองของแบบทดสอบภาษาไทย"


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = weft(["decontaminate", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set.tsv").write_text(f"id\tlang\ttext\n7\tswh\t{ITEM}\n8\ttha\t{OTHER}\n9\tswh\tndiyo\n", "utf-8")
    rows = [{"text": f"Kwanza.\n{ITEM.upper()}\tMwisho."}, {"text": "hapana"}, {"text": f"x {ITEM} {OTHER}"}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "crawl.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return tmp_path


def test_a_table_of_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = called(capsys, folder / "crawl.jsonl.gz", "--against", folder / "set.tsv", "--name", "lang")
    rows = [line.split("\t") for line in out.splitlines()]
    assert status == 0
    assert [row[1:6] for row in rows] == [
        ["set/swh", "7", "verbatim", "1.00", "8-62"],
        ["set/swh", "7", "verbatim", "1.00", "2-56"],
        ["set/tha", "8", "verbatim", "1.00", f"58-{58 + len(OTHER)}"],
    ]
    assert rows[0][0].startswith("crawl.jsonl.gz#") and rows[0][6] == ITEM.upper().rstrip("?")
    assert err.splitlines() == [
        "searched 3 documents; 2 with evaluation items",
        "set/swh: found 1 of 1 item in 2 documents; not sought: 1 too short (--summary FILE names them)",
        "set/tha: found 1 of 1 item in 1 document",
    ]


def test_many_benchmarks_without_findings_share_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{n}\tl{n}\tswali la {n} ambalo halipo katika maandishi yoyote" for n in range(9)]
    (folder / "set.tsv").write_text("\n".join(["id\tlang\ttext", f"7\tswh\t{ITEM}", *rows]) + "\n", "utf-8")
    _, _, err = called(capsys, folder / "crawl.jsonl.gz", "--against", folder / "set.tsv", "--name", "lang")
    assert err.splitlines()[1:] == [
        "set/swh: found 1 of 1 item in 2 documents",
        "9 other benchmarks: found none of 9 items",
    ]


def test_json_and_a_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = called(
        capsys, folder / "crawl.jsonl.gz", "--against", folder / "set.tsv",
        "--json", "--quiet", "--summary", folder / "s.json",
    )  # fmt: skip
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [len(row["found"]) for row in rows] == [1, 2]
    assert set(rows[0]["found"][0]) == {"benchmark", "item", "start", "end", "kind", "share", "text"}
    total = json.loads((folder / "s.json").read_text("utf-8"))
    assert (total["documents"], total["contaminated"], total["unread"]) == (3, 2, {})
    assert total["not_sought"] == [{"benchmark": "set", "item": "9", "text": "ndiyo", "status": "too short"}]
    assert total["benchmarks"] == [
        {"benchmark": "set", "items": 3, "sought": 2, "too_short": 1, "too_common": 0, "found": 2, "documents": 2}
    ]


def test_pages_tables_and_parquet_are_searched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "page.html").write_text(f"<html><body><article><p>{ITEM} Na zaidi ya hapo.</p></article></body>", "utf-8")
    (folder / "plain.txt").write_text(f"{OTHER}\n", "utf-8")
    pl.DataFrame({"body": [ITEM, "x"]}).write_parquet(folder / "t.parquet")
    status, out, _ = called(
        capsys, folder / "page.html", folder / "plain.txt", folder / "t.parquet",
        "--against", folder / "set.tsv", "--field", "body",
    )  # fmt: skip
    assert status == 0
    assert [line.split("\t")[2] for line in out.splitlines()] == ["7", "8", "7"]


def test_a_background_takes_out_what_is_common(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "usual.txt").write_text(f"{ITEM}\n" * 9, "utf-8")
    status, out, err = called(
        capsys, folder / "crawl.jsonl.gz", "--against", folder / "set.tsv", "--background", folder / "usual.txt"
    )
    assert status == 0 and [line.split("\t")[2] for line in out.splitlines()] == ["8"]
    assert "1 too short, 1 too common" in err


def test_records_that_cannot_be_read_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.jsonl").write_text('{"text": "x"}\n{bad\n{"id": 3}\n', "utf-8")
    status, out, err = called(capsys, folder / "bad.jsonl", "--against", folder / "set.tsv")
    assert (status, out) == (1, "")
    assert "bad.jsonl#14: not searched: invalid_json" in err and "bad.jsonl#19: not searched: no_text" in err
    assert "searched 1 document, not 2 records without text or unreadable" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no.jsonl", "--against", "set.tsv"], "no.jsonl: no such file"),
        ([".", "--against", "set.tsv"], "is a folder"),
        (["crawl.jsonl.gz", "--against", "no.tsv"], "no.tsv: cannot be read: No such file"),
        (["crawl.jsonl.gz", "--against", "set.tsv", "--text", "question"], "no column question; it has id, lang, text"),
        (["crawl.jsonl.gz", "--against", "set.tsv", "--near", "2"], "parameter near: got 2.0"),
        (["crawl.jsonl.gz", "--against", "set.tsv", "--background", "no.txt"], "no.txt: cannot be read"),
        (["crawl.jsonl.gz", "--against", "set.tsv", "--summary", "no/where.json"], "its folder does not exist"),
        (["crawl.jsonl.gz"], "--against"),
    ],
)
def test_mistakes_are_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(folder)
    status, out, err = called(capsys, *arguments)
    assert (status, out) == (2, "") and says in err and "Traceback" not in err
