"""Counts, rates and remaining time of a run, under a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.watching.build_for_watching import outcome

from weft.engine.ledger import Entry
from weft.engine.local import LocalRunner
from weft.engine.watching.events import About
from weft.engine.watching.standing import Standing
from weft.engine.work import Outcome, Task


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def entry(node: str, shard: int, seconds: float) -> Entry:
    file = {"path": "x", "bytes": 50, "rows": 10}
    return Entry(f"{node}{shard}", node, shard, [file], {"rows_in": 10}, seconds=seconds, cpu_seconds=seconds / 2)


def test_rates_and_what_remains_follow_the_clock() -> None:
    clock = Clock()
    standing = Standing(clock)
    nodes = (("documents", "parse", "shard"), ("label", "label", "shard"), ("release", "construct", "all"))
    standing.began(About("r", "run", "local", 2, Path("b"), "n", "d", "h", 1, nodes, 100, None, "/"))
    assert standing.ratio() == 0 and standing.told()["eta_seconds"] is None
    for _ in range(100):
        standing.planned("documents", "parse", 1, 0, 1000)
    for shard in range(50):
        standing.started(Task("documents", shard, "run", "k"))
        clock.now += 1
        standing.took(outcome("documents", shard, entries=(entry("documents", shard, 2.0),)), 1, False)
        standing.told()
    told = standing.told()
    assert told["rates"]["parse"] == pytest.approx({"tasks": 1, "rows": 10, "bytes": 1000}, rel=0.05)
    # 50 tasks of 2 s are left, and 100 s of tasks took 50 s.
    assert told["eta_seconds"] == 50 and told["nodes_not_begun"] == ["label", "release"]
    assert told["progress"] == pytest.approx(50 / 201, abs=1e-4)
    clock.now += 60
    assert standing.told()["rates"]["parse"]["tasks"] == 0, "a minute without a task"
    counts = {one.node: one for one in standing.counts()}
    held = counts["documents"]
    assert (held.done, held.rows, held.read_bytes, held.written_bytes) == (50, 500, 50_000, 2_500)
    assert (held.seconds, held.cpu_seconds, held.expected) == (100, 50, 100)


def test_running_slowest_and_failures() -> None:
    clock = Clock()
    standing = Standing(clock)
    nodes = (("label", "label", "shard"),)
    standing.began(About("r", "run", "local", 2, Path("b"), "n", "d", "h", 1, nodes, 30, None, "/"))
    for shard in range(30):
        standing.planned("label", "label", 1, 0, 0)
        standing.started(Task("label", shard, "run", "k"))
        clock.now += 1
    assert len(standing.told()["running"]) == 30 and standing.running("label") == 30
    assert standing.told()["running"][0] == {"node": "label", "shard": 0, "began": 1000.0}
    standing.took(outcome("label", 0, failure="its worker process died", transient=True), 1, True)
    standing.started(Task("label", 0, "run", "k"))
    standing.took(outcome("label", 0, failure="its worker process died", transient=True), 2, False)
    for shard in range(1, 30):
        standing.took(outcome("label", shard, entries=(entry("label", shard, float(shard % 13)),)), 1, False)
    told = standing.told()
    assert told["running"] == [] and standing.running("label") == 0
    assert [one["seconds"] for one in told["slowest"]] == [12, 12, 11, 11, 10]
    assert [(one["attempt"], one["final"]) for one in told["failures"]] == [(1, False), (2, True)]
    (node,) = told["nodes"]
    assert (node["done"], node["failed"], node["retried"]) == (29, 1, 1) and standing.ratio() == 1


@pytest.mark.slow
def test_a_task_begins_when_a_worker_has_it(tmp_path: Path) -> None:
    runner, heard, most = LocalRunner(str(tmp_path), 1, _nothing), [], 0
    runner.begun = heard.append
    for shard in range(6):
        runner.submit(Task("label", shard, "run", f"k{shard}"))
    over: list[int] = []
    while len(over) < 6:
        for one in runner.outcomes():
            over.append(one.task.shard)
            most = max(most, len(heard) - len(over))
    runner.close()
    assert [task.shard for task in heard] == list(range(6)) and most <= 1


def _nothing(root: str, task: Task) -> Outcome:
    return Outcome(task)
