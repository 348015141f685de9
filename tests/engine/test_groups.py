"""Pairs that share a side, and documents of a group, are in one split: in a build of real pairs, by counting again."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.here import Here, run_here

from weft.construct import split as splitting
from weft.engine.build import prepare, run
from weft.engine.reading import Build
from weft.engine.storage import Storage
from weft.engine.tasks import groups
from weft.engine.tasks.places import global_rows
from weft.recipe import load

RECIPE = """\
name: pairs
acquire:
  - {path: tico.jsonl, format: jsonl, kind: pair, options: {sides: {english: eng_Latn, translation: lang}}}
  - {path: pages.jsonl, format: jsonl, kind: pair, options: {sides: {a: lang_a, b: lang_b}}}
  - {path: verses.jsonl, format: jsonl, options: {group_field: verse, language_field: lang}}
  - {path: acts.jsonl, format: jsonl, kind: pair, options: {sides: {a: agr_Latn, b: lang}, group_field: verse}}
deduplicate: DEDUPLICATE
construct:
  extends: nothing
  split: {validation: 0.1, test: 0.2}
settings: {shard_mb: 0.1}
"""
STEPS = "[{pairs: {same: both}}, exact, minhash, verify]"


def table(file: Path) -> pl.DataFrame:
    with gzip.open(file) as stream:
        return pl.read_csv(stream.read(), separator="\t", quote_char=None, infer_schema=False)


def write_pairs(folder: Path, data: Path, steps: str = STEPS) -> Path:
    """Some thousand real pairs: English sentences in four languages, pages of stories, verses as texts and as pairs."""
    tico = table(data / "parallel/tico19.tsv.gz").filter(
        pl.col("lang").is_in(["swh_Latn", "hau_Latn", "tir_Ethi", "mya_Mymr"])
    )
    tico.select("lang", "english", "translation").group_by("lang", maintain_order=True).head(250).write_ndjson(
        folder / "tico.jsonl"
    )
    stories = pl.read_ndjson(data / "align/african_storybook.jsonl.gz").filter("same_pages").head(120)
    stories = stories.filter(pl.col("a").list.len() == pl.col("b").list.len())
    stories.select("lang_a", "a", "lang_b", "b").explode("a", "b").write_ndjson(folder / "pages.jsonl")
    acts = table(data / "lid/bible_acts.tsv.gz").group_by("lang", maintain_order=True).head(60)
    acts.filter(pl.col("lang").is_in(["agr_Latn", "acu_Latn"])).select("verse", "lang", "text").write_ndjson(
        folder / "verses.jsonl"
    )
    pivot = acts.filter(lang="agr_Latn").select("verse", pl.col("text").alias("a"))
    others = acts.filter(pl.col("lang").is_in(["acu_Latn", "agr_Latn"]).not_()).rename({"text": "b"})
    others.join(pivot, on="verse").select("verse", "a", "lang", "b").write_ndjson(folder / "acts.jsonl")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.replace("DEDUPLICATE", steps), "utf-8")
    return recipe


def keys_of(row: dict) -> list[tuple[str, ...]]:  # type: ignore[type-arg]
    """What a document belongs to, worked out without the package."""
    held = [("group", row["group_id"])] if row["group_id"] else []
    if row["deduplicate"] is not None:
        held.append(("cluster", row["deduplicate"]["cluster"]))
    if row["record_kind"] == "pair":
        for part in row["parts"]:
            text = row["text"][part["begin"] : part["end"]]
            held.append(("side", part["language"], re.sub(r"\s+", " ", text).strip().lower()))
    return held


def documents(build: Path) -> list[dict]:  # type: ignore[type-arg]
    frame = Build.open(build).documents().collect()
    if "deduplicate" not in frame.columns:
        frame = frame.with_columns(deduplicate=None)
    return frame.sort("shard", maintain_order=True).to_dicts()


def together(rows: list[dict]) -> list[int]:  # type: ignore[type-arg]
    """The smallest member of the component of every row: what has a key in common is joined until nothing changes."""
    root = list(range(len(rows)))
    held = [keys_of(row) for row in rows]
    changed = True
    while changed:
        smallest: dict[tuple[str, ...], int] = {}
        for number, keys in enumerate(held):
            for key in keys:
                smallest[key] = min(smallest.get(key, number), root[number])
        found = [min([root[n], *(smallest[key] for key in held[n])]) for n in range(len(rows))]
        changed, root = found != root, found
    return root


def check(rows: list[dict]) -> None:  # type: ignore[type-arg]
    """Nothing is in two splits, and units are what is together and no more."""
    splits = defaultdict(set)
    for row in rows:
        for key in keys_of(row):
            splits[key].add(row["selection"]["split"])
    assert [key for key, found in splits.items() if len(found) > 1] == []
    root = together(rows)
    size = np.bincount(root)
    for row, first in zip(rows, root, strict=True):
        unit = row["split_unit"]
        assert unit == (None if size[first] == 1 else {"id": rows[first]["id"], "size": size[first], "whole": False})
    kept = [row["selection"]["split"] for row in rows if row["selection"]["rule"] is None]
    assert len(kept) > 3000 and 0.1 < kept.count("test") / len(kept) < 0.3
    assert size.max() < len(rows) / 20


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    assert run_here(load(write_pairs(folder, data_dir)), folder / "build").status == 0
    return folder


def test_nothing_leaks_in_real_pairs(built: Path) -> None:
    rows = documents(built / "build")
    check(rows)
    assert {row["source"] for row in rows} == {"tico", "pages", "verses", "acts"}
    several = [row for row in rows if row["deduplicate"]["size"] > 1]
    assert several, "clusters and groups are joined, so there are clusters"
    sources = defaultdict(set)
    for row in rows:
        if row["split_unit"]:
            sources[row["split_unit"]["id"]].add(row["source"])
    assert {"verses", "acts"} in sources.values()


def test_without_deduplication_and_on_any_number_of_workers(built: Path, tmp_path: Path, data_dir: Path) -> None:
    recipe = load(write_pairs(tmp_path, data_dir, "false"))
    assert run(recipe, tmp_path / "one", workers=1).status == run(recipe, tmp_path / "two", workers=2).status == 0
    assert contents(tmp_path / "one/construct") == contents(tmp_path / "two/construct")
    assert contents(tmp_path / "one/label/split_unit") == contents(tmp_path / "two/label/split_unit")
    check(documents(tmp_path / "one"))


def only_ids(frame: pl.DataFrame) -> pl.Series:
    return frame["id"]


def no_links(*given: object) -> list[tuple[np.ndarray, np.ndarray]]:  # type: ignore[type-arg]
    return [(np.empty(0, np.int64), np.empty(0, np.int64))]


def next_row(table: pa.Table, side: str, offsets: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.minimum(global_rows(table, side, offsets) + (side == "b"), offsets[-1] - 1)


@pytest.mark.parametrize(
    ("broken", "name", "instead"),
    [(splitting, "_keys", only_ids), (groups, "_linked", no_links), (groups, "global_rows", next_row)],
    ids=["split by document", "links lost", "links to the next row"],
)
def test_the_check_catches_what_puts_groups_apart(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, broken: object, name: str, instead: object
) -> None:
    recipe = load(write_pairs(tmp_path, data_dir, "false"))
    monkeypatch.setattr(broken, name, instead)
    build = tmp_path / "build"
    done = run(recipe, build, runner=Here(build))
    assert [(failure.task.node, done.status) for failure in done.tally.failures] == [("elect", 1)]
    assert "groups or sides of pairs are in several splits; first" in str(done.tally.failures[0].failure)
    assert not (build / "construct").exists()


def test_what_holds_most_documents_together_is_train(tmp_path: Path) -> None:
    lines = [{"translation": {"eng": f"word {n % 7} of {n}", "swh": "neno"}} for n in range(150)]
    lines += [{"translation": {"eng": f"A whole sentence, number {n}.", "swh": f"Sentensi {n}."}} for n in range(300)]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    recipe = tmp_path / "recipe.yaml"
    settings = "split: {train: 0.4, validation: 0.3, test: 0.3}"
    found = {}
    for name, groups_of in {"drawn": "{largest: 1}", "train": "{}", "linked": "{least_characters: 5}"}.items():
        recipe.write_text(
            "acquire:\n  - {path: words.jsonl, format: jsonl, kind: pair}\ndeduplicate: false\n"
            f"construct: {{extends: nothing, {settings}, groups: {groups_of}}}\n",
            "utf-8",
        )
        assert run_here(load(recipe), tmp_path / "build").status == 0
        rows = documents(tmp_path / "build")
        found[name] = [row["selection"]["split"] for row in rows]
        card = (tmp_path / "build/construct/README.md").read_text("utf-8")
        assert ("150 documents are in the split with the largest share" in card) == (name == "train")
        assert ("the largest of 150 (33.3%)" in card) == (name != "linked")
    assert set(found["train"][:150]) == {"train"} and len(set(found["drawn"][:150])) == 1
    assert set(found["linked"][:150]) == {"train", "validation", "test"}
    assert found["train"][150:] == found["drawn"][150:] == found["linked"][150:]


def test_plain_recipes_run_no_node_of_groups_and_give_the_same_plan(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path, count=10, files=1)
    plan, _ = prepare(load(recipe), Storage(tmp_path / "build"), save=False)
    names = {node.name for node in plan.nodes}
    assert not names & {"group_keys", "group_links", "units", "split_unit"}
    assert "groups" not in load(recipe).to_json()["construct"]


def test_explain_says_the_group_and_the_unit(built: Path) -> None:
    build = Build.open(built / "build")
    row = next(row for row in documents(built / "build") if row["source"] == "acts")
    (stage,) = (stage for stage in build.explain(row["id"])["stages"] if stage["stage"] == "construct")
    assert stage["labels"]["group_id"] == row["group_id"]
    assert stage["labels"]["split_unit"] == row["split_unit"] and row["split_unit"]["size"] > 1


def test_of_either_one_pair_stays_in_each_language_and_a_page_keeps_its_conversation(tmp_path: Path) -> None:
    said = "Watoto wanakwenda shuleni kila siku asubuhi na kurudi nyumbani jioni pamoja na rafiki zao wa karibu."
    asked = "Andika sentensi ndefu kuhusu watoto wanaokwenda shuleni"
    sides = {
        "pairs": [("eng", "a one", "swh", "b one"), ("eng", "a one", "swh", "b two"), ("eng", "a two", "swh", "b two")]
    }
    sides["pairs"] += [("eng", "a one", "fra", "c one"), ("eng", "a three", "swh", "b three")]
    lines = [{"translation": {one: first, two: second}} for one, first, two, second in sides["pairs"]]
    talk = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    written = {
        "pairs": lines,
        "talks": [{"messages": talk}] * 2,
        "pages": [{"text": f"{asked}\n\n{said}"}] * 2,
    }
    for name, rows in written.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "acquire:\n  - {path: pairs.jsonl, format: jsonl, kind: pair}\n"
        "  - {path: talks.jsonl, format: jsonl, kind: sft}\n  - path: pages.jsonl\n"
        "deduplicate: [{pairs: {same: either}}, exact]\nconstruct: {extends: nothing}\n",
        "utf-8",
    )
    assert run_here(load(recipe), tmp_path / "build").status == 0
    found = documents(tmp_path / "build")
    kinds = {name: [row["deduplicate"]["kind"] for row in found if row["source"] == name] for name in written}
    assert kinds == {"pairs": ["pair"] * 3 + [None] * 2, "talks": ["exact"] * 2, "pages": ["exact"] * 2}
    assert len({row["deduplicate"]["cluster"] for row in found if row["source"] != "pairs"}) == 1
    kept = [row["source"] for row in found if row["selection"]["rule"] is None]
    assert sorted(kept) == ["pages", "pairs", "pairs", "pairs", "talks"]
    assert [row["selection"]["rule"] for row in found if row["source"] == "pairs"].count("duplicate") == 2
    # The French pair is no copy, and is in the unit of the English side all the same.
    units = [row["split_unit"] for row in found if row["source"] == "pairs"]
    assert [unit and unit["size"] for unit in units] == [4, 4, 4, 4, None]
