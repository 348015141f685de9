"""Rows that cannot be read: each costs itself alone, keeps its number, and is told with its line and why."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from weft.errors import WeftError
from weft.parallel.corpora import sentences
from weft.parallel.multiway_files import given, languages_in, read_units
from weft.parallel.pairs_file import read_pairs
from weft.parallel.span_files import span_rows
from weft.tokenizer.texts import Columns, table_of
from weft.tokenizer.unreadable import Unreadable

NAMES = ("eng_Latn", "swh_Latn")
PAIRS = [(f"The tree {n} is tall.", f"Mti {n} ni mrefu.") for n in range(5)]
JSON = [json.dumps(dict(zip(NAMES, pair, strict=True))).encode() for pair in PAIRS]
TSV = ["\t".join(row).encode() for row in (NAMES, *PAIRS)]
CSV = [",".join(row).encode() for row in (NAMES, *PAIRS)]


def with_line(lines: list[bytes], line: int, held: bytes) -> bytes:
    return b"\n".join([*lines[: line - 1], held, *lines[line:], b""])


@pytest.mark.parametrize(
    ("form", "content", "line", "why"),
    [
        ("jsonl", with_line(JSON, 1, b"neither"), 1, "no JSON"),
        ("jsonl", b"\n".join(JSON)[:-9], 5, "no JSON (EOF"),
        ("jsonl", with_line(JSON, 3, JSON[2] + JSON[2]), 3, "no JSON (trailing"),
        ("jsonl", with_line(JSON, 3, b"[1, 2]"), 3, "a list; expected an object"),
        ("jsonl", with_line(JSON, 3, b'{"eng_Latn": 5, "swh_Latn": "tano"}'), 3, "eng_Latn is a number"),
        ("jsonl", with_line(JSON, 3, b'{"eng_Latn": "five", "swh_Latn": ["tano"]}'), 3, "swh_Latn is a list"),
        ("jsonl", with_line(JSON, 3, b'{"eng_Latn": {"a": 1}, "swh_Latn": "a"}'), 3, "eng_Latn is an object"),
        ("jsonl", with_line(JSON, 3, b'{"eng_Latn": true, "swh_Latn": "a"}'), 3, "eng_Latn is a truth value"),
        ("jsonl", with_line(JSON, 3, b'{"eng_Latn": "a\xff", "swh_Latn": "b"}'), 3, "no JSON (invalid unicode"),
        ("jsonl", with_line(JSON, 3, b'{"eng_Latn": "a\0", "swh_Latn": "b"}'), 3, "no JSON (control character"),
        ("tsv", with_line(TSV, 3, b"one cell"), 3, "1 cell, where the first row names 2"),
        ("tsv", with_line(TSV, 3, b"a\tb\tc"), 3, "3 cells, where the first row names 2"),
        ("tsv", with_line(TSV, 3, b"a\xff\tb"), 3, "byte 0xff is not UTF-8"),
        ("csv", with_line(CSV, 3, b'"a,b\tc'), 3, "a quote that nothing closes"),
        ("csv", with_line(CSV, 3, b'"a,b",c,d'), 3, "3 cells, where"),
        ("csv", with_line(CSV, 3, b'"a,b"'), 3, "1 cell, where"),
    ],
)
def test_a_row_that_cannot_be_read_costs_itself_alone(
    tmp_path: Path, form: str, content: bytes, line: int, why: str
) -> None:
    file = tmp_path / f"pairs.{form}.gz"
    file.write_bytes(gzip.compress(content))
    row = line - 1 if form == "jsonl" else line - 2
    wanted = [(None, None) if n == row else pair for n, pair in enumerate(PAIRS)]
    left = Unreadable()
    assert read_units(given(str(file)), left)["translation"].struct.unnest().rows() == wanted
    assert left.count == 1
    assert left.lines()[0].startswith(f"{file}: 1 row left out that cannot be read; the first is line {line}: {why}")
    left = Unreadable()
    read = read_pairs(file, None, NAMES, header=None, left=left)
    assert read.rows() == [("", "") if n == row else pair for n, pair in enumerate(PAIRS)] and left.count == 1


def test_what_is_no_fault_is_read(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    numbers = b'{"eng_Latn": "5", "swh_Latn": "[5]"}'  # texts that look as a number or a list does
    for name, content, rows in (
        ("crlf.tsv", b"\r\n".join([*TSV, b""]), PAIRS),
        ("crlf.jsonl", b"\r\n".join([*JSON, b""]), PAIRS),
        ("mark.tsv", mark + b"\n".join(TSV), PAIRS),
        ("mark.jsonl", mark + b"\n".join(JSON), PAIRS),
        ("empty.tsv", with_line(TSV, 3, b""), [PAIRS[0], (None, None), *PAIRS[2:]]),
        ("empty.jsonl", with_line(JSON, 2, b""), [PAIRS[0], *PAIRS[2:]]),
        ("nul.tsv", with_line(TSV, 2, b"a\0\tb"), [("a\0", "b"), *PAIRS[1:]]),
        ("numbers.jsonl", with_line(JSON, 1, numbers), [("5", "[5]"), *PAIRS[1:]]),
        ("lines.csv", with_line(CSV, 2, b'"a\nb","c, d"'), [("a\nb", "c, d"), *PAIRS[1:]]),
        ("short.csv", with_line(CSV, 2, b'"a\nb, c",d\n"e,f'), [("a\nb, c", "d"), (None, None), *PAIRS[1:]]),
    ):
        (tmp_path / name).write_bytes(content)
        left = Unreadable()
        assert read_units(given(str(tmp_path / name)), left)["translation"].struct.unnest().rows() == rows, name
        assert left.count == (name == "short.csv"), name


def test_objects_of_texts_and_fields_that_hold_something_else_in_few_rows(tmp_path: Path) -> None:
    rows = [json.dumps({"translation": dict(zip(NAMES, pair, strict=True)), "meta": {"a": 1}}) for pair in PAIRS]
    file = tmp_path / "groups.jsonl"
    for other, why in (
        ('{"translation": "text"}', "translation is text; expected an object"),
        ('{"translation": {"eng_Latn": 5, "swh_Latn": "b"}}', "translation.eng_Latn is a number; expected text"),
        ('{"translation": 5}', "translation is a number, which it is in few rows"),
        ('{"translation": [5]}', "translation is a list"),
    ):
        file.write_text("\n".join([*rows[:2], other, *rows[2:]]), "utf-8")
        left = Unreadable()
        units = read_units(given(str(file)), left)
        assert languages_in(units) == list(NAMES) and left.lines()[0].partition("line 3: ")[2].startswith(why)
        assert units["translation"].struct.field("swh_Latn").is_null().to_list() == [n == 2 for n in range(6)]


def test_no_row_is_an_error_and_so_is_a_file_that_is_cut(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.jsonl", b"neither\nnor\n", "a.jsonl: no row that can be read; line 1: no JSON"),
        ("b.jsonl", b'{"eng_Latn": 5, "swh_Latn": "b"}\n', "b.jsonl: eng_Latn is Int64; expected text"),
        ("a.tsv", b"a\tb\nc\nd\te\tf\n", "a.tsv: no row that can be read; line 2: 1 cell"),
        ("a.tsv.gz", gzip.compress(b"\n".join(TSV))[:-9], "a.tsv.gz: cannot be read"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(WeftError, match=said.replace("(", r"\(")):
            read_units(given(str(tmp_path / name)), Unreadable())


def test_sentences_keep_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\nt\xffo\nthree\n")
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "one"}\n{"text": 2}\n{"text"\n{"text": "four"}\n')
    for name, lines, height in (("a.txt", [1, 3], 3), ("a.jsonl", [1, 4], 4)):
        left = Unreadable()
        rows, read = sentences(tmp_path / name, left=left)
        assert rows["line"].to_list() == lines and read == height and left.count == height - 2


def test_spans_keep_their_numbers(tmp_path: Path) -> None:
    good = '{"source": "a", "target": "b", "spans": [{"begin": 0, "end": 1}]}'
    file = tmp_path / "spans.jsonl"
    file.write_bytes(b"\n".join([good.encode(), b"", b'{"source": "a"}', b"\xff", good.encode()]))
    left = Unreadable()
    assert list(span_rows(file, left)) == [0, 3] and left.count == 2
    assert "2 rows left out that cannot be read; the first is line 3: no text in target" in left.lines()[0]


def test_without_a_header_most_rows_say_how_many_cells_there_are(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(with_line(TSV[1:], 1, b"one cell"))
    left = Unreadable()
    assert table_of(file, Columns(), header=False, left=left).rows() == [(None, None), *PAIRS[1:]]
    assert left.lines()[0].endswith("line 1: 1 cell, where most rows have 2")
    assert read_pairs(file, first_two=True, header=None, left=left).rows() == [("", ""), *PAIRS[1:]] and left.count == 1


def test_the_first_row_is_no_pair_where_it_names_columns(tmp_path: Path) -> None:
    pl.DataFrame(PAIRS, list(NAMES), orient="row").select(reversed(NAMES)).write_csv(tmp_path / "a.csv")
    assert read_pairs(tmp_path / "a.csv", None, NAMES, first_two=True, header=None).rows() == PAIRS
    assert read_pairs(tmp_path / "a.csv", NAMES, first_two=True, header=None).rows() == PAIRS
