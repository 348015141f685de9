"""Labels from model servers on a Ray cluster: one actor asks for the whole run."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.engine.corpus import contents, write_judged
from tests.engine.machines import Machines
from tests.engine.model_server import ModelServer

from weft.engine import ray_runner
from weft.engine.build import run
from weft.engine.ray_runner import RayRunner
from weft.engine.scheduler import ATTEMPTS
from weft.engine.work import SERVED, Task
from weft.recipe import load


@pytest.mark.slow
def test_a_cluster_asks_from_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_TEST_KEY", "k")
    with ModelServer(key="k", seconds=0.02) as server:
        recipe = write_judged(tmp_path, server.url, 80)
        asking = RayRunner(str(tmp_path / "ray"), workers=2)
        assert run(load(recipe), tmp_path / "ray", runner=asking).status == 0
        assert server.most_in_flight <= 4 and set(server.answered.values()) == {1}
        assert run(load(recipe), tmp_path / "local", workers=1).status == 0
    for folder in ("construct", "label/judged"):
        assert contents(tmp_path / "ray" / folder) == contents(tmp_path / "local" / folder)


class _Lost(Exception):
    pass


def test_questions_of_a_lost_actor_leave_the_new_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are told of one after the other, while a new actor asks: a third would ask beyond the limits."""
    monkeypatch.setattr(ray_runner, "TOGETHER", 2)
    made: list[Any] = []

    class Ray:
        exceptions = SimpleNamespace(
            RayTaskError=KeyError, RayError=_Lost, OutOfMemoryError=KeyError, NodeDiedError=_Lost
        )
        numbers = itertools.count()

        def remote(self, kind: type) -> Any:
            def start() -> Any:
                made.append(SimpleNamespace(work=SimpleNamespace(remote=lambda *_: next(self.numbers))))
                return made[-1]

            return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=start))

        def get(self, ref: int) -> Any:
            raise _Lost("the actor died")

    runner = RayRunner(str(tmp_path), 1)
    cluster = SimpleNamespace(runtime={}, place=None, somewhere=dict, look_again=list, logs=str)
    monkeypatch.setattr(runner, "_cluster", cluster)
    monkeypatch.setattr(runner, "_ray", Ray())
    monkeypatch.setattr(runner, "_open", True)
    for number in range(4):
        runner.submit(Task("n", number, SERVED, f"k{number}", arguments={"services": {}}))
    runner._ask()
    first, second = runner._running
    assert runner._taken(first).transient
    runner._ask()
    assert len(made) == 2
    assert runner._taken(second).transient and runner._asker is made[1]
    runner._ask()
    assert len(made) == 2 and runner.busy == 2


@pytest.mark.slow
def test_a_first_machine_without_cores_asks_nothing(tmp_path: Path) -> None:
    machines = Machines({"num_cpus": 1}, {"num_cpus": 1})
    runner = RayRunner(str(tmp_path), address=machines.address)
    try:
        (tmp_path / "ledger").mkdir()
        for number in range(2):
            task = Task("n", number, SERVED, f"k{number}", arguments={"services": {}})
            for _ in range(ATTEMPTS):
                runner.submit(task)
                (outcome,) = runner.outcomes()
                if not outcome.transient:
                    break
            assert "KeyError" in str(outcome.failure) and outcome.worker is not None
            pid = int(outcome.worker.rpartition(":")[2])
            machines.lose(machines.node_of(pid))
    finally:
        runner.close()
        machines.close()
