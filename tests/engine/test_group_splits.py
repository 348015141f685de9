"""A multi-way group is one unit of a build's splits: as a row, and as the pairs that it is expanded to."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import polars as pl

from weft.engine.build import run
from weft.engine.pair_groups import Join, expand_file, join_files
from weft.engine.reading import Build
from weft.parallel.multiway import Rule
from weft.parallel.multiway_files import Given
from weft.recipe import load

RECIPE = """\
name: groups
acquire:
  - {path: groups.jsonl, format: jsonl, kind: pair, options: {group_field: group_id, id_field: id}}
  - {path: pairs/*.jsonl, format: jsonl, kind: pair, options: {group_field: group_id, id_field: id}}
standardize: false
deduplicate: false
construct: {extends: nothing, split: {validation: 0.2, test: 0.3}, formats: [parquet]}
"""


def test_groups_stay_together_in_splits(tmp_path: Path) -> None:
    for code in ("swh_Latn", "zul_Latn", "hau_Latn"):
        rows = [
            {"eng_Latn": f"text {n}", code: f"{code} {n}", "group_id": f"story {n // 2}" if n < 40 else None}
            for n in range(120)
        ]
        pl.DataFrame(rows, infer_schema_length=None).write_ndjson(tmp_path / f"{code}.jsonl")
    files = tuple(Given(file) for file in sorted(tmp_path.glob("*.jsonl")))
    join_files(Join(files, tmp_path / "groups.jsonl", Rule("eng_Latn")), lambda *_: None)
    expand_file(Given(tmp_path / "groups.jsonl"), tmp_path / "pairs", ".jsonl", None, None, lambda *_: None)
    for file in files:
        file.file.unlink()
    (tmp_path / "recipe.yaml").write_text(RECIPE, "utf-8")
    assert run(load(tmp_path / "recipe.yaml"), tmp_path / "build", workers=1).status == 0
    found = Build.open(tmp_path / "build").documents().collect()
    assert found.height == 120 * (1 + 6)
    splits, texts, stories = defaultdict(set), defaultdict(set), defaultdict(set)
    for row in found.iter_rows(named=True):
        splits[row["group_id"]].add(row["selection"]["split"])
        number = int(row["text"].rpartition(" ")[2])
        texts[number].add(row["selection"]["split"])
        stories[row["group_id"]].add(number)
    assert len(splits) == 20 + 80 and all(len(one) == 1 for one in [*splits.values(), *texts.values()])
    assert sorted(map(len, stories.values())) == [1] * 80 + [2] * 20
    assert {split for one in splits.values() for split in one} == {"train", "validation", "test"}
