"""The card's front matter is what Hugging Face reads; Croissant metadata is valid and its records load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from ruamel.yaml import YAML

from weft.construct.card import Release, dataset_card, front_matter, size_category, tag
from weft.construct.croissant import croissant, croissant_json
from weft.construct.defaults import DEFAULT_RULES, REASONS
from weft.construct.export import EXPORT, FileRecord, LanguageWriter
from weft.construct.rules import RESERVED, Rules
from weft.construct.summary import COUNT, SOURCE


def release(files: list[FileRecord], **rest: Any) -> Release:
    counts = pl.DataFrame(
        [
            ("nob_Latn", "", 3, 90, 15),
            ("nob_Latn", "too_short", 7, 10, 5),
            ("swh_Latn", "", 2, 60, 10),
            ("swh_Latn", "duplicate", 1, 6, 1),
            ("swh_Latn", "lists", 30, 6, 1),
        ],
        schema=COUNT,
        orient="row",
    )
    sources = pl.DataFrame(
        [("web|crawl", "CC-BY-4.0", "licence", None, True, 4, 1, 1), ("book", None, "owned", None, False, 1, 1, 1)],
        schema=SOURCE,
        orient="row",
    )
    return Release("sample", files, counts, sources, DEFAULT_RULES, **rest)


@pytest.fixture
def files(tmp_path: Path) -> list[FileRecord]:
    records = []
    for language, count in (("nob_Latn", 3), ("swh_Latn", 2)):
        writer = LanguageWriter(lambda path: opened(tmp_path / path), language)
        rows = [
            {
                "id": f"{i:032x}",
                "text": f"Habari «{i}»\nမြန်မာ",
                "language": language,
                "split": "test" if i == 2 else "train",
                "collected_at": 0,
                "redistribute": True,
            }
            for i in range(count)
        ]
        writer.add(pa.Table.from_pylist(rows, EXPORT))
        records += writer.close()
    return records


def opened(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return open(path, "xb")


def test_front_matter_parses_and_names_every_file(files: list[FileRecord]) -> None:
    made = release(files, description="A text: with colons", names={"swh_Latn": "Swahili"})
    card = dataset_card(made)
    assert card == dataset_card(made)
    matter = YAML(typ="safe").load(card.split("---\n")[1])
    assert matter == front_matter(made)
    assert matter["language"] == ["nb", "swh"] and '"nb"' in card
    assert matter["license"] == "other" and matter["size_categories"] == ["n<1K"]
    configs = {c["config_name"]: c["data_files"] for c in matter["configs"]}
    assert configs["nob_Latn"] == [
        {"split": "train", "path": "ct/nob_Latn/train-*.parquet"},
        {"split": "test", "path": "ct/nob_Latn/test-*.parquet"},
    ]
    assert [f["split"] for f in configs["swh_Latn"]] == ["train"]


def test_body_states_rights_rules_alarms_and_review(files: list[FileRecord]) -> None:
    card = dataset_card(release(files, recipe="weft: 1\n", reviewed={"swh_Latn": "40 pages read"}))
    assert "Not for publication as it is" in card and "not known: 1." in card
    assert "web\\|crawl | CC-BY-4.0 | licence | yes | 4" in card and "| book | unknown | owned | no | 1 |" in card
    assert "| `too_short` |" in card and "| `duplicate` |" in card
    assert "rules removed 94% of 32" in card
    assert "Not reviewed by native speakers: `nob_Latn`." in card and "`swh_Latn`: 40 pages read" in card
    assert "````yaml\nweft: 1\n````" in card


def test_one_licence_is_stated(files: list[FileRecord]) -> None:
    made = release(files)
    one = Release("x", files, made.counts, made.sources[:1], {})
    assert front_matter(one)["license"] == "cc-by-4.0" and "Not for publication" not in dataset_card(one)


def test_no_files_still_makes_a_card() -> None:
    empty = Release("x", [], pl.DataFrame(schema=COUNT), pl.DataFrame(schema=SOURCE), {})
    assert YAML(typ="safe").load(dataset_card(empty).split("---\n")[1])["configs"] == []
    assert json.loads(croissant_json(empty))["recordSet"] == []


def test_every_default_rule_parses_and_is_explained() -> None:
    assert Rules(DEFAULT_RULES).columns() == {"lid", "signals", "threshold"}
    assert set(DEFAULT_RULES) | {*RESERVED, "contaminated", "seen_before"} == set(REASONS)


@pytest.mark.parametrize(("rows", "name"), [(0, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**13, "n>1T")])
def test_size_category(rows: int, name: str) -> None:
    assert size_category(rows) == name


@pytest.mark.parametrize(
    ("code", "name"), [("eng_Latn", "en"), ("swh_Latn", "swh"), ("und_Latn", "und"), ("zzzz", "und")]
)
def test_tag(code: str, name: str) -> None:
    assert tag(code) == name


def test_croissant_is_valid_and_its_records_load(files: list[FileRecord], tmp_path: Path) -> None:
    import mlcroissant  # its import takes a second, and this test alone needs it

    path = tmp_path / "croissant.json"
    path.write_text(
        croissant_json(release(files, version="1.0.0", published="2026-01-01", url="https://example.org/sample"))
    )
    dataset = mlcroissant.Dataset(jsonld=str(path))
    assert not dataset.metadata.issues.errors
    assert "not standard" not in dataset.metadata.issues.report()
    rows = list(dataset.records("swh_Latn"))
    assert sorted(r["swh_Latn/text"].decode() for r in rows) == ["Habari «0»\nမြန်မာ", "Habari «1»\nမြန်မာ"]
    digests = {d["@id"]: d["sha256"] for d in croissant(release(files))["distribution"] if "sha256" in d}
    assert digests == {f.path: f.sha256 for f in files}


def test_card_beside_the_files(files: list[FileRecord]) -> None:
    made = release(files, root="construct/")
    assert front_matter(made)["configs"][0]["data_files"][0]["path"] == "construct/ct/nob_Latn/train-*.parquet"
    distribution = croissant(made)["distribution"]
    assert distribution[0]["contentUrl"].startswith("construct/ct/") and distribution[-1]["includes"].startswith(
        "construct/"
    )
