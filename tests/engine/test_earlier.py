"""A build that is looked up in an index of earlier releases: labels, what runs again, forgetting, mistakes."""

from __future__ import annotations

import json
import random
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from filelock import FileLock
from tests.engine.corpus import WORDS, contents
from tests.engine.here import run_here

from weft.deduplicate.index_contents import read_contents
from weft.engine import index_files
from weft.engine.build import run
from weft.engine.indexing import add, forget, listed
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.recipe import load
from weft.report import write

RECIPE = """\
name: {name}
acquire: [{{path: {name}.jsonl, license: CC0-1.0}}]
deduplicate: {steps}
construct: {{extends: nothing, rules: {{long_enough: signals.words >= 20{rule}}}}}
settings: {{shard_mb: 0.005}}
"""
ALONE = "[url_key, exact, minhash, verify]"
EARLIER = "[url_key, exact, minhash, verify, {earlier: {index: index}}]"
RULE = ", seen_before: earlier IS NULL"


def text(number: int) -> str:
    return " ".join(random.Random(number).choices([w for words in WORDS.values() for w in words], k=120))


def changed(number: int, words: int, start: int = 0) -> str:
    """A text with some other words at its end, or before it."""
    found = text(number).split()
    found[len(found) - start - words : len(found) - start] = [f"nyingine{n}" for n in range(words)]
    return " ".join(found)


FIRST = {f"a{n}": (text(n), f"https://example.org/{n}") for n in range(30)} | {"short": ("maji", None)}
SECOND = {
    "exact": (text(0).upper(), None),
    "near": (changed(1, 3), None),
    "page": (text(901), "http://www.example.org/2#top"),
    "near_page": (changed(3, 2), "https://example.org/3"),
    # Like `link` and not like any text of the first: it is told over their cluster.
    "link": (changed(4, 8), None),
    "over": (changed(4, 8).replace(" ".join(text(4).split()[:5]), "moja mbili tatu nne tano"), None),
    "rejected_then": ("maji", None),
    **{f"new{n}": (text(1000 + n), f"https://example.net/{n}") for n in range(20)},
}


def crawl(folder: Path, name: str, documents: dict[str, Any], steps: str = ALONE, rule: str = "") -> Path:
    lines = [json.dumps({"id": key, "text": t, "url": url}) for key, (t, url) in documents.items()]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    recipe = folder / f"{name}.yaml"
    recipe.write_text(RECIPE.format(name=name, steps=steps, rule=rule), "utf-8")
    return recipe


def built(recipe: Path, into: Path, workers: int | None = None) -> Any:
    done = run(load(recipe), into, workers=workers) if workers else run_here(load(recipe), into)
    assert done.status == 0, done.tally.failures
    return done


