"""Zip and tar archives: members by their readers, damage, nesting."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from weft.acquire.archive import archive

from .reading import packed, page, parquet_bytes, read, reasons, records

MEMBERS = {
    "pages/1.html": page(1),
    "pages/2": page(2),
    "crawl.warc.gz": packed(records(3), "gz"),
    "data.jsonl": b'{"text": "a"}\n{"text": "b"}\nbroken',
    "rows.parquet": parquet_bytes(["x", "y"]),
    "notes.txt": "ملاحظات".encode(),
    "table.csv": b"text\nc\n",
    "picture.png": b"\x89PNG\r\n" + bytes(range(256)),
    "empty": b"",
    ".hidden.txt": b"not read",
    "__MACOSX/a.txt": b"not read",
}


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return held.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as made:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return held.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz", "tar.zst"])
def test_members_go_to_their_readers(kind: str) -> None:
    data = zipped(MEMBERS) if kind == "zip" else tarred(MEMBERS)
    data = gzip.compress(data) if "gz" in kind else zstandard.compress(data) if "zst" in kind else data
    name = f"d/a.{kind}"
    rows = read(archive(), name, data)
    assert reasons(rows) == [
        None, None, None, None, None, None, None, "invalid_json", None, None, None, None, "unknown_format", "empty_file"
    ]  # fmt: skip
    assert rows[0]["locator"] == f"{name}!pages/1.html#0" and rows[0]["payload"] == page(1)
    assert rows[2]["url"] == "http://example.org/1" and rows[5]["locator"] == f"{name}!data.jsonl#0"
    assert rows[-2]["locator"] == f"{name}!picture.png"
    assert "not read" not in str(rows)


def test_parameters_reach_the_readers() -> None:
    data = zipped({"a.jsonl": b'{"body": "x"}'})
    assert read(archive(readers={"jsonl": {"text_field": "body"}}), "a.zip", data)[0]["text"] == "x"
    with pytest.raises(ValueError, match="jsonll"):
        archive(readers={"jsonll": {}})


def test_nested_archives_to_a_depth() -> None:
    inner = zipped({"a.txt": b"deep"})
    assert read(archive(), "a.tar", tarred({"b.zip": inner}))[0]["locator"] == "a.tar!b.zip!a.txt#0"
    for _ in range(4):
        inner = zipped({"in.zip": inner})
    assert reasons(read(archive(), "a.zip", inner)) == ["unknown_format"]


def test_damaged_archives_lose_only_what_is_damaged() -> None:
    members = {f"{n}.txt": bytes(f"habari {n} ", "ascii") * 500 for n in range(5)}
    data = bytearray(zipped(members))
    at = data.index(b"2.txt") + 12
    data[at : at + 4] = b"\xff\xff\xff\xff"
    rows = read(archive(), "a.zip", bytes(data))
    assert reasons(rows) == [None, None, "damaged_member", None, None]
    assert reasons(read(archive(), "a.zip", bytes(data[:-50]))) == ["damaged_archive"]
    cut = tarred(members)
    for size in (5120, 5120 + 300, 5120 + 512, 5120 * 2 - 100, 5120 * 2):
        rows = read(archive(), "a.tar", cut[:size])
        assert reasons(rows)[:1] == [None] and reasons(rows)[-1] in ("truncated_archive", "damaged_archive"), size
    assert reasons(read(archive(), "a.tar", cut[: 5120 * 2] + b"?" + cut[5120 * 2 + 1 :])) == [
        None,
        None,
        "damaged_archive",
    ]
    assert reasons(read(archive(), "a.tar", cut + tarred({"6.txt": b"x"}))) == [None] * 5 + ["damaged_archive"]
    rows = read(archive(), "a.tar.gz", gzip.compress(cut)[:-60])
    assert reasons(rows)[-1] == "truncated_gzip" and rows[-1]["locator"] == "a.tar.gz"
    assert reasons(read(archive(), "a.zip", b"no archive " * 100)) == ["damaged_archive"]
    assert reasons(read(archive(), "a.tar", b"no archive " * 100)) == ["damaged_archive"]


def test_real_pages(data_dir: Path) -> None:
    data = (data_dir / "html" / "daniel_train.tar.gz").read_bytes()
    rows = read(archive(), "daniel_train.tar.gz", data)
    assert sum(row["mime"] == "text/html" for row in rows) == 110
