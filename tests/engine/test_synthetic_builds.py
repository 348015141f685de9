"""Builds that hold machine-made records: their provenance goes all the way, and a mixture can weigh them."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import polars as pl
import pytest
from tests.synthetic_build import synthetic_build

from weft.engine.reading import open_build
from weft.trainers.export import Plan, export


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_build(tmp_path_factory.mktemp("synthetic"))


def _read(build: Path, place: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted((build / "construct" / place).glob("*.parquet"))])


def test_provenance_survives_in_the_files_of_every_kind(build):
    for place, recipe, made in (
        ("pairs/eng_Latn-swh_Latn", "synthesize.back_translation", ["eng_Latn"]),
        ("sft/swh_Latn", "synthesize.answer", ["user"]),
        ("dpo/swh_Latn", "synthesize.degraded", ["rejected"]),
    ):
        told = [json.loads(one)["synthetic"] for one in _read(build, place)["meta"]]
        assert told and all((one["recipe"], one["made"]) == (recipe, made) for one in told)
        assert all(one["gates"]["language"]["verdict"] == "pass" and len(one["parents"]) == 1 for one in told)
    rows = _read(build, "pairs/eng_Latn-swh_Latn")
    assert set(rows["license"]) == {"CC-BY-SA-4.0"} and rows["group_id"].n_unique() == 6


def test_what_was_not_accepted_is_an_error_with_its_reason(build):
    assert open_build(build).errors()["reason"].to_list() == ["not_accepted"] * 3


def test_rules_and_mixtures_read_where_text_comes_from_in_each_language(build):
    shares = []
    for folder in sorted((build / "construct" / "ct").iterdir()):  # bags of words: some are taken for a neighbour
        rows = _read(build, f"ct/{folder.name}").filter(pl.col("split") == "train")
        synthetic = rows["meta"].str.contains('"synthetic"').fill_null(False)
        size = rows["text"].str.len_chars()
        if size.sum() > 3000:
            shares.append(size.filter(synthetic).sum() / size.sum())
    # The quota is met in each language but for a document of either side; there are as many as 1 in 15.
    assert len(shares) >= 2 and shares == pytest.approx([0.25] * len(shares), abs=0.07)
    assert not _read(build, "ct/swh_Latn")["meta"].str.contains("synthesize.noise").any()
    rejects = pl.concat([pl.read_parquet(f) for f in (build / "construct" / "rejects").glob("*.parquet")])
    assert rejects.filter(pl.col("rule") == "no_damage").height == 1


def test_the_card_counts_what_the_files_hold(build):
    card = (build / "construct" / "README.md").read_text("utf-8")
    section = card.split("## Machine-made text\n")[1].split("\n## ")[0]
    for place, recipe, part_of, what in (
        ("pairs/eng_Latn-swh_Latn", "back_translation", "eng_Latn", "back_translation | CC-BY-SA-4.0"),
        ("sft/swh_Latn", "answer", "user", "instruction | CC-BY-4.0"),
        ("dpo/swh_Latn", "degraded", "rejected", "degraded | CC-BY-4.0"),
        ("ct/swh_Latn", "code_switch", "text", "code_switch | CC-BY-4.0"),
    ):
        found = _read(build, place)
        count = found.filter(pl.col("meta").str.contains(f"synthesize.{recipe}").fill_null(False))["id"].n_unique()
        start = f"| `{place.removeprefix('ct/')}` | `synthesize.{recipe}@1` |"
        (line,) = [line for line in section.splitlines() if line.startswith(start)]
        assert line.endswith(f"| {part_of} | {what} | {count} |")
    assert json.loads((build / "construct" / "croissant.json").read_text())["rai:machineAnnotationTools"]


def test_croissant_of_the_build_is_valid_and_its_records_hold_the_provenance(build):
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(build / "construct" / "croissant.json"))
    assert not dataset.metadata.issues.errors
    rows = list(dataset.records("sft-swh_Latn"))
    assert len(rows) == 7
    assert all(b"synthesize.answer" in row["sft-swh_Latn/meta"] for row in rows)


@pytest.mark.parametrize("trainer", ["datasets", pytest.param("trl", marks=pytest.mark.slow)])
def test_exports_load(build, tmp_path, trainer):
    export(build, Plan(trainer), tmp_path / "made", lambda *_: None)
    names = datasets.get_dataset_config_names(str(tmp_path / "made"))
    rows = {}
    for name in names:
        held = datasets.load_dataset(str(tmp_path / "made"), name, cache_dir=str(tmp_path / "cache"))
        rows[name] = sum(part.num_rows for part in held.values())
        if trainer == "trl":
            from trl import is_conversational

            conversational = [is_conversational(row) for part in held.values() for row in part]
            assert all(conversational) is (not name.startswith("ct"))
    assert {"sft-swh_Latn", "dpo-swh_Latn"} <= set(rows)
    assert rows["sft-swh_Latn"] == 7 and rows["dpo-swh_Latn"] == 5
    pairs = sorted(count for name, count in rows.items() if name.startswith("pairs"))
    assert pairs == ([6, 6, 12] if trainer == "trl" else [6])
