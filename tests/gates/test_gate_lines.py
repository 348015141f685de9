"""Boilerplate of real sites and of the sample crawl goes, main text stays. A floor is only ever raised.

Sites were halved by a hash of their name: parameters were chosen on one half, the other was measured once.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.deduplicate.line_keys import line_keys
from weft.deduplicate.lines import lines
from weft.parse.encoding import decode
from weft.parse.page import extract, paragraphs
from weft.text.buffers import string_buffers
from weft.text.lines import line_table

REMOVED_FLOOR, EXTRACTED_FLOOR, LOST_CEILING = 0.97, 0.94, 0.005
ROOT = Path(__file__).resolve().parents[2]
Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Page:
    collection: str
    host: str
    name: str
    gold: str
    html: str

    @property
    def held_out(self) -> bool:
        """Whether the page's site took no part in choosing parameters."""
        return int(hashlib.md5(f"s{self.host.removeprefix('www.')}".encode()).hexdigest(), 16) % 2 == 1


def real_pages(data_dir: Path) -> Iterator[Page]:
    for name in ("daniel_train", "scrapinghub_articles"):
        with tarfile.open(data_dir / "html" / f"{name}.tar.gz") as archive:
            files = {m.name.removeprefix("./"): archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
        for row in (json.loads(line) for line in files["gold.jsonl"].decode().split("\n") if line):
            news = name == "daniel_train"
            host = row["id"].split("_")[1] if news else urlsplit(row["url"]).hostname
            gold = re.sub(r"</?[a-z0-9]+>", "\n", row["gold_markup"]) if news else row["gold_text"]
            yield Page(name, host, row["file"], gold, unmarked(files[row["file"]]))


def sample_pages() -> Iterator[Page]:
    """Pages of the sample crawl; their paragraphs and title are what their builder put in as text."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import sample_oddities
        import sample_plan
    finally:
        sys.path.pop(0)
    for page in sample_oddities.all_pages(sample_plan.languages()):
        if page.paragraphs and "html" in page.content_type and page.kind not in ("content_encoded", "empty"):
            html = unmarked(page.body)
            title = re.search(r"<title>(.*?)( \||</title>)", html, re.DOTALL)
            gold = "\n".join([title[1] if title else "", *page.paragraphs])
            yield Page("sample", urlsplit(page.url).hostname or "", page.url, gold, html)


def unmarked(payload: bytes) -> str:
    return decode(payload, None, markup=True).text.replace("\0", "").encode("utf-8", "replace").decode()


def all_text(html: str) -> str:
    """The page without its tags: menus, notices and lists of links are all there."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(html)
    return paragraphs(extract_plain_text(tree, main_content=False, alt_texts=False, list_bullets=False))


def plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN")


def is_main(line: str, gold: str, gold_lines: set[str]) -> bool:
    """Whether a line (letters and digits) is of the gold text: a line of it, or by far the most of its letters."""
    if line in gold_lines or (len(line) >= 25 and line in gold):
        return True
    grams = [line[n : n + 8] for n in range(0, len(line) - 7, 4)]
    return len(line) > 40 and sum(gram in gold for gram in grams) >= 0.6 * len(grams)


def judged(pages: list[Page], text_of: Callable[[str], str]) -> pl.DataFrame:
    """One row for each site: lines that could be learnt, those removed, letters of main text and those lost."""
    texts = [text_of(page.html) for page in pages]
    table = pa.table(
        {
            "id": [hashlib.md5(f"{p.collection} {p.name}".encode()).hexdigest() for p in pages],
            "text": pa.array(texts, pa.large_string()),
            "url": [f"http://{p.host}/" for p in pages],
            "source": ["crawl"] * len(pages),
        }
    )
    keys = line_keys()(table)
    learnt = pl.DataFrame(pl.from_arrow(lines()(keys)))
    found = line_table(string_buffers(table["text"]))
    rows = pl.DataFrame(pl.from_arrow(keys)).with_columns(row=found.row, begin=found.begin, end=found.end)
    content = pl.Series(texts).gather(rows["row"]).hash(0)
    rows = rows.with_columns(content.alias("content")).with_columns(
        pl.col("page").n_unique().over("site", "line").alias("on"),
        pl.col("content").n_unique().over("site", "line").alias("differ"),
    )
    sizes = learnt.filter(pl.col("line").is_null()).select("site", "of")
    cut = learnt.drop_nulls("line").select("site", "line", "keeper", cut=pl.lit(True))
    rows = rows.join(sizes, on="site", how="left", maintain_order="left")
    rows = rows.join(cut, on=["site", "line"], how="left", maintain_order="left")
    alike = cut.select("site", pl.col("line").alias("numbered"), alike=pl.lit(True))
    rows = rows.join(alike, on=["site", "numbered"], how="left", maintain_order="left")
    golds = [(plain(p.gold), {plain(line) for line in p.gold.split("\n")}) for p in pages]
    sites: defaultdict[tuple[str, str, bool, bool], Counter[str]] = defaultdict(Counter)
    for row in rows.iter_rows(named=True):
        page = pages[row["row"]]
        line = plain(texts[row["row"]][row["begin"] : row["end"]])
        gone = bool(row["cut"] or row["alike"]) and row["keeper"] != row["page"]
        site = sites[page.collection, page.host, page.held_out, row["of"] > 1]
        if line and is_main(line, *golds[row["row"]]):
            site.update(main=len(line), lost=len(line) * gone)
        elif line and row["of"] > 1 and row["on"] > 1:
            differ = row["differ"] > 1
            site.update(learnable=1, removed=int(gone), differing=int(differ), differing_removed=int(differ and gone))
    names = ("main", "lost", "learnable", "removed", "differing", "differing_removed")
    made = [(*key, *(count[name] for name in names)) for key, count in sites.items()]
    return pl.DataFrame(made, schema=["collection", "host", "held_out", "several", *names], orient="row")


def shares(sites: pl.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Share of learnable lines removed, and of main text lost; each with its 95 % interval over sites (bootstrap).

    `of_pages_that_differ`: of the lines that stand on more than a page and its exact copies.
    """
    drawn = np.random.default_rng(1).integers(0, sites.height, (2000, sites.height))
    found = {}
    for name, part, whole in (
        ("removed", "removed", "learnable"),
        ("lost", "lost", "main"),
        ("of_pages_that_differ", "differing_removed", "differing"),
    ):
        a, b = sites[part].to_numpy(), sites[whole].to_numpy()
        again = a[drawn].sum(1) / np.maximum(b[drawn].sum(1), 1)
        found[name] = (a.sum() / b.sum(), *np.percentile(again, [2.5, 97.5]))
    return found


@pytest.fixture(scope="module")
def pages(data_dir: Path) -> list[Page]:
    return [*real_pages(data_dir), *sample_pages()]


@pytest.mark.parametrize("held_out", [False, True])
def test_whole_pages(pages: list[Page], held_out: bool, record_property: Record) -> None:
    every = judged(pages, all_text).filter(pl.col("held_out") == held_out)
    sites = every.filter("several")
    figures = shares(sites)
    record_property("sites", f"{sites.height} and {every.height - sites.height} of one page")
    record_property("lines", int(sites["learnable"].sum()))
    for name, (value, low, high) in figures.items():
        record_property(name, f"{value:.4f} [{low:.4f}, {high:.4f}]")
    for collection in ("daniel_train", "scrapinghub_articles", "sample"):
        part = shares(sites.filter(pl.col("collection") == collection))
        record_property(collection, f"{part['removed'][0]:.3f} removed, {part['lost'][0]:.4f} lost")
        assert part["removed"][0] >= 0.93 and part["lost"][0] <= 0.01
    assert sites["learnable"].sum() > 4000 and sites.height > 60
    assert figures["removed"][0] >= REMOVED_FLOOR and figures["lost"][0] <= LOST_CEILING


def test_main_text_as_it_is_extracted(pages: list[Page], record_property: Record) -> None:
    sites = judged(pages, lambda html: extract(html).text).filter("several")
    for name, (value, low, high) in shares(sites).items():
        record_property(name, f"{value:.4f} [{low:.4f}, {high:.4f}]")
    figures = shares(sites)
    record_property("lines", int(sites["learnable"].sum()))
    for name in ("daniel_train", "scrapinghub_articles", "sample"):
        part = sites.filter(pl.col("collection") == name)
        record_property(name, f"{part['removed'].sum()} of {part['learnable'].sum()} lines")
    assert figures["removed"][0] >= EXTRACTED_FLOOR and figures["lost"][0] <= LOST_CEILING
