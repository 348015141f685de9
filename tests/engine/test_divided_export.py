"""A place that fills several files is exported by as many tasks, and the corpus is the same as from one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weft.construct.difference import content_hash, difference
from weft.engine import plan_export
from weft.engine.build import run
from weft.engine.storage import Storage
from weft.engine.tasks.exporting import _divided
from weft.recipe import load

WORDS = "habari watu nyumba shule mtoto maji chakula safari barua kazi siku mwaka mji soko njia gari mkono jina".split()
LIMIT = 20_000


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Two languages: some 100 kB of one, and a few documents of another."""
    for file in range(6):
        rows = []
        for n in range(60):
            number = file * 60 + n
            text = " ".join(
                WORDS[(number * (w + 5) + w * w * (number % 11 + 1)) % len(WORDS)] for w in range(30 + n % 40)
            )
            rows.append({"id": f"s{number}", "text": text, "language": "swh_Latn" if n % 12 else "zul_Latn"})
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"texts{file}.jsonl").write_text(lines, "utf-8")
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "acquire:\n  - {path: 'texts*.jsonl', format: jsonl, options: {language_field: language}}\n"
        "label: [script, {lid: {trust_hint: true}}, signals]\n"
        "deduplicate: [exact]\n"
        "settings: {shard_mb: 0.02}\n"
        "construct: {extends: nothing, split: {train: 0.9, validation: 0.05, test: 0.05}}\n",
        "utf-8",
    )
    return path


def _files(build: Path) -> dict[str, str]:
    top = build / "construct"
    return {
        path.relative_to(top).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.name not in ("README.md", "croissant.json", "release.json")
    }


def _corpus(build: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Rows of each language and split as loaders read them: file by file, in order of their names."""
    held: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for path in sorted((build / "construct/ct").rglob("*.parquet")):
        rows = pl.read_parquet(path).select("id", "text").rows()
        held.setdefault((path.parent.name, path.name.partition("-")[0]), []).extend(rows)
    return held


def _run(recipe: Path, into: Path, workers: int = 1, **more: Any) -> Any:
    done = run(load(recipe, ["construct.formats=['parquet', 'jsonl.zst']"]), into, workers=workers, **more)
    assert done.status == 0, done.to_json()
    return done


def test_files_of_a_large_language_hold_what_one_would(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _run(recipe, tmp_path / "whole")
    assert whole.tally.ran["export"] == 2
    monkeypatch.setattr(plan_export, "FILE_BYTES", LIMIT)
    parted = _run(recipe, tmp_path / "parted")
    assert _corpus(tmp_path / "parted") == _corpus(tmp_path / "whole")
    records = json.loads((tmp_path / "parted/construct/release.json").read_bytes())["files"]
    swahili = [r for r in records if r["format"] == "parquet" and r["language"] == "swh_Latn" and r["split"] == "train"]
    assert [r["path"] for r in swahili] == [f"ct/swh_Latn/train-{n:05d}.parquet" for n in range(len(swahili))]
    assert len(swahili) > 4 and parted.tally.ran["export"] > len(swahili)
    sizes = [r["text_bytes"] + 256 * r["rows"] for r in swahili]
    longest = 256 + 70 * 8
    assert all(abs(size - LIMIT) <= longest for size in sizes[:-1]) and sizes[-1] <= LIMIT + longest
    assert Counter(r["path"].rpartition("/")[0] for r in records)["ct/zul_Latn"] <= 6


def test_the_same_bytes_on_two_workers_and_lists_of_rows(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_export, "FILE_BYTES", LIMIT)
    _run(recipe, tmp_path / "one")
    _run(recipe, tmp_path / "two", workers=2)
    assert _files(tmp_path / "one") == _files(tmp_path / "two")
    construct = tmp_path / "one/construct"
    held = json.loads((construct / "release.json").read_bytes())
    assert held["content"] == difference(tmp_path / "one", construct).hashes[1]
    assert held["content"] == content_hash(pl.read_parquet(construct / "rows/**/*.parquet"))
    assert difference(tmp_path / "one", tmp_path / "two").rows.is_empty()


def test_between_one_file_and_many_and_back(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of both divisions have the same names: none may be taken for those of the other."""
    _run(recipe, tmp_path / "build")
    first = _files(tmp_path / "build")
    with monkeypatch.context() as patched:
        patched.setattr(plan_export, "FILE_BYTES", LIMIT)
        _run(recipe, tmp_path / "build")
        second = _files(tmp_path / "build")
        assert "ct/swh_Latn/train-00003.parquet" in second and first.keys() - second.keys() == {
            "rows/swh_Latn/rows.parquet"
        }
    _run(recipe, tmp_path / "build")
    assert _files(tmp_path / "build") == first
    monkeypatch.setattr(plan_export, "FILE_BYTES", LIMIT)
    _run(recipe, tmp_path / "build")
    assert _files(tmp_path / "build") == second
    assert not _run(recipe, tmp_path / "build").tally.ran


def test_removed_files_belong_to_nobody(tmp_path: Path) -> None:
    """In object storage entries are believed: that of a file which another recipe took away must not be."""
    from weft.engine import holders
    from weft.engine.ledger import Entry

    storage = Storage(tmp_path)
    paths = [f"construct/ct/swh_Latn/train-0000{n}.parquet" for n in range(2)]
    entries = []
    for path in paths:
        storage.write_bytes(path, b"x")
        holders.settle(storage, path, path)
        entries.append(Entry(path, "export", 0, [{"path": path, "bytes": 1, "rows": 1}]))
    holders.keep_only(storage, {paths[0]})
    assert not (tmp_path / paths[1]).exists() and holders.lost(storage, entries) == [paths[1]]


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ([], []),
        ([(0, 10)], [[2, 0, 0, 1, 0]]),
        ([(0, 10), (3, 20)], [[2, 0, 0, 1, 0], [2, 1, 3, 4, 10]]),
        ([(0, 9), (3, 25)], [[2, 0, 0, 4, 0], [2, 1, 3, 4, 9], [2, 2, 3, 4, 9]]),
        ([(1, 4), (2, 8), (5, 11)], [[2, 0, 1, 6, 0], [2, 1, 5, 6, 8]]),
    ],
)
def test_shards_of_a_file(ends: list[tuple[int, int]], wanted: list[list[int]]) -> None:
    assert list(_divided(2, ends, 10)) == wanted
