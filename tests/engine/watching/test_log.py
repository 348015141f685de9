"""Logs: a contract of lines, no text of documents, bounded, whole after a kill, and enough to see why a task failed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from tests.engine.watching.build_for_watching import MARK, Telling, break_labels, marked, outcome

from weft.cli.boundary import run as command
from weft.engine.build import run
from weft.engine.clean import clean
from weft.engine.ledger import Entry, Ledger
from weft.engine.storage import Storage
from weft.engine.watching import log as logs
from weft.engine.watching import read_log
from weft.engine.watching.events import About, Ending
from weft.engine.watching.lines import EVENTS, LEVELS, told_of
from weft.engine.watching.log import BuildFile, Log
from weft.engine.work import Cause
from weft.recipe import load

HEAD = {"v", "time", "level", "event", "run"}
TASK = {"node", "shard", "key", "attempt", "worker"}
FIELDS = {
    "run_begun": {"role", "runner", "workers", "host", "pid", "recipe", "recipe_digest", "versions", "build", "nodes",
                  "shards"},
    "node_planned": {"node", "stage", "tasks", "cached", "bytes"},
    "task_started": {"node", "shard", "key"},
    "task_finished": TASK | {"seconds", "cpu_seconds", "rows", "read_bytes", "written_bytes"},
    "task_retried": TASK | {"error", "reason", "trace"},
    "task_failed": TASK | {"error", "reason", "trace"},
    "run_stopped": {"state", "reason"},
    "run_ended": {"state", "ran", "cached", "failed", "seconds", "cpu_seconds"},
}  # fmt: skip
"""The lines as docs/operations.md promises them; `trace` is only there for an error of a task's own code."""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of which one label task failed at each attempt, with an error that quotes a document."""
    folder = tmp_path_factory.mktemp("failed")
    recipe, build = marked(folder), folder / "build"
    with pytest.MonkeyPatch.context() as patch:
        break_labels(patch, 1, lambda text: OSError(f"cannot take {text}\nTraceback of {text}: {text!r}"))
        result = run(load(recipe), build, runner=Telling(build))
    assert result.status == 1 and [one.task.shard for one in result.tally.failures] == [1]
    return build


def held(build: Path) -> list[dict[str, Any]]:
    return list(read_log.lines(read_log.chosen(Storage(build), None)))


def about(run: str = "20260101T000000Z-run-000000", nodes: int = 1) -> About:
    names = tuple((f"n{number}", "label", "shard") for number in range(nodes))
    return About(run, "run", "local", 1, Path("b"), "small", "d", "host", 1, names, 3, None, "/")


def test_every_line_is_as_promised(failed: Path) -> None:
    lines = held(failed)
    assert {one["event"] for one in lines} == set(EVENTS) - {"run_stopped"}
    for one in lines:
        assert set(one) == HEAD | FIELDS[one["event"]], one
        assert one["v"] == 1 and one["level"] == EVENTS[one["event"]] and one["level"] in LEVELS
        assert one["time"].endswith("Z") and len(one["time"]) == 24
    assert lines[0]["event"] == "run_begun" and lines[-1]["event"] == "run_ended"
    assert set(lines[0]["versions"]) == {"weft", "python", "polars", "pyarrow", "numpy", "numba"}


def test_the_guide_lists_every_line_and_field() -> None:
    guide = (Path(__file__).parents[3] / "docs/operations.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+ \| .*) \|$", guide, re.MULTILINE))
    rows["task_failed"] = rows["task_failed"].replace("the same", rows["task_retried"])
    assert {event: row.split()[0] for event, row in rows.items() if event in EVENTS} == EVENTS
    assert {event: set(re.findall(r"`(\w+)`", rows[event])) for event in EVENTS} == FIELDS


