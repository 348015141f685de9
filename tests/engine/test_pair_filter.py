"""Files of pairs are filtered in order, whatever the format and the number of threads; nothing is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from weft.engine import pair_blocks
from weft.engine.pair_blocks import layout
from weft.engine.pair_filter import Job, filter_pairs
from weft.errors import WeftError
from weft.parallel.rules import Bound, Rules

RULES = Rules(("eng_Latn", "swh_Latn"), (Bound("empty", "units", low=1), Bound("numbers", "numbers_differ", high=0)))
ROWS = [("There are 3.", "Wapo 3."), ("There are 3.", "Wapo 4."), ("One tree.", " "), ("The sea.", "Bahari.")] * 50
TSV = "".join(f"{n}\t{source}\t{target}\n" for n, (source, target) in enumerate(ROWS)).encode()


def run(
    file: Path, columns: tuple[str, ...], workers: int = 1, ending: str = ""
) -> tuple[dict[str, object], Path, Path]:
    ending = ending or "".join(file.suffixes)
    kept, rejected = file.with_name(f"kept-{workers}{ending}"), file.with_name(f"rest-{workers}{ending}")
    return filter_pairs(Job(layout(file, columns, False), RULES, kept, rejected, workers=workers)), kept, rejected


def test_lines_are_kept_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_blocks, "BLOCK", 301)
    (tmp_path / "in.tsv").write_bytes(TSV + b"no second column\n\xff\xfe\tx\ty\r\n900\tA tree.\tMti.")
    done, kept, rejected = run(tmp_path / "in.tsv", ("2", "3"))
    lines = TSV.splitlines(keepends=True)
    assert (
        kept.read_bytes() == b"".join(line for n, line in enumerate(lines) if n % 4 in (0, 3)) + b"900\tA tree.\tMti."
    )
    told = rejected.read_bytes().splitlines()
    assert told[0] == lines[1].rstrip() + b"\tnumbers" and told[1].endswith(b"\tempty")
    assert told[-2:] == [b"no second column\tunreadable", b"\xff\xfe\tx\ty\tunreadable"]
    assert (done["read"], done["kept"], done["rejected"]) == (203, 101, 102)
    assert done["rules"] == {
        "empty": {"drops": 50, "alone": 50}, "numbers": {"drops": 50, "alone": 50},
        "unreadable": {"drops": 2, "alone": 2},
    }  # fmt: skip


def test_any_number_of_threads_writes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_blocks, "BLOCK", 200)
    (tmp_path / "in.tsv.gz").write_bytes(gzip.compress(TSV))
    one, three = (run(tmp_path / "in.tsv.gz", ("2", "3"), workers) for workers in (1, 3))
    assert one[1].read_bytes() == three[1].read_bytes() and one[2].read_bytes() == three[2].read_bytes()
    assert len(gzip.decompress(one[1].read_bytes()).splitlines()) == 100


def test_named_columns_have_a_header(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_bytes(b"id\ten\tsw\n" + TSV)
    _, kept, rejected = run(tmp_path / "in.tsv", ("en", "sw"))
    assert kept.read_bytes().startswith(b"id\ten\tsw\n0\t") and rejected.read_bytes().startswith(
        b"id\ten\tsw\treasons\n"
    )
    (tmp_path / "mark.tsv").write_bytes(b"\xef\xbb\xbfen\tsw\nThe sea.\tBahari.\n")
    assert run(tmp_path / "mark.tsv", ("en", "sw"))[0]["kept"] == 1
    with pytest.raises(WeftError, match="no column eng; it has id, en, sw; did you mean en"):
        run(tmp_path / "in.tsv", ("eng", "sw"))


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("id\tsource\ttarget", ()),
        ("id\tsource\ttarget", ("2", "3")),
        ("\ufeffid\tEnglish\tTranslation", ()),
        ("id\teng_Latn\tswh_Latn", ("2", "3")),
    ],
)
def test_a_line_of_known_names_is_no_pair(tmp_path: Path, line: str, columns: tuple[str, ...]) -> None:
    (tmp_path / "in.tsv").write_bytes(f"{line}\n".encode() + TSV)
    done, kept, rejected = run(tmp_path / "in.tsv", columns)
    assert done["read"] == 200 and done["kept"] == 100
    assert kept.read_text("utf-8").startswith(f"{line}\n0\t")
    assert rejected.read_text("utf-8").startswith(f"{line}\treasons\n1\t")


@pytest.mark.parametrize("line", ["source\tchanzo", "The source.\ttarget", "source", "a eng_Latn\tb swh_Latn"])
def test_another_first_line_is_a_pair(tmp_path: Path, line: str) -> None:
    (tmp_path / "in.tsv").write_text(f"{line}\nThe sea.\tBahari.\n", "utf-8")
    assert run(tmp_path / "in.tsv", ())[0]["read"] == 2


def test_json_that_is_not_utf8_is_no_pair(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(
        b'{"source": "The sea.", "target": "Bahari."}\n{"source": "The s\xffa.", "target": "Bahari."}\n'
    )
    told, _, rejected = run(tmp_path / "in.jsonl", ())
    assert told["kept"] == 1 and json.loads(rejected.read_text("utf-8"))["reasons"] == ["unreadable"]


@pytest.mark.parametrize("nested", [False, True])
def test_json_lines(tmp_path: Path, nested: bool) -> None:
    rows = [{"source": a, "target": b, "n": n} for n, (a, b) in enumerate(ROWS)]
    held = [{"translation": row} if nested else row for row in rows]
    broken = '{"source": 3}\nnot json\n'
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held) + broken, "utf-8")
    names = ("translation.source", "translation.target") if nested else ("source", "target")
    done, kept, rejected = run(tmp_path / "in.jsonl", names)
    assert [json.loads(line) for line in kept.read_text("utf-8").splitlines()] == [
        row for n, row in enumerate(held) if n % 4 in (0, 3)
    ]
    told = [json.loads(line) for line in rejected.read_text("utf-8").splitlines()]
    assert told[0] == {"reasons": ["numbers"]} | held[1]
    assert told[-1] == {"reasons": ["unreadable"], "line": "not json"} and done["rejected"] == 102


def test_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": range(len(ROWS)), "en": [a for a, _ in ROWS], "sw": [b for _, b in ROWS]})
    frame = frame.with_columns(sw=pl.when(pl.col("n") == 0).then(None).otherwise("sw"))
    frame.write_parquet(tmp_path / "in.parquet")
    done, kept, rejected = run(tmp_path / "in.parquet", ("en", "sw"))
    assert pl.read_parquet(kept).equals(frame.filter((pl.col("n") % 4).is_in([0, 3]), pl.col("n") > 0))
    rest = pl.read_parquet(rejected)
    assert rest["reasons"][0].to_list() == ["unreadable"] and rest.height == done["rejected"] == 101


def test_depth(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("a tree\tmti\t0\na tree\tmti\t2\na tree\tmti\tnobody knows\n", "utf-8")
    rules = Rules(("eng_Latn", "swh_Latn"), (Bound("translation_depth", "depth", high=1),))
    held = layout(tmp_path / "in.tsv", ("1", "2", "3"), False)
    done = filter_pairs(Job(held, rules, tmp_path / "out.tsv", tmp_path / "rest.tsv"))
    assert done["kept"] == 2 and (tmp_path / "rest.tsv").read_text("utf-8") == "a tree\tmti\t2\ttranslation_depth\n"


def test_what_is_damaged_leaves_no_output(tmp_path: Path) -> None:
    (tmp_path / "in.tsv.gz").write_bytes(gzip.compress(TSV * 100)[:500])
    with pytest.raises(WeftError, match=r"in\.tsv\.gz: cannot be read on"):
        run(tmp_path / "in.tsv.gz", ("2", "3"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tsv.gz"]
    with pytest.raises(WeftError, match="no format of pairs by its name"):
        layout(tmp_path / "in.docx", (), False)


def test_an_empty_file_gives_empty_files(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_bytes(b"")
    done, kept, rejected = run(tmp_path / "in.tsv", ("1", "2"))
    assert done["read"] == 0 and kept.read_bytes() == rejected.read_bytes() == b""
