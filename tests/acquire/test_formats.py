"""Names, first bytes, and where files are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.acquire import formats

from .reading import page, record, response


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("a.warc.gz", "warc"), ("CC.warc.wet.gz", "warc"), ("old.ARC", "warc"), ("a.warc.zst", "warc"),
        ("a.html", "html"),
        ("b/a.htm.gz", "html"), ("a.txt.xz", "plain_text"), ("a.jsonl.bz2", "jsonl"), ("a.ndjson", "jsonl"),
        ("a.parquet", "parquet"), ("a.parquet.gz", None), ("a.tsv.zst", "table"), ("a.zip", "archive"),
        ("a.tar.gz", "archive"), ("a.tgz", "archive"), ("a", None), ("a.gz", None), ("a.pdf", None), (".warc", "warc"),
    ],
)  # fmt: skip
def test_reader_by_name(name: str, reader: str | None) -> None:
    assert formats.reader_for(name) == reader


@pytest.mark.parametrize(
    ("first", "reader"),
    [
        (record(1, response(page(1))), "warc"), (b"filedesc://a.arc 0.0.0.0 20070101000000 text/plain 77\n", "warc"),
        (b"<!-- hi -->\n<!DOCTYPE html><p>", "html"), (b'<?xml version="1.0"?><html xmlns="x">', "html"),
        (b'{"text": "x"}\n', "jsonl"), (b"PAR1\0", "parquet"), (b"PK\x03\x04", "archive"),
        ("ສະບາຍດີ".encode(), "plain_text"),
        (b"%PDF-1.4 text", None), (bytes(range(256)), None), (b"", None), ("wide".encode("utf-16"), "plain_text"),
    ],
)  # fmt: skip
def test_reader_by_first_bytes(first: bytes, reader: str | None) -> None:
    assert formats.sniff(first) == reader


def test_accepted_endings_lead_back_to_their_reader() -> None:
    for reader in formats.ENDINGS:
        for ending in formats.accepted(reader):
            assert formats.reader_for(f"a{ending}") == reader


@given(
    size=st.integers(0, 1 << 40),
    target=st.integers(1, 1 << 30),
    name=st.sampled_from(["a.warc.gz", "a.jsonl", "a.txt"]),
)
def test_ranges_cover_the_file_once(size: int, target: int, name: str) -> None:
    target = max(target, size // 1000)
    ranges = formats.splits(name, formats.reader_for(name) or "", size, target)
    assert ranges[0][0] == 0 and ranges[-1][1] == size
    assert all(a[1] == b[0] and a[0] < a[1] for a, b in pairwise(ranges))


def test_what_cannot_be_cut_stays_whole() -> None:
    for name in ("a.jsonl.gz", "a.html", "a.zip", "a.csv", "a.txt"):
        assert formats.splits(name, formats.reader_for(name) or "", 10 << 20, 1 << 20) == [(0, 10 << 20)]
