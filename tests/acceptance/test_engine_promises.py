"""Issue 2, items 4 and 5 and "crash safety": what runs again, what stays, and that no row is lost on the way."""

from __future__ import annotations

import hashlib
import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import weft

WORDS = (
    "watoto shule asubuhi nyumbani rafiki mwalimu kitabu mkulima mvua shamba samaki bahari soko ndizi chumvi maji mto "
    "mlima barabara gari safari jioni chakula kuni moto sufuria mama baba babu bibi mtoto kijiji mji habari redio wimbo"
).split()
RECIPE = """
acquire:
  - path: in/*.txt
    basis: owned
construct:
  extends: nothing
  rules:
    long_enough: signals.words >= 5
  split: {validation: 0.2, test: 0.2}
settings: {shard_mb: 0.004}
"""


def texts(count: int, seed: int = 1) -> dict[str, str]:
    """Files of random Swahili words; every fifth is a near copy of the one before."""
    source = random.Random(seed)
    made: dict[str, str] = {}
    words: list[str] = []
    for number in range(count):
        if number % 5 == 4:
            words = [*words[:-1], "kweli"]
        else:
            words = [source.choice(WORDS) for _ in range(source.randint(40, 80))]
        made[f"in/{number:03}.txt"] = "Habari. " + " ".join(words) + ".\n"
    return made


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def build(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = built(tmp_path_factory.mktemp("engine"), RECIPE, texts(60))
    return folder


def test_there_are_several_shards(build: Path) -> None:
    """Otherwise the tests below would show little."""
    assert weft.open_build(build).documents().select("shard").collect()["shard"].n_unique() >= 3


def test_second_run_does_nothing(build: Path, rerun: Any) -> None:
    before = contents(build / "construct")
    result = rerun(build.parent / "recipe.yaml", build)
    assert not result.tally.ran and contents(build / "construct") == before


def test_dry_run_shows_cached_and_to_run(build: Path, command: Any) -> None:
    recipe = build.parent / "recipe.yaml"
    done = json.loads(command("run", recipe, "--dry-run", "--json").out)
    assert not done["would_run"] and done["cached"]["label"] >= 3
    answer = command("run", recipe, "--dry-run", "--set", "construct.rules.long_enough=signals.words >= 50")
    assert answer.status == 0 and "cached" in answer.out and "would run" in answer.out
    fresh = json.loads(command("run", recipe, "--into", build.parent / "other", "--dry-run", "--json").out)
    assert not fresh["cached"] and fresh["would_run"]
    assert not (build.parent / "other" / "construct").exists()


def test_a_changed_threshold_runs_only_construct(built: Any, rerun: Any, tmp_path: Path) -> None:
    folder = built(tmp_path, RECIPE, texts(20))
    before = {part: contents(folder / part) for part in ("documents", "label", "deduplicate", "errors")}
    nodes = {row["node"]: row["stage"] for row in _status_nodes(folder)}
    rejected = _rejects(folder).height
    result = rerun(tmp_path / "recipe.yaml", folder, "construct.rules.long_enough=signals.words >= 60")
    assert result.tally.ran and {nodes[node] for node in result.tally.ran} == {"construct"}
    assert before == {part: contents(folder / part) for part in before}
    assert _rejects(folder).height > rejected


def _status_nodes(folder: Path) -> list[dict[str, Any]]:
    held = weft.open_build(folder).status()
    rows: list[dict[str, Any]] = held["nodes"]
    return rows


def _rejects(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((folder / "construct" / "rejects").glob("*.parquet"))])


def test_same_bytes_for_one_and_two_workers(build: Path, built: Any) -> None:
    two = built(build.parent, RECIPE, {}, workers=2, into="two")
    for part in ("construct", "documents", "label"):
        assert contents(two / part) == contents(build / part), part


