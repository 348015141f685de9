"""WARC, WET and ARC: every record of every split, and nothing lost silently when a file is damaged."""

from __future__ import annotations

import gzip
import io
import random
import time
from typing import Any, BinaryIO

import brotli
import pyarrow as pa
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from weft.acquire.warc import warc
from weft.model.tables import UNITS

from .reading import Memory, cut, packed, page, read, reasons, record, records, response, unit

KINDS = ("", "gz", "zst")
PAGES = 20


def file_name(how: str) -> str:
    return f"crawl/a.warc{'.' + how if how else ''}"


def good(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["problem"] is None]


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("count", [2, 7, 60])
def test_any_split_gives_the_same_rows(how: str, count: int) -> None:
    data = packed(records(PAGES), how)
    whole = read(warc(), file_name(how), data)
    assert [row["url"] for row in whole] == [f"http://example.org/{n}" for n in range(1, PAGES + 1)]
    assert read(warc(), file_name(how), data, cut(len(data), count)) == whole


def test_fields_of_a_page() -> None:
    row = read(warc(), "a.warc", record(7, response(page(7))))[0]
    assert row["locator"] == "http://example.org/7 2024-05-08T10:00:00Z <urn:uuid:00000007>"
    assert (row["position"], row["mime"], row["charset"]) == (0, "text/html", "utf-8")
    assert row["collected_at"].isoformat() == "2024-05-08T10:00:00+00:00"
    assert row["payload"] == page(7) and row["text"] is None and row["problem"] is None


@settings(max_examples=40, deadline=None)
@given(how=st.sampled_from(KINDS), seed=st.integers(0, 10_000), pieces=st.integers(2, 9))
@example(how="", seed=5738, pieces=3)  # in the name of a header's first field, just behind a cut
def test_a_flipped_byte_loses_one_record_and_says_so(how: str, seed: int, pieces: int) -> None:
    chance = random.Random(seed)
    data = bytearray(packed(records(PAGES), how))
    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    rows = read(warc(), file_name(how), bytes(data))
    assert PAGES - 1 <= len(good(rows)) <= PAGES
    assert len(rows) >= PAGES, "a record vanished without a problem"
    assert read(warc(), file_name(how), bytes(data), cut(len(data), pieces)) == rows


@settings(max_examples=40, deadline=None)
@given(how=st.sampled_from(KINDS), share=st.floats(0.01, 0.999))
def test_a_cut_file_gives_all_before_the_cut_and_one_problem_at_most(how: str, share: float) -> None:
    data = packed(records(PAGES), how)
    whole = read(warc(), file_name(how), data)
    rows = read(warc(), file_name(how), data[: int(len(data) * share)])
    assert good(rows) == whole[: len(good(rows))]
    assert len(rows) - len(good(rows)) <= 1


def test_a_cut_gzip_member_is_reported() -> None:
    data = packed(records(3), "gz")
    rows = read(warc(), "a.warc.gz", data[: data.rindex(b"\x1f\x8b\x08") - 20])
    assert reasons(rows) == [None, None, "truncated_gzip"]


@pytest.mark.parametrize("error", [-30, -3, 5, 40, 3000])
def test_a_wrong_length_costs_one_record(error: int) -> None:
    parts = [record(n, response(page(n))) for n in range(1, 6)]
    block = response(page(3))
    parts[2] = record(3, block, length=len(block) + error)
    rows = read(warc(), "a.warc", b"".join(parts))
    assert reasons(rows) == [None, None, "bad_length", None, None]
    assert rows[2]["problem"]["kind"] == "error" and rows[2]["url"] == "http://example.org/3"


def test_a_length_beyond_the_end_hides_nothing() -> None:
    parts = [record(n, response(page(n))) for n in range(1, 5)]
    parts[1] = record(2, response(page(2)), length=10**9)
    rows = read(warc(max_record_mb=1), "a.warc", b"".join(parts))
    assert reasons(rows) == [None, "bad_length", None, None]


@pytest.mark.parametrize("how", KINDS)
def test_garbage_between_records_is_reported_once(how: str) -> None:
    parts = [packed([record(n, response(page(n)))], how) for n in range(1, 5)]
    data = parts[0] + parts[1] + b"\x07garbage garbage" * 20 + parts[2] + parts[3]
    rows = read(warc(), file_name(how), data)
    assert len(good(rows)) == 4 and reasons(rows).count("damaged_record") == 1
    for count in (2, 5, 40):
        assert read(warc(), file_name(how), data, cut(len(data), count)) == rows


