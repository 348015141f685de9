"""Card and Croissant metadata say what a machine made, by what the documents themselves say."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from ruamel.yaml import YAML

from weft.construct.card import Release, dataset_card, front_matter
from weft.construct.croissant import croissant, croissant_json
from weft.construct.made import MADE, count_made, merge_made
from weft.construct.summary import COUNT, SOURCE


def _meta(recipe: str, **more: Any) -> str:
    held = {"recipe": f"synthesize.{recipe}", "version": 2, "made": ["text"], "relations": [recipe]} | more
    return json.dumps({"synthetic": held})


_REVIEWED = {"rated": 40, "accepted": 36, "low": 0.7695, "high": 0.9604, "state": "held"}
_ROWS = [
    (None, "CC-BY-4.0", "swh_Latn", 4),
    (_meta("noise", verdicts=["copy@1 unjudged", "language@1 pass"], reviewed=_REVIEWED), "CC-BY-4.0", "swh_Latn", 3),
    (_meta("noise", verdicts=["copy@1 pass", "language@1 pass"], reviewed=_REVIEWED), "CC-BY-4.0", "swh_Latn", 2),
    (_meta("answer", models=["small|1"], made=["user"]), None, "amh_Ethi", 1),
]


def _frame(rows: list[tuple[str | None, str | None, str, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "meta": pl.Series([row[0] for row in rows], dtype=pl.String),
            "license": pl.Series([row[1] for row in rows], dtype=pl.String),
            "lid": [{"language": row[2]} for row in rows],
            "signals": [{"bytes": 10 * row[3], "words": row[3]} for row in rows],
        }
    )


def _release(made: pl.DataFrame | None) -> Release:
    counts = pl.DataFrame(
        [("amh_Ethi", "", 1, 10, 1), ("swh_Latn", "", 3, 90, 9), ("swh_Latn", "too_short", 5, 1, 1)],
        schema=COUNT, orient="row",
    )  # fmt: skip
    sources = pl.DataFrame([("s", "CC-BY-4.0 AND MIT", "licence", None, True, 4, 1, 1)], schema=SOURCE, orient="row")
    return Release("sample", [], counts, sources, {}, made=made)


def test_counts_are_of_the_documents_and_add_up_over_shards() -> None:
    whole = count_made(_frame(_ROWS))
    assert whole.schema == pl.Schema(MADE) and whole["documents"].sum() == 3
    parts = merge_made([count_made(_frame(_ROWS[:2])), count_made(_frame(_ROWS[2:]))])
    assert parts.equals(merge_made([whole]))
    (noise,) = whole.group_by("recipe").agg(pl.col("bytes", "tokens").sum()).filter(
        pl.col("recipe") == "synthesize.noise@2"
    ).rows()  # fmt: skip
    assert noise[1:] == (50, 5)
    assert count_made(_frame(_ROWS[:1])).height == 0 and merge_made([]).schema == pl.Schema(MADE)


def test_the_card_has_a_section_for_what_a_machine_made() -> None:
    release = _release(merge_made([count_made(_frame(_ROWS))]))
    card = dataset_card(release)
    section = card.split("## Machine-made text\n")[1].split("\n## ")[0]
    assert "| `swh_Latn` |  | 2 | 3 | 55.6% |" in section and "| `amh_Ethi` |  | 1 | 1 | 100.0% |" in section
    assert "| `swh_Latn` | `synthesize.noise@2` | none | text | noise | CC-BY-4.0 | 2 |" in section
    assert "| `amh_Ethi` | `synthesize.answer@2` | small\\|1 | user | answer | unknown | 1 |" in section
    assert "| `copy@1` | 1 | 1 |" in section and "| `language@1` | 2 | 0 |" in section
    assert "| `swh_Latn` | `synthesize.noise@2` | 2 | 36 of 40 accepted, 95 % from 77.0% to 96.0% |" in section
    assert "| `amh_Ethi` | `synthesize.answer@2` | 1 | not rated by people |" in section
    matter = YAML(typ="safe").load(card.split("---\n")[1])
    assert matter["tags"][:2] == ["weft", "synthetic"] and matter["language_creators"] == ["found", "machine-generated"]
    assert matter["license"] == "other"  # no expression of several is an id of a licence there


def test_a_release_without_such_text_says_nothing_of_it() -> None:
    for made in (None, pl.DataFrame(schema=MADE)):
        assert "Machine-made" not in dataset_card(_release(made))
        assert "synthetic" not in front_matter(_release(made))["tags"]
        assert not any(name.startswith("rai:") for name in croissant(_release(made)))


def test_croissant_says_it_in_words_that_the_library_knows(tmp_path) -> None:
    import mlcroissant  # its import takes a second

    made = merge_made([count_made(_frame(_ROWS))])
    path = tmp_path / "croissant.json"
    path.write_text(croissant_json(_release(made)))
    metadata = mlcroissant.Dataset(jsonld=str(path)).metadata
    assert not metadata.issues.errors and "not standard" not in metadata.issues.report()
    assert metadata.data_collection.startswith("3 of 4 documents and records hold machine-made text")
    assert metadata.machine_annotation_tools == ["synthesize.answer@2 with small|1", "synthesize.noise@2"]
    assert any("synthesize.noise@2 in swh_Latn: 36 of 40 accepted" in one for one in metadata.data_annotation_analysis)
    assert croissant(_release(made))["license"] == ["CC-BY-4.0 AND MIT"]
