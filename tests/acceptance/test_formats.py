"""Issue 2, items 5 and 6: every format is read, from paths and URLs; damage costs what is damaged and is reported."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

import weft

ADJECTIVES = "moja mbili tatu nne tano sita saba nane tisa kumi".split()


def sentence(mark: str) -> str:
    """A Swahili text that no other test file has: `mark` is in it."""
    return f"Watoto wa kijiji cha {mark} wanakwenda shuleni kila siku asubuhi na kurudi nyumbani jioni na rafiki zao."


def page(mark: str) -> str:
    head = f"<!doctype html><html lang=sw><head><meta charset=utf-8><title>{mark}</title></head>"
    return f"{head}<body><p>{sentence(mark)}</p></body></html>"


def http(mark: str, body: bytes | None = None, kind: str = "text/html; charset=utf-8") -> bytes:
    content = page(mark).encode() if body is None else body
    return b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + content


def record(mark: str, content: bytes, kind: str = "response", length: int | None = None) -> bytes:
    mime = {"response": "application/http; msgtype=response", "conversion": "text/plain"}[kind]
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://x.example/{mark}\r\n"
        f"WARC-Date: 2026-01-02T03:04:05Z\r\nWARC-Record-ID: <urn:uuid:{mark}>\r\n"
        f"Content-Type: {mime}\r\nContent-Length: {len(content) if length is None else length}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n\r\n"


def warc(*marks: str) -> list[bytes]:
    return [record(mark, http(mark)) for mark in marks]


def arc(*marks: str) -> list[bytes]:
    head = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n"
    first = b"filedesc://a.arc 0.0.0.0 20260102030405 text/plain " + str(len(head)).encode() + b"\n" + head + b"\n"
    parts = [first]
    for mark in marks:
        body = http(mark)
        parts.append(f"http://x.example/{mark} 10.0.0.1 20260102030405 text/html {len(body)}\n".encode() + body + b"\n")
    return parts


def gz(parts: list[bytes]) -> bytes:
    """One member for each record, as crawls are written."""
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def zst(parts: list[bytes]) -> bytes:
    return b"".join(zstandard.ZstdCompressor().compress(part) for part in parts)


def jsonl(*marks: str) -> bytes:
    return "".join(json.dumps({"text": sentence(m), "url": f"http://x.example/{m}"}) + "\n" for m in marks).encode()


def parquet(*marks: str) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame({"text": [sentence(m) for m in marks]}).write_parquet(sink)
    return sink.getvalue()


def csv(mark: str, comma: str = ",") -> bytes:
    text = sentence(mark) if comma == "\t" else f'"{sentence(mark)}"'
    return f"id{comma}text\n1{comma}{text}\n".encode()


def tar(files: dict[str, bytes], mode: str) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return sink.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def everything() -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """File name: its bytes, and the marks of the documents in it."""
    conversion = [record(m, sentence(m).encode(), "conversion") for m in ("weta", "wetb")]
    inner = {
        "a/page.html": page("zipa").encode(),
        "a/story.txt": sentence("zipb").encode(),
        "rows.jsonl": jsonl("zipc"),
        "rows.jsonl.gz": gzip.compress(jsonl("zipd")),
        "rows.csv": csv("zipe"),
        "rows.tsv": csv("zipf", "\t"),
        "rows.parquet": parquet("zipg"),
        "crawl.warc.gz": gz(warc("ziph")),
        "crawl.warc.wet.gz": gz([record("zipi", sentence("zipi").encode(), "conversion")]),
        "crawl.arc.gz": gz(arc("zipj")),
        "inner.tar.gz": tar({"deep.txt": sentence("zipk").encode()}, "w:gz"),
    }
    inside = tuple(f"zip{letter}" for letter in "abcdefghijk")

    def renamed(prefix: str) -> dict[str, bytes]:
        first, second = sentence(prefix + "a").encode(), page(prefix + "b").encode()
        return {"one.txt": first, "two/page.htm": second, "r.jsonl": jsonl(prefix + "c")}

    def marks(prefix: str) -> tuple[str, ...]:
        return (prefix + "a", prefix + "b", prefix + "c")

    return {
        "plain.warc": (b"".join(warc("wara", "warb")), ("wara", "warb")),
        "crawl.warc.gz": (gz(warc("warc", "ward")), ("warc", "ward")),
        "one-member.warc.gz": (gzip.compress(b"".join(warc("ware", "warf"))), ("ware", "warf")),
        "crawl.warc.zst": (zst(warc("warg", "warh")), ("warg", "warh")),
        "crawl.warc.wet.gz": (gz(conversion), ("weta", "wetb")),
        "other.wet.zst": (zst([record("wetc", sentence("wetc").encode(), "conversion")]), ("wetc",)),
        "old.arc": (b"".join(arc("arca")), ("arca",)),
        "old.arc.gz": (gz(arc("arcb", "arcc")), ("arcb", "arcc")),
        "page.html": (page("htma").encode(), ("htma",)),
        "page.htm.gz": (gzip.compress(page("htmb").encode()), ("htmb",)),
        "story.txt": (sentence("txta").encode(), ("txta",)),
        "story2.txt.gz": (gzip.compress(sentence("txtb").encode()), ("txtb",)),
        "story3.txt.zst": (zst([sentence("txtc").encode()]), ("txtc",)),
        "story4.txt.bz2": (bz2.compress(sentence("txtd").encode()), ("txtd",)),
        "story5.txt": (b"\xff\xfe" + sentence("txte").encode("utf-16-le"), ("txte",)),
        "rows.jsonl": (jsonl("jsoa", "jsob"), ("jsoa", "jsob")),
        "rows2.jsonl.gz": (gzip.compress(jsonl("jsoc")), ("jsoc",)),
        "rows3.jsonl.zst": (zst([jsonl("jsod")]), ("jsod",)),
        "rows.parquet": (parquet("para", "parb"), ("para", "parb")),
        "rows.csv": (csv("csva"), ("csva",)),
        "rows.tsv": (csv("tsva", "\t"), ("tsva",)),
        "rows2.csv.gz": (gzip.compress(csv("csvb")), ("csvb",)),
        "all.zip": (zipped(inner), inside),
        "some.tar": (tar(renamed("tar"), "w:"), marks("tar")),
        "some.tar.gz": (tar(renamed("tgz"), "w:gz"), marks("tgz")),
        "some.tgz": (tar(renamed("tgy"), "w:gz"), marks("tgy")),
        "some.tar.zst": (zst([tar(renamed("tzs"), "w:")]), marks("tzs")),
    }


FILES = everything()


@pytest.fixture(scope="module")
def rows(built: Any, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """One build: a folder with every format, and the same kinds by URL."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "far.zip").write_bytes(
        zipped({"r/far.jsonl.gz": gzip.compress(jsonl("mema")), "r/x.warc.gz": gz(warc("memb"))})
    )
    recipe = f"""
acquire:
  - {{path: in, name: folder}}
  - {{path: "zip://r/*.gz::{(folder / "far.zip").as_uri()}", name: chained}}
  - {{path: "{(folder / "url").as_uri()}/*.txt", name: url}}
construct: {{extends: nothing}}
"""
    files: dict[str, bytes] = {f"in/{name}": content for name, (content, _) in FILES.items()}
    build = built(folder, recipe, {**files, "url/x.txt": sentence("urla").encode()})
    opened = weft.open_build(build)
    assert opened.errors().is_empty(), opened.errors().to_dicts()
    frame: pl.DataFrame = opened.documents().collect()
    return frame


