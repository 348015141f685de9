"""Pages in, text out: metadata, what is refused, and pages that are made to take long."""

from __future__ import annotations

import json
import time
from typing import Any

import pyarrow as pa
import pytest

from weft.model.tables import RAW
from weft.parse.document import document
from weft.parse.metadata import page_meta
from weft.parse.page import extract_flat
from weft.parse.routing import is_suspicious

P = "<p>Habari za asubuhi. Leo ni siku njema sana kwa watu wote wa kijiji hiki.</p>"


def parse(payload: bytes | str | None, mime: str | None = "text/html", limit: float = 3, **rest: Any) -> dict[str, Any]:
    payload = payload.encode() if isinstance(payload, str) else payload
    row = {"locator": "a#0", "position": 0, "payload": payload, "mime": mime, **rest}
    return dict(document(time_limit_s=limit)(pa.Table.from_pylist([row], RAW)).to_pylist()[0])


def test_metadata() -> None:
    page = (
        """<!DOCTYPE html><HTML LANG=sw dir=ltr><head>
    <meta http-equiv="Content-Language" content="sw-KE"><title> Habari
    &amp; Siku </title><LINK href='http://x/1' rel=canonical><meta content="a > b &lt; c" name=description>
    <meta property="og:locale" content="sw_KE"><script type="application/ld+json">
    {"@graph": [{"datePublished": "2024-02-03T10:00:00Z"}]}</script></head><body>"""
        + P
    )
    assert page_meta(page) == {
        "title": "Habari & Siku", "lang": "sw", "content_language": "sw-KE", "canonical": "http://x/1",
        "description": "a > b < c", "og_locale": "sw_KE", "published": "2024-02-03T10:00:00Z",
    }  # fmt: skip
    assert page_meta(f"<body><time class=x datetime='2023-01-02'>{P}") == {"published": "2023-01-02"}
    assert page_meta("") == {}
    kept = json.loads(parse(page, meta='{"content_language": "x", "truncated": "length"}')["meta"])
    assert kept["truncated"] == "length" and kept["encoding"] == "utf-8"


@pytest.mark.parametrize(
    "head",
    [
        '<meta "' * 40_000, "<meta '" * 40_000, "<title " * 40_000, "<meta a" + " " * 200_000, "<html " * 40_000,
        '"datePublished"' * 20_000, "<time " * 40_000, '"datePublished":' + " " * 100_000, "<meta a=" * 30_000,
    ],
)  # fmt: skip
def test_metadata_takes_linear_time(head: str) -> None:
    began = time.process_time()
    page_meta(head)
    assert time.process_time() - began < 3


SLOW = {
    "100k divs": "<div>" * 100_000 + P + "</div>" * 100_000,
    "attributes": "<body><div " + " ".join(f'a{n}="x"' for n in range(200_000)) + ">" + P,
    "attributes without values": "<body><div " + " ".join(f"a{n}" for n in range(200_000)) + ">" + P,
    "attributes that hold >": "<body><div " + " ".join(f'a{n}=">"' for n in range(100_000)) + ">" + P,
}
QUICK = {
    "tables 10,000 deep": "<table><tr><td>" * 10_000 + P + "</td></tr></table>" * 10_000,
    "10k divs in capitals": "<DIV>" * 10_000 + P,
    "unclosed scripts": "<body>" + P + "<script " * 200_000,
    "unclosed comments": "<body>" + P + "<!--" * 500_000,
    "bare <": "<body>" + P + "<" * 2_000_000,
    "unclosed formatting": "<body>" + "".join(f"<font color={n}>" for n in range(1_000)) + P * 1_000,
    "lists": "<ul><li>" * 20_000 + P,
    "end tags of nothing": "<body>" + "</x>" * 50_000 + P,
    "NUL bytes": "<body>\0" + P.replace(" ", "\0 "),
}