def labels(build: Path, documents: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    """The label of each document, by its key in `documents`."""
    frame = Build.open(build).documents().collect()
    known = {t: key for key, (t, _) in documents.items()}
    return {known[t]: label for t, label in frame.select("text", "earlier").iter_rows()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first crawl, built and indexed; a second one, built against the index."""
    folder = tmp_path_factory.mktemp("crawls")
    built(crawl(folder, "first", FIRST), folder / "one")
    add(folder / "one", folder / "index")
    built(crawl(folder, "second", SECOND, EARLIER, RULE), folder / "two")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The same to be changed."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_a_document_is_told_which_earlier_one_it_repeats_and_how(made: Path) -> None:
    found = labels(made / "two", SECOND)
    ids = {t: i for i, t in Build.open(made / "one").documents().select("id", "text").collect().iter_rows()}
    kinds = {key: (label or {}).get("kind") for key, label in found.items()}
    assert {k: v for k, v in kinds.items() if v} == {
        "exact": "exact", "near": "near", "page": "page", "near_page": "near", "link": "near", "over": "cluster"
    }  # fmt: skip
    of = {"exact": 0, "near": 1, "page": 2, "near_page": 3, "link": 4, "over": 4}
    for key, number in of.items():
        label = found[key]
        assert label is not None and (label["release"], label["id"]) == ("first", ids[text(number)])
    assert found["exact"]["jaccard"] == 1.0  # type: ignore[index]
    assert found["near"]["jaccard"] == pytest.approx(113 / 119, abs=1e-6)  # type: ignore[index]
    assert found["over"]["jaccard"] is None and found["page"]["jaccard"] is None  # type: ignore[index]


def test_the_rule_leaves_out_what_was_seen_and_explain_and_the_report_tell(made: Path) -> None:
    opened = Build.open(made / "two")
    counts = opened.counts().group_by("rule").agg(pl.col("documents").sum())
    assert dict(counts.iter_rows())["seen_before"] == 6
    frame = opened.documents().collect()
    seen = frame.filter(pl.col("text") == changed(1, 3))["id"].item()
    told = opened.explain(seen)
    (stage,) = (stage for stage in told["stages"] if stage["stage"] == "deduplicate")
    assert stage["labels"]["earlier"]["release"] == "first" and stage["labels"]["earlier"]["kind"] == "near"
    assert told["outcome"] == "rejected by seen_before"
    assert told["stages"][-1]["means"] == "an earlier release holds it, or nearly the same"
    assert "seen_before" in write(opened).read_text("utf-8")


@pytest.mark.slow
def test_a_build_that_is_in_the_index_does_not_repeat_itself(folder: Path) -> None:
    add(folder / "two", folder / "index")
    again = built(folder / "second.yaml", folder / "two")
    assert not again.tally.ran
    # With other rules its documents are the same: still it is not earlier than itself.
    recipe = folder / "second.yaml"
    recipe.write_text(recipe.read_text("utf-8").replace(">= 20", ">= 30"), "utf-8")
    assert not {"bands", "earlier_met", "earlier"} & set(built(recipe, folder / "two").tally.ran)
    # What comes later is not earlier either.
    third = {f"t{n}": value for n, value in enumerate(SECOND.values())}
    built(crawl(folder, "third", third, EARLIER), folder / "three")
    found = labels(folder / "three", SECOND)
    assert found["rejected_then"] is None
    assert {key for key, label in found.items() if label} == set(SECOND) - {"rejected_then"}
    assert all(found[f"new{n}"]["release"] == "second" for n in range(20))  # type: ignore[index]
    assert found["near"]["release"] == found["over"]["release"] == "first"  # type: ignore[index]
    add(folder / "three", folder / "index", which="all")
    assert not built(recipe, folder / "two").tally.ran
    releases = [one["release"] for one in listed(folder / "index")["releases"]]
    assert releases == ["first", "second", "third"]


@pytest.mark.slow
def test_a_release_under_another_name_is_known_by_its_documents_or_by_the_step(folder: Path) -> None:
    add(folder / "two", folder / "index", release="crawl-2")
    assert not built(folder / "second.yaml", folder / "two").tally.ran
    # With one more document these are other inputs; the step says which release this is.
    more = SECOND | {"more": (text(5000), None)}
    crawl(folder, "second", more, EARLIER)
    built(folder / "second.yaml", folder / "two")
    assert labels(folder / "two", more)["new0"]["release"] == "crawl-2"  # type: ignore[index]
    crawl(folder, "second", more, EARLIER.replace("index: index", "index: index, release: crawl-2"))
    built(folder / "second.yaml", folder / "two")
    assert labels(folder / "two", more)["new0"] is None
    assert labels(folder / "two", more)["exact"]["release"] == "first"  # type: ignore[index]


@pytest.mark.slow
def test_an_index_that_has_grown_runs_only_the_look_up_again(folder: Path) -> None:
    other = {"x": SECOND["new7"]}
    built(crawl(folder, "other", other), folder / "between")
    add(folder / "between", folder / "index")
    again = built(folder / "second.yaml", folder / "two")
    assert not {"documents", "label", "bands", "candidates", "clusters", "deduplicate"} & set(again.tally.ran)
    assert {"earlier_met", "earlier", "decide"} <= set(again.tally.ran)
    found = labels(folder / "two", SECOND)
    assert found["new7"]["release"] == "other" and found["exact"]["release"] == "first"  # type: ignore[index]


@pytest.mark.slow
def test_what_is_forgotten_is_no_longer_found_and_no_longer_there(folder: Path) -> None:
    index = folder / "index"
    ids = {t: i for i, t in Build.open(folder / "one").documents().select("id", "text").collect().iter_rows()}
    before = read_contents(index).releases[0]
    told = forget(index, [], [ids[text(0)], ids[text(1)], "0" * 32])
    assert (told["documents"], told["unknown_ids"]) == (2, 1)
    after = read_contents(index).releases[0]
    assert after.documents == before.documents - 2 and after.bytes < before.bytes
    held = pl.read_parquet(index / after.folder / "documents.parquet")
    assert held.height == 28 and not set(held["id"]) & {ids[text(0)], ids[text(1)]}
    assert pl.read_parquet(index / after.folder / "sets.parquet").height == 28
    for name, rows in (("texts", 28), ("pages", 28), ("bands", 28 * 20)):
        keys = pl.read_parquet(index / after.folder / f"{name}.parquet")
        assert keys.height == rows and keys["number"].max() == 27
    assert [p.name for p in index.iterdir() if p.is_dir()] == [after.folder]
    built(folder / "second.yaml", folder / "two")
    found = labels(folder / "two", SECOND)
    assert found["exact"] is None and found["near"] is None
    assert found["link"]["id"] == ids[text(4)] and found["near_page"]["id"] == ids[text(3)]  # type: ignore[index]
    with pytest.raises(WeftError, match="holds a release first already"):
        add(folder / "one", index)
    assert forget(index, ["first"], [])["documents"] == 28
    assert listed(index)["releases"] == [] and not [p for p in index.iterdir() if p.is_dir()]
    built(folder / "second.yaml", folder / "two")
    assert set(labels(folder / "two", SECOND).values()) == {None}
    assert add(folder / "one", index)["added"] == "first"
    built(folder / "second.yaml", folder / "two")
    assert labels(folder / "two", SECOND)["exact"] is not None


def test_the_same_build_again_changes_nothing_and_a_name_is_of_one_release(folder: Path) -> None:
    index = folder / "index"
    before = contents(index)
    told = add(folder / "one", index)
    assert told["added"] is None and told["release"] == "first"
    assert add(folder / "one", index, release="again")["added"] is None
    assert contents(index) == before
    with pytest.raises(WeftError, match=r"holds a release first already, of other documents; .*--release"):
        add(folder / "two", index, release="first")


def test_copies_of_what_was_kept_can_be_in_the_index_too(folder: Path) -> None:
    twice = {"kept": (text(1) + " mwisho", None), "copy": (changed(1, 9), None), "none": ("maji", None)}
    built(crawl(folder, "twice", twice), folder / "four")
    counts = {
        which: add(folder / "four", folder / which, which=which)["documents"] for which in ("kept", "copies", "all")
    }
    assert counts == {"kept": 1, "copies": 2, "all": 3}


@pytest.mark.slow
def test_the_same_bytes_on_any_number_of_workers_and_in_every_index(folder: Path) -> None:
    add(folder / "one", folder / "other")
    assert contents(folder / "index") == contents(folder / "other")
    built(folder / "second.yaml", folder / "again", workers=2)
    for part in ("label/earlier", "construct", "selection"):
        assert contents(folder / "two" / part) == contents(folder / "again" / part)


def test_recipes_that_do_not_go_with_the_index_are_told_why(folder: Path) -> None:
    recipe = folder / "second.yaml"

    def with_steps(steps: str) -> Path:
        recipe.write_text(RECIPE.format(name="second", steps=steps, rule=""), "utf-8")
        return recipe

    with pytest.raises(WeftError, match="minhash there has bands 20, rows 7, here bands 14, rows 8"):
        load(with_steps("[exact, {minhash: {bands: 14, rows: 8}}, verify, {earlier: {index: index}}]"))
    with pytest.raises(WeftError, match=r"none: holds no index of releases .* `weft index BUILD --into"):
        load(with_steps("[exact, {earlier: {index: none}}]"))
    with pytest.raises(WeftError, match="by exact or minhash or url_key; expected one of them"):
        load(with_steps("[romanized, verify_romanized, {earlier: {index: index}}]"))
    with pytest.raises(WeftError, match="expected no where"):
        load(with_steps("[exact, {earlier: {index: index, where: lid.score > 0.5}}]"))
    with pytest.raises(WeftError, match="parameter index: is missing"):
        load(with_steps("[exact, earlier]"))
    # Documents that meet by their text alone need the same texts' hashes and nothing else.
    assert load(with_steps("[exact, {earlier: {index: index}}]"))
    (texts,) = (folder / "index").glob("*/texts.parquet")
    texts.write_bytes(texts.read_bytes()[:-9])
    with pytest.raises(WeftError, match=r"release first is damaged.*--forget first` and add its build again"):
        load(with_steps("[exact, {earlier: {index: index}}]"))
    held = json.loads((folder / "index/contents.json").read_text("utf-8"))
    held["signatures"]["deduplicate.exact"]["version"] = 1
    (folder / "index/contents.json").write_text(json.dumps(held), "utf-8")
    with pytest.raises(WeftError, match=r"exact there has version 1, here version \d"):
        load(with_steps("[exact, {earlier: {index: index}}]"))
    with pytest.raises(WeftError, match=r"made by another version of weft .*; index all releases anew"):
        add(folder / "two", folder / "index")
    (folder / "index/contents.json").write_text("{}", "utf-8")
    with pytest.raises(WeftError, match="is not the contents of an index"):
        load(with_steps("[exact, {earlier: {index: index}}]"))


def test_without_minhash_documents_meet_by_text_and_page(folder: Path) -> None:
    built(crawl(folder, "second", SECOND, "[url_key, exact, {earlier: {index: index}}]"), folder / "few")
    kinds = {key: label["kind"] for key, label in labels(folder / "few", SECOND).items() if label}
    assert kinds == {"exact": "exact", "page": "page", "near_page": "page"}


def test_what_cannot_be_indexed_is_one_message(folder: Path) -> None:
    run_here(load(crawl(folder, "half", FIRST)), folder / "half", only="deduplicate")
    with pytest.raises(WeftError, match="half: is not complete; run its recipe to the end first"):
        add(folder / "half", folder / "index")
    with pytest.raises(WeftError, match=r"first\.yaml: is not a build folder"):
        add(folder / "first.yaml", folder / "index")
    with pytest.raises(WeftError, match="two: holds other files"):
        add(folder / "one", folder / "two")
    with pytest.raises(WeftError, match="expected kept, copies, all"):
        add(folder / "one", folder / "index", which="some")
    with pytest.raises(WeftError, match="holds no release crawl; expected one of first"):
        forget(folder / "index", ["crawl"], [])
    with FileLock(folder / "index/lock"), pytest.raises(WeftError, match="another process changes this index"):
        forget(folder / "index", ["first"], [])


def test_what_a_killed_process_has_left_goes_and_what_is_not_ours_stays(folder: Path) -> None:
    (folder / "index/attempt-0123abcd").mkdir()
    (folder / "index/0123456789ab").mkdir()
    (folder / "index/notes").mkdir()
    add(folder / "two", folder / "index")
    left = {p.name for p in (folder / "index").iterdir() if p.is_dir()}
    assert left == {"notes", *(s.folder for s in read_contents(folder / "index").releases)}


def test_sets_and_keys_come_back_from_many_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_files, "SET_VALUES", 50)
    monkeypatch.setattr(index_files, "KEY_ROWS", 7)
    draw = np.random.default_rng(3)
    sets = [np.sort(draw.choice(2**32, size, replace=False)).astype(np.uint32) for size in draw.integers(0, 40, 60)]
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in sets])])
    for name, cuts in (("a", [0, 60]), ("b", [0, 7, 8, 31, 60])):
        (tmp_path / name).mkdir()
        with index_files.set_writer(tmp_path / name / index_files.SETS) as writer:
            for low, high in pairwise(cuts):
                part = np.concatenate(sets[low:high])
                places = offsets[low : high + 1] - offsets[low]
                writer.add(index_files.steps(part, places), places)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    chunks = index_files.chunks([tmp_path / "a", tmp_path / "b"])
    assert len(chunks.first) > 20
    for number, held in enumerate(sets):
        for release in (0, 1):
            (chunk,) = chunks.of(np.array([release]), np.array([number]))
            assert chunks.release[chunk] == release
            assert chunks.read(int(chunk))[number - int(chunks.first[chunk])].as_py() == held.tolist()
    keys = draw.integers(0, 2**64, 4000, dtype=np.uint64, endpoint=False)
    numbers = np.arange(4000, dtype=np.uint32)
    for kind in index_files.KEYS:
        known = index_files.coarse(keys) if kind == 0 else keys
        place = keys >> np.uint64(58)
        parts = [pa.table({"key": keys[place == d], "number": numbers[place == d]}) for d in range(64)]
        index_files.write_keys(tmp_path / index_files.KEYS[kind], kind, parts)
        for destination in (0, 5, 63):
            own = known[place == destination]
            found = index_files.matching(tmp_path, kind, destination, np.sort(own[::3]))
            assert sorted(found.iter_rows()) == sorted(
                zip(own[::3].tolist(), numbers[place == destination][::3].tolist(), strict=True)
            )


def test_a_conversation_about_a_page_of_an_earlier_release_is_no_copy_of_it(tmp_path: Path) -> None:
    crawl(tmp_path, "first", {f"a{n}": (text(n), None) for n in range(6)})
    assert run_here(load(tmp_path / "first.yaml"), tmp_path / "one").status == 0
    add(tmp_path / "one", tmp_path / "index")
    talks = [{"prompt": text(n), "completion": " ".join(text(n).split()[:3])} for n in range(6)]
    for name in ("second", "third"):
        (tmp_path / f"{name}-talk.jsonl").write_text("".join(json.dumps(talk) + "\n" for talk in talks), "utf-8")
    (tmp_path / "pages.jsonl").write_text(json.dumps({"text": text(2)}) + "\n", "utf-8")

    def recipe(name: str) -> Path:
        held = RECIPE.format(name=name, steps=EARLIER, rule=RULE)
        sources = (
            f"[{{path: {name}-talk.jsonl, format: jsonl, kind: sft, language_hint: swh_Latn}}, {{path: pages.jsonl}}]"
        )
        (tmp_path / f"{name}.yaml").write_text(held.replace(f"[{{path: {name}.jsonl, license: CC0-1.0}}]", sources))
        return tmp_path / f"{name}.yaml"

    assert run_here(load(recipe("second")), tmp_path / "two").status == 0
    told = Build.open(tmp_path / "two").documents(text=False).collect()
    met = told.filter(pl.col("earlier").is_not_null())
    assert met["record_kind"].to_list() == ["text"] and told.height == 7
    add(tmp_path / "two", tmp_path / "index")
    assert run_here(load(recipe("third")), tmp_path / "three").status == 0
    told = Build.open(tmp_path / "three").documents(text=False).collect()
    assert told["earlier"].struct.field("kind").to_list().count(None) == 0, "conversations are copies of conversations"


def test_a_build_is_read_as_it_was_made(folder: Path, tmp_path: Path) -> None:
    before = Build.open(folder / "two").status()
    (folder / "index").rename(tmp_path / "moved")
    try:
        opened = Build.open(folder / "two")
        assert opened.complete and opened.status() == before
        write(opened)
        with pytest.raises(WeftError, match="holds no index of releases"):
            load(folder / "second.yaml")
    finally:
        (tmp_path / "moved").rename(folder / "index")
    # Another release that comes in between makes no finished build unfinished.
    other = crawl(folder, "between", {"a": (text(5000), None)})
    assert run_here(load(other), tmp_path / "between").status == 0
    add(tmp_path / "between", folder / "index")
    assert Build.open(folder / "two").complete
