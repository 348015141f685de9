"""Wall time of a plan: tasks of known length on some workers."""

from __future__ import annotations

from typing import Literal

import pytest

from weft.engine import estimate_time
from weft.engine.estimate_time import Step, export_tasks, wall_seconds, waves
from weft.engine.graph import Node, Plan


def node(name: str, each: Literal["shard", "all"], *after: str) -> Node:
    return Node(name, "label", after, each, lambda state, shard: [])


NODES = (
    node("documents", "shard"),
    node("label", "shard", "documents"),
    node("candidates", "all", "label"),
    node("clusters", "all", "candidates", "documents"),
    node("decide", "shard", "label", "clusters"),
)
PLAN = Plan(NODES, (0, 1, 2))


def taken(workers: int, *seconds: tuple[float, ...]) -> float:
    steps = [Step(one, held, 3 if one.each == "shard" else 0) for one, held in zip(NODES, seconds, strict=True)]
    return sum(wall_seconds(PLAN, steps, workers).values())


def test_a_step_that_is_planned_once_ends_a_wave() -> None:
    assert waves(PLAN) == {"documents": 0, "label": 0, "candidates": 1, "clusters": 2, "decide": 3}


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        (1, 9.0 + 4.0 + 5.0 + 3.0),
        # Two documents from 0 to 2, the third with a label to 4, the last label from 4 to 5; then 2 + 5 + 2.
        (2, 5.0 + 2.0 + 5.0 + 2.0),
        (3, 3.0 + 2.0 + 5.0 + 1.0),
        (100, 3.0 + 1.0 + 5.0 + 1.0),
    ],
)
def test_workers_share_tasks_and_one_task_has_one_worker(workers: int, expected: float) -> None:
    assert taken(workers, (2.0,), (1.0,), (1.0,) * 4, (5.0,), (1.0,)) == pytest.approx(expected)


def test_of_many_shards_the_work_is_divided() -> None:
    steps = [Step(NODES[0], (2.0,), 1_000), Step(NODES[1], (1.0,), 1_000)]
    plan = Plan(NODES[:2], tuple(range(1_000)))
    assert wall_seconds(plan, steps, 10) == pytest.approx({"documents": 200.0, "label": 100.0})


def test_tasks_are_not_given_out_faster_than_one_process_can() -> None:
    plan = Plan(NODES[:1], tuple(range(100_000)))
    told = wall_seconds(plan, [Step(NODES[0], (0.01,), 100_000)], 2_000)
    assert told["documents"] == pytest.approx(100_000 * estimate_time.DRIVER_SECONDS)


def test_a_language_is_exported_in_parts_where_the_plan_divides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_time, "EXPORT_PART", 1e10)
    assert export_tasks((30.0, 10.0), 4e9) == pytest.approx([0.75, 0.25])
    monkeypatch.setattr(estimate_time, "EXPORT_PART", 1e9)
    assert export_tasks((30.0, 10.0), 4e9) == pytest.approx([0.25] * 4)
    assert export_tasks((), 4e9) == [1.0]
