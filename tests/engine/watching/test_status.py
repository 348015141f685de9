"""The status of a build, read from another process while it is built, after it was killed, and when it is over."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.killing import start
from tests.engine.watching.build_for_watching import MARK, Telling, break_labels, marked
from tests.waiting import LONGEST, soon

from weft.cli import show
from weft.cli import status as page
from weft.cli.boundary import run as command
from weft.engine import crew, leases
from weft.engine.build import run
from weft.engine.leases import Leases
from weft.engine.storage import Storage
from weft.engine.watching import progress, read_log
from weft.engine.watching.events import About, Ending
from weft.engine.watching.standing import Standing
from weft.engine.watching.status import SILENT, status
from weft.errors import WeftError
from weft.recipe import load

TOP = {"version", "build", "state", "live", "complete", "shards", "tasks_done", "tasks_to_run", "progress",
       "eta_seconds", "nodes_not_begun", "run", "stages", "nodes", "running", "slowest", "failures", "workers",
       "leases", "tasks_per_minute", "free_bytes", "unfinished"}  # fmt: skip
RUN = {"run", "role", "runner", "workers", "host", "pid", "recipe", "began", "reason", "command", "folder",
       "seconds", "heard_from"}  # fmt: skip
STAGE = {"stage", "tasks", "done", "failed", "running", "rows", "read_bytes", "written_bytes", "tasks_per_second",
         "rows_per_second", "bytes_per_second"}  # fmt: skip
"""The JSON as docs/operations.md promises it."""


def started(recipe: Path, build: Path, *more: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "weft", "run", str(recipe), "--into", str(build), "--workers", "1", "--json", *more]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def waited(build: Path, until: Callable[[dict[str, Any]], bool], process: subprocess.Popen[str]) -> dict[str, Any]:
    """The first status of which something is true."""
    late = time.monotonic() + 120
    while True:
        assert time.monotonic() < late and process.poll() is None, process.communicate()
        with contextlib.suppress(WeftError):  # it is no build yet
            if until(held := status(build, whole=False)):
                return held
        time.sleep(0.05)


def aged(build: Path, seconds: float) -> None:
    """As if so much time had passed since the build was last heard from."""
    then = time.time() - seconds
    for path in [*(build / "ledger/workers").iterdir(), build / progress.PROGRESS]:
        os.utime(path, (then, then))


@pytest.mark.slow
def test_a_run_is_seen_from_another_process_until_it_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, build = marked(tmp_path, 300), tmp_path / "build"
    process = started(recipe, build)
    held = waited(build, lambda one: one["state"] == "running" and bool(one["running"]), process)
    assert set(held) == TOP and set(held["run"]) == RUN and all(set(one) == STAGE for one in held["stages"])
    assert held["version"] == 1 and held["live"] and not held["complete"] and held["run"]["pid"] == process.pid
    assert [one["stage"] for one in held["stages"]] == ["parse", "label", "deduplicate", "construct"]
    assert all(one["seconds"] >= 0 for one in held["running"]) and len(held["running"]) == 1
    before = {path: path.stat().st_mtime_ns for path in (build / "ledger/workers").iterdir()}
    status(build)
    assert before == {path: path.stat().st_mtime_ns for path in (build / "ledger/workers").iterdir()}
    held = waited(build, lambda one: one["tasks_done"] > 2, process)
    assert held["eta_seconds"] is not None and 0 < held["progress"] < 1 and held["slowest"]
    assert command(["status", str(build)]) == 1
    assert "running for " in capsys.readouterr().out
    process.kill()
    process.wait()
    aged(build, SILENT + 1)
    assert command(["status", str(build)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "the last run died" in said and "not complete; to go on, in" in said
    assert f": weft run {recipe} --into {build} --workers 1 --json" in said
    held = status(build)
    assert held["state"] == "died" and not held["live"] and held["running"] == [] and held["tasks_done"] > 2
    assert len(held["unfinished"]) == 1 and "ran at the end: " in said
    assert run(load(recipe), build, workers=1).status == 0
    assert status(build)["state"] == "done"


@pytest.mark.slow
def test_workers_are_seen_with_what_they_run(tmp_path: Path) -> None:
    recipe, build = marked(tmp_path, 300), tmp_path / "build"
    process = start(recipe, "--into", build)
    held = waited(build, lambda one: one["state"] == "running" and bool(one["running"]), process)
    assert set(held) == TOP and held["run"]["role"] == "worker"
    (member,) = held["workers"]
    assert member["pid"] == process.pid
    (task,) = held["running"]
    assert task["worker"] == f"{member['host']}:{process.pid}" and 0 <= task["seconds"] < 120
    assert process.communicate(timeout=120) and process.returncode == 0
    held = status(build)
    assert held["state"] == "done" and held["complete"] and not held["live"]
    assert command(["status", str(build), "--json"]) == 0


@pytest.mark.slow
def test_a_run_on_ray_is_seen_as_well(tmp_path: Path) -> None:
    recipe, build = marked(tmp_path, 120), tmp_path / "build"
    process = started(recipe, build, "--runner", "ray")
    held = waited(build, lambda one: one["state"] == "running" and one["tasks_done"] > 0, process)
    assert held["run"]["runner"] == "ray" and held["live"]
    assert process.communicate(timeout=240) and process.returncode == 0
    log = list(read_log.lines(read_log.chosen(Storage(build), None)))
    ran = {one["worker"].rpartition(":")[2] for one in log if one["event"] == "task_finished"}
    assert ran and str(process.pid) not in ran, "the log names the processes of the cluster"
    begun = {(one["node"], one["shard"]) for one in log if one["event"] == "task_started"}
    assert begun == {(one["node"], one["shard"]) for one in log if one["event"] == "task_finished"}


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    assert run(load(marked(tmp_path, 20)), tmp_path / "build", runner=Telling(tmp_path / "build")).status == 0
    return tmp_path / "build"


def test_what_is_over_is_said_by_the_ledger(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["status", str(finished), "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert set(held) >= TOP and held["complete"] and held["state"] == "done" and held["progress"] == 1
    next(iter((finished / "label/lid").iterdir())).unlink()
    assert command(["status", str(finished), "--watch"]) == 1, "a file is gone, whatever the run said"
    assert "not complete: run the recipe again to go on" in capsys.readouterr().out


def test_a_run_that_makes_its_plan_is_no_run_of_before(finished: Path) -> None:
    members = Leases(Storage(finished).path(crew.WORKERS), "run-x")
    members.take("run-x", role="run")
    assert status(finished)["state"] == "finishing"
    members.tell("run-x", host="another", pid=1)
    held = status(finished)
    assert held["state"] == "planning" and held["run"] is None and held["stages"] == []
    members.close()


def test_a_process_that_is_gone_is_dead_and_a_silent_one_is_not(finished: Path) -> None:
    storage = Storage(finished)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    members = Leases(storage.path(crew.WORKERS), "run-x")
    members.take("run-x", role="run")
    members.tell("run-x", pid=gone.pid)
    assert status(finished)["live"], "its progress was renewed a moment ago"
    aged(finished, SILENT + 1)
    assert not status(finished)["live"]
    members.tell("run-x", pid=os.getpid())
    aged(finished, SILENT + 1)
    assert status(finished)["live"]
    aged(finished, 61)
    assert not status(finished)["live"], "its lease has run out"
    members.close()


def test_who_may_only_read_sees_as_much(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = Leases(Storage(finished).path(crew.WORKERS), "run-x")
    members.take("run-x", role="run")

    def refused(*given: Any, **more: Any) -> Iterator[None]:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    assert status(finished)["live"] and status(finished)["state"] == "finishing"
    members.close()


def test_failures_are_told_and_quote_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, build = marked(tmp_path, 30), tmp_path / "build"
    break_labels(monkeypatch, 1, lambda text: ValueError(text))
    assert run(load(recipe), build, runner=Telling(build)).status == 1
    assert command(["status", str(build)]) == 1
    said = capsys.readouterr().out
    assert "label on shard 1 failed, attempt 1: ValueError at build_for_watching.py" in " ".join(said.split())
    assert "weft logs" in said and MARK not in said


def test_a_folder_that_is_no_build_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="is not a build folder"):
        status(tmp_path)


def test_progress_that_is_torn_or_of_another_version_is_none(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    assert progress.read(storage) is None
    for content in (b"", b'{"version": 1, "run', b'{"version": 99}', b"[]"):
        progress.publish(storage, "progress.json", content)
        storage.path("ledger").mkdir(exist_ok=True)
        progress.publish(storage, progress.PROGRESS, content)
        assert progress.read(storage) is None


def test_progress_is_written_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, standing = Storage(tmp_path), Standing()
    (tmp_path / "ledger").mkdir()
    kept = progress.Progress(storage, standing)
    about = About("r", "run", "local", 2, tmp_path, "n", "d", "h", 1, (("label", "label", "all"),), 1, None, "/")
    kept.began(about)
    written: list[float] = []
    publish = progress.publish

    def published(*given: Any) -> None:
        written.append(time.monotonic())
        publish(*given)

    monkeypatch.setattr(progress, "publish", published)

    def changed() -> bool:
        standing.planned("label", "label", 1, 0, 0)
        return len(written) >= 3

    began = time.monotonic()
    soon(changed)
    kept.close()
    assert len(written) <= 1 + (time.monotonic() - began) / progress.CHANGED
    assert json.loads(storage.path(progress.PROGRESS).read_bytes())["nodes"][0]["planned"] > 10


def test_a_signal_may_come_while_counts_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tells holds the counts when it is told to end, and the thread that writes them waits for them."""
    monkeypatch.setattr(progress, "CHANGED", 0.05)
    monkeypatch.setattr(progress, "_LAST", 0.5, raising=False)
    storage, standing = Storage(tmp_path), Standing()
    (tmp_path / "ledger").mkdir()
    kept = progress.Progress(storage, standing)
    kept.began(About("r", "run", "local", 2, tmp_path, "n", "d", "h", 1, (("label", "label", "all"),), 1, None, "/"))

    def told() -> None:
        with standing._guard:
            standing.changes += 1
            time.sleep(0.3)
            kept.ended(Ending("interrupted"))

    main = threading.Thread(target=told, daemon=True)
    main.start()
    main.join(LONGEST)
    assert not main.is_alive()
    assert soon(lambda: (progress.read(storage) or {}).get("state") == "interrupted")


