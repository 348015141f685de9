"""What `weft evaluate` wrote is checked when it is read again, and nothing else is taken for it, or removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.evaluate.conftest import TOPIC, Write
from typer.testing import CliRunner

from weft.cli.application import application
from weft.errors import WeftError
from weft.evaluate.comparison import compare
from weft.evaluate.reading_runs import read_outcomes, read_scores
from weft.report.evaluation_page import write as page

ANSWERED = TOPIC.replace('The topic is:"', '{choices}"').replace("consistent: true", "by: answer")


@pytest.fixture
def ran(write: Write, topics: Path, tmp_path: Path) -> Path:
    rows = "".join(f'{{"language": "swh_Latn", "item": "{n}", "output": "A"}}\n' for n in range(8))
    suite, model = write("suite.yaml", ANSWERED), write("model.jsonl", rows)
    given = ["evaluate", str(suite), "--model", str(model), "--languages", "swh", "--samples", "100", "-q"]
    assert CliRunner().invoke(application, [*given, "--into", str(tmp_path / "run")]).exit_code == 0
    return tmp_path / "run"


def changed(ran: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    held = json.loads((ran / "scores.json").read_text("utf-8"))
    change(held)
    (ran / "scores.json").write_text(json.dumps(held), "utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: held.pop("suite"), "suite: Field required"),
        (lambda held: held.pop("averages"), "averages: Field required"),
        (lambda held: held.update(model="x"), "model: Input should be a valid dictionary"),
        (lambda held: held.update(scores=[None]), r"scores\[0\]: Input should be"),
        (lambda held: held["scores"][0].update(value="x"), r"scores\[0\].value: Input should be a valid number"),
        (lambda held: held["scores"][0].update(value=float("nan")), r"scores\[0\].value: Input should be a finite"),
        (lambda held: held["scores"][0].pop("task"), r"scores\[0\].task: Field required"),
        (lambda held: held["scores"][0].update(items=-1), r"scores\[0\].items: .*greater than or equal to 0"),
        (lambda held: held.update(not_run=[{"task": "topic"}]), r"not_run\[0\].language: Field required"),
        (lambda held: held["averages"][0].update(metric="zzz"), r"averages\[0\]: of topic by zzz there is no score"),
        (lambda held: held.update(version=2), "no scores of version 1"),
    ],
)
def test_scores_that_somebody_changed(ran: Path, change: Callable[[dict[str, Any]], Any], said: str) -> None:
    changed(ran, change)
    for read in (read_scores, page, lambda run: compare(run, run)):
        with pytest.raises(WeftError, match=rf"scores\.json: {said}"):
            read(ran)


def test_scores_that_are_nested_without_end(ran: Path) -> None:
    (ran / "scores.json").write_text("[" * 100_000)
    with pytest.raises(WeftError, match="nested too deeply"):
        read_scores(ran)


def test_runs_of_earlier_versions_lack_keys(ran: Path) -> None:
    changed(ran, lambda held: [held.pop(name) for name in ("unanswered", "twins", "naturalness", "quality", "paid")])
    assert read_scores(ran)["unanswered"] == []
    assert page(ran)[0].is_file()


def test_a_run_without_scores_has_a_page(ran: Path) -> None:
    changed(ran, lambda held: held.update(scores=[], averages=[]))
    assert page(ran)[0].is_file()
    with pytest.raises(WeftError, match="no task in common"):
        compare(ran, ran)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: held.drop("item"), "no column item"),
        (lambda held: held.drop("prompt"), "no column prompt"),
        (lambda held: held.select(name for name in held.columns if not name.startswith("measure.")), "has no measure"),
        (lambda held: held.head(0), "has no rows"),
        (lambda held: pl.concat([held, held]), "item 0 of swh_Latn stands twice"),
        (lambda held: held.with_columns(pl.col("item").cast(pl.Int64)), "column item holds Int64"),
        (lambda held: held.with_columns(pl.lit("x").alias("measure.accuracy")), "column measure.accuracy holds String"),
        (lambda held: held.with_columns(pl.lit([1.0]).alias("measure.accuracy")), "has lists of 1, of which no score"),
        (
            lambda held: held.with_columns(pl.lit([float("nan"), 1.0]).alias("measure.accuracy")),
            "column measure.accuracy has what is no number",
        ),
    ],
)
def test_items_that_somebody_changed(ran: Path, change: Callable[[pl.DataFrame], pl.DataFrame], said: str) -> None:
    file = ran / "items" / "topic.parquet"
    change(pl.read_parquet(file)).write_parquet(file)
    with pytest.raises(WeftError, match=said):
        read_outcomes(ran, ["topic"])
    with pytest.raises(WeftError, match=said):
        compare(ran, ran)


def test_only_items_of_the_run_are_removed(ran: Path, tmp_path: Path, write: Write) -> None:
    own = ran / "items" / "my-work.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(own)
    (ran / "items" / "topic.typos.parquet").write_bytes((ran / "items" / "topic.parquet").read_bytes())
    given = ["evaluate", str(tmp_path / "suite.yaml"), "--model", str(tmp_path / "model.jsonl"), "--languages", "swh"]
    assert CliRunner().invoke(application, [*given, "--samples", "100", "-q", "--into", str(ran)]).exit_code == 0
    assert sorted(one.name for one in (ran / "items").iterdir()) == ["my-work.parquet", "topic.parquet"]