def test_the_log_counts_what_the_ledger_has(failed: Path) -> None:
    lines = held(failed)
    done = [one for one in lines if one["event"] == "task_finished"]
    entries = list(Ledger(failed / "ledger").all())
    assert {one["node"] for one in done} == {entry.node for entry in entries}
    assert sum(one["written_bytes"] for one in done) == sum(f["bytes"] for entry in entries for f in entry.files)
    documents = [one for one in done if one["node"] == "documents"]
    assert sum(one["rows"] for one in documents) == 60
    planned = {one["node"]: one["tasks"] for one in lines if one["event"] == "node_planned"}
    assert planned["documents"] == len(documents) and planned["label"] == len(documents)
    assert lines[-1]["ran"] == len(done) and lines[-1]["failed"] == 1 and lines[-1]["state"] == "failed"
    assert [one["attempt"] for one in lines if one["event"] == "task_retried"] == [1, 2]
    assert {one["worker"].rpartition(":")[2] for one in done} == {str(os.getpid())}


def test_no_text_of_documents_is_in_a_log(failed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_name = read_log.chosen(Storage(failed), None).name
    text = (failed / f"logs/{run_name}.jsonl").read_text("utf-8")
    assert MARK not in text
    failure = next(one for one in held(failed) if one["event"] == "task_failed")
    assert failure["error"] == "OSError" and failure["reason"].startswith("OSError at build_for_watching.py:")
    assert [frame.partition(":")[0] for frame in failure["trace"]] == ["weft/engine/local.py", "build_for_watching.py"]
    # The message is kept beside the log, with the data that it quotes.
    assert MARK in (failed / f"logs/{run_name}.messages.jsonl").read_text("utf-8")
    assert command(["logs", str(failed), "--failed"]) == 0
    said = capsys.readouterr().out
    assert MARK in said and "label on shard 1 failed, attempt 3" in said and "| Traceback" in said
    assert said.index("attempt 3") < said.index("attempt 2"), "newest first"


def test_failures_are_told_without_their_message() -> None:
    frames = ("weft/engine/local.py:1 in run_task", "weft/label/lid.py:7 in label", "polars/frame.py:9 in collect")
    told = told_of("ValueError: secret", Cause("ValueError", None, frames))
    assert told == {"error": "ValueError", "reason": "ValueError at weft/label/lid.py:7 in label", "trace": [*frames]}
    assert told_of("OSError: secret", Cause("OSError", 5, ()))["reason"] == "OSError [Errno 5]"
    died = "its worker process died (out of memory, or killed)"
    assert told_of(died, None) == {"error": None, "reason": died}


def test_a_log_stays_small_and_keeps_what_failed(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    held_log = Log([BuildFile(storage, about().run, part_bytes=20_000)])
    held_log.began(about())
    followed = read_log.follow(read_log.chosen(storage, None), wait=lambda: None)
    seen = [next(followed)]
    for number in range(2_000):
        held_log.took(outcome("n0", number, entries=(Entry("k", "n0", number),)), 1, False)
        if number % 500 == 3:
            held_log.took(outcome("n0", number, failure="its worker process died"), 1, False)
        seen.append(next(followed))
    held_log.ended(Ending("failed"))
    held_log.close()
    assert sum(path.stat().st_size for path in (tmp_path / "logs").iterdir()) < 45_000
    lines = list(read_log.lines(read_log.chosen(storage, None)))
    assert [one["shard"] for one in lines if one["event"] == "task_failed"] == [3, 503, 1003, 1503]
    assert lines[0]["event"] == "run_begun" and lines[-1]["event"] == "run_ended"
    rest = [*seen, *followed]
    assert rest[-1]["event"] == "run_ended"
    assert len({one["shard"] for one in rest if one["event"] == "task_finished"}) == 2_000, "nothing is missed"


def test_a_killed_run_leaves_a_log_that_can_be_read(failed: Path, tmp_path: Path) -> None:
    run_name = read_log.chosen(Storage(failed), None).name
    whole = (failed / f"logs/{run_name}.jsonl").read_bytes()
    (tmp_path / "logs").mkdir()
    (tmp_path / f"logs/{run_name}.jsonl").write_bytes(whole[: len(whole) // 2] + b'{"v":1,"ti')
    run_read = read_log.chosen(Storage(tmp_path), None)
    lines = list(read_log.lines(run_read))
    assert len(lines) > 5 and lines == held(failed)[: len(lines)]
    told = read_log.outline(run_read)
    assert told["state"] is None and told["recipe"] == "small" and told["last"] == lines[-1]["time"]
    assert command(["logs", str(tmp_path)]) == 0 and command(["logs", str(tmp_path), "--run", run_name[:8]]) == 0


def test_log_to_a_file_and_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = marked(tmp_path / "corpus", 20)
    target = tmp_path / "own.jsonl"
    assert command(["run", str(recipe), "--workers", "1", "--log", str(target), "--json"]) == 0
    own = [json.loads(one) for one in target.read_text("utf-8").splitlines()]
    build = [one for one in held(tmp_path / "corpus/build") if one["level"] != "debug"]
    for one in (*own, *build):
        assert one.pop("time") and (one["event"] != "run_ended" or one.pop("seconds"))
    assert own == build
    capsys.readouterr()
    assert command(["run", str(recipe), "--workers", "1", "--log", "-", "--log-level", "debug"]) == 0
    said = capsys.readouterr().err
    assert "begun: run of small with weft" in said and "planned: documents, " in said and "ended: done; 0 tasks" in said
    assert command(["run", str(recipe), "--log", str(tmp_path / "no/folder")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert command(["run", str(recipe), "--log", "-", "--log-level", "inof"]) == 2
    assert "did you mean info?" in capsys.readouterr().err
    assert len(read_log.runs(Storage(tmp_path / "corpus/build"))) == 2, "what was refused leaves no log"


def test_logs_of_many_runs_can_be_cleaned(failed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = Storage(failed)
    for number in range(12):
        kept = Log([BuildFile(storage, f"20200101T0000{number:02d}Z-run-abcdef")])
        kept.began(about(f"20200101T0000{number:02d}Z-run-abcdef"))
        kept.close()
    gone = [one.path for one in clean(failed).files if one.why == "log"]
    assert gone == [f"logs/20200101T0000{number:02d}Z-run-abcdef.jsonl" for number in range(3)]
    assert command(["logs", str(failed), "--run", "20200101T000011"]) == 0
    assert "begun: run of small" in capsys.readouterr().out
    assert command(["logs", str(failed), "--run", "2020"]) == 2
    assert "12 runs begin with it" in capsys.readouterr().err
    assert command(["logs", str(failed / "nothing")]) == 2
    assert "has no logs" in capsys.readouterr().err


def test_a_disk_that_is_full_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, build = marked(tmp_path, 20), tmp_path / "build"

    class Full:
        def write(self, content: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    def no_room(self: logs.File) -> None:
        self._sink, self.bytes = Full(), 0  # type: ignore[assignment]

    monkeypatch.setattr(logs.File, "open", no_room)
    assert run(load(recipe), build, runner=Telling(build)).status == 0


def test_a_log_that_turns_at_its_last_line_is_read_to_its_end(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    turning = BuildFile(storage, about().run)
    kept = Log([turning])
    kept.began(about())
    turning._part_bytes = turning.bytes + 10
    run = read_log.chosen(storage, None)
    ends = iter([lambda: None, lambda: kept.ended(Ending("done"))])
    opened = read_log._turned

    def turned(handle: int, path: Path) -> bool:
        """The run goes on between what the reader did before and its look for a new part."""
        next(ends, lambda: None)()
        return opened(handle, path)

    waits = iter(range(20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_log, "_turned", turned)
        followed = [held["event"] for held in read_log.follow(run, wait=lambda: waited(next(waits)))]
    kept.close()
    assert followed[-1] == "run_ended"
    assert turning.path.stat().st_size == 0, "the last line began a new part"
    assert read_log.outline(read_log.chosen(storage, None))["state"] == "done"


def waited(times: int) -> None:
    assert times < 19, "it waits for an end that it has passed"
