"""What goes wrong on this side of a service: a full disk, a key that cannot be sent, a process of tasks that dies."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.engine.model_server import ModelServer

from weft.engine.apply import Ready
from weft.engine.local import LocalRunner, rooms_registry
from weft.engine.service_batches import run_service
from weft.engine.service_client import Client, ServiceStopped
from weft.engine.service_lane import ServiceLane
from weft.engine.service_replies import Replies
from weft.engine.work import SERVED, Outcome, Task
from weft.recipe.services import Service

BATCH = pa.table({name: ["a", "b", "c"] for name in ("id", "source", "locator", "text")})


def _judged(folder: Path, server: ModelServer, **more: Any) -> tuple[pa.Table, pa.Table]:
    spec = rooms_registry().get("label.judged")
    step = Ready(spec, spec.build(service="judge", prompt="Is it good?"), None)
    service = Service.model_validate({"url": server.url, "protocol": "openai-chat", "model": "m"} | more)

    async def asked() -> tuple[pa.Table, pa.Table]:
        client = Client("judge", service, Replies(folder))
        try:
            return await run_service(step, BATCH, {"service": client})
        finally:
            await client.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_replies_that_cannot_be_kept_end_the_task_and_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Replies, "put", full)
    with ModelServer() as server, pytest.raises(OSError, match=os.strerror(number)):
        _judged(tmp_path, server)


@pytest.mark.parametrize("more", [{"api_key_env": "WEFT_TEST_KEY"}, {"headers_env": {"X-Key": "WEFT_TEST_KEY"}}])
def test_a_key_that_cannot_be_sent_stops_the_service_and_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    monkeypatch.setenv("WEFT_TEST_KEY", "sk-one\nsk-two")
    with ModelServer() as server, pytest.raises(ServiceStopped) as stopped:
        _judged(tmp_path, server, **more)
    assert "WEFT_TEST_KEY" in str(stopped.value) and "sk-" not in str(stopped.value)


def test_a_key_may_end_in_a_line_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_TEST_KEY", "sk-one\n")
    with ModelServer(key="sk-one") as server:
        labelled, errors = _judged(tmp_path, server, api_key_env="WEFT_TEST_KEY")
    assert labelled["judged"].null_count == 0 and not errors.num_rows


def test_a_number_too_large_for_a_float_is_unreadable(tmp_path: Path) -> None:
    from weft.label.judged import _read

    with pytest.raises(ValueError, match="the score is no number"):
        _read('{"score": 1' + "0" * 400 + "}", 0, 5)


def _waits(root: str, task: Task) -> Outcome:
    threading.Event().wait()
    return Outcome(task)


def _done(root: str, task: Task) -> Outcome:
    return Outcome(task)


def test_an_answer_after_the_end_of_its_task_ends_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process wrote before it died may be read after its tasks were given up."""
    unheard: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", unheard.append)
    lane = ServiceLane.__new__(ServiceLane)
    lane._open, lane._guard = {}, threading.Lock()
    ours, theirs = _pipe()
    lane._pipe = ours
    theirs.send((1, Outcome(Task("n", 0, SERVED, "k"))))
    theirs.close()
    thread = threading.Thread(target=lane._listen)
    thread.start()
    thread.join(300)
    assert not thread.is_alive() and not unheard


def _pipe() -> tuple[Connection, Connection]:
    import multiprocessing

    return multiprocessing.Pipe()


def _taken(runner: LocalRunner, count: int) -> list[Outcome]:
    found: list[Outcome] = []
    while len(found) < count:
        found += runner.outcomes(0.2)
    return found


@pytest.mark.slow
def test_a_process_of_service_tasks_that_dies_idle_costs_no_attempt(tmp_path: Path) -> None:
    runner = LocalRunner(str(tmp_path), 1, _done)
    try:
        runner.submit(Task("n", 0, SERVED, "first"))
        assert [one.failure for one in _taken(runner, 1)] == [None]
        assert runner._lane is not None
        runner._lane._process.kill()
        runner._lane._process.join()
        runner._lane._thread.join(300)
        for number in range(4):
            runner.submit(Task("n", number, SERVED, f"second {number}"))
        assert [one.failure for one in _taken(runner, 4)] == [None] * 4 and runner.busy == 0
    finally:
        runner.close()


@pytest.mark.slow
def test_what_is_left_of_a_dead_process_ends_no_new_one(tmp_path: Path) -> None:
    runner = LocalRunner(str(tmp_path), 1, _waits)
    try:
        for number in range(3):
            runner.submit(Task("n", number, SERVED, f"k {number}"))
        assert not list(runner.outcomes(0.2)) and runner.busy == 3
        assert runner._lane is not None
        runner._lane._process.kill()
        held = dict(runner._served)
        found = _taken(runner, 3)
        assert all(one.transient for one in found) and len(held) == 3 and runner.busy == 0
        runner.submit(found[0].task)
        assert not list(runner.outcomes(0.2)) and runner._lane is not None
        lane = runner._lane
        # A future of the old process whose end is noticed only now.
        late = next(iter(held))
        runner._served[late] = found[1].task
        assert [one.transient for one in runner.outcomes(0.2)] == [True]
        assert runner._lane is lane and not lane.broken and runner.busy == 1
    finally:
        runner.close()
