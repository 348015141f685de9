"""A passage is in the corpus as long as one of its holders is, however the others left it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.engine.corpus import contents
from tests.engine.here import run_here
from tests.engine.test_cut import corpus, prose

from weft.engine.build import run
from weft.engine.reading import Build
from weft.recipe import load

PRAYER = (
    "Our Father who art in heaven, hallowed be thy name, thy kingdom come, thy will be done on earth as it is.\n"
    "Give us this day our daily bread, and forgive us our trespasses, as we forgive those who trespass against us."
)
NOTICE = prose("notice", 6)
RECIPE = """\
name: sites
acquire:
  - {path: books, basis: owned, license: CC0-1.0, priority: 5}
  - {path: texts, basis: owned, license: CC0-1.0, redistribute: true}
deduplicate: [exact, minhash, verify, lines, substrings]
construct:
  extends: nothing
  cut: [deduplicate.lines, deduplicate.substrings]
  rules: {allowed: "NOT coalesce(url, '') LIKE '%drop%'"}
settings: {shard_mb: 0.01}
"""
TWO = ("one", "two")


def write(folder: Path) -> Path:
    """Passages of a book and of pages that a rule rejects, a long copy, a prayer, a notice that is text elsewhere."""
    for name in ("texts", "books"):
        (folder / name).mkdir()
    rows = [(f"drop{n}", f"{prose(f'a{n}')} {prose('left', 6)} {prose(f'b{n}')}") for n in range(20)]
    rows += [(f"stay{name}", f"{prose(f'c{name}')} {prose('left', 6)} {prose(f'd{name}')}") for name in TWO]
    rows += [(f"quote{name}", f"{prose(f'e{name}')} {prose('book', 6)} {prose(f'f{name}')}") for name in TWO]
    rows += [
        ("part", prose("left", 6)),
        ("copy", f"{prose('long', 30)} {prose('tail', 1)}"),
        ("copied", prose("long", 30)),
    ]
    rows += [(f"text{name}", f"{prose(f'g{name}')} {NOTICE} {prose(f'h{name}')}") for name in TWO]
    pages = [{"url": f"https://{name}.example/", "text": text} for name, text in rows]
    for n in range(12):
        text = f"{prose(f'i{n}')}\n\n{PRAYER}\n\n{prose(f'j{n}')}\n\n{NOTICE}"
        pages.append({"url": f"https://www.church.example/{'drop' * (n % 4 != 3)}{n}", "text": text})
    for number in range(5):
        lines = [json.dumps(one) for one in pages[number::5]]
        (folder / f"texts/part-{number}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "books/book.txt").write_text(prose("book", 12), "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    return folder / "recipe.yaml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("staying")
    recipe = write(folder)
    result = run(load(recipe), folder / "build", workers=2)
    assert result.status == 0, result.tally.failures
    return recipe, folder / "build"


def times(build: Path, passage: str) -> int:
    return sum(text.count(passage) for text in corpus(build)["text"])


def test_each_passage_is_there_once(finished: tuple[Path, Path]) -> None:
    build = Build.open(finished[1])
    frame = build.documents().collect()
    left = frame.filter(pl.col("text").str.contains(prose("left", 6), literal=True))
    assert left.filter(pl.col("substrings").struct.field("cut") == 0)["url"].str.contains("drop").all(), (
        "the keeper left"
    )
    for passage in (prose("left", 6), prose("book", 12), prose("long", 30), NOTICE):
        assert times(finished[1], passage) == 1
    assert times(finished[1], prose("book", 6)) == 1
    pages = frame.filter(pl.col("url").str.contains("church") & pl.col("selection").struct.field("rule").is_null())
    assert pages.height == 3
    for line in PRAYER.split("\n"):
        assert times(finished[1], line) == 1
        for text, label in pages.select("text", "lines").iter_rows():
            assert any(span["begin"] <= text.index(line) < span["end"] for span in label["spans"]), "its keeper left"


def test_what_is_counted_is_what_is_written(finished: tuple[Path, Path]) -> None:
    build, kept = Build.open(finished[1]), corpus(finished[1])
    stage = build.summary()["stages"][-1]
    assert stage["rows_in"] == stage["rows_out"] + sum(stage["rejected"].values())
    assert stage["rows_out"] == kept.height and kept["text"].str.len_chars().min() > 0
    counts = build.counts().filter(pl.col("rule") == "")
    assert counts["bytes"].sum() == kept["text"].str.len_bytes().sum()
    documents = build.documents().filter(pl.col("selection").struct.field("rule").is_null()).collect()
    cut = (
        documents["cut"]
        .struct.field("spans")
        .list.eval(pl.element().struct.field("end") - pl.element().struct.field("begin"))
    )
    card = (finished[1] / "construct/README.md").read_text("utf-8")
    cells = [line.split("|") for line in card.splitlines() if line.startswith("|") and "of the site" in line]
    cells += [line.split("|") for line in card.splitlines() if line.startswith("|") and "earlier document" in line]
    assert sum(int(cell[4].replace(",", "")) for cell in cells) == cut.list.sum().sum()


def test_the_story_says_what_goes_and_what_stays(finished: tuple[Path, Path]) -> None:
    build = Build.open(finished[1])
    kept = corpus(finished[1]).filter(pl.col("text").str.contains(prose("left", 6), literal=True))["id"].to_list()
    story = build.explain(kept[0])["stages"][-1]
    assert len(kept) == 1 and story["cut"] == []
    assert story["stays"][0]["because"].endswith("is not in the corpus: allowed")
    others = [build.explain(f"https://stay{name}.example/") for name in TWO]
    because = [span["because"] for one in others if one["id"] != kept[0] for span in one["stages"][-1]["cut"]]
    assert because and all(f"document {kept[0]} has it" in text for text in because)
    assert "cut" not in build.explain("https://drop3.example/")["stages"][-1]


def test_the_same_bytes_on_one_worker_and_nothing_to_do_again(finished: tuple[Path, Path], tmp_path: Path) -> None:
    run(load(finished[0]), tmp_path / "one", workers=1)
    for folder in ("construct", "label", "selection"):
        assert contents(tmp_path / "one" / folder) == contents(finished[1] / folder)
    assert not run(load(finished[0]), tmp_path / "one", workers=2).tally.ran


@pytest.mark.parametrize(
    "change",
    [
        "construct.redistributable_only=true",
        "construct.mixture={budget: 6000}",
        "construct.rules={allowed: \"source = 'texts'\"}",
        "construct.cut=[deduplicate.substrings]",
    ],
)
def test_however_its_keeper_leaves(finished: tuple[Path, Path], change: str, tmp_path: Path) -> None:
    """What a document that stays has as a passage of others stands in the corpus."""
    result = run_here(load(finished[0], [change]), tmp_path / "build")
    assert result.status == 0, result.tally.failures
    build = Build.open(tmp_path / "build")
    frame = build.documents().filter(pl.col("selection").struct.field("rule").is_null()).collect()
    assert 0 < frame.height < len(build.documents().collect())
    for passage in (prose("left", 6), prose("book", 6), prose("long", 30)):
        held = frame["text"].str.contains(passage, literal=True).any()
        assert times(tmp_path / "build", passage) == held
