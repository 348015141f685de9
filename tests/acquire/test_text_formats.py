"""HTML, plain text, JSON lines, CSV, TSV and Parquet: fields, ranges, and what damage costs."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.acquire.html import html
from weft.acquire.jsonl import jsonl
from weft.acquire.parquet import parquet
from weft.acquire.plain_text import plain_text
from weft.acquire.rows import missing_column
from weft.acquire.table import table
from weft.errors import WeftError
from weft.operators.registry import validate

from .reading import cut, page, read, reasons

PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}
LINES = [
    json.dumps({"text": f"ꯃꯤꯇꯩ ስለ {n} " * (n % 7 + 1), "url": f"http://x/{n}"}, ensure_ascii=False) for n in range(200)
]
JSONL = "\n".join(LINES).encode()


@pytest.mark.parametrize("packer", list(PACKERS))
def test_compressed_files_are_read_and_a_cut_one_is_reported(packer: str) -> None:
    squeezed = PACKERS[packer](JSONL)
    rows = read(jsonl(), f"a.jsonl.{packer}", squeezed)
    assert len(rows) == 200 and set(reasons(rows)) == {None}
    cut_rows = read(jsonl(), f"a.jsonl.{packer}", squeezed[: len(squeezed) * 2 // 3])
    assert reasons(cut_rows)[-1] in ("truncated_gzip", "truncated_bzip2", "truncated_xz", "truncated_zstd")
    assert cut_rows[-1]["problem"]["kind"] == "error" and cut_rows[-1]["locator"] == f"a.jsonl.{packer}"
    page_rows = read(html(), f"a.html.{packer}", PACKERS[packer](page(1)))
    assert page_rows[0]["payload"] == page(1)


@pytest.mark.parametrize("count", [2, 7, 300])
def test_any_split_of_lines_gives_the_same_rows(count: int) -> None:
    for content in (JSONL, JSONL + b"\n", b"\xef\xbb\xbf" + JSONL, JSONL.replace(b"\n", b"\r\n\r\n")):
        whole = read(jsonl(), "a.jsonl", content)
        assert len(whole) == 200 and set(reasons(whole)) == {None}
        assert read(jsonl(), "a.jsonl", content, cut(len(content), count)) == whole


@settings(max_examples=100, deadline=None)
@given(text=st.text("ab \t\n\r", max_size=80), count=st.integers(1, 9), unit=st.sampled_from(["line", "paragraph"]))
def test_any_split_of_text_gives_the_same_rows(text: str, count: int, unit: Any) -> None:
    content = text.encode()
    function = plain_text(unit=unit)
    whole = read(function, "a.txt", content)
    if content:
        assert read(function, "a.txt", content, cut(len(content), count)) == whole
        kept = b"".join((row["payload"] or b"").replace(b"\r", b"").replace(b"\n", b"") for row in whole)
        assert kept.replace(b" ", b"").replace(b"\t", b"") == "".join(text.split()).encode()


def test_units_of_plain_text() -> None:
    content = b"Sura ya kwanza\nmstari wa pili\n\n \nAya ya pili\r\n\r\nAya ya tatu"
    assert [row["payload"] for row in read(plain_text(), "a.txt", content)] == [content]
    rows = read(plain_text(unit="paragraph"), "a.txt", content)
    assert [row["payload"].decode() for row in rows] == ["Sura ya kwanza\nmstari wa pili", "Aya ya pili", "Aya ya tatu"]
    assert [row["locator"] for row in rows] == [f"a.txt#{row['position']}" for row in rows]
    assert [content[row["position"] :][:3] for row in rows] == [b"Sur", b"Aya", b"Aya"]
    assert len(read(plain_text(unit="line"), "a.txt", content)) == 4
    wide = "línea uno\nlínea dos\n".encode("utf-16")
    assert [row["payload"].decode() for row in read(plain_text(unit="line"), "a.txt", wide)] == [
        "línea uno",
        "línea dos",
    ]
    assert read(plain_text(encoding="TIS-620"), "a.txt", b"\xa1")[0]["charset"] == "tis-620"


def test_fields_of_json_lines() -> None:
    content = json.dumps(
        {
            "body": {"text": "Habari"},
            "key": 7,
            "lang": "swh_Latn",
            "rights": "CC-BY-4.0",
            "when": "2024-02-03",
            "n": [1],
        }
    ).encode()
    function = jsonl(
        text_field="body.text", id_field="key", language_field="lang", license_field="rights", date_field="when",
        meta_fields=("n",),
    )  # fmt: skip
    row = read(function, "d/a.jsonl", content)[0]
    assert (row["text"], row["language_hint"], row["license"]) == ("Habari", "swh_Latn", "CC-BY-4.0")
    assert row["collected_at"].isoformat() == "2024-02-03T00:00:00+00:00"
    assert json.loads(row["meta"]) == {"id": 7, "n": [1]} and row["locator"] == "d/a.jsonl#0"


def test_each_bad_line_is_a_problem_of_its_own() -> None:
    lines = [
        b'{"text": "one"}', b'{"text": "two"', b"[1, 2]", b'{"body": "x"}', b'{"text": null}', b'{"text": 5}',
        b'{"text": "caf\xe9"}', b'{"text": "nul \\u0000 and half \\ud800"}', b"", b"\0\0\0", b'{"text": "last"}',
    ]  # fmt: skip
    rows = read(jsonl(), "a.jsonl", b"\n".join(lines))
    assert reasons(rows) == [
        None, "invalid_json", "not_an_object", "no_text", "no_text", "no_text", "invalid_utf8", None,
        "invalid_json", None,
    ]  # fmt: skip
    assert rows[7]["text"] == "nul \0 and half \ufffd" and rows[-1]["text"] == "last"
    assert rows[1]["position"] == len(lines[0]) + 1


def test_a_line_beyond_the_limit_is_refused_and_not_held() -> None:
    content = b'{"text": "a"}\n{"text": "' + b"x" * (3 << 20) + b'"}\n{"text": "b"}'
    assert reasons(read(jsonl(max_record_mb=1), "a.jsonl", content)) == [None, "too_large", None]
    assert reasons(read(jsonl(max_record_mb=1), "a.jsonl", content, cut(len(content), 5))) == [None, "too_large", None]
    assert reasons(read(plain_text(max_record_mb=1), "a.txt", content)) == ["too_large"]


def test_tables() -> None:
    content = b'text,url,n\n"Habari, dunia",http://x,1\n"mistari\nmiwili",,2\n'
    rows = read(table(meta_fields=("n",)), "a.csv", content)
    assert [row["text"] for row in rows] == ["Habari, dunia", "mistari\nmiwili"]
    assert rows[0]["url"] == "http://x" and rows[1]["url"] is None and json.loads(rows[1]["meta"]) == {"n": "2"}
    assert content[rows[1]["position"] :].startswith(b'"mistari')
    rows = read(table(), "a.tsv", b'lang\ttext\nx\tsay "hi\ny\t"quoted"\n')
    assert [row["text"] for row in rows] == ['say "hi', '"quoted"']
    assert read(table(columns=("id", "text"), delimiter=";"), "a.csv", b"1;one\n2;two")[1]["text"] == "two"
    for encoding in ("utf-16", "cp874", "utf-8-sig"):
        assert read(table(encoding=encoding), "a.csv", "text,n\nภาษาไทย,1".encode(encoding))[0]["text"] == "ภาษาไทย"


def test_a_table_without_the_column_says_how_to_name_it() -> None:
    assert "has id, body: say format: table and options: {text_field: …}" in missing_column(
        "text", ["id", "body"], "table", ","
    )
    assert "options: {text_field: body}" in missing_column("text", ["body"], "parquet")
    assert 'options: {delimiter: "\\t"}' in missing_column("text", ["id\tbody"], "table", ",")
    assert "no readable header" in missing_column("text", [], "table", ",")


def test_a_bad_row_of_a_table_costs_itself() -> None:
    lines = [
        b"text,n",
        b"one,1",
        b'"never closed,2',
        b"three,3",
        b"too,many,fields",
        b"caf\xe9,4",
        b"nul\0,5",
        b"six,6",
    ]
    rows = read(table(), "a.csv", b"\n".join(lines))
    assert [row["text"] for row in rows] == ["one", None, "three", None, None, "nul\0", "six"]
    assert reasons(rows)[1] == "damaged_record" and reasons(rows)[4] == "invalid_utf8"
    assert reasons(read(table(), "a.csv", b"body,n\nx,1\n")) == ["no_text_column"]


def test_unclosed_quotes_everywhere_take_linear_time() -> None:
    rows = read(table(), "a.csv", b"text,n\n" + b'"open,1\n' * 30_001)
    assert len(rows) > 15_000


def parquet_file(rows: int, group: int) -> bytes:
    held = io.BytesIO()
    columns = {"text": [f"andiko {n} " * 9 for n in range(rows)], "unused": list(range(rows)), "key": list(range(rows))}
    pq.write_table(pa.table(columns), held, row_group_size=group, compression="none", use_dictionary=False)
    return held.getvalue()


@pytest.mark.parametrize("count", [2, 7, 100])
def test_parquet_by_row_groups(count: int) -> None:
    data = parquet_file(3000, 250)
    whole = read(parquet(id_field="key"), "a.parquet", data)
    assert [row["position"] for row in whole] == list(range(3000))
    assert whole[17]["text"] == "andiko 17 " * 9 and whole[17]["meta"] == '{"id": 17}'
    assert read(parquet(id_field="key"), "a.parquet", data, cut(len(data), count)) == whole


def test_damaged_parquet() -> None:
    data = parquet_file(1000, 250)
    assert reasons(read(parquet(), "a.parquet", data[:-100])) == ["damaged_file"]
    assert reasons(read(parquet(), "a.parquet", data[:-100], cut(len(data) - 100, 3))) == ["damaged_file"]
    assert reasons(read(parquet(text_field="body"), "a.parquet", data)) == ["no_text_column"]
    at = data.index(b"andiko 300 ") - 2000
    broken = data[:at] + b"\xff" * 6000 + data[at + 6000 :]
    rows = read(parquet(), "a.parquet", broken)
    assert any(reasons(rows)) and len([r for r in rows if not r["problem"]]) >= 500
    held = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array([b"ok", b"caf\xe9", None], pa.binary())}), held)
    assert reasons(read(parquet(), "a.parquet", held.getvalue())) == [None, "no_text", "no_text"]
    odd = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"caf\xe9"], pa.binary()).buffers())
    held = io.BytesIO()
    pq.write_table(pa.table({"text": odd}), held)
    assert reasons(read(parquet(), "a.parquet", held.getvalue())) == [None, "invalid_utf8"]


@pytest.mark.parametrize("name", ["a.html", "a.txt", "a.jsonl", "a.csv", "a.parquet", "a.html.gz"])
def test_an_empty_file_is_a_reject(name: str) -> None:
    from weft.acquire import formats

    reader = {"html": html, "plain_text": plain_text, "jsonl": jsonl, "table": table, "parquet": parquet}
    function = reader[formats.reader_for(name) or ""]()
    rows = read(function, name, b"")
    assert reasons(rows) == ["empty_file"] and rows[0]["problem"]["kind"] == "reject"
    if name.endswith(".gz"):
        assert reasons(read(function, name, gzip.compress(b""))) == ["empty_file"]


def test_a_hundred_megabytes_in_one_line_pass() -> None:
    content = b"<p>" + b"neno " * 20_000_000 + b"</p>"
    assert len(read(html(), "a.html", content)[0]["payload"]) == len(content)


@pytest.mark.parametrize("factory", [html, plain_text, table])
def test_an_encoding_that_nobody_knows_is_told_before_anything_is_read(factory: Any) -> None:
    with pytest.raises(WeftError, match="no encoding is named 'klingon'; expected one such as utf-8"):
        validate(factory.spec, {"encoding": "klingon"})
    assert validate(factory.spec, {"encoding": "TIS-620"})["encoding"] == "TIS-620"


@pytest.mark.parametrize("given", [{"delimiter": "\n"}, {"delimiter": "\r"}, {"delimiter": "|", "quote": "|"}])
def test_a_delimiter_that_cannot_divide_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="neither a line end nor the quote"):
        table(**given)  # type: ignore[arg-type]
