"""Results of other harnesses that are broken, impossible or of something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.evaluate.conftest import Write
from tests.evaluate.test_exchange import SUITE
from typer.testing import CliRunner

from weft.cli.application import application
from weft.errors import WeftError
from weft.evaluate.exchange.reading import read
from weft.evaluate.suite import load


@pytest.fixture
def suite(write: Write, topics: Path) -> Path:
    return write("suite.yaml", SUITE)


@pytest.mark.parametrize(
    ("scores", "more", "said"),
    [
        ("x", {}, "expected the name of a task, and a mapping of its scores"),
        ({"exact_match,label": float("nan")}, {}, "it is nan, which is no score"),
        ({"exact_match,label": 5}, {}, "it is 5; expected 0 to 1"),
        ({"exact_match,label": -1}, {}, "it is -1; expected 0 to 1"),
    ],
)
def test_what_is_no_score_is_left_out(suite: Path, write: Write, scores: Any, more: Any, said: str) -> None:
    good = {"exact_match,label": 0.5, "exact_match_stderr,label": 0.1}
    tree = {"results": {"weft_small_said_swh_Latn": good, "weft_small_said_amh_Ethi": scores}, **more}
    file = write("results_1.json", json.dumps(tree))
    found = read(file, None, load(str(suite))[0], None)
    assert {one.named.language for one in found.figures} == {"swh_Latn"}
    assert any(said in row["why"] for row in found.left.rows)


@pytest.mark.parametrize(
    "more", [{"n-samples": [1]}, {"group_subtasks": [1]}, {"config": "x"}, {"n-samples": {"a": 5}}]
)
def test_what_is_not_needed_may_be_odd(suite: Path, write: Write, more: Any) -> None:
    tree = {"results": {"weft_small_said_swh_Latn": {"exact_match,label": 0.5, "exact_match_stderr,label": -3}}, **more}
    found = read(write("results_1.json", json.dumps(tree)), None, load(str(suite))[0], None)
    assert [(one.value, one.stderr, one.items) for one in found.figures] == [(0.5, None, 0)]


def test_tasks_of_another_suite_are_left_out(suite: Path, write: Write) -> None:
    tree = {"results": {"hellaswag": {"acc,none": 0.5}, "../../x_sw": {"acc,none": 0.5}}}
    found = read(write("results_1.json", json.dumps(tree)), None, load(str(suite))[0], None)
    assert not found.figures
    assert {"hellaswag", "../../x_sw"} <= {row["task"] for row in found.left.rows}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[1]\n", "has a line that is no object"),
        ("{", "cannot be read"),
        ('{"doc_id": 0, "exact_match": 1.0}\n{"doc_id": 0, "exact_match": 1.0}\n', "has no id, or stands twice"),
        ('{"exact_match": 1.0}\n', "has no id, or stands twice"),
        ('{"doc_id": 0, "exact_match": 7.0}\n', "has what no score can be"),
    ],
)
def test_samples_that_are_none(suite: Path, write: Write, lines: str, said: str) -> None:
    name = "weft_small_said_swh_Latn"
    file = write("results_1.json", json.dumps({"results": {name: {"exact_match,label": 0.5}}}))
    write(f"samples_{name}_1.jsonl", lines)
    found = read(file, None, load(str(suite))[0], None)
    assert [one.rows for one in found.figures] == [None]
    assert any(said in row["why"] for row in found.left.rows)


def test_an_import_does_not_overwrite_another_run(suite: Path, write: Write, tmp_path: Path) -> None:
    name = "weft_small_said_swh_Latn"
    for model in ("first", "second"):
        write(f"{model}.json", json.dumps({"results": {name: {"exact_match,label": 0.5}}, "model_name": model}))
    given = ["evaluate", "--suite", str(suite), "--into", str(tmp_path / "there"), "--import"]
    assert CliRunner().invoke(application, [*given, str(tmp_path / "first.json")]).exit_code == 0
    done = CliRunner().invoke(application, [*given, str(tmp_path / "second.json")])
    assert isinstance(done.exception, WeftError) and "by first; expected the same again" in str(done.exception)
