"""The folder of a run: mistakes about it are told before anything is asked, and nothing is lost."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from tests.evaluate.conftest import TOPIC, Write
from typer.testing import CliRunner

from weft.cli.application import application
from weft.errors import WeftError
from weft.own_file import whole

ANSWERED = TOPIC.replace('The topic is:"', '{choices}"').replace("consistent: true", "by: answer")
HOLD = """import sys
from filelock import FileLock
held = FileLock(sys.argv[1])
held.acquire()
print("held", flush=True)
input()
"""


@pytest.fixture
def asked(write: Write, topics: Path) -> list[str]:
    rows = "".join(f'{{"language": "swh_Latn", "item": "{n}", "output": "A"}}\n' for n in range(8))
    suite, model = write("suite.yaml", ANSWERED), write("model.jsonl", rows)
    return ["evaluate", str(suite), "--model", str(model), "--languages", "swh", "--samples", "100", "-q"]


def told(arguments: list[str]) -> str:
    done = CliRunner().invoke(application, arguments)
    assert isinstance(done.exception, WeftError), done.output
    return str(done.exception)


def test_one_run_at_a_time(asked: list[str], tmp_path: Path) -> None:
    into = tmp_path / "run"
    into.mkdir()
    with Popen([sys.executable, "-c", HOLD, str(into / ".lock")], stdin=PIPE, stdout=PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        assert "another run is writing this folder" in told([*asked, "--into", str(into)])
        assert not (into / "scores.json").exists()
        other.communicate(b"\n")
    assert CliRunner().invoke(application, [*asked, "--into", str(into)]).exit_code == 0
    # Who ran before has left.
    assert CliRunner().invoke(application, [*asked, "--into", str(into)]).exit_code == 0


def test_scores_of_another_suite_or_model_are_not_overwritten(asked: list[str], write: Write, tmp_path: Path) -> None:
    into = tmp_path / "run"
    assert CliRunner().invoke(application, [*asked, "--into", str(into)]).exit_code == 0
    before = (into / "scores.json").read_bytes()
    other = write("other.yaml", ANSWERED.replace("suite: small", "suite: large"))
    fault = told([asked[0], str(other), *asked[2:], "--into", str(into)])
    assert "a run of the suite small, version 1, by model.jsonl; expected the same again, not the suite large" in fault
    asked[3] = str(write("second.jsonl", Path(asked[3]).read_text()))
    assert "not the suite small, version 1, by second.jsonl" in told([*asked, "--into", str(into)])
    assert (into / "scores.json").read_bytes() == before


def test_scores_that_cannot_be_read_are_made_again(asked: list[str], tmp_path: Path) -> None:
    into = tmp_path / "run"
    into.mkdir()
    (into / "scores.json").write_text("{")
    assert CliRunner().invoke(application, [*asked, "--into", str(into)]).exit_code == 0
    assert json.loads((into / "scores.json").read_text())["suite"] == "small"


def test_a_mistake_leaves_no_folder(asked: list[str], tmp_path: Path) -> None:
    asked[3] = str(tmp_path / "nothing.jsonl")
    assert "nothing.jsonl" in told([*asked, "--into", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made(asked: list[str], write: Write) -> None:
    file = write("taken", "")
    assert "is a file" in told([*asked, "--into", str(file)])
    assert "expected a folder that can be made" in told([*asked, "--into", str(file / "below")])


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with pytest.raises(WeftError, match="is a device or a pipe"), whole(pipe) as part:
        part.write_text("x")
    assert pipe.is_fifo() and [one.name for one in tmp_path.iterdir()] == ["pipe.json"]
