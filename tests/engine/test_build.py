"""Builds end to end: same bytes on any number of workers, nothing twice, nothing lost."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from tests.engine.corpus import contents, write_corpus

from weft.construct.difference import content_hash, difference
from weft.engine.build import run
from weft.engine.reading import Build
from weft.errors import WeftError
from weft.recipe import load


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recipe and its finished build."""
    folder = tmp_path_factory.mktemp("finished")
    recipe = write_corpus(folder)
    result = run(load(recipe), folder / "build", workers=2)
    assert result.status == 0, result.tally.failures
    return recipe, folder / "build"


@pytest.fixture
def own(finished: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """The finished build again, for a test that changes it."""
    shutil.copytree(finished[1], tmp_path / "own")
    return finished[0], tmp_path / "own"


def test_the_same_bytes_on_one_worker_and_on_two(finished: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, build = finished
    run(load(recipe), tmp_path / "one", workers=1)
    assert contents(tmp_path / "one" / "construct") == contents(build / "construct")


def test_every_stage_conserves_rows(finished: tuple[Path, Path]) -> None:
    build = Build.open(finished[1])
    for stage in build.summary()["stages"]:
        taken = sum(stage["rejected"].values()) + stage["errors"]
        assert stage["rows_in"] == stage["rows_out"] + taken, stage
    construct = build.summary()["stages"][-1]
    assert construct["rejected"]["duplicate"] > 0 and construct["rejected"]["long_enough"] > 0
    exported = sum(pl.read_parquet(p).height for p in (finished[1] / "construct/ct").rglob("*.parquet"))
    assert exported == construct["rows_out"]


def test_a_finished_build_does_nothing_again(finished: tuple[Path, Path]) -> None:
    recipe, build = finished
    before = contents(build / "construct")
    result = run(load(recipe), build, workers=2)
    assert not result.tally.ran
    assert contents(build / "construct") == before


def test_a_new_threshold_runs_only_construct(own: tuple[Path, Path]) -> None:
    recipe, build = own
    before = contents(build / "construct")
    changed = load(recipe, ["construct.rules.long_enough=signals.words >= 60"])
    result = run(changed, build, workers=2)
    assert (
        set(result.tally.ran) <= {"decide", "elect", "select", "files", "export", "release"}
        and result.tally.ran["decide"]
    )
    back = run(load(recipe), build, workers=2)
    assert set(back.tally.ran) == {"export", "release"}, "decisions of the old threshold are still there"
    assert contents(build / "construct") == before, "files that another recipe wrote in between are not taken for these"


def test_one_more_label_computes_only_itself(own: tuple[Path, Path]) -> None:
    recipe, build = own
    changed = load(recipe, ["label=[script, lid, {signals: {stop_words: {swh_Latn: [na, ya]}}}]"])
    result = run(changed, build, workers=2, only="label")
    assert set(result.tally.ran) == {"label"}
    for entries in Build.open(build).state.done("label").values():
        assert len(entries) == 5, "script, lid, signals, exact, minhash"


def test_a_new_file_moves_no_row(tmp_path: Path) -> None:
    recipe = write_corpus(tmp_path)
    run(load(recipe), tmp_path / "build", workers=2)
    before = {p.name: p.read_bytes() for p in (tmp_path / "build/documents").glob("*.parquet")}
    (tmp_path / "texts/later.jsonl").write_text(json.dumps({"text": "a new file " * 20}) + "\n", "utf-8")
    result = run(load(recipe), tmp_path / "build", workers=2)
    after = {p.name: p.read_bytes() for p in (tmp_path / "build/documents").glob("*.parquet")}
    assert result.tally.ran["documents"] == 1
    assert all(after[name] == content for name, content in before.items()) and len(after) == len(before) + 1


def test_the_survivor_is_elected_among_the_rows_that_pass(finished: tuple[Path, Path]) -> None:
    frame = Build.open(finished[1]).documents(text=False).collect()
    cluster = pl.col("deduplicate").struct
    rule = pl.col("selection").struct.field("rule")
    grouped = frame.filter(cluster.field("size") > 1).group_by(cluster.field("cluster").alias("cluster"))
    counted = grouped.agg(
        rule.is_null().sum().alias("kept"), rule.is_in(["long_enough", "few_repeats"]).not_().sum().alias("candidates")
    )
    assert counted.filter(pl.col("candidates") > 0)["kept"].unique().to_list() == [1]
    assert counted.filter(pl.col("candidates") == 0)["kept"].sum() == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_thirty_kills_end_with_the_same_bytes(finished: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, build = finished
    draw = random.Random(11)
    command = [sys.executable, "-m", "weft", "run", str(recipe), "--into", str(tmp_path / "killed"), "--quiet"]
    killed = 0
    for _ in range(30):
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=draw.uniform(0.3, 3.2))
            # Done before the kill: a little of it is taken away, so that the next run has something to do.
            for path in sorted((tmp_path / "killed/label/signals").glob("*.parquet"))[:2]:
                path.unlink()
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed >= 15, "the runs were too short to be killed"
    time.sleep(0.3)
    result = run(load(recipe), tmp_path / "killed", workers=2)
    assert result.status == 0
    assert contents(tmp_path / "killed/construct") == contents(build / "construct")
    assert not (tmp_path / "killed/tmp").exists() or not any((tmp_path / "killed/tmp").iterdir())


def test_a_file_that_was_cut_short_is_written_again(finished: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, build = finished
    shutil.copytree(build, tmp_path / "copy")
    file = sorted((tmp_path / "copy/construct/ct").glob("*/train-*.parquet"))[0]
    file.write_bytes(file.read_bytes()[:-9])
    result = run(load(recipe), tmp_path / "copy", workers=1)
    assert result.status == 0
    assert contents(tmp_path / "copy/construct") == contents(build / "construct")


def test_a_second_run_on_the_same_folder_is_refused(finished: tuple[Path, Path]) -> None:
    from filelock import FileLock

    recipe, build = finished
    with FileLock(build / "ledger/lock"), pytest.raises(WeftError, match="another run is writing"):
        run(load(recipe), build)


def test_a_folder_with_other_files_is_refused(finished: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(WeftError, match="holds other files"):
        run(load(finished[0]), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_explain_tells_of_kept_and_rejected_documents(finished: tuple[Path, Path]) -> None:
    build = Build.open(finished[1])
    frame = build.documents(text=False).select("id", pl.col("selection").struct.field("rule")).collect()
    kept = build.explain(frame.filter(pl.col("rule").is_null())["id"][0])
    assert kept["outcome"].startswith("kept in ")
    assert [stage["stage"] for stage in kept["stages"]][-1] == "construct"
    lost = build.explain(frame.filter(pl.col("rule") == "duplicate")["id"][0])
    assert lost["outcome"] == "rejected by duplicate" and lost["stages"][-1]["labels"]["kept"]
    with pytest.raises(WeftError, match="no document"):
        build.explain("zzzz")


def test_explain_says_what_decided(finished: tuple[Path, Path]) -> None:
    build = Build.open(finished[1])
    words = pl.col("signals").struct.field("words")
    frame = build.documents(text=False).select("id", "locator", words, pl.col("selection").struct.field("rule"))
    short = frame.collect().filter(pl.col("rule") == "long_enough").row(0, named=True)
    last = build.explain(short["id"])["stages"][-1]
    assert last["condition"] == "signals.words >= 20" and last["values"] == {"signals.words": short["words"]}
    by_place = build.explain(short["locator"])
    assert by_place["id"] == short["id"]
    with pytest.raises(WeftError, match=r"documents are meant .*expected a longer beginning"):
        build.explain("")


def test_a_release_says_what_it_holds(own: tuple[Path, Path]) -> None:
    recipe, build = own
    construct = build / "construct"
    held = json.loads((construct / "release.json").read_text("utf-8"))
    listed = pl.read_parquet(construct / "rows/**/*.parquet")
    corpus = pl.read_parquet(construct / "ct/**/*.parquet")
    assert listed.height == corpus.height == held["documents"] and set(listed["id"]) == set(corpus["id"])
    assert held["content"] == content_hash(listed) == difference(build, construct).hashes[1]
    assert held["content"] in (construct / "README.md").read_text("utf-8") and held["version"] is None
    for file in held["files"]:
        assert hashlib.sha256((construct / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    run(load(recipe, ["version='1.2.0'"]), build, workers=1)
    named = json.loads((construct / "release.json").read_text("utf-8"))
    assert (named["version"], named["content"]) == ("1.2.0", held["content"])
    assert "version 1.2.0" in (construct / "README.md").read_text("utf-8")


def test_a_version_is_semantic(finished: tuple[Path, Path]) -> None:
    with pytest.raises(WeftError, match=r"version: got .1\.2.; expected a semantic version, such as 1\.2\.0"):
        load(finished[0], ["version='1.2'"])


def test_a_build_with_a_language_of_copies_alone_is_complete(tmp_path: Path) -> None:
    text = " ".join("habari za mji mkubwa watu wengi wanakwenda sokoni kila siku".split() * 3)
    sources = ""
    for priority, code in enumerate(("zul_Latn", "swh_Latn")):
        (tmp_path / f"{code}.jsonl").write_text(json.dumps({"text": text}), "utf-8")
        sources += f"  - {{path: {code}.jsonl, language_hint: {code}, priority: {priority}}}\n"
    recipe = tmp_path / "recipe.yaml"
    label = "label: [script, {lid: {trust_hint: true}}, signals]\nconstruct: {extends: nothing}\n"
    recipe.write_text(f"acquire:\n{sources}{label}", "utf-8")
    assert run(load(recipe), tmp_path / "build", workers=1).status == 0
    assert Build.open(tmp_path / "build").complete
    assert sorted(p.name for p in (tmp_path / "build/construct/rows").iterdir()) == ["swh_Latn"]
    assert not run(load(recipe), tmp_path / "build", workers=1).tally.ran
