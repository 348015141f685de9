"""Requests gathered into batches for the batch API of a server: uploaded as a file, looked at until they are answered.

No request is paid twice. Which requests a batch holds is written beside the replies before it is sent, and its id when
the server has taken it; a batch that was sent and whose id nobody wrote down is found by its mark among those of the
server. A batch that is open when a run ends is followed by the next run.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from weft.engine.service_http import Line, Outcome
from weft.engine.service_replies import Replies, key_of
from weft.operators.protocols import PROTOCOLS
from weft.recipe.services import Service

_MARK = "weft"
"""Field of a batch's metadata that says which requests it holds."""
_LARGEST = 90 << 20
"""Bytes of one file, at most."""
_SETTLED = 30.0
"""Seconds after which a server lists every batch that it was sent."""
_LONGEST_WAIT = 30.0
_ENDED = ("completed", "failed", "expired", "cancelled")
_AGAIN = (408, 409, 425, 429)


class Found(NamedTuple):
    """What became of a request; `tries`: in how many batches it was."""

    verdict: Literal["answered", "refused", "failing", "again", "down", "stopped"]
    answer: Any = None
    detail: str = ""
    tries: int = 1


class Results:
    """What became of the requests of a batch, by key, and what holds for those that it says nothing of."""

    def __init__(self, found: Mapping[bytes, Found], rest: Found) -> None:
        self._found, self._rest = dict(found), rest

    def take(self, key: bytes) -> Found:
        """What became of a request, once: whoever asks again finds the kept reply."""
        return self._found.pop(key, self._rest)


class _Fault(Exception):
    """Ends all that wait for a batch."""

    def __init__(self, found: Found) -> None:
        super().__init__(found.detail)
        self.found = found


@dataclass
class _Waiting:
    key: bytes
    attempt: int
    line: bytes
    sent: asyncio.Future[asyncio.Task[Results]]


