"""The batch API: each request is paid once, whatever becomes of its batch and whenever the run is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from weft.engine.service_batches import BatchClient
from weft.engine.service_client import Client, ServiceDown, ServiceStopped, Unanswered
from weft.engine.service_replies import Replies
from weft.recipe.services import Service
from weft.sample.fake_server import FakeServer

TEXTS = [f"Mtoto wa {n} anasoma." for n in range(25)]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(batch_seconds=0.05) as made:
        yield made


def service(server: FakeServer, **more: Any) -> Service:
    batch = {"requests": 10, "wait_seconds": 0.05, "poll_seconds": 0.03}
    given = {"url": server.url, "protocol": "openai-chat", "model": "m", "backoff_seconds": 0.01, "batch": batch}
    return Service.model_validate(given | {"give_up_seconds": 1.0} | more)


def chat(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 50}


def with_client(folder: Path, one: Service, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        replies = Replies(folder / "replies")
        client = Client("maker", one, replies)
        try:
            return await work(client)
        finally:
            await client.close()
            replies.close()

    return asyncio.run(run())


async def every(client: Client, texts: list[str]) -> list[Any]:
    asked = (client.called(chat(text), f"d{n}") for n, text in enumerate(texts))
    return await asyncio.gather(*asked, return_exceptions=True)


def said(text: str) -> str:
    words = text.split()
    return " ".join(sorted(words))


def test_requests_travel_in_batches_and_answers_are_kept(tmp_path: Path, server: FakeServer) -> None:
    found = with_client(tmp_path, service(server), lambda client: every(client, TEXTS))
    assert [said(answer["text"]) for answer, _ in found] == [said(text) for text in TEXTS]
    assert {tries for _, tries in found} == {1}
    assert server.stats()["batches"].items() >= {"made": 3, "files": 6, "lines": 25, "answered": 25}.items()
    again = with_client(tmp_path, service(server), lambda client: every(client, TEXTS))
    assert again == found and server.stats()["paid"]["calls"] == 25 and server.stats()["batches"]["made"] == 3


def test_answers_of_batches_cost_what_batches_cost(tmp_path: Path, server: FakeServer) -> None:
    import pyarrow as pa

    priced = service(server, price={"input": 2.0, "output": 4.0, "batch_discount": 0.5})
    batch = pa.table({"id": ["a"], "source": ["s"], "locator": ["l"]})

    async def work(client: Client) -> Any:
        return await BatchClient({"maker": client}, batch, "x").call(0, chat(TEXTS[0]))

    first = with_client(tmp_path, priced, work)
    assert first.call["cost"] == pytest.approx((5 * 2 + 5 * 4) / 2 / 1e6) and first.call["tokens_in"] == 5
    later = with_client(tmp_path, priced.model_copy(update={"batch": None}), work)
    assert later == first, "what was paid is told alike, however it would be asked now"


@pytest.mark.parametrize(
    ("mark", "tries", "made"), [("error 1", 2, 2), ("busy 2", 3, 3), ("expire 1", 2, 2), ("truncated", 1, 1)]
)
def test_what_a_batch_does_not_answer_travels_again(
    tmp_path: Path, server: FakeServer, mark: str, tries: int, made: int
) -> None:
    texts = [*TEXTS[:4], f"{TEXTS[4]} [[fake {mark}]]", *TEXTS[5:9]]
    found = with_client(tmp_path, service(server), lambda client: every(client, texts))
    assert found[4][1] == tries and all(isinstance(answer["text"], str) for answer, _ in found)
    assert server.stats()["paid"]["calls"] == 9 and server.stats()["batches"]["made"] == made


@pytest.mark.parametrize(
    ("mark", "reason", "detail"),
    [
        ("refuse", "service_refused", "status 422: the request is too long"),
        ("invalid", "service_refused", "the request is not valid"),
        ("error", "service_failed", "3 batches; the last: status 500: out of memory"),
    ],
)
def test_a_request_that_is_at_fault_costs_its_row_alone(
    tmp_path: Path, server: FakeServer, mark: str, reason: str, detail: str
) -> None:
    texts = [*TEXTS[:4], f"{TEXTS[4]} [[fake {mark}]]"]
    found = with_client(tmp_path, service(server, retries=2), lambda client: every(client, texts))
    assert isinstance(found[4], Unanswered) and found[4].reason == reason and detail in found[4].detail
    assert [said(answer["text"]) for answer, _ in found[:4]] == [said(text) for text in TEXTS[:4]]
    assert server.stats()["paid"]["calls"] == 4


def test_a_batch_that_fails_or_is_cancelled_ends_the_task_and_the_next_run_sends_another(
    tmp_path: Path, server: FakeServer
) -> None:
    for mark, error in (("fail 1", ServiceDown), ("cancel 1", ServiceStopped)):
        texts = [*TEXTS[:3], f"{mark} [[fake {mark}]]"]
        found = with_client(tmp_path / mark, service(server), lambda client, texts=texts: every(client, texts))
        assert {type(one) for one in found} in ({error}, {error, tuple})
        told = str(next(one for one in found if isinstance(one, error)))
        assert "batch_0" in told and ("too many tokens" if mark == "fail 1" else "was cancelled") in told
        found = with_client(tmp_path / mark, service(server), lambda client, texts=texts: every(client, texts))
        assert all(isinstance(one, tuple) for one in found)
    assert server.stats()["paid"]["again"] == 3, "the runs share three texts, and each paid them once"


def test_a_server_without_batches_or_gone_is_told(tmp_path: Path, server: FakeServer) -> None:
    wrong = service(server, url=f"{server.url}/nothing")
    (found,) = with_client(tmp_path, wrong, lambda client: every(client, TEXTS[:1]))
    assert isinstance(found, ServiceStopped) and "a server with a batch API" in str(found)
    gone = service(server, url="http://127.0.0.1:9/v1", give_up_seconds=0.1)
    (found,) = with_client(tmp_path, gone, lambda client: every(client, TEXTS[:1]))
    assert isinstance(found, ServiceDown)


RUN = """
import asyncio, json, sys
from pathlib import Path
from weft.engine import service_gathered
from weft.engine.service_client import Client
from weft.engine.service_replies import Replies
from weft.recipe.services import Service