LIVE = """\
/data/build: running for 1 h 02 min; 31 % of the tasks; about 2 h 10 min left for what has begun, and 1 steps after it
node07:4121, runner ray, heard from 2 s ago

 stage   done    of   running   failed   rows/s   MB/s
 ─────────────────────────────────────────────────────
 parse    300   300         0        0        0    0.0
 label     61   300         2        1    5,120   18.2

runs label on shard 61, for 12 s
runs label on shard 64, for 2.0 s
longest so far: label on shard 7 1 min 05 s
label on shard 9 failed, attempt 3: OSError [Errno 5] at weft/engine/storage.py:131 in create
traces: weft logs /data/build --failed
48.6 GB free on the disk of the build
"""


def test_the_page_of_a_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rates = {"tasks_per_second": 0.5, "rows_per_second": 5120.2, "bytes_per_second": 18.2e6}
    none = dict.fromkeys(rates, 0.0)
    counts = {"rows": 0, "read_bytes": 0, "written_bytes": 0}
    reason = "OSError [Errno 5] at weft/engine/storage.py:131 in create"
    held = {
        "build": "/data/build", "state": "running", "live": True, "complete": False, "progress": 0.312,
        "eta_seconds": 7_815.0, "nodes_not_begun": ["release"], "workers": [], "leases": [],
        "free_bytes": 48_600_000_000,
        "run": {"seconds": 3_725.0, "role": "run", "host": "node07", "pid": 4121, "runner": "ray", "heard_from": 2.2},
        "stages": [
            {"stage": "parse", "tasks": 300, "done": 300, "failed": 0, "running": 0, **counts, **none},
            {"stage": "label", "tasks": 300, "done": 61, "failed": 1, "running": 2, **counts, **rates},
        ],
        "running": [
            {"node": "label", "shard": 61, "seconds": 12.1, "worker": None},
            {"node": "label", "shard": 64, "seconds": 2.0, "worker": None},
        ],
        "slowest": [{"node": "label", "shard": 7, "seconds": 65.2}],
        "unfinished": [],
        "failures": [{"node": "label", "shard": 9, "attempt": 3, "final": True, "reason": reason}],
    }  # fmt: skip
    monkeypatch.setattr("weft.engine.watching.status.status", lambda build, whole=True: held)
    assert command(["status", "/data/build"]) == 1
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == LIVE.splitlines()


def test_watching_shows_until_the_run_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finished: Path
) -> None:
    over = status(finished)
    shown = [over | {"live": True, "state": "running", "progress": share} for share in (0.25, 0.5)]
    looks = iter([*shown, over, over])
    pauses: list[float] = []
    monkeypatch.setattr("weft.engine.watching.status.status", lambda build, whole=True: next(looks))
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert command(["status", str(finished), "--watch", "--every", "7", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["progress"] for line in lines] == [0.25, 0.5, 1] and pauses == [7, 7]
    assert page.duration(59.6) == "60 s" and page.duration(3_599) == "59 min 59 s" and show.size(1e9) == "1.0 GB"


@pytest.mark.slow
def test_interrupted_runs_say_so(tmp_path: Path) -> None:
    recipe, build = marked(tmp_path, 300), tmp_path / "build"
    process = started(recipe, build)
    waited(build, lambda one: one["tasks_done"] > 1, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
    held = status(build)
    assert held["state"] == "interrupted" and not held["live"]
    assert not leases.every(build / "ledger/workers")