@pytest.mark.parametrize("name", FILES)
def test_format(rows: pl.DataFrame, name: str) -> None:
    for mark in FILES[name][1]:
        found = rows.filter(pl.col("text").str.contains(f"cha {mark} "))
        assert found.height == 1, (mark, found.height)
        assert found["text"][0].strip() == sentence(mark)
        web = any(part in name for part in (".warc", ".wet", ".arc"))
        assert not web or (
            found["url"][0] == f"http://x.example/{mark}"
            and str(found["collected_at"][0]).startswith("2026-01-02 03:04:05")
        )
        # A locator leads back to the record: URL, time and record id of a web record, else the file it was in.
        assert (found["url"][0] if web or mark in ("ziph", "zipi", "zipj") else name) in found["locator"][0]


def test_urls(rows: pl.DataFrame) -> None:
    for mark, source in (("mema", "chained"), ("memb", "chained"), ("urla", "url")):
        assert rows.filter(pl.col("text").str.contains(f"cha {mark} "))["source"].to_list() == [source]


def test_nothing_else_came_in(rows: pl.DataFrame) -> None:
    assert rows.height == sum(len(marks) for _, marks in FILES.values()) + 3


def test_every_source_states_what_is_known_and_unknown_stays_unknown(built: Any, rerun: Any, tmp_path: Path) -> None:
    recipe = """
acquire:
  - {path: a.txt, name: silent}
  - {path: b.txt, name: stated, license: CC-BY-4.0, basis: licence, consent: c-17, language_hint: Swahili,
     redistribute: true}
  - {path: c.txt, name: closed, license: LicenseRef-archive, basis: crawl-private, language_hint: sw,
     redistribute: false}
construct: {extends: nothing}
"""
    names = {"a.txt": "silent", "b.txt": "stated", "c.txt": "closed"}
    build = built(tmp_path, recipe, {name: sentence(mark) for name, mark in names.items()})
    rows = {row["source"]: row for row in weft.open_build(build).documents().collect().to_dicts()}
    fields = ("license", "basis", "consent", "language_hint", "redistribute")
    assert [rows["silent"][f] for f in fields] == ["unknown", "unknown", None, None, None]
    assert [rows["stated"][f] for f in fields] == ["CC-BY-4.0", "licence", "c-17", "swh_Latn", True]
    assert [rows["closed"][f] for f in fields] == ["LicenseRef-archive", "crawl-private", None, "swh_Latn", False]
    # … and in the corpus that is handed on, in the card and in the Croissant file.
    corpus = pl.concat([pl.read_parquet(p) for p in (build / "construct" / "ct").rglob("*.parquet")])
    held = {row["source"]: (row["license"], row["redistribute"]) for row in corpus.to_dicts()}
    assert held["silent"] == ("unknown", None)
    rerun(tmp_path / "recipe.yaml", build, "construct.redistributable_only=true")
    corpus = pl.concat([pl.read_parquet(p) for p in (build / "construct" / "ct").rglob("*.parquet")])
    assert corpus["source"].to_list() == ["stated"]


