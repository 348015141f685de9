"""The sample crawl is what its card says, and what its builder makes."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import subprocess
import sys
import unicodedata
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest

from weft import sample
from weft.model.tables import UNITS

ROOT = Path(__file__).resolve().parents[2]
FILES = ("crawl-00000.warc.gz", "crawl-00001.warc.gz")


def members(content: bytes) -> list[bytes]:
    """What each gzip member holds; the last may be cut."""
    found = []
    while content:
        decoder = zlib.decompressobj(31)
        found.append(decoder.decompress(content))
        content = decoder.unused_data if decoder.eof else b""
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    subprocess.run(
        [sys.executable, str(ROOT / "tools" / "make_sample.py"), str(folder)], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def inventory() -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = json.loads((sample.path() / "inventory.json").read_text("utf-8"))["pages"]
    return pages


@pytest.fixture(scope="module")
def texts(monkeypatch_module: pytest.MonkeyPatch) -> dict[str, Any]:
    """Pages by address, as the builder has them before they become HTML."""
    monkeypatch_module.syspath_prepend(str(ROOT / "tools"))
    import sample_oddities
    import sample_plan

    return {page.url: page for page in sample_oddities.all_pages(sample_plan.languages())}


@pytest.fixture(scope="module")
def monkeypatch_module() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize("name", FILES)
def test_records_are_those_of_the_builder(built: Path, name: str) -> None:
    shipped, made = members((sample.path() / name).read_bytes()), members((built / name).read_bytes())
    assert len(shipped) == len(made) > 200
    assert shipped[:-1] == made[:-1]
    shorter, longer = sorted((shipped[-1], made[-1]), key=len)
    # The cut member ends where another zlib would have written other bytes.
    assert longer.startswith(shorter) and len(shorter) > 200


@pytest.mark.parametrize("name", ["inventory.json", "CARD.md", "recipe.yaml"])
def test_texts_are_those_of_the_builder(built: Path, name: str) -> None:
    assert (sample.path() / name).read_bytes() == (built / name).read_bytes()


def test_it_is_small_and_its_last_record_is_cut() -> None:
    assert sum(path.stat().st_size for path in sample.path().iterdir() if path.is_file()) < 1_250_000
    assert gzip.decompress((sample.path() / FILES[0]).read_bytes())
    with pytest.raises(EOFError):
        gzip.decompress((sample.path() / FILES[1]).read_bytes())


def test_the_inventory_names_every_response(inventory: list[dict[str, Any]]) -> None:
    for name in FILES:
        records = members((sample.path() / name).read_bytes())
        found = [
            re.search(rb"WARC-Target-URI: (\S+)", head)[1].decode()  # type: ignore[index]
            for head in (record.split(b"\r\n\r\n")[0] for record in records)
            if b"WARC-Type: response" in head
        ]
        assert found == [page["url"] for page in inventory if page["file"] == name]
    kinds = {b"warcinfo", b"request", b"response", b"metadata"}
    assert {re.search(rb"WARC-Type: (\w+)", record)[1] for record in records} == kinds  # type: ignore[index]


def test_the_card_counts_truly(inventory: list[dict[str, Any]]) -> None:
    card = (sample.path() / "CARD.md").read_text("utf-8")
    languages = {page["language"] for page in inventory if page["language"]}
    scripts = {code[4:] for code in languages}
    assert f"**{len(inventory)} pages** in **{len(languages)} languages** and **{len(scripts)} scripts**" in card
    assert len(languages) >= 28 and len(scripts) >= 14 and len(inventory) >= 300
    assert "Native speakers have not reviewed them" in card
    by_kind = dict(re.findall(r"^\| (\w+) \| (\d+) \| ", card, re.MULTILINE))
    assert {kind: int(count) for kind, count in by_kind.items()} == Counter(page["kind"] for page in inventory)
    by_language = dict(re.findall(r"^\| (\w{3}_\w{4}) \|.*\| (\d+) \|$", card, re.MULTILINE))
    assert {c: int(n) for c, n in by_language.items()} == Counter(p["language"] for p in inventory if p["language"])


def test_only_reserved_names(inventory: list[dict[str, Any]]) -> None:
    for page in inventory:
        assert page["url"].split("/")[2].endswith(".example")
    for name in FILES:
        content = b"".join(members((sample.path() / name).read_bytes()))
        addresses = set(re.findall(rb"[\w.]+@([\w.-]+)", content))
        assert addresses and all(a.endswith(b".example") or a == b"example.org" for a in addresses)


def shingles(page: Any) -> set[Any]:
    text = "\n".join(page.paragraphs)
    if page.language[4:] in ("Khmr", "Thai", "Laoo", "Mymr", "Hans", "Jpan"):
        letters = "".join(char for char in text if unicodedata.category(char)[0] in "LMN")
        return {letters[at : at + 12] for at in range(len(letters) - 11)}
    words = text.split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_near_duplicates_are_the_planned_ones(texts: dict[str, Any]) -> None:
    told = [page for page in texts.values() if page.language and page.paragraphs and page.kind not in ("spam", "short")]
    sets = {page.url: shingles(page) for page in told}
    planned = 0
    for one, two in itertools.combinations(told, 2):
        if one.language != two.language:
            continue
        first, second = sets[one.url], sets[two.url]
        jaccard = len(first & second) / len(first | second)
        if one.url == two.facts.get("of") or two.url == one.facts.get("of"):
            planned += 1
            assert jaccard >= 0.8, (one.url, two.url)
        else:
            assert jaccard < 0.5, (one.url, two.url)
    assert planned == sum("of" in page.facts for page in texts.values()) >= 20


def test_pages_are_long_enough(texts: dict[str, Any]) -> None:
    spaced = [
        page
        for page in texts.values()
        if page.kind in ("good", "contacts", "legacy_encoding")
        and page.language[4:] not in ("Khmr", "Thai", "Laoo", "Mymr", "Hans", "Jpan")
    ]
    assert min(len(" ".join(page.paragraphs).split()) for page in spaced) >= 60


def test_pages_hold_the_bytes_that_they_say(texts: dict[str, Any]) -> None:
    for page in texts.values():
        if page.kind == "legacy_encoding":
            assert b"\xef\xbf\xbd" not in page.body
            decoded = unicodedata.normalize("NFC", page.body.decode(page.facts["encoding"]))
            assert page.paragraphs[0][:20] in decoded or "&" in decoded
            with pytest.raises(UnicodeDecodeError):
                page.body.decode("utf-8")
        elif page.kind in ("good", "contacts"):
            assert unicodedata.is_normalized("NFC", page.body.decode("utf-8"))


def test_zawgyi_pages_are_zawgyi(texts: dict[str, Any]) -> None:
    from myanmartools import ZawgyiDetector

    detector = ZawgyiDetector()
    pages = [page for page in texts.values() if page.language == "mya_Mymr"]
    typed = [detector.get_zawgyi_probability(page.body.decode()) for page in pages if page.kind == "zawgyi"]
    assert len(typed) == 2 and min(typed) > 0.95
    assert max(detector.get_zawgyi_probability(page.body.decode()) for page in pages if page.kind == "good") < 0.05


def test_mojibake_can_be_undone(texts: dict[str, Any]) -> None:
    import ftfy

    pages = [page for page in texts.values() if page.kind == "mojibake"]
    assert len(pages) == 6
    for page in pages:
        assert page.paragraphs[0] not in page.body.decode()
        assert page.paragraphs[0][:40] in ftfy.fix_text(page.body.decode(), unescape_html=True, uncurl_quotes=False)


def test_the_recipe_passes_all_checks() -> None:
    from weft.recipe.loading import load

    assert len((sample.path() / "recipe.yaml").read_text("utf-8").splitlines()) <= 10
    source = load(sample.path() / "recipe.yaml").acquire[0]
    assert (source.license, source.basis, source.redistribute) == ("CC0-1.0", "owned", True)


class Local:
    def open(self, path: str) -> BinaryIO:
        return Path(path).open("rb")


PROBLEMS = {
    "document": "not_text",
    "empty": "no_text",
    "image_only": "no_text",
    "not_found": "http_status",
    "picture": "not_text",
    "redirect": "http_status",
    "truncated": "truncated_gzip",
    "wrong_length": "bad_length",
}


def test_pages_come_out_as_they_were_written(texts: dict[str, Any]) -> None:
    """Reading, parsing and repairing in the default order give back the paragraphs; what is wrong is named."""
    from weft.acquire.warc import warc
    from weft.parse.document import document
    from weft.standardize.mojibake import mojibake
    from weft.standardize.unicode import unicode
    from weft.standardize.zawgyi import zawgyi

    files = [sample.path() / name for name in FILES]
    rows = [{"path": str(f), "name": f.name, "reader": "warc", "start": 0, "stop": f.stat().st_size} for f in files]
    units = pa.Table.from_pylist([row | {"size": row["stop"]} for row in rows], UNITS)
    raw = pa.concat_tables(warc()(units, Local()))
    parsed = document()(raw)
    for step in (mojibake(), zawgyi(), unicode()):
        parsed = step(parsed)
    found = {row["locator"].split()[0]: row for row in parsed.to_pylist()}
    assert set(found) == set(texts) and parsed.num_rows == len(texts)
    reasons = {url: row["problem"]["reason"] for url, row in found.items() if row["problem"]}
    assert reasons == {url: PROBLEMS[page.kind] for url, page in texts.items() if page.kind in PROBLEMS}
    lost = [
        (url, paragraph)
        for url, page in texts.items()
        if page.kind not in PROBLEMS
        for paragraph in page.paragraphs
        if unicodedata.normalize("NFC", paragraph) not in unicodedata.normalize("NFC", found[url]["text"])
    ]
    # A short paragraph at the end of a page may be taken for a part of its frame.
    assert len(lost) <= 3 and all(len(paragraph) < 120 for _, paragraph in lost), lost
