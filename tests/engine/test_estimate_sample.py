"""Samples of files: what they stand for, that the smaller is a part of the larger, and that both have as many tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weft.engine.estimate_sample import QUARTERS, TASKS, Sample, cut, listed, places
from weft.recipe import load


def write_parquet(folder: Path, rows: int, group: int) -> Path:
    texts = [f"{' '.join(f'neno{(n * k) % 97}' for k in range(1, 90))} {n}" for n in range(rows)]
    (folder / "texts").mkdir()
    table = pa.table({"text": texts, "id": [str(n) for n in range(rows)]})
    pq.write_table(table, folder / "texts/a.parquet", row_group_size=group, compression="none", use_dictionary=False)
    return recipe_of(folder)


def recipe_of(folder: Path) -> Path:
    recipe = folder / "recipe.yaml"
    recipe.write_text("name: rows\nacquire: [{path: texts, basis: owned}]\n", "utf-8")
    return recipe


def samples(recipe: Path, wanted: int, pieces: int) -> tuple[Sample, Sample]:
    folder = recipe.parent / "rows"
    folder.mkdir(exist_ok=True)
    manifest = listed(load(recipe), recipe.parent / "none", wanted // pieces)
    found = places(manifest, wanted)
    small, large = (cut(found, wanted, quarters, folder, manifest) for quarters in (1, QUARTERS))
    return small, large


def ids(sample: Sample) -> list[int]:
    units = [unit for shard in sample.manifest.shards for unit in shard.units]
    return [int(name) for unit in units for name in pq.read_table(unit.path, columns=["id"])["id"].to_pylist()]


def test_of_large_row_groups_a_sample_has_the_first_rows_of_each(tmp_path: Path) -> None:
    recipe = write_parquet(tmp_path, 12_000, 2_000)
    size = (tmp_path / "texts/a.parquet").stat().st_size
    # Pieces of a sixtieth of the file: of ten one holds a row group, and the others nothing.
    small, large = samples(recipe, size // 6, 10)
    assert large.stored == pytest.approx(size / 6, rel=0.05) and small.stored == pytest.approx(size / 24, rel=0.05)
    assert sum(large.sizes) == large.stored and large.largest_group == pytest.approx(size / 6, rel=0.05)
    groups = {number // 2_000 for number in ids(large)}
    assert groups == set(range(6)) and len(ids(large)) == pytest.approx(2_000, rel=0.05)
    assert set(ids(small)) < set(ids(large)) and {number // 2_000 for number in ids(small)} == groups
    assert len(small.manifest.shards) == len(large.manifest.shards) == 6


def test_a_sample_as_large_as_the_files_is_all_of_them(tmp_path: Path) -> None:
    recipe = write_parquet(tmp_path, 3_000, 500)
    size = (tmp_path / "texts/a.parquet").stat().st_size
    _, large = samples(recipe, 2 * size, 120)
    assert large.stored == pytest.approx(size, rel=0.05) and sorted(ids(large)) == list(range(3_000))


def test_lines_are_taken_from_places_all_over_the_files(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for name in "ab":
        lines = [json.dumps({"text": f"{name} {n} " + "maji " * 40}) for n in range(5_000)]
        (tmp_path / f"texts/{name}.jsonl").write_text("\n".join(lines), "utf-8")
    small, large = samples(recipe_of(tmp_path), 200_000, 32)
    ranges = [[(u.name, u.start, u.stop) for s in one.manifest.shards for u in s.units] for one in (small, large)]
    assert len(ranges[0]) == len(ranges[1]) == 32 and {name for name, *_ in ranges[1]} == {"a.jsonl", "b.jsonl"}
    for (name, start, stop), (other, begin, end) in zip(*ranges, strict=True):
        assert (name, start) == (other, begin) and stop - start == pytest.approx((end - begin) / 4, abs=1)
    assert large.stored == pytest.approx(200_000, rel=0.05) and len(large.manifest.shards) == TASKS


def test_files_that_cannot_be_cut_are_sampled_whole(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for n in range(40):
        (tmp_path / f"texts/{n:02d}.txt").write_text(f"maji ya {n} " * 1_000, "utf-8")
    small, large = samples(recipe_of(tmp_path), 160_000, 32)
    whole = {n: {u.name for s in one.manifest.shards for u in s.units} for n, one in enumerate((small, large))}
    assert (
        len(whole[1]) == pytest.approx(16, abs=2) and whole[0] < whole[1] and len(whole[0]) == pytest.approx(4, abs=1)
    )
    assert all(u.stop - u.start == u.size for s in large.manifest.shards for u in s.units)