DAMAGED = {
    # An ordinary record, one whose stated length is wrong, rubbish between records, an ordinary record.
    "length.warc": b"".join(
        [*warc("dama"), record("x", http("damx"), length=20), b"rubbish\r\n\x00\xff", *warc("damb")]
    ),
    "garbage.warc.gz": gz(warc("damc")) + b"\x00" * 500 + b"not gzip at all" + gz(warc("damd")),
    "cut.warc.gz": gz(warc("dame")) + gz(warc("damz"))[:-40],
    "cut.warc": b"".join(warc("damf")) + warc("damy")[0][:-60],
    "cut.jsonl.gz": gzip.compress(
        jsonl("damg")
        + b"".join(json.dumps({"text": random.Random(n).randbytes(60).hex()}).encode() + b"\n" for n in range(400))
    )[:-9000],
    "bad.jsonl": jsonl("damh") + b'{"text": "cut\n' + b"\xff\xfe\n[]\n" + jsonl("dami"),
    "cut.parquet": parquet("damv")[:-30],
    "broken.zip": zipped({"a.txt": sentence("damu").encode()})[:-30],
    "no.warc": b"this is not a warc file at all\n" * 20,
    "empty.warc.gz": b"",
    "empty.jsonl": b"",
    "empty.parquet": b"",
    "nulls.txt": sentence("damj").encode().replace(b" kila", b"\x00 kila").replace(b"zao.", b"zao\x00."),
    "invalid.html": page("damk").encode().replace(b"</p>", b" \xff\xc3\x28\xe2\x82</p>"),
    "deep.html": b"<html><body>" + b"<table><tr><td>" * 10_000 + sentence("daml").encode() + b"</table>" * 10_000,
    "line.txt": sentence("damm").encode() + (" neno" * 400_000).encode(),
    "good.txt": sentence("damn").encode(),
}


@pytest.fixture(scope="module")
def damaged(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "in").mkdir()
    (folder / "in" / "dangling.txt").symlink_to(folder / "nowhere")
    build: Path = built(
        folder, "acquire:\n  - path: in\nconstruct: {extends: nothing}\n", {f"in/{n}": c for n, c in DAMAGED.items()}
    )
    return build


@pytest.mark.parametrize("mark", ["dam" + letter for letter in "abcdefghijkmn"])
def test_damage_costs_no_other_document(damaged: Path, mark: str) -> None:
    found = weft.open_build(damaged).documents().filter(pl.col("text").str.contains(f"cha {mark} ")).collect()
    assert found.height == 1
    assert "\x00" not in found["text"][0]
    assert "wanakwenda shuleni kila siku asubuhi" in found["text"][0]


@pytest.mark.parametrize(
    "name",
    ["length.warc", "garbage.warc.gz", "cut.warc.gz", "cut.warc", "cut.jsonl.gz", "bad.jsonl", "cut.parquet",
     "broken.zip", "no.warc", "empty.warc.gz", "empty.jsonl", "empty.parquet", "dangling.txt"],
)  # fmt: skip
def test_damage_is_reported(damaged: Path, name: str) -> None:
    """By the name of the file, or by the URL of the record that is cut."""
    urls = {"length.warc": "/x", "cut.warc.gz": "/damz", "cut.warc": "/damy"}
    found = [
        row
        for row in weft.open_build(damaged).errors().to_dicts()
        if name in f"{row['locator']} {row['detail']}" or f"x.example{urls.get(name, '/-')} " in row["locator"]
    ]
    assert found and all(row["reason"] and row["stage"] for row in found), weft.open_build(damaged).errors().to_dicts()


def test_deep_nesting_has_an_answer(damaged: Path) -> None:
    """Its text, or a reason: not silence."""
    build = weft.open_build(damaged)
    text = build.documents().filter(pl.col("text").str.contains("cha daml ")).collect().height
    assert text or build.errors().filter(pl.col("locator").str.contains("deep.html")).height


def test_errors_command_tells_it(damaged: Path, command: Any) -> None:
    answer = command("errors", damaged, "--json", "--limit", "0")
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.status == 0 and len(lines) == weft.open_build(damaged).errors().height
    assert "truncated" in command("errors", damaged).out
