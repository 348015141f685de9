"""A build whose rows do not fit into memory together is that of one whose rows do, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.engine.corpus import contents, documents
from tests.engine.here import Here
from tests.engine.test_cut_staying import write

from weft.engine import parts
from weft.engine.build import run
from weft.engine.indexing import add
from weft.engine.reading import Build
from weft.engine.tasks import deduplicate, earlier, earlier_found, groups, lines, staying, substrings
from weft.recipe import load

RECIPE = """\
name: {name}
acquire:
  - {{path: {name}.jsonl, license: CC0-1.0, format: jsonl, options: {{group_field: book}}}}{more}
deduplicate: {steps}
construct:
  extends: nothing
  rules: {{allowed: "NOT coalesce(url, '') LIKE '%drop%'"}}{cut}
settings: {{shard_mb: 0.05}}
"""
MORE = """
  - {path: books, basis: owned, license: CC0-1.0, priority: 5}
  - {path: texts, basis: owned, license: CC0-1.0}"""
CUT = """
  cut: [deduplicate.lines, deduplicate.substrings]
  split: {test: 0.3}"""
STEPS = "[url_key, exact, minhash, verify, lines, substrings, {earlier: {index: index}}]"
COUNT = 200
BOUNDS = {
    parts: {"DOCUMENTS_TOGETHER": 10, "_BUFFERED": 16},
    deduplicate: {"KEYS_TOGETHER": 40, "SETS_TOGETHER": 4, "PAIRS_TOGETHER": 6},
    earlier: {"KEYS_TOGETHER": 40, "SETS_TOGETHER": 4, "PAIRS_TOGETHER": 6},
    earlier_found: {"DOCUMENTS_TOGETHER": 10, "_ROWS": 15},
    groups: {"_TOGETHER": 10, "_MEMBERS": 10},
    lines: {"LINES_TOGETHER": 5},
    staying: {"LINES_TOGETHER": 5},
    substrings: {"FINGERPRINTS_TOGETHER": 30, "REQUESTS_TOGETHER": 8},
}
SAME = ("construct/", "label/", "deduplicate/clusters", "deduplicate/components", "deduplicate/earlier-found")


def recipe(folder: Path, name: str, rows: list[dict[str, str | None]], **given: str) -> Path:
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    file = folder / f"{name}.yaml"
    file.write_text(RECIPE.format(name=name, **given), "utf-8")
    return file


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe of copies, pages of one address, books, lines and passages that repeat; and an index of a third."""
    folder = tmp_path_factory.mktemp("divided")
    write(folder)
    rows: list[dict[str, str | None]] = []
    for number, one in enumerate(documents(COUNT)):
        page = f"https://news.example.org/{number // 9}"
        rows.append({**one, "url": None if number % 2 else page, "book": None if number % 5 else str(number // 40)})
    before = recipe(folder, "before", rows[::3], steps="[exact, minhash, verify]", more="", cut="")
    assert run(load(before), folder / "first", runner=Here(folder / "first")).status == 0
    add(folder / "first", folder / "index")
    return recipe(folder, "now", rows, steps=STEPS, more=MORE, cut=CUT)


def built(corpus: Path, into: Path) -> dict[str, bytes]:
    done = run(load(corpus), into, runner=Here(into))
    assert done.status == 0, done.tally.failures
    return {name: held for name, held in contents(into).items() if name.startswith(SAME)}


def test_a_divided_build_is_the_whole_one(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = built(corpus, tmp_path / "whole")
    for module, bounds in BOUNDS.items():
        for name, value in bounds.items():
            assert getattr(module, name) > value
            monkeypatch.setattr(module, name, value)
    ranges: list[int] = []
    made = parts.Ranges.__init__

    def counted(self: parts.Ranges, offsets: parts.Longs) -> None:
        made(self, offsets)
        ranges.append(len(self))

    monkeypatch.setattr(parts.Ranges, "__init__", counted)
    assert built(corpus, tmp_path / "parts") == whole
    assert len(ranges) >= 4 and min(ranges) > 10, "components, clusters, units and earlier documents were divided"
    rows = Build.open(tmp_path / "parts").documents().collect()
    assert rows.filter(rows["deduplicate"].struct.field("size") > 1).height > 50
    assert set(rows["earlier"].struct.field("kind").drop_nulls()) >= {"exact", "near", "cluster"}
    assert rows["split_unit"].struct.field("size").max() > 5
    for name in ("lines", "substrings"):
        assert rows[name].struct.field("cut").sum() > 0
