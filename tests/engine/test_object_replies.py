"""Replies of model servers in object storage: sent within a second, found by the next run, paid once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.engine.corpus import write_judged
from tests.engine.killing import start
from tests.engine.machines import below, end
from tests.engine.model_server import ModelServer
from tests.engine.object_server import Server, faults_before
from tests.engine.test_objects import of_folder, stored
from tests.waiting import soon

from weft.engine import object_replies
from weft.engine.build import run
from weft.engine.object_replies import ObjectReplies, compact_objects
from weft.engine.object_storage import ObjectStorage
from weft.engine.objects import Objects, OutOfReach
from weft.engine.ray_runner import RayRunner
from weft.engine.service_budget import Budget, BudgetSpent
from weft.engine.service_replies import key_of
from weft.recipe import load
from weft.recipe.services import Service

KEYS = [key_of({"model": "m"}, number) for number in range(200)]


@pytest.fixture(autouse=True)
def settings(storage_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_TEST_KEY", "k")


def _held(url: str) -> set[int]:
    """The replies that a process finds that comes now."""
    place = ObjectReplies(ObjectStorage(url))
    place.fetch("m")
    held = place.open("m")
    found = {n for n, key in enumerate(KEYS) if (reply := held.get(key)) is not None and reply.ids == (f"d{n}",)}
    held.close()
    place.close()
    return found


def test_what_is_put_is_sent_soon_and_in_few_objects(server: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_replies, "EVERY", 0.05)
    monkeypatch.setattr(object_replies, "_TOGETHER", 4)
    with faults_before(server, share=0.15, seed=2) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        place = ObjectReplies(ObjectStorage(url))
        place.fetch("m")
        held = place.open("m")
        for number in range(100):
            held.put(KEYS[number], (f"d{number}",), f"answer {number} ".encode() * 50)
            time.sleep(0.01)
        place.send()
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        assert _held(url) == set(range(100)), "before anything is closed"
        for number in range(100, 120):
            held.put(KEYS[number], (f"d{number}",), b"x")
        held.close()
        place.close()
    assert _held(url) == set(range(120))
    storage = ObjectStorage(url)
    for number in range(120, 132):  # a process each, as after as many kills
        other = ObjectReplies(storage)
        last = other.open("m")
        last.put(KEYS[number], (f"d{number}",), b"y")
        last.close()
        other.close()
    assert len(list(storage.objects.below("replies"))) > 8
    compact_objects(storage)
    assert len(list(storage.objects.below("replies"))) == 1
    assert _held(url) == set(range(132))


def test_what_one_machine_spent_counts_on_the_next(url: str) -> None:
    service = Service.model_validate({"url": "http://127.0.0.1:1/v1", "protocol": "openai-embeddings", "model": "m"})
    for calls in (0, 2, 5):
        place = ObjectReplies(ObjectStorage(url))
        budget = Budget(place.accounts(), {"calls": calls, "tokens": None, "cost": None})
        with pytest.raises(BudgetSpent, match=f"calls {calls} spent of {calls}"):
            while True:
                asyncio.run(_asked(budget, service))
        budget.close()
        place.close()


async def _asked(budget: Budget, service: Service) -> None:
    async with budget.reserved(service, {"input": ["one text"]}):
        budget.paid_estimated(service, {"input": ["one text"]})


def test_who_asks_hears_that_nothing_is_kept(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_replies, "EVERY", 0.05)
    place = ObjectReplies(ObjectStorage(url))
    held = place.open("m")

    refused: list[str] = []

    def refuse(objects: Objects, path: str, content: bytes | Path) -> str:
        refused.append(path)
        raise OutOfReach("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(Objects, "write", refuse)
        held.put(KEYS[0], ("d0",), b"x")
        soon(lambda: refused)
        with pytest.raises(OutOfReach, match="no answer"):
            held.sync()
    soon(lambda: _held(url) == {0})
    held.sync()
    held.close()
    place.close()


@pytest.mark.slow
def test_a_killed_run_pays_again_for_no_more_than_a_second(url: str, tmp_path: Path) -> None:
    seconds, concurrency = 0.2, 4
    with ModelServer(key="k", seconds=seconds) as model:
        recipe = write_judged(tmp_path, model.url, 100)
        command = [sys.executable, "-m", "weft", "run", str(recipe), "--into", url, "--workers", "1", "--quiet"]
        going = subprocess.Popen(command, env=os.environ)
        until = time.monotonic() + 120
        while len(model.answered) < 30:
            assert time.monotonic() < until and going.poll() is None
            time.sleep(0.02)
        processes = below(going.pid)
        going.send_signal(signal.SIGKILL)
        end(*processes)
        going.wait()
        before = Counter(model.answered)
        assert run(load(recipe), url, workers=1).status == 0
        again = sum(count - 1 for count in model.answered.values())
        # A second, the time of sending it, and what was under way.
        assert again <= concurrency * (2.5 / seconds) and sum(before.values()) >= 30
        assert run(load(recipe), tmp_path / "build", workers=1).status == 0
    assert stored(url) == of_folder(tmp_path / "build")
    storage = ObjectStorage(url)
    storage.objects.delete([path for folder in ("label", "ledger") for path, _ in storage.objects.below(folder)])
    assert run(load(recipe), url, workers=1).status == 0, "the server is gone: all answers are in the storage"
    assert stored(url) == of_folder(tmp_path / "build")


@pytest.mark.slow
def test_workers_and_ray_keep_replies_there(url: str, tmp_path: Path) -> None:
    with ModelServer(key="k", seconds=0.02) as model:
        recipe = write_judged(tmp_path, model.url, 60)
        processes = [start(recipe, "--into", url) for _ in range(2)]
        for process in processes:
            _, errors = process.communicate(timeout=180)
            assert process.returncode == 0, errors
        on_ray = f"{url}-ray"
        assert run(load(recipe), on_ray, runner=RayRunner(on_ray, workers=1)).status == 0
        assert run(load(recipe), tmp_path / "build", workers=1).status == 0
    wanted = of_folder(tmp_path / "build")
    assert stored(url) == wanted and stored(on_ray) == wanted
    for place in (url, on_ray):
        storage = ObjectStorage(place)
        storage.objects.delete([path for name in ("label", "ledger") for path, _ in storage.objects.below(name)])
        assert run(load(recipe), place, workers=1).status == 0, "the server is gone"
        assert stored(place) == wanted
