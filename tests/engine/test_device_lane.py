"""Tasks of GPU operators: a process for each device, one task at a time in it, beside the workers."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pytest

from weft.engine.device_lane import devices
from weft.engine.local import LocalRunner
from weft.engine.work import Outcome, Task

GPUS = 3


def _where(root: str, task: Task) -> Outcome:
    """Says on which device and in which process it ran, and when; the one called `dies` ends its process."""
    began = time.monotonic()
    mark = Path(root) / f"{task.key}.tried"
    if task.key.startswith("dies") and not mark.exists():
        mark.touch()
        os._exit(9)
    time.sleep(0.05)
    said = f"{os.environ.get('CUDA_VISIBLE_DEVICES')} {os.getpid()} {began} {time.monotonic()}"
    return Outcome(task, worker=said)


def _all(runner: LocalRunner, count: int) -> list[Outcome]:
    found: list[Outcome] = []
    while len(found) < count:
        found += runner.outcomes(5.0)
    return found


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRunner:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(4, 4 + GPUS))))
    return LocalRunner(str(tmp_path), 1, _where)


def test_each_device_has_one_process_and_one_task_at_a_time(runner: LocalRunner) -> None:
    try:
        for number in range(12):
            runner.submit(Task("label_gpu", number, "labels", f"k{number}"))
        runner.submit(Task("label", 0, "labels", "cores"))
        found = {outcome.task.key: outcome.worker.split() for outcome in _all(runner, 13)}
    finally:
        runner.close()
    cores = found.pop("cores")
    by_device: dict[str, list[list[str]]] = {}
    for device, *rest in found.values():
        by_device.setdefault(device, []).append(rest)
    assert set(by_device) == {"4", "5", "6"}
    for rows in by_device.values():
        assert len({process for process, *_ in rows}) == 1
        spans = sorted((float(began), float(ended)) for _, began, ended in rows)
        assert all(ended <= after for (_, ended), (after, _) in itertools.pairwise(spans))
    assert cores[1] not in {rows[0][0] for rows in by_device.values()}
    assert runner.busy == 0


def test_a_device_process_that_dies_costs_its_task_an_attempt_and_no_other(runner: LocalRunner) -> None:
    try:
        for number in range(4):
            runner.submit(Task("label_gpu_1", number, "labels", f"{'dies' if number == 1 else 'k'}{number}"))
        found = {outcome.task.key: outcome for outcome in _all(runner, 4)}
        assert [key for key, outcome in found.items() if outcome.failure] == ["dies1"] and found["dies1"].transient
        assert "its GPU" in str(found["dies1"].failure)
        runner.submit(found["dies1"].task)
        (again,) = _all(runner, 1)
        assert again.failure is None and runner.busy == 0
    finally:
        runner.close()


def test_devices_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-7")
    assert devices() == ["2", "GPU-7"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices() == [None]