def test_a_record_after_a_crashed_writer_is_found() -> None:
    data = record(1, response(page(1)))[:-200] + record(2, response(page(2)))
    assert reasons(read(warc(), "a.warc", data)) == ["bad_length", None]


def test_records_in_one_gzip_member_and_members_that_cut_records() -> None:
    plain = b"".join(records(PAGES))
    urls = [row["url"] for row in read(warc(), "a.warc", plain)]
    one = read(warc(), "a.warc.gz", gzip.compress(plain))
    assert [row["url"] for row in one] == urls and len({row["position"] for row in one}) == PAGES
    blocks = b"".join(gzip.compress(plain[at : at + 1000]) for at in range(0, len(plain), 1000))
    for count in (1, 3):
        assert [row["url"] for row in read(warc(), "a.warc.gz", blocks, cut(len(blocks), count))] == urls


def test_zstd_with_a_dictionary() -> None:
    words = zstandard.train_dictionary(4000, [page(n) for n in range(300)])
    head = words.as_bytes()
    data = (0x184D2A5D).to_bytes(4, "little") + len(head).to_bytes(4, "little") + head
    squeeze = zstandard.ZstdCompressor(dict_data=words).compress
    data += b"".join(squeeze(part) for part in records(5))
    assert reasons(read(warc(), "a.warc.zst", data, cut(len(data), 3))) == [None] * 5


@pytest.mark.parametrize(
    ("headers", "body", "fault"),
    [
        ("Content-Encoding: gzip", gzip.compress(page(1)), None),
        ("Content-Encoding: br", brotli.compress(page(1)), None),
        ("Content-Encoding: gzip", page(1), "not_compressed"),
        ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(page(1)), page(1)), None),
        ("Transfer-Encoding: chunked", page(1), "not_chunked"),
        ("Content-Encoding: utf-8", page(1), None),
    ],
)
def test_transfer_encodings(headers: str, body: bytes, fault: str | None) -> None:
    block = response(body, headers=f"Content-Type: text/html\r\n{headers}")
    row = read(warc(), "a.warc", record(1, block))[0]
    assert row["payload"] == page(1)
    assert (fault or "null") in (row["meta"] or "null")


def test_cut_compression_keeps_what_is_there() -> None:
    body = gzip.compress(page(1, 20_000))
    block = response(body[:-200], headers="Content-Type: text/html\r\nContent-Encoding: gzip")
    row = read(warc(), "a.warc", record(1, block))[0]
    assert page(1, 20_000).startswith(row["payload"]) and len(row["payload"]) > 10_000
    assert "truncated" in row["meta"]


def test_a_decompression_bomb_is_refused() -> None:
    block = response(gzip.compress(bytes(5 << 20)), headers="Content-Type: text/html\r\nContent-Encoding: gzip")
    assert reasons(read(warc(max_record_mb=1), "a.warc", record(1, block))) == ["too_large"]


def test_what_is_no_page_is_a_reject_with_its_reason() -> None:
    parts = [
        record(1, response(b"gone", status="404 Not Found")),
        record(2, response(b"\x89PNG" + bytes(range(256)), headers="Content-Type: image/png")),
        record(3, response(bytes(range(256)) * 4, headers="X-None: 1")),
        record(4, response(page(4), headers="X-None: 1")),
        record(5, page(5), kind="resource", mime="text/html"),
        record(6, b"profile", kind="revisit"),
        record(7, response(page(7)), kind="novelty"),
    ]
    rows = read(warc(), "a.warc", b"".join(parts))
    assert reasons(rows) == ["http_status", "not_text", "not_text", None, None, "unknown_record_type"]
    assert [row["problem"]["kind"] for row in rows[:3]] == ["reject"] * 3
    assert rows[4]["mime"] == "text/html" and rows[3]["mime"] is None


def test_large_records_are_passed_over_without_being_held() -> None:
    big = response(b"x" * (3 << 20))
    data = b"".join([record(1, response(page(1))), record(2, big), record(3, response(page(3)))])
    assert reasons(read(warc(max_record_mb=1), "a.warc", data)) == [None, "too_large", None]
    assert reasons(read(warc(max_record_mb=1), "a.warc.gz", gzip.compress(data))) == [None, "too_large", None]
    film = record(2, response(bytes(10 << 20), headers="Content-Type: video/mp4"))
    data = record(1, response(page(1))) + film + record(3, response(page(3)))
    assert reasons(read(warc(), "a.warc", data)) == [None, "not_text", None]