class Gathered:
    """The batches of one service, for all tasks of a process; runs in one event loop."""

    def __init__(self, service: Service, replies: Replies, line: Line) -> None:
        assert service.batch is not None
        self._service, self._batch = service, service.batch
        self._replies, self._line = replies, line
        self._protocol = PROTOCOLS[service.protocol]
        self._identity = service.identity()
        self._queue: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._open: dict[str, asyncio.Task[Results]] = {}

    async def ask(self, key: bytes, body: Mapping[str, Any]) -> Found:
        """What became of a request, in the batch that holds it already or in a new one."""
        attempt, token = self._noted(key)
        found = Found("again")
        while True:
            if token is None:
                if attempt > self._service.retries:
                    return found._replace(verdict="failing", detail=f"{attempt} batches; the last: {found.detail}")
                task = await self._queued(key, attempt, body)
                attempt += 1
            elif (held := self._open.get(token)) is not None:
                task = held
            else:
                task = self._start(token, self._resumed(token))
            try:
                results = await asyncio.shield(task)
            except _Fault as fault:
                return fault.found
            found = results.take(key)._replace(tries=attempt)
            if found.verdict != "again":
                return found
            token = None

    def _noted(self, key: bytes) -> tuple[int, str | None]:
        """In how many batches a request was, and the mark of the last."""
        attempt, token = 0, None
        while (held := self._replies.get(self._name("request", key.hex(), attempt))) is not None:
            attempt, token = attempt + 1, held.body.decode()
        return attempt, token

    def _name(self, *parts: object) -> bytes:
        return key_of(self._identity, ["batch", *parts])

    async def _queued(self, key: bytes, attempt: int, body: Mapping[str, Any]) -> asyncio.Task[Results]:
        loop = asyncio.get_running_loop()
        said = {"custom_id": key.hex(), "method": "POST", "url": f"/v1/{self._protocol.path}", "body": dict(body)}
        line = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        one = _Waiting(key, attempt, line, loop.create_future())
        if sum(len(other.line) for other in self._queue) + len(line) > _LARGEST:
            self._flush()
        self._queue.append(one)
        if len(self._queue) >= self._batch.requests:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(self._batch.wait_seconds, self._flush)
        return await one.sent

    def _flush(self) -> None:
        """Send what waits as one batch."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        group, self._queue = self._queue, []
        if not group:
            return
        named = sorted((one.key.hex(), one.attempt) for one in group)
        token = self._name("mark", named).hex()
        task = self._start(token, self._sent(token, group))
        for one in group:
            if not one.sent.done():
                one.sent.set_result(task)

    def _start(self, token: str, work: Any) -> asyncio.Task[Results]:
        task = self._open[token] = asyncio.get_running_loop().create_task(work)

        def ended(done: asyncio.Task[Results]) -> None:
            if done.cancelled() or done.exception() is not None:  # whoever asks next looks again what became of it
                self._open.pop(token, None)

        task.add_done_callback(ended)
        return task

    async def _sent(self, token: str, group: list[_Waiting]) -> Results:
        self._replies.put(self._name("intent", token), (), repr(time.time()).encode())
        for one in group:
            self._replies.put(self._name("request", one.key.hex(), one.attempt), (), token.encode())
        await asyncio.to_thread(self._replies.secure)
        lines = b"".join(one.line for one in group)
        file = await self._insist(lambda: self._line.upload(f"{token}.jsonl", lines))
        asked = {
            "input_file_id": file["id"],
            "endpoint": f"/v1/{self._protocol.path}",
            "completion_window": self._batch.window,
            "metadata": {_MARK: token},
        }

        tries = 0

        async def make() -> Outcome:
            nonlocal tries
            tries += 1
            # A try that seemed to fail may have been taken.
            found = await self._insist(lambda: self._search(token)) if tries > 1 else None
            return Outcome("answered", found) if found else await self._line.put("batches", asked)

        made = await self._insist(make)
        return await self._followed(token, str(made["id"]), resumed=False)

    async def _resumed(self, token: str) -> Results:
        """The results of a batch that an earlier run has sent, or wanted to send."""
        held = self._replies.get(self._name("id", token))
        if held is not None:
            return await self._followed(token, held.body.decode(), resumed=True)
        intent = self._replies.get(self._name("intent", token))
        age = time.time() - float(intent.body) if intent is not None else _SETTLED
        found = await self._insist(lambda: self._search(token))
        if not found and age < _SETTLED:  # it may be on its way into the list
            await asyncio.sleep(min(self._batch.poll_seconds, _SETTLED - max(age, 0.0)))
            found = await self._insist(lambda: self._search(token))
        if not found:
            return Results({}, Found("again", detail="its batch was never made"))
        return await self._followed(token, str(found["id"]), resumed=True)

    async def _search(self, token: str) -> Outcome:
        """The batch with this mark among those of the server; an empty answer where there is none."""
        after = ""
        while True:
            outcome = await self._line.get(f"batches?limit=100{after}")
            if outcome.verdict != "answered":
                return outcome
            try:
                data, more = outcome.reply["data"], outcome.reply.get("has_more")
                for batch in data:
                    if (batch.get("metadata") or {}).get(_MARK) == token:
                        return Outcome("answered", batch)
                if not more or not data:
                    return Outcome("answered", {})
                after = f"&after={data[-1]['id']}"
            except (KeyError, TypeError, AttributeError):
                return Outcome("failing", detail="the list of batches is none")

    async def _followed(self, token: str, identifier: str, *, resumed: bool) -> Results:
        """The results of a batch, when it has them."""
        if self._replies.get(self._name("id", token)) is None:
            self._replies.put(self._name("id", token), (), identifier.encode())
            await asyncio.to_thread(self._replies.secure)
        wait = 0.0 if resumed else self._batch.poll_seconds
        while True:
            await asyncio.sleep(wait)
            batch = await self._insist(lambda: self._looked_at(identifier, resumed))
            if batch.get("status") in _ENDED:
                return await self._results(batch, resumed)
            wait = self._batch.poll_seconds

    async def _looked_at(self, identifier: str, resumed: bool) -> Outcome:
        """A batch as it is by now; one of an earlier run that the server has deleted since is one that expired."""
        found = await self._line.get(f"batches/{identifier}")
        if resumed and found.detail.startswith("status 404"):
            return Outcome("answered", {"id": identifier, "status": "expired"})
        return found

    async def _results(self, batch: Mapping[str, Any], resumed: bool) -> Results:
        found: dict[bytes, Found] = {}
        for field in ("output_file_id", "error_file_id"):
            if isinstance(name := batch.get(field), str) and name:
                content = await self._text(name)
                found |= dict(one for line in content.splitlines() if (one := self._result(line)) is not None)
        status, told = batch["status"], f"batch {batch['id']}"
        rest = Found("again", detail=f"{told} is {status} and did not answer it")
        if status == "failed":
            return await self._failed(batch, rest, resumed)
        if status == "cancelled":
            # Whoever cancelled it wants no other at once; who gives the command again does.
            said = f"{told} was cancelled; the same command asks for what it did not answer"
            answered = {key: one for key, one in found.items() if one.verdict != "again"}
            return Results(answered, rest if resumed else Found("stopped", detail=said))
        return Results(found, rest)

    async def _text(self, name: str) -> str:
        return str(await self._insist(lambda: self._line.text(f"files/{name}/content")))

    async def _failed(self, batch: Mapping[str, Any], rest: Found, resumed: bool) -> Results:
        """A batch that the server did not begin: lines that it names are at fault, the others are sent again."""
        held = (batch.get("errors") or {}).get("data") or []
        faults = [one for one in held if isinstance(one, dict)]
        named = {one["line"]: str(one.get("message")) for one in faults if isinstance(one.get("line"), int)}
        if not named and not resumed:
            said = "; ".join(str(one.get("message") or one.get("code")) for one in faults[:3]) or "no reason"
            raise _Fault(Found("down", detail=f"batch {batch['id']} failed: {said}"))
        lines = (await self._text(str(batch["input_file_id"]))).splitlines() if named else []
        found = {
            bytes.fromhex(json.loads(lines[number - 1])["custom_id"]): Found("refused", detail=message)
            for number, message in named.items()
            if 0 < number <= len(lines)
        }
        return Results(found, rest)

    def _result(self, line: str) -> tuple[bytes, Found] | None:
        """The key of a line of a result and what it says; None for a line that says nothing."""
        try:
            held = json.loads(line)
            key = bytes.fromhex(held["custom_id"])
            response, error = held.get("response") or {}, held.get("error") or {}
            status, body = response.get("status_code"), response.get("body")
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if status == 200:
            try:
                (answer,) = self._protocol.read(body, 1)
                return key, Found("answered", answer)
            except (ValueError, TypeError, OverflowError) as fault:
                return key, Found("again", detail=str(fault))
        inner = body.get("error") if isinstance(body, dict) else None
        said = inner.get("message") if isinstance(inner, dict) else error.get("message") or error.get("code")
        detail = f"status {status}: {said}" if status else str(said)
        again = status is None or status in _AGAIN or status >= 500
        return key, Found("again" if again else "refused", detail=detail)

    async def _insist(self, work: Callable[[], Awaitable[Outcome]]) -> Any:
        """The reply to a question about files and batches, however often it is asked. Raises _Fault."""
        loop = asyncio.get_running_loop()
        began, wait = loop.time(), self._service.backoff_seconds
        while True:
            outcome = await work()
            if outcome.verdict == "answered":
                return outcome.reply
            if outcome.verdict in ("refused", "stopped"):
                needed = "expected an address, model and key that it takes, and a server with a batch API"
                raise _Fault(Found("stopped", detail=f"{outcome.detail}; {needed}"))
            if loop.time() - began >= self._service.give_up_seconds:
                raise _Fault(Found("down", detail=outcome.detail))
            await asyncio.sleep(max(min(wait, _LONGEST_WAIT), outcome.pause or 0.0))
            wait *= 2

    async def close(self) -> None:
        """Wait for nothing any more; what was sent is followed by the next run."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._open.values():
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)
        await self._line.close()
