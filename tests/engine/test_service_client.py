"""One client and a server with faults: limits hold, answers come, each is paid once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.model_server import ModelServer, vector

from weft.engine.service_client import Client, ServiceDown, ServiceStopped, Unanswered
from weft.engine.service_http import _pause as retry_after
from weft.engine.service_limits import Slots
from weft.engine.service_replies import Replies
from weft.recipe.services import Service


def _service(server: ModelServer, protocol: str = "openai-chat", **more: Any) -> Service:
    given = {"url": server.url, "protocol": protocol, "model": "m", "backoff_seconds": 0.01, "give_up_seconds": 0.5}
    return Service.model_validate(given | more)


def _with_client(folder: Path, service: Service, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        replies = Replies(folder / "replies")
        client = Client("judge", service, replies)
        try:
            return await work(client)
        finally:
            await client.close()
            replies.close()

    return asyncio.run(run())


def _chat(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


async def _all(client: Client, texts: list[str]) -> list[Any]:
    asked = (client.one(_chat(text), f"d{n}") for n, text in enumerate(texts))
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_change_no_answer(tmp_path: Path, seed: int) -> None:
    texts = [f"text {n}" for n in range(80)]
    with ModelServer() as calm:
        expected = _with_client(tmp_path / "calm", _service(calm), lambda c: _all(c, texts))
    with ModelServer(faults=0.5, seed=seed) as wild:
        service = _service(wild, concurrency=8, retries=30)
        found = _with_client(tmp_path / "wild", service, lambda c: _all(c, texts))
    assert found == expected and len({answer["text"] for answer in found}) > 4
    assert set(wild.answered.values()) == {1} and len(wild.answered) == 80
    assert sum(wild.statuses.values()) > 90 and wild.statuses[429] + wild.statuses[503] > 0


def test_no_more_requests_are_in_flight_than_asked_for(tmp_path: Path) -> None:
    with ModelServer(seconds=0.02) as server:
        _with_client(tmp_path, _service(server, concurrency=5), lambda c: _all(c, [f"t{n}" for n in range(60)]))
    assert server.most_in_flight == 5


def test_no_more_requests_begin_than_a_rate_allows(tmp_path: Path) -> None:
    with ModelServer() as server:
        service = _service(server, requests_per_minute=900)
        began = time.monotonic()
        _with_client(tmp_path, service, lambda c: _all(c, [f"t{n}" for n in range(45)]))
    assert time.monotonic() - began >= 1.8
    times = np.array(server.begun)
    most = max(int(((times >= at) & (times < at + 1)).sum()) for at in times)
    assert most <= 32, "a second's worth may go at once, and as much within that second"


def test_tokens_are_counted_as_the_server_counts_them(tmp_path: Path) -> None:
    with ModelServer() as server:  # it says 100 for each
        service = _service(server, tokens_per_minute=60_000, concurrency=1)
        began = time.monotonic()
        _with_client(tmp_path, service, lambda c: _all(c, [f"t{n}" for n in range(30)]))
    assert 1.5 <= time.monotonic() - began <= 10


def test_an_overloaded_server_is_asked_less(tmp_path: Path) -> None:
    with ModelServer(seconds=0.01, most=3) as server:
        service = _service(server, concurrency=32)
        found = _with_client(tmp_path, service, lambda c: _all(c, [f"t{n}" for n in range(120)]))
    assert all(isinstance(answer, dict) for answer in found)
    assert server.statuses[200] == 120 and server.statuses[429] < 120


def test_slots_halve_once_for_what_was_under_way_and_grow_again() -> None:
    async def work() -> list[int]:
        slots, seen = Slots(16), []
        slots.overloaded(began=1.0, now=2.0)
        slots.overloaded(began=1.5, now=2.1)
        seen.append(slots.limit)
        slots.overloaded(began=2.5, now=3.0)
        seen.append(slots.limit)
        for _ in range(4 + 5):
            slots.succeeded()
        return [*seen, slots.limit]

    assert asyncio.run(work()) == [8, 4, 6]


def test_a_slot_that_nobody_waits_for_any_more_is_free() -> None:
    async def work() -> None:
        slots = Slots(1)

        async def hold(seconds: float) -> None:
            async with slots.taken():
                await asyncio.sleep(seconds)

        first, second = asyncio.create_task(hold(0.05)), asyncio.create_task(hold(0))
        await asyncio.sleep(0.01)
        second.cancel()
        await first
        await asyncio.wait_for(hold(0), 1)
        assert slots.busy == 0

    asyncio.run(work())


def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    with ModelServer(seconds=0.05) as server:
        found = _with_client(tmp_path, _service(server), lambda c: _all(c, ["same"] * 20))
        again = _with_client(tmp_path, _service(server), lambda c: _all(c, ["same", "same"]))
    assert server.statuses[200] == 1 and len({answer["text"] for answer in [*found, *again]}) == 1


def test_answers_are_there_when_the_server_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"t{n}" for n in range(10)]
    with ModelServer(key="k") as server:
        monkeypatch.setenv("SOME_KEY", "k")
        service = _service(server, api_key_env="SOME_KEY")
        found = _with_client(tmp_path, service, lambda c: _all(c, texts))
    monkeypatch.delenv("SOME_KEY")
    moved = service.model_copy(update={"url": "http://127.0.0.1:9", "concurrency": 1})
    assert _with_client(tmp_path, moved, lambda c: _all(c, texts)) == found
    other = moved.model_copy(update={"revision": "2"})
    (refused,) = _with_client(tmp_path, other, lambda c: _all(c, texts[:1]))
    assert isinstance(refused, ServiceStopped) and "SOME_KEY is not set" in str(refused)


def test_what_is_refused_costs_its_row_alone(tmp_path: Path) -> None:
    with ModelServer(refuse=("t3",)) as server:
        found = _with_client(tmp_path, _service(server), lambda c: _all(c, [f"t{n}" for n in range(6)]))
    assert [n for n, one in enumerate(found) if isinstance(one, Unanswered)] == [3]
    assert found[3].reason == "service_refused" and found[3].detail == "status 422: too long for the model"


def test_what_always_fails_while_others_succeed_costs_its_row_alone(tmp_path: Path) -> None:
    with ModelServer(poison=("t3.",), seconds=0.03) as server:
        service = _service(server, retries=3, concurrency=2)
        found = _with_client(tmp_path, service, lambda c: _all(c, [f"t{n}." for n in range(40)]))
    assert [n for n, one in enumerate(found) if isinstance(one, Unanswered)] == [3]
    assert found[3].reason == "service_failed" and "status 500: out of memory" in found[3].detail


@pytest.mark.parametrize("before", [0, 6])
def test_what_always_fails_as_the_last_costs_its_row_alone(tmp_path: Path, before: int) -> None:
    """Nothing else is left that could tell that the server is there: a shard would fail in every run."""
    texts = [f"t{n}." for n in range(before)]
    with ModelServer(poison=("bad",)) as server:
        service = _service(server, retries=3)
        assert len(_with_client(tmp_path, service, lambda c: _all(c, texts))) == before
        (found,) = _with_client(tmp_path, service, lambda c: _all(c, ["bad"]))
    assert isinstance(found, Unanswered) and found.reason == "service_failed"
    assert "status 500: out of memory" in found.detail
    with ModelServer(poison=("bad", "Hello.")) as server:
        (found,) = _with_client(tmp_path, _service(server, retries=3), lambda c: _all(c, ["bad"]))
        assert isinstance(found, ServiceDown), "it answers nothing at all"
        several = _with_client(tmp_path, _service(server, retries=3), lambda c: _all(c, ["bad", "as bad"]))
    with ModelServer(poison=("bad",)) as server:
        several += _with_client(tmp_path, _service(server, retries=3), lambda c: _all(c, ["bad", "as bad"]))
    assert {type(one) for one in several} == {ServiceDown}, "what fails on all may be the server's own fault"


def test_a_server_that_is_gone_is_told_once_and_soon(tmp_path: Path) -> None:
    with ModelServer() as server:
        service = _service(server, give_up_seconds=3)
    began = time.monotonic()
    found = _with_client(tmp_path, service, lambda c: _all(c, [f"t{n}" for n in range(50)]))
    assert time.monotonic() - began < 100, "not each for itself"
    assert {type(one) for one in found} == {ServiceDown} and len({str(one) for one in found}) == 1
    assert f"service judge at {service.url} has answered nothing for" in str(found[0]) and "the last: " in str(found[0])


def test_a_server_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    with ModelServer(faults=1.0) as server:

        async def work(client: Client) -> list[Any]:
            asked = asyncio.create_task(_all(client, ["a", "b"]))
            await asyncio.sleep(0.3)
            server.faults = 0.0
            return await asked

        found = _with_client(tmp_path, _service(server, give_up_seconds=30, retries=1), work)
    assert all(isinstance(one, dict) for one in found)


def test_a_wrong_key_stops_at_once_and_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "secret-key-1")
    with ModelServer(key="another") as server:
        service = _service(server, api_key_env="SOME_KEY", concurrency=2)
        found = _with_client(tmp_path, service, lambda c: _all(c, [f"t{n}" for n in range(30)]))
    assert {type(one) for one in found} == {ServiceStopped} and server.statuses[401] <= 2
    assert f"service judge at {service.url}: status 401: no key Bearer …" in str(found[0])
    assert not any(b"secret-key" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_texts_of_like_length_travel_together(tmp_path: Path) -> None:
    texts = ["x" * (30 * (n % 10 + 1)) + str(n) for n in range(50)]
    ids = [f"d{n}" for n in range(50)]
    with ModelServer() as server:
        service = _service(server, "openai-embeddings", items_per_request=8, tokens_per_request=500, concurrency=1)
        found = _with_client(tmp_path, service, lambda c: c.many(texts, {}, ids))
        requests = len(server.answered)
        more = _with_client(tmp_path, service, lambda c: c.many([*texts[::-1], "new"], {}, [*ids, "e"]))
    assert [list(one) for one in found] == [vector(text) for text in texts]
    assert [list(one) for one in more] == [vector(text) for text in [*texts[::-1], "new"]]
    assert sum(server.sizes) == 51 and max(server.sizes) <= 8 and requests < 15
    assert server.sizes[-1] == 1, "what was answered is not asked again, whatever it is asked with"


def test_one_text_that_is_refused_does_not_spoil_those_beside_it(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(20)]
    with ModelServer(refuse=("text 7", "text 13")) as server:
        service = _service(server, "tei-predict")
        found = _with_client(tmp_path, service, lambda c: c.many(texts, {}, texts))
    assert [n for n, one in enumerate(found) if isinstance(one, Unanswered)] == [7, 13]
    assert found[0][0]["label"] == "long"


def test_a_wait_is_given_as_seconds_or_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    assert retry_after("2.5") == 2.5 and retry_after("-3") == 0 and retry_after("99999") == 300
    assert 30 < (retry_after(later) or 0) <= 40
    assert retry_after(None) is None and retry_after("soon") is None and retry_after("nan") is None