def test_a_file_added_later_changes_no_other_row(built: Any, tmp_path: Path) -> None:
    folder = built(tmp_path, RECIPE, texts(20))
    columns = ["id", "text", "source", "locator", "shard", "lid", "signals", "exact", "minhash"]
    before = weft.open_build(folder).documents().select(columns).collect()
    tables = {**contents(folder / "documents"), **contents(folder / "label" / "signals")}
    new = {
        "in/000-first.txt": "Maneno mapya kabisa hapa leo asubuhi.\n",
        "in/zzz.txt": "Maneno mengine ya mwisho kabisa.\n",
    }
    built(tmp_path, RECIPE, new)
    after = weft.open_build(folder).documents().select(columns).collect()
    assert after.height == before.height + 2
    # Not only the same rows, but in the same shards, in the same order and in the same files.
    assert after.filter(pl.col("id").is_in(before["id"].to_list())).equals(before)
    kept = {**contents(folder / "documents"), **contents(folder / "label" / "signals")}
    assert tables.items() <= kept.items()


def test_a_later_build_equals_the_files_of_one_build(built: Any, tmp_path: Path) -> None:
    """A row is what it is, whether its file came first or later."""
    first = built(tmp_path / "a", RECIPE, texts(10))
    built(tmp_path / "a", RECIPE, {"in/zzz.txt": "Maneno mengine ya mwisho kabisa leo.\n"})
    other = built(tmp_path / "b", RECIPE, {**texts(10), "in/zzz.txt": "Maneno mengine ya mwisho kabisa leo.\n"})
    columns = ["id", "text", "locator", "lid", "signals", "exact", "minhash", "selection"]
    rows = [weft.open_build(f).documents().select(columns).collect().sort("id") for f in (first, other)]
    assert rows[0].equals(rows[1])


def test_every_stage_conserves_rows(build: Path, demo: Path) -> None:
    for folder in (build, demo):
        summary = json.loads((folder / "report" / "summary.json").read_text(encoding="utf-8"))
        stages = summary["stages"]
        # Parsing and standardizing are one read of the text, and counted as one.
        assert [s["stage"] for s in stages if s["stage"] != "standardize"] == [
            "parse",
            "label",
            "deduplicate",
            "construct",
        ]
        for stage in stages:
            left = stage["rows_out"] + sum(stage["rejected"].values()) + stage["errors"]
            assert stage["rows_in"] == left, stage
        for before, after in pairwise(stages):
            assert before["rows_out"] == after["rows_in"]
        kept = sum(language["kept"] for language in summary["languages"].values())
        assert kept == stages[-1]["rows_out"]


def test_what_is_counted_is_there(demo: Path, demo_rows: pl.DataFrame) -> None:
    """The summary against the files: documents, errors, rejects and the corpus add up to what was read."""
    stages = {s["stage"]: s for s in json.loads((demo / "report" / "summary.json").read_text())["stages"]}
    errors = weft.open_build(demo).errors()
    corpus = pl.concat([pl.read_parquet(p).select("id") for p in (demo / "construct" / "ct").rglob("*.parquet")])
    rejects = _rejects(demo)
    assert stages["parse"]["rows_in"] == demo_rows.height + errors.height
    assert demo_rows.height == corpus.height + rejects.height
    assert set(demo_rows["id"]) == set(corpus["id"]) | set(rejects["id"])
    assert demo_rows["id"].n_unique() == demo_rows.height


def test_a_worker_killed_in_between_leaves_a_build_that_goes_on(built: Any, build: Path) -> None:
    """A ledger entry without a file, and a file without an entry, are both survived."""
    folder = built(build.parent, RECIPE, {}, into="third")
    (folder / "ledger").joinpath("segment-0-000000000000.jsonl").write_text('{"key": "torn', encoding="utf-8")
    next((folder / "label" / "signals").glob("*.parquet")).unlink()
    built(build.parent, RECIPE, {}, into="third")
    assert contents(folder / "construct") == contents(build / "construct")
    assert contents(folder / "label") == contents(build / "label")


def test_only_stops_after_a_stage(command: Any, build: Path) -> None:
    into = build.parent / "only"
    assert command("run", build.parent / "recipe.yaml", "--into", into, "--only", "label", "--quiet").status == 0
    assert (into / "label" / "signals").is_dir() and not (into / "construct").exists()
    status = json.loads(command("status", into, "--json").out)
    assert status["complete"] is False


def test_progress_has_rate_and_remaining_time(command: Any, built: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, text in texts(10).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    answer = command("run", tmp_path / "recipe.yaml", "--workers", "1", env={"NO_COLOR": "1"})
    assert answer.status == 0 and "\x1b[" not in answer.err + answer.out
    assert "rows/s" in answer.err and "MB/s" in answer.err, answer.err
