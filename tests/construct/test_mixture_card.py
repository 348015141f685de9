"""The card and the metadata of a mixture: its table adds up, and Croissant's key tells copies apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from weft.construct.card import Release, dataset_card
from weft.construct.copies import schema_of
from weft.construct.croissant import croissant_json
from weft.construct.export import FileRecord, LanguageWriter
from weft.construct.mixture_card import Mixed, head, quota_rows, rows, sentences
from weft.construct.mixture_settings import Mixture
from weft.construct.summary import COUNT, SOURCE

PLAN = pl.DataFrame(
    {
        "group": ["swh_Latn", "swh_Latn", "yor_Latn"],
        "quota_0": ["", "wiki", ""],
        "documents": [10, 5, 1],
        "available": [1000, 600, 80],
        "rows": [10, 10, 4],
        "sampled": [1000, 1200, 320],
    }
)


def mixed(**settings: Any) -> Mixed:
    return Mixed(PLAN, Mixture(quotas={"source": {"wiki": 0.5}}, **settings), "tokens")


def test_the_table_adds_up() -> None:
    found = rows(mixed(), {"swh_Latn": "Swahili"})
    assert found == [
        ("swh_Latn Swahili", "15", "1,600", "1.38", "20", "2,200", "87.30%"),
        ("yor_Latn", "1", "80", "4", "4", "320", "12.70%"),
        ("all", "16", "1,680", "1.5", "24", "2,520", "100.00%"),
    ]
    assert quota_rows(mixed()) == {
        "source": [
            ("all others", "11", "1,080", "1.22", "14", "1,320", "52.38%"),
            ("wiki", "5", "600", "2", "10", "1,200", "47.62%"),
        ]
    }
    assert head(mixed(by="license"))[0] == "license"
    assert rows(Mixed(PLAN.clear(), Mixture(), "bytes"), {}) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"method": "temperature"},
            "each language is drawn in proportion to its size to the power 0.3, measured in tok",
        ),
        ({"method": "weights", "weights": {"swh": 1}, "others": 1}, "by the weights that the recipe gives"),
        ({"method": "natural", "by": "license"}, "each `license` is drawn in proportion to what there is"),
        ({"rehydrate": {}}, "Documents weigh by the size of their cluster"),
        ({"written": "once"}, "`repeats` says how often to read it"),
        ({"epochs": 2.5}, "more than 2.5 times"),
    ],
)
def test_sentences_follow_the_settings(settings: dict[str, Any], said: str) -> None:
    assert said in " ".join(sentences(mixed(**settings)))
    assert said not in " ".join(sentences(mixed()))


@pytest.fixture
def files(tmp_path: Path) -> list[FileRecord]:
    def opened(path: str) -> Any:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        return open(tmp_path / path, "xb")

    schema = schema_of("copies")
    writer = LanguageWriter(opened, "swh_Latn", schema=schema)
    made = [{"id": f"{1:032x}", "text": "Habari", "split": "train", "repeats": 2, "copy": copy} for copy in (1, 2)]
    writer.add(pa.Table.from_pylist(made, schema))
    return writer.close()


def test_croissant_of_copies_is_valid_and_its_records_load(files: list[FileRecord], tmp_path: Path) -> None:
    import mlcroissant  # its import takes a second

    counts = pl.DataFrame([("swh_Latn", "", 1, 6, 1)], schema=COUNT, orient="row")
    sources = pl.DataFrame([("web", "CC0-1.0", "owned", None, True, 1, 6, 1)], schema=SOURCE, orient="row")
    release = Release("sample", files, counts, sources, {}, mixture=mixed())
    (tmp_path / "croissant.json").write_text(croissant_json(release))
    dataset = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not dataset.metadata.issues.errors
    found = [(row["swh_Latn/repeats"], row["swh_Latn/copy"]) for row in dataset.records("swh_Latn")]
    assert sorted(found) == [(2, 1), (2, 2)]
    card = dataset_card(release)
    assert "## Mixture" in card and "| yor_Latn | 1 | 80 | 4 | 4 | 320 | 12.70% |" in card
    assert "By `source`, over all:" in card