def test_wet_text_comes_as_text() -> None:
    parts = [record(n, f"Habari {n} สวัสดี\n".encode(), kind="conversion", mime="text/plain") for n in range(1, 9)]
    data = packed(parts, "gz")
    rows = read(warc(), "a.warc.wet.gz", data)
    assert [row["text"] for row in rows] == [f"Habari {n} สวัสดี\n" for n in range(1, 9)]
    assert rows[0]["mime"] == "text/plain" and rows[0]["payload"] is None
    assert read(warc(), "a.warc.wet.gz", data, cut(len(data), 7)) == rows


def arc_file(count: int) -> list[bytes]:
    head = b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n"
    parts = [b"filedesc://a.arc 0.0.0.0 20070101000000 text/plain %d\n%b\n" % (len(head), head)]
    for n in range(1, count + 1):
        block = response(page(n))
        parts.append(
            b"http://example.org/%d 10.0.0.1 2007010100000%d text/html %d\n%b\n" % (n, n % 10, len(block), block)
        )
    return parts


@pytest.mark.parametrize("how", ["", "gz"])
def test_arc_as_warcio_reads_it(how: str) -> None:
    data = packed(arc_file(9), how)
    rows = read(warc(), f"a.arc{'.gz' if how else ''}", data)
    peer = [
        r.content_stream().read() for r in ArchiveIterator(io.BytesIO(data), arc2warc=True) if r.rec_type == "response"
    ]
    assert [row["payload"] for row in rows] == peer and len(peer) == 9
    assert rows[0]["locator"] == "http://example.org/1 2007-01-01T00:00:01Z"
    for count in (2, 7):
        assert read(warc(), f"a.arc{'.gz' if how else ''}", data, cut(len(data), count)) == rows


def test_a_damaged_arc_record_costs_itself() -> None:
    parts = arc_file(6)
    parts[3] = parts[3].replace(b" text/html ", b" text/html 9")
    assert reasons(read(warc(), "a.arc", b"".join(parts))) == [None, None, "bad_length", None, None, None]


def test_warc_rows_as_warcio_reads_them() -> None:
    data = packed(records(PAGES), "gz")
    peer = [
        (r.rec_headers.get_header("WARC-Target-URI"), r.content_stream().read())
        for r in ArchiveIterator(io.BytesIO(data))
        if r.rec_type == "response"
    ]
    assert [(row["url"], row["payload"]) for row in read(warc(), "a.warc.gz", data)] == peer


def test_an_empty_file_an_alien_file_and_an_unreadable_one() -> None:
    assert reasons(read(warc(), "a.warc.gz", b"")) == ["empty_file"]
    assert reasons(read(warc(), "a.warc.gz", b"not an archive " * 50)) == ["damaged_record"]
    assert reasons(read(warc(), "a.warc", bytes(5000))) == ["damaged_record"]

    def refused() -> BinaryIO:
        raise PermissionError(13, "Permission denied", "/secret/place")

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 1 << 20:
                raise OSError(5, "Input/output error")
            return super().read(min(size or 0, 1 << 20) if size and size > 0 else 1 << 20)

    data = packed([record(n, response(page(n, 30_000))) for n in range(1, 60)], "")
    files = {"a": refused, "b": lambda: Failing(data), "c": record(1, response(page(1)))}
    units = [unit(f"{n}.warc", len(data), path=n) for n in files]
    batches = warc()(pa.Table.from_pylist(units, UNITS), Memory(files))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert reasons(rows).count("unreadable_file") == 2 and rows[0]["locator"] == "a.warc"
    assert "secret" not in str(rows) and len(good(rows)) > 20 and rows[-1]["problem"] is None


def test_many_damaged_records_take_linear_time() -> None:
    for length in (10**7, 500_000, 2_000_000):
        data = b"".join(record(n, b"HTTP/1.1 200 OK\r\n\r\nx", length=length) for n in range(15_000))
        began = time.process_time()
        rows = read(warc(max_record_mb=1), "a.warc", data)
        assert rows and set(reasons(rows)) & {"bad_length", "truncated_record"}
        assert time.process_time() - began < 10


def test_real_crawl_files(data_dir: Any) -> None:
    import tarfile

    with tarfile.open(data_dir / "html" / "warc_sample.tar.gz") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    name = next(n for n in files if n.endswith("whirlwind.warc.gz"))
    row = good(read(warc(), name, files[name]))[0]
    assert row["url"].startswith("https://an.wikipedia.org/") and len(row["payload"]) > 10_000
    wet = next(n for n in files if n.endswith(".wet.gz"))
    assert "Escopete" in good(read(warc(), wet, files[wet]))[0]["text"]
