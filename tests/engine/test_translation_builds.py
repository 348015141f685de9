"""Builds over translation files: terms of each side, files that are read together, what a person may get wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import weft
from weft.errors import WeftError

RECIPE = """\
name: translations
acquire:
  - path: memory.tmx
    license: CC-BY-4.0
    redistribute: true
    sides: {zu: {license: CC-BY-NC-4.0, redistribute: false, consent: z-1}}
  - path: corpus.*
    format: moses
    license: CC0-1.0
    redistribute: true
    options: {suffixes: {en: eng_Latn, sw: swh_Latn}}
  - path: pairs.jsonl
    format: jsonl
    kind: pair
    license: MIT
    consent: c-1
    redistribute: true
    sides: {swh_Latn: {redistribute: false}}
standardize: false
deduplicate: false
construct: {extends: nothing, redistributable_only: true, split: {validation: 0, test: 0}, formats: [parquet]}
"""


def unit(*texts: tuple[str, str]) -> str:
    return f"<tu>{''.join(f'<tuv xml:lang={c!r}><seg>{t}</seg></tuv>' for c, t in texts)}</tu>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    units = [unit(("en", "tree"), ("sw", "mti")), unit(("en", "sea"), ("sw", "bahari"), ("zu", "ulwandle"))]
    (tmp_path / "memory.tmx").write_text(f"<tmx>{''.join(units)}</tmx>")
    (tmp_path / "corpus.en").write_text("house\nroad\n")
    (tmp_path / "corpus.sw").write_text("nyumba\nbarabara\n")
    (tmp_path / "pairs.jsonl").write_text('{"translation": {"en": "day", "sw": "siku"}}\n')
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    held = pl.concat(pl.read_parquet(file) for file in listing(folder))
    return {row["text"]: row for row in held.to_dicts()}


def listing(folder: Path) -> list[Path]:
    return sorted((folder / "build/documents").glob("*.parquet"))


def kept(folder: Path) -> dict[str, str]:
    files = sorted((folder / "build/construct/pairs").rglob("*.parquet"))
    held = pl.concat(pl.read_parquet(file).select("translation").unnest("translation") for file in files)
    return dict(zip(held["eng_Latn"], held["swh_Latn"], strict=True))


def test_the_stricter_side_decides_and_files_that_belong_together_are_read_together(folder: Path) -> None:
    recipe = weft.load(folder / "recipe.yaml")
    assert weft.run(recipe, folder / "build", workers=1).status == 0
    told = {text: (row["license"], row["consent"], row["redistribute"]) for text, row in documents(folder).items()}
    assert told == {
        "tree\n\nmti": ("CC-BY-4.0", None, True),
        "sea\n\nbahari\n\nulwandle": ("CC-BY-4.0 AND CC-BY-NC-4.0", "z-1", False),
        "house\n\nnyumba": ("CC0-1.0", None, True),
        "road\n\nbarabara": ("CC0-1.0", None, True),
        "day\n\nsiku": ("MIT", "c-1", False),
    }
    assert kept(folder) == {"house": "nyumba", "road": "barabara", "tree": "mti"}
    before = listing(folder)
    weft.run(recipe, folder / "build", workers=1)
    assert listing(folder) == before
    # The file that holds the rows' place has not changed, but the one beside it has.
    (folder / "corpus.sw").write_text("nyumba kubwa\nbarabara\n")
    assert weft.run(recipe, folder / "build", workers=1).status == 0
    assert kept(folder) == {"house": "nyumba kubwa", "road": "barabara", "tree": "mti"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{path: corpus.*, format: moses, options: {suffixes: {en: eng_Latn}}}", "suffixes: expected two or more"),
        ("{path: corpus.*, format: moses, options: {suffixes: {en: en, sw: eng}}}", "two are the same language"),
        ("{path: memory.tmx, kind: sft}", "kind"),
        ("{path: memory.tmx, options: {markup: keep}}", "markup"),
        ("{path: x.txt, sides: {sw: {license: MIT}}}", "the kind is text; expected kind: pair"),
        ("{path: memory.tmx, sides: {swahil: {license: MIT}}}", "Swahili"),
        ("{path: memory.tmx, sides: {sw: {licence: MIT}}}", "licence"),
        ("{path: memory.tmx, sides: {sw: {license: CC-BY-4}}}", "its version is cut"),
    ],
)
def test_mistakes_in_a_source_are_told(folder: Path, source: str, message: str) -> None:
    (folder / "recipe.yaml").write_text(f"acquire:\n  - {source}\n")
    with pytest.raises(WeftError) as caught:
        weft.load(folder / "recipe.yaml")
    assert message in str(caught.value)
