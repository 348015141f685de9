"""Repeated text is found over all shards and cut where the recipe says so; the same bytes on any number of workers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute
import pytest
from tests.engine.corpus import contents
from tests.engine.here import run_here

from weft.engine.build import run
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.label.signals import signals
from weft.label.tokens import tokens
from weft.recipe import load

WORDS = "maji nyumba shule mtoto chakula safari barua kazi siku mwaka mji bahari mti samaki soko mvua kitabu".split()
MENU = "Home\nNews\nSport"
FOOT = "© The Post. All rights reserved."
RECIPE = """\
name: sites
acquire:
  - {path: texts, basis: owned, license: CC0-1.0}
  - {path: books, basis: owned, license: CC0-1.0, priority: 5}
deduplicate: [exact, minhash, verify, lines]
construct:
  extends: nothing
  cut: [deduplicate.lines]
settings: {shard_mb: 0.05}
"""


def prose(name: str, sentences: int = 4) -> str:
    made = []
    for n in range(sentences):
        draw = hashlib.sha256(f"{name} {n}".encode()).digest()
        made.append(" ".join(WORDS[b % len(WORDS)] for b in draw[:16]).capitalize() + f" {name}.")
    return " ".join(made)


def rows() -> list[dict[str, str]]:
    """Six sites of eight pages with a menu and a foot, and pages of single sites that are nothing but text."""
    made = []
    for site in range(6):
        for page in range(8):
            name = f"{site}-{page}"
            url = f"https://www.site{site}.example/{page}"
            text = f"{MENU} {site}\n\n{prose(name)}\n\n{prose(name + 'b')}\n\n{FOOT}"
            made.append({"id": name, "url": url, "text": text})
        made.append({"id": f"{site}-menu", "url": f"https://site{site}.example/", "text": f"{MENU} {site}\n{FOOT}"})
    odd = ["x" * 1_000_000, f"{MENU} 0\r\n\r\n{prose('crlf')}\r\n", f"{MENU}", prose("alone")]
    return made + [{"id": f"odd{n}", "url": f"https://odd{n}.example/", "text": text} for n, text in enumerate(odd)]


def write(folder: Path, recipe: str = RECIPE) -> Path:
    (folder / "texts").mkdir()
    (folder / "books").mkdir()
    every = rows()
    for number in range(5):
        lines = [json.dumps(one, ensure_ascii=False) for one in every[number::5]]
        (folder / f"texts/part-{number}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "books/book.txt").write_text(prose("book"), "utf-8")
    (folder / "recipe.yaml").write_text(recipe, "utf-8")
    return folder / "recipe.yaml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("cut")
    recipe = write(folder)
    result = run(load(recipe), folder / "build", workers=2)
    assert result.status == 0, result.tally.failures
    return recipe, folder / "build"


def corpus(build: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((build / "construct/ct").rglob("*.parquet"))])


def test_the_menu_and_the_foot_are_gone_and_the_text_is_not(finished: tuple[Path, Path]) -> None:
    texts = corpus(finished[1])["text"].to_list()
    assert len(Build.open(finished[1]).plan.shards) > 3
    for site in range(6):
        for page in range(8):
            name = f"{site}-{page}"
            assert f"{prose(name)}\n\n{prose(name + 'b')}" in texts
    assert not [text for text in texts if FOOT in text]
    assert MENU in texts, "a page of a site of its own"


def test_a_document_of_which_nothing_is_left_is_rejected_for_that(finished: tuple[Path, Path]) -> None:
    build = Build.open(finished[1])
    construct = build.summary()["stages"][-1]
    assert construct["rejected"]["nothing_left"] == 6
    assert construct["rows_in"] == construct["rows_out"] + sum(construct["rejected"].values())
    story = build.explain("https://site3.example/")
    assert story["outcome"] == "rejected by nothing_left"
    assert story["stages"][-2]["labels"]["lines"]["spans"]


def test_what_is_left_is_counted_again(finished: tuple[Path, Path]) -> None:
    kept = corpus(finished[1])
    counts = Build.open(finished[1]).counts().filter(pl.col("rule") == "")
    assert counts["bytes"].sum() == kept["text"].str.len_bytes().sum()
    again = signals()(
        tokens()(pa.table({"text": kept["text"].to_arrow(), "lid": [{"language": "swh_Latn"}] * kept.height}))
    )
    assert counts["tokens"].sum() == pa.compute.sum(pa.compute.struct_field(again["signals"], "words")).as_py()


def test_the_card_says_what_was_cut(finished: tuple[Path, Path]) -> None:
    card = (finished[1] / "construct/README.md").read_text("utf-8")
    assert "## What was cut from the text" in card
    cells = [line.split("|") for line in card.splitlines() if "boilerplate of the site" in line]
    assert sum(int(cell[3].replace(",", "")) for cell in cells) == 48
    assert sum(int(cell[4].replace(",", "")) for cell in cells) == 48 * (len(MENU) + 2 + len(FOOT))


def test_the_same_bytes_on_one_worker(finished: tuple[Path, Path], tmp_path: Path) -> None:
    run(load(finished[0]), tmp_path / "one", workers=1)
    for folder in ("construct", "label", "deduplicate"):
        assert contents(tmp_path / "one" / folder) == contents(finished[1] / folder)


def test_running_again_does_nothing_and_going_back_writes_the_same_files(tmp_path: Path) -> None:
    recipe = write(tmp_path)
    run_here(load(recipe), tmp_path / "build")
    before = contents(tmp_path / "build/construct")
    assert not run_here(load(recipe), tmp_path / "build").tally.ran
    uncut = load(recipe, ["construct.cut=[]"])
    changed = run_here(uncut, tmp_path / "build")
    assert not {"line_keys", "learn_lines", "lines", "documents", "label"} & set(changed.tally.ran)
    assert [text for text in corpus(tmp_path / "build")["text"] if FOOT in text]
    back = run_here(load(recipe), tmp_path / "build")
    assert set(back.tally.ran) <= {"export", "release"}
    assert contents(tmp_path / "build/construct") == before


def test_a_new_page_changes_what_is_learnt_of_its_site(tmp_path: Path) -> None:
    recipe = write(tmp_path)
    run_here(load(recipe), tmp_path / "build")
    row = {"id": "new", "url": "https://odd2.example/new", "text": f"{MENU}\n\n{prose('new')}"}
    (tmp_path / "texts/later.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    result = run_here(load(recipe), tmp_path / "build")
    assert result.tally.ran["line_keys"] == 1 and result.tally.ran["learn_lines"] >= 1
    assert Build.open(tmp_path / "build").find("https://odd2.example/new")[2]["lines"]["pages"] == 2


def test_lines_need_no_signature(tmp_path: Path) -> None:
    recipe = write(tmp_path, RECIPE.replace("[exact, minhash, verify, lines]", "[lines]"))
    result = run_here(load(recipe), tmp_path / "build")
    assert result.status == 0 and "clusters" not in result.tally.ran
    assert Build.open(tmp_path / "build").summary()["stages"][-2]["rows_in"] == len(rows()) + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[exact, minhash, verify, lines]", "[exact, minhash, verify]"), "there is no step deduplicate.lines"),
        (("cut: [deduplicate.lines]", "cut: [deduplicate.line]"), "construct"),
        (("cut: [deduplicate.lines]", "cut: [deduplicate.lines, deduplicate.lines]"), "listed already"),
        (("verify, lines]", "verify, {lines: {least_pages: 1}}]"), "least_pages"),
        (("verify, lines]", "verify, {lines: {where: lid.score > 0}}]"), "expected no where"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    recipe = write(tmp_path, RECIPE.replace(*change))
    with pytest.raises(WeftError, match=sentence):
        load(recipe)


def test_rules_read_what_is_cut_and_what_is_left(tmp_path: Path) -> None:
    rules = "rules: {mostly_text: lines.share < 0.5, some_left: cut.words IS NULL OR cut.words >= 10}\n  cut"
    recipe = write(tmp_path, RECIPE.replace("cut", rules, 1))
    result = run_here(load(recipe), tmp_path / "build")
    assert result.status == 0
    assert Build.open(tmp_path / "build").summary()["stages"][-1]["rejected"] == {"mostly_text": 6}


def test_a_language_of_which_nothing_is_left_has_no_files(tmp_path: Path) -> None:
    recipe = write(tmp_path)
    notice = "สงวนลิขสิทธิ์ตามกฎหมายห้ามทำซ้ำโดยไม่ได้รับอนุญาตจากเรา"
    rows = [{"url": f"https://thai.example/{n}", "text": f"{prose(f't{n}')}\n\n{notice}"} for n in range(4)]
    rows.append({"url": "https://thai.example/notice", "text": notice})
    (tmp_path / "texts/thai.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert run_here(load(recipe), tmp_path / "build").status == 0
    build = Build.open(tmp_path / "build")
    assert build.complete and build.explain("https://thai.example/notice")["outcome"] == "rejected by nothing_left"
    assert not list((tmp_path / "build/construct").rglob("*tha_Thai*"))


PASSAGES = RECIPE.replace("verify, lines]", "verify, substrings]").replace(
    "deduplicate.lines", "deduplicate.substrings"
)


@pytest.fixture(scope="module")
def quoted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A build in which six pages quote the book, whose source has the higher priority."""
    folder = tmp_path_factory.mktemp("quoted")
    recipe = write(folder, PASSAGES)
    (folder / "books/book.txt").write_text(prose("book", 12), "utf-8")
    rows = [{"id": f"q{n}", "text": f"{prose(f'q{n}')} {prose('book', 6)} {prose(f'r{n}')}"} for n in range(6)]
    rows.append({"id": "whole", "text": prose("book", 6)})
    (folder / "texts/quotes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    result = run(load(recipe), folder / "build", workers=2)
    assert result.status == 0, result.tally.failures
    return recipe, folder / "build"


def test_the_source_of_higher_priority_keeps_the_passage(quoted: tuple[Path, Path]) -> None:
    texts = corpus(quoted[1])["text"].to_list()
    assert [text for text in texts if prose("book", 6) in text] == [prose("book", 12)]
    assert all(f"{prose(f'q{n}')} {prose(f'r{n}')}" in texts for n in range(6))
    build = Build.open(quoted[1])
    assert build.summary()["stages"][-1]["rejected"]["nothing_left"] == 1
    frame = build.documents().collect()
    book = frame.filter(pl.col("source") == "books")
    assert book["substrings"].struct.field("cut").to_list() == [0]
    quoting = frame.filter(pl.col("text").str.contains(prose("book", 6), literal=True))
    spans = quoting.select(pl.col("substrings").struct.field("spans")).explode("spans").drop_nulls().unnest("spans")
    assert spans["id"].unique().to_list() == book["id"].to_list() and spans.height == 7


def test_passages_are_the_same_on_one_worker(quoted: tuple[Path, Path], tmp_path: Path) -> None:
    run(load(quoted[0]), tmp_path / "one", workers=1)
    for folder in ("construct", "label", "deduplicate"):
        assert contents(tmp_path / "one" / folder) == contents(quoted[1] / folder)
    assert not run(load(quoted[0]), tmp_path / "one", workers=2).tally.ran
