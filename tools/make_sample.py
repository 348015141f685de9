"""Build the sample crawl: `python tools/make_sample.py [FOLDER]`, by default `src/weft/sample`.

The records are the same on every machine; the compressed bytes are the same wherever zlib is.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import sample_oddities
import sample_plan
from sample_plan import Language, Page, ranked

FOLDER = Path(__file__).resolve().parent.parent / "src" / "weft" / "sample"
FILES = ("crawl-00000.warc.gz", "crawl-00001.warc.gz")
RECIPE = """\
name: sample
acquire:
  - path: crawl-*.warc.gz
    basis: owned
    license: CC0-1.0
    redistribute: true
"""


def moment(url: str) -> str:
    """When the page was fetched: some second of the first days of July 2026."""
    second = ranked("moment", url) % (5 * 86400)
    return f"2026-07-{1 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}Z"


def record(kind: str, url: str, date: str, block: bytes, length: int | None = None, **fields: str) -> bytes:
    """One WARC 1.0 record; `length` is what it says of itself when that is not so."""
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Date: {date}",
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {url}')}>",
        *([f"WARC-Target-URI: {url}"] if url.startswith("http") else []),
        *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
        f"Content-Length: {len(block) if length is None else length}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def response(page: Page) -> bytes:
    head = [
        f"HTTP/1.1 {page.status}",
        f"Content-Type: {page.content_type}",
        "Server: sample/1",
        f"Date: {moment(page.url)}",
    ]
    head += [f"{name}: {value}" for name, value in page.headers]
    if not any(name == "Transfer-Encoding" for name, _ in page.headers):
        head.append(f"Content-Length: {len(page.body)}")
    block = "\r\n".join(head).encode() + b"\r\n\r\n" + page.body
    digest = "sha1:" + base64.b32encode(hashlib.sha1(page.body).digest()).decode()
    return record(
        "response", page.url, moment(page.url), block, len(block) - 700 if page.kind == "wrong_length" else None,
        Content_Type="application/http; msgtype=response", WARC_Payload_Digest=digest,
        WARC_IP_Address=f"192.0.2.{ranked(page.url, 'ip') % 250 + 1}",
    )  # fmt: skip


def records(pages: Iterable[Page], name: str) -> list[bytes]:
    """The records of one file: who made it, then every page, some with the request and the crawler's notes."""
    about = (
        f"software: make_sample.py\r\nformat: WARC File Format 1.0\r\nisPartOf: weft sample crawl\r\nfilename: {name}"
    )
    made = [record("warcinfo", name, "2026-07-01T00:00:00Z", about.encode(), Content_Type="application/warc-fields")]
    for page in pages:
        noted = ranked("noted", page.url) % 8 == 0 and page.kind != "truncated"
        path = page.url.split("/", 3)[3]
        if noted:
            asked = (
                f"GET /{path} HTTP/1.1\r\nHost: {page.url.split('/')[2]}\r\nUser-Agent: weft-sample\r\n\r\n".encode()
            )
            made.append(
                record("request", page.url, moment(page.url), asked, Content_Type="application/http; msgtype=request")
            )
        made.append(response(page))
        if noted:
            notes = f"fetchTimeMs: {ranked(page.url, 'ms') % 900 + 20}\r\n".encode()
            made.append(record("metadata", page.url, moment(page.url), notes, Content_Type="application/warc-fields"))
    return made


def written(made: list[bytes], cut: bool) -> bytes:
    """Each record a gzip member of its own; of the last one only the first half when `cut`."""
    members = [gzip.compress(part, 9, mtime=0) for part in made]
    # The header's last byte names the system that compressed; 255 is "unknown".
    members = [member[:9] + b"\xff" + member[10:] for member in members]
    if cut:
        members[-1] = members[-1][: len(members[-1]) // 2]
    return b"".join(members)


def placed(pages: list[Page]) -> dict[str, list[Page]]:
    """Pages by file; the one that is cut is the last of the last file."""
    last = [page for page in pages if page.kind == "truncated"]
    rest = [page for page in pages if page.kind != "truncated"]
    half = (len(rest) + 1) // 2
    return {FILES[0]: rest[:half], FILES[1]: rest[half:] + last}


def inventory(files: Mapping[str, list[Page]]) -> str:
    """One line of JSON per page: where it is, what it is, and what a build should make of it."""
    entries = [
        {
            "url": page.url,
            "language": page.language,
            "kind": page.kind,
            "file": name,
            "template": page.template,
            **page.facts,
        }
        for name, pages in files.items()
        for page in pages
    ]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return '{"pages": [\n' + lines + "\n]}\n"


def card(files: Mapping[str, list[Page]], languages: Mapping[str, Language]) -> str:
    """What is in the crawl, counted."""
    pages = [page for part in files.values() for page in part]
    scripts = sorted({code[4:] for code in languages})
    sentences = {code: sum(len(lines) for _, lines in language.topics) for code, language in languages.items()}
    by_language = Counter(page.language for page in pages if page.language)
    kinds = Counter(page.kind for page in pages)
    rows = "\n".join(
        f"| {code} | {languages[code].words.name} | {sentences[code]} | {by_language[code]} |" for code in languages
    )
    odd = "\n".join(f"| {kind} | {count} | {MEANING[kind]} |" for kind, count in sorted(kinds.items()))
    text = (Path(__file__).resolve().parent / "sample" / "card.md").read_text("utf-8")
    return text.format(
        pages=len(pages), languages=len(languages), scripts=len(scripts), script_names=", ".join(scripts),
        sentences=sum(sentences.values()), by_language=rows, by_kind=odd,
    )  # fmt: skip


MEANING = {
    "content_encoded": "an ordinary page whose body is compressed by `deflate`",
    "contacts": "an ordinary page with e-mail addresses, a phone number and an IP address, all from reserved ranges",
    "document": "a PDF file",
    "empty": "no text: an empty body, or a page that a script was to fill",
    "exact_duplicate": "the same page under a second address (`of` in the inventory)",
    "foreign_menu": "text in one language, menu and notices in English, `lang` says English",
    "good": "an ordinary page",
    "image_only": "a picture and no word",
    "legacy_encoding": "an ordinary page in an encoding older than Unicode; the declaration is right, missing or wrong",
    "menu": "links and nothing else",
    "mixed": "half in one language and half in another",
    "mojibake": "UTF-8 that was read as windows-1252 and stored again",
    "near_duplicate": "a page again (`of`) with a sentence more or less, or for the printer (`change`)",
    "not_found": "the server answered 404",
    "picture": "a GIF file",
    "redirect": "the server answered 301",
    "robots": "robots.txt",
    "short": "a single sentence",
    "soft_not_found": "a page that is not found, answered with 200",
    "spam": "stuffed keywords or one line over and over",
    "transfer_encoded": "an ordinary page sent in chunks",
    "truncated": "the last record of the last file, cut in the middle of its gzip member",
    "wrong_length": "the record says that it is 700 bytes shorter than it is",
    "zawgyi": "Burmese in the encoding of the Zawgyi font",
}


def build() -> dict[str, bytes]:
    """Every file of the sample by name."""
    languages = sample_plan.languages()
    files = placed(sample_oddities.all_pages(languages))
    made = {name: written(records(pages, name), cut=name == FILES[-1]) for name, pages in files.items()}
    texts = {"inventory.json": inventory(files), "CARD.md": card(files, languages), "recipe.yaml": RECIPE}
    return made | {name: text.encode() for name, text in texts.items()}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in build().items():
        (folder / name).write_bytes(content)
        print(f"{len(content):9,} {name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