async def run(folder, described, bodies):
    replies = Replies(Path(folder))
    client = Client("maker", Service.model_validate_json(described), replies)
    found = await asyncio.gather(*(client.one(body, "d") for body in json.loads(bodies)))
    await client.close()
    replies.close()
    print(json.dumps([answer["text"] for answer in found]))

service_gathered._SETTLED = 0.2
asyncio.run(run(*sys.argv[1:]))
"""


def test_no_kill_pays_a_request_twice(tmp_path: Path, server: FakeServer) -> None:
    server.batch_seconds = server.batches.seconds = 0.4
    command = [sys.executable, "-c", RUN, str(tmp_path / "replies"), service(server).model_dump_json()]
    command.append(json.dumps([chat(text) for text in TEXTS]))
    began = time.monotonic()
    for state in ("files", "made", "answered"):  # killed as soon as the server has seen that much of this run
        before = server.stats()["batches"][state]
        process = subprocess.Popen(command)
        while server.stats()["batches"][state] == before and process.poll() is None:
            assert time.monotonic() - began < 60
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [said(text) for text in json.loads(done.stdout)] == [said(text) for text in TEXTS]
    assert server.stats()["paid"] | {"input_tokens": 0, "output_tokens": 0} == {
        "calls": 25, "distinct": 25, "again": 0, "input_tokens": 0, "output_tokens": 0,
    }  # fmt: skip


def test_a_batch_that_was_made_and_not_noted_is_found(tmp_path: Path, server: FakeServer) -> None:
    from weft.engine import service_gathered

    async def killed(client: Client) -> Any:
        put = client.replies.put

        def losing(key: bytes, ids: Any, body: bytes) -> None:
            if not body.startswith(b"batch_"):
                put(key, ids, body)

        client.replies.put = losing  # type: ignore[method-assign]
        asking = asyncio.ensure_future(every(client, TEXTS[:5]))
        while not server.stats()["batches"]["made"]:
            await asyncio.sleep(0.01)
        asking.cancel()

    with_client(tmp_path, service(server), killed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_gathered, "_SETTLED", 0.1)
        found = with_client(tmp_path, service(server), lambda client: every(client, TEXTS[:5]))
    assert [said(answer["text"]) for answer, _ in found] == [said(text) for text in TEXTS[:5]]
    assert server.stats()["batches"]["made"] == 1 and server.stats()["paid"]["calls"] == 5