@pytest.mark.parametrize("name", list(SLOW))
def test_pages_that_would_take_minutes_are_stopped_and_their_text_is_kept(name: str) -> None:
    assert is_suspicious(SLOW[name])
    row = parse(SLOW[name], limit=0.5)
    assert "Habari za asubuhi" in row["text"] and row["problem"] is None
    assert json.loads(row["meta"])["extracted"] == "flat"


@pytest.mark.parametrize("name", list(QUICK))
def test_odd_pages_end_soon(name: str) -> None:
    began = time.monotonic()
    row = parse(QUICK[name], limit=20)
    assert "Habari za asubuhi" in row["text"] and "\0" not in row["text"]
    assert time.monotonic() - began < 30


def test_the_child_answers_again_after_it_was_stopped() -> None:
    pages = [SLOW["100k divs"], QUICK["tables 10,000 deep"], SLOW["100k divs"], "<p>" + "neno " * 1_200_000]
    rows = [{"locator": str(n), "position": n, "payload": p.encode(), "mime": "text/html"} for n, p in enumerate(pages)]
    made = document(time_limit_s=0.5)(pa.Table.from_pylist(rows, RAW)).to_pylist()
    assert ["extracted" in json.loads(row["meta"]) for row in made] == [True, False, True, False]


def test_a_hundred_megabytes_in_one_line() -> None:
    row = parse(b"<html><body><p>" + b"neno " * 20_000_000)
    assert len(row["text"]) == 99_999_999 and row["problem"] is None


def test_nothing_ordinary_is_suspicious() -> None:
    assert not is_suspicious("<html><body>" + P * 3_000)
    assert not is_suspicious("<body>" + "<table><tr><td>x<td>y<br><img src=a><li>z<p>q</table>" * 1_000)
    assert not is_suspicious("<script>" + "var a = 'it';\n" * 10_000 + "</script>" + P)
    assert is_suspicious("<section>" * 5_000) and is_suspicious("<div></x>" * 5_000)


def test_flat_text() -> None:
    page = 'a < b<script>var x="<p>"</script><!-- <p>no > -->\n<DIV title=">">İki</DIV><p>b &amp; c<br>d</p>tail<i '
    assert extract_flat(page).text.split() == ["a", "<", "b", "İki", "b", "&", "c", "d", "tail"]
    assert extract_flat("").text == "" and extract_flat("<").text == "<" and extract_flat("< \n>").text


@pytest.mark.parametrize(
    ("payload", "mime", "reason"),
    [
        (b"", "text/html", "no_text"), (None, "text/html", "no_text"), ("<html><body> </body>", "text/html", "no_text"),
        (b"%PDF-1.5", "application/pdf", "unsupported_mime"), ("a{b:c}", "text/css", "unsupported_mime"),
        ("<rss><channel/></rss>", "application/xml", "unsupported_mime"), (bytes(range(256)), None, "unsupported_mime"),
        (bytes(range(32)) * 9, "text/plain", "unsupported_mime"), ("\n \n", "text/plain", "no_text"),
        (P, "text/html", None), ("<html>" + P, "text/xml", None), ("<html>" + P, "application/octet-stream", None),
        ("neno", None, None), ("neno", "unknown/unknown", None), ("neno".encode("utf-16"), "text/plain", None),
    ],
)  # fmt: skip
def test_what_becomes_text_and_why_not(payload: Any, mime: str | None, reason: str | None) -> None:
    row = parse(payload, mime)
    assert (row["problem"] and row["problem"]["reason"]) == reason
    assert (row["text"] is None) == (reason is not None)
    if reason:
        assert row["problem"]["kind"] == "reject"


def test_invalid_utf8_is_counted() -> None:
    row = parse(b"<p>" + "ສະບາຍດີ ".encode() * 200 + b"\xff\xfe" + "ສະບາຍດີ ".encode() * 200, charset="utf-8")
    assert json.loads(row["meta"])["replaced"] == 2 and "ສະບາຍດີ" in row["text"]


def test_markup_that_declares_half_characters() -> None:
    assert "Habari" in parse("<meta charset=unicode_escape>\\ud800" + P)["text"]
