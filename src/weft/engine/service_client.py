"""A client of one service: answers from the build where they are there, else asked within limits until they come."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

from weft.engine.service_account import BATCHED, tokens
from weft.engine.service_budget import Budget, BudgetSpent
from weft.engine.service_folder import FolderLine
from weft.engine.service_gathered import Gathered
from weft.engine.service_http import Line, Outcome, key_fault, pause
from weft.engine.service_limits import Rate, Slots
from weft.engine.service_replies import Replies, Reply, key_of
from weft.errors import ShardError, WeftError
from weft.operators.protocols import PROTOCOLS
from weft.recipe.services import Service

LEAST_FAILURES = 5
"""Failures in a row before a service counts as down, however long they took."""
_WORTH_TELLING = 3
"""Failures in a row that a person who waits is told of."""
_PROBE, _LONGEST_WAIT, _SYNC = 5.0, 30.0, 1.0
"""Seconds: between two tries of a service that is down, between two tries of a request, between two syncs."""
_MOST_PAUSES = 50
_ATTEMPTS = "attempts"
"""Field of a kept answer that took several tries."""


class ServiceDown(ShardError, ConnectionError):
    """A service answers nobody at present: the task may be tried again."""


class ServiceStopped(WeftError):
    """A service will answer nobody with what the recipe says: address, model or key."""


class Unanswered(Exception):
    """One request that the service does not answer, while it answers others."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Client:
    """Asks one service, for all tasks of a process; runs in one event loop."""

    def __init__(self, name: str, service: Service, replies: Replies) -> None:
        self.service = service
        self.protocol = PROTOCOLS[service.protocol]
        self.replies = replies
        self._name = name
        self._line: Line | FolderLine | None = None
        self._slots = Slots(service.concurrency)
        self._requests = Rate(service.requests_per_minute)
        self._tokens = Rate(service.tokens_per_minute)
        self._flying: dict[bytes, asyncio.Future[Reply]] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._stopped: str | None = None
        self._down: tuple[float, str] | None = None
        self._failures = 0
        self._failing: set[object] = set()
        self._last = ""
        self._failing_since = 0.0
        self._succeeded = -1.0
        self._not_before = 0.0
        self._synced = 0.0
        self._gathered: Gathered | None = None
        self.budget: Budget | None = None
        """What the build may spend; null: nobody counts."""

    @property
    def failing(self) -> str | None:
        """How often the service was tried since it answered last, and what it said; null: it answers."""
        return f"{self._failures} tries without an answer: {self._last}" if self._failures >= _WORTH_TELLING else None

    def key(self, body: Mapping[str, Any], sample: int = 0) -> bytes:
        """What the reply to a request is kept under; further samples of one request have each their own."""
        if (item := self.protocol.item) in body:
            rest = {name: value for name, value in body.items() if name != item}
            return key_of(self.service.identity(), [rest, body[str(item)]])
        return key_of(self.service.identity(), [dict(body), sample] if sample else dict(body))

    async def one(self, body: Mapping[str, Any], identifier: str, sample: int = 0) -> Any:
        """The answer to a request. Raises Unanswered, ServiceDown, ServiceStopped or BudgetSpent."""
        return (await self.called(body, identifier, sample))[0]

    async def called(self, body: Mapping[str, Any], identifier: str, sample: int = 0) -> tuple[Any, int]:
        """As `one`, and how often the request was sent before it was answered."""
        if (item := self.protocol.item) in body:
            return await self._of_one(str(item), body, identifier, sample), 1
        key = self.key(body, sample)
        held = self.replies.get(key)
        if held is None:
            if key not in self._flying:
                self._fly([key], lambda: self._single(key, dict(body), identifier))
            held = await asyncio.shield(self._flying[key])
        answer = self._taken(key, held, identifier)
        return answer, answer.pop(_ATTEMPTS, 1) if isinstance(answer, dict) else 1

    async def _of_one(self, item: str, body: Mapping[str, Any], identifier: str, sample: int) -> Any:
        """The answer about one text, which is kept, and found, as one of a list."""
        if sample:
            raise Unanswered(
                "service_refused", f"a model in a folder gives one answer; expected sample 0, got {sample}"
            )
        rest = {name: value for name, value in body.items() if name != item}
        (found,) = await self.many([str(body[item])], rest, [identifier])
        if isinstance(found, Unanswered):
            raise found
        return found

    async def many(self, items: Sequence[str], body: Mapping[str, Any], ids: Sequence[str]) -> list[Any]:
        """An answer, or an Unanswered, for each text. Raises ServiceDown, ServiceStopped or BudgetSpent."""
        identity = self.service.identity()
        keys = [key_of(identity, [dict(body), item]) for item in items]
        firsts = {key: place for place, key in reversed(list(enumerate(keys)))}
        held = {key: self.replies.get(key) for key in firsts}
        asked = [place for key, place in firsts.items() if held[key] is None and key not in self._flying]
        for group in self._groups(asked, items):
            some = {keys[place]: (items[place], ids[place]) for place in group}
            self._fly(list(some), lambda some=some: self._group(some, dict(body)))
        flying = {key: self._flying[key] for key, reply in held.items() if reply is None}
        landed = await asyncio.gather(*map(asyncio.shield, flying.values()), return_exceptions=True)
        found: dict[bytes, Any] = held | dict(zip(flying, landed, strict=True))
        for one in found.values():
            if isinstance(one, BaseException) and not isinstance(one, Unanswered):
                raise one
        return [
            found[key] if isinstance(found[key], Unanswered) else self._taken(key, found[key], identifier)
            for key, identifier in zip(keys, ids, strict=True)
        ]

    def _taken(self, key: bytes, reply: Reply, identifier: str) -> Any:
        self.replies.also(key, reply, identifier)
        return self.protocol.unpack(reply.body)

    def _groups(self, places: Sequence[int], items: Sequence[str]) -> list[list[int]]:
        """Texts of like length together: servers pad a batch to its longest; the longest batch goes first."""
        groups: list[list[int]] = []
        room = 0
        for place in sorted(places, key=lambda place: (-len(items[place].encode("utf-8", "replace")), place)):
            cost = tokens(items[place])
            if (
                not groups
                or len(groups[-1]) >= self.service.items_per_request
                or (len(groups[-1]) + 1) * room > (self.service.tokens_per_request)
            ):
                groups.append([])
                room = cost
            groups[-1].append(place)
        return groups

    def _fly(self, keys: list[bytes], job: Any) -> None:
        """Start a job that gives these keys their answers, whoever waits for them and whoever stops waiting."""
        loop = asyncio.get_running_loop()
        for key in keys:
            self._flying[key] = loop.create_future()

        async def run() -> None:
            try:
                await job()
            except asyncio.CancelledError:
                self._lose(keys, ServiceDown(f"{self._told()}: asking was stopped"))
                raise
            except Exception as error:  # the boundary of a job: its failure is that of all who wait for it
                self._lose(keys, error)
            finally:
                for key in keys:
                    del self._flying[key]

        task = loop.create_task(run())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def _lose(self, keys: Sequence[bytes], error: Exception) -> None:
        for flying in (self._flying[key] for key in keys):
            if not flying.done():
                # Each its own, as one that is raised in several places grows with each.
                own = (
                    type(error)(*error.args)
                    if isinstance(error, ServiceDown | ServiceStopped | Unanswered | BudgetSpent)
                    else error
                )
                flying.set_exception(own)
                flying.exception()  # nobody may be waiting any more

    async def _single(self, key: bytes, body: dict[str, Any], identifier: str) -> None:
        if self.budget is None:
            (answer,), tries = await self._alone(key, body)
        else:
            async with self.budget.reserved(self.service, body):
                (answer,), tries = await self._alone(key, body)
                if isinstance(answer, dict) and "text" in answer:
                    self.budget.paid(self.service, body, answer)
                else:
                    self.budget.paid_estimated(self.service, body)
        if tries > 1 and isinstance(answer, dict):
            answer[_ATTEMPTS] = tries  # kept with the reply, so that it is told alike when it is read again
        self._keep(key, (identifier,), answer)

    async def _alone(self, key: bytes, body: dict[str, Any]) -> tuple[list[Any], int]:
        """The answer to a request about one thing: sent by itself, or with others through the batch API."""
        if self.service.batch is None:
            return await self._sent(body, 1)
        if self._gathered is None:
            line = self._opened()
            assert isinstance(line, Line)
            self._gathered = Gathered(self.service, self.replies, line)
        found = await self._gathered.ask(key, self._addressed(body))
        if found.verdict == "refused":
            raise Unanswered("service_refused", found.detail)
        if found.verdict == "failing":
            raise Unanswered("service_failed", found.detail)
        if found.verdict == "down":
            raise ServiceDown(f"{self._told()}: {found.detail}")
        if found.verdict == "stopped":
            raise ServiceStopped(f"{self._told()}: {found.detail}")
        return [{**found.answer, BATCHED: True}], found.tries

    async def _group(self, some: dict[bytes, tuple[str, str]], body: dict[str, Any]) -> None:
        field = str(self.protocol.items)
        try:
            items = [self.protocol.wrap(text) for text, _ in some.values()]
            answers = await self._listed({**body, field: items}, len(some))
        except Unanswered as refused:
            keys = list(some)
            if len(keys) == 1:
                self._lose(keys, refused)
                return
            # One text may spoil it for all: halves find it.
            middle = len(keys) // 2
            for part in (keys[:middle], keys[middle:]):
                await self._group({key: some[key] for key in part}, body)
            return
        for (key, (_, identifier)), answer in zip(some.items(), answers, strict=True):
            self._keep(key, (identifier,), answer)

    async def _listed(self, body: dict[str, Any], count: int) -> list[Any]:
        """Answers to a request about a list; a model in a folder is nobody's to pay."""
        if self.budget is None or self.service.path:
            return (await self._sent(body, count))[0]
        async with self.budget.reserved(self.service, body):
            answers, _ = await self._sent(body, count)
            self.budget.paid_estimated(self.service, body)
        return answers

    def _keep(self, key: bytes, ids: tuple[str, ...], answer: Any) -> None:
        reply = Reply(ids, self.protocol.pack(answer))
        self.replies.put(key, reply.ids, reply.body)
        now = asyncio.get_running_loop().time()
        if now - self._synced > _SYNC:
            self._synced = now
            self.replies.sync()
        self._flying[key].set_result(reply)

    async def _sent(self, body: dict[str, Any], count: int) -> tuple[list[Any], int]:
        """Answers to a request, however often it has to be sent; and how often that was."""
        body = self._addressed(body)
        loop = asyncio.get_running_loop()
        began, tries, pauses, mark = loop.time(), 0, 0, object()
        while True:
            try:
                outcome = await self._tried(body, count, mark)
            except ServiceDown as down:
                if self._failing == {mark} and await self._answers():
                    raise Unanswered("service_failed", f"others are answered; {down}") from None
                raise
            if outcome.verdict == "answered":
                return list(outcome.reply), 1 + tries + pauses
            if outcome.verdict == "refused":
                raise Unanswered("service_refused", outcome.detail)
            pauses += outcome.verdict == "overloaded"
            tries += outcome.verdict == "failing"
            worn = tries > self.service.retries or pauses > _MOST_PAUSES
            if worn and self._succeeded > began:
                raise Unanswered("service_failed", f"{tries + pauses} tries; the last: {outcome.detail}")
            # Jitter, so that what failed together does not come back together.
            wait = self.service.backoff_seconds * 2.0 ** (min(tries + pauses, 20) - 1)
            await pause(max(min(wait, _LONGEST_WAIT) * random.uniform(0.5, 1.0), outcome.pause or 0.0))

    def _addressed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, "model": self.service.model} if self.protocol.needs_model else dict(body)

    async def _answers(self) -> bool:
        """Whether the service answers something else, where one request alone has failed since the last answer.

        It may be the last that is left, or the only one of a run that goes on: no other tells.
        """
        if self.protocol.probe is None or self._line is None:
            return False
        async with self._slots.taken():
            await self._requests.take(1)
            outcome = await self._line.post(self._addressed(self.protocol.probe))
        if outcome.verdict != "answered" or self._read(outcome, 1, 0.0).verdict != "answered":
            return False
        self._noted(outcome, 0.0, None)
        return True

    async def _tried(self, body: dict[str, Any], count: int, mark: object) -> Outcome:
        """One try, in its turn. Raises ServiceDown or ServiceStopped where nothing is to be hoped for."""
        loop = asyncio.get_running_loop()
        async with self._slots.taken():
            self._check()
            seen = self._down
            guess = _tokens_of(body) if self.service.tokens_per_minute else 0.0
            await self._requests.take(1)
            await self._tokens.take(guess)
            await pause(self._not_before - loop.time())
            if self._down is not seen or self._stopped is not None:
                self._check()
            if self._line is None:
                self._line = self._opened()
            began = loop.time()
            outcome = await self._line.post(body)
            if outcome.verdict == "answered":
                outcome = self._read(outcome, count, guess)
            self._noted(outcome, began, mark)
            return outcome

    def _read(self, outcome: Outcome, count: int, guess: float) -> Outcome:
        used = outcome.reply.get("usage") if isinstance(outcome.reply, dict) else None
        total = used.get("total_tokens") if isinstance(used, dict) else None
        if isinstance(total, int | float):
            self._tokens.correct(total - guess)
        try:
            return Outcome("answered", self.protocol.read(outcome.reply, count))
        except (ValueError, TypeError, OverflowError) as error:
            return Outcome("failing", detail=str(error))

    def _noted(self, outcome: Outcome, began: float, mark: object) -> None:
        now = asyncio.get_running_loop().time()
        if outcome.verdict in ("answered", "refused"):
            self._failures, self._succeeded, self._down = 0, now, None
            self._failing.clear()
            self._slots.succeeded()
            return
        if outcome.verdict == "stopped":
            needed = "a translation model" if self.service.path else "an address, model and key that it takes"
            self._stopped = f"{self._told()}: {outcome.detail}; expected {needed}"
            raise ServiceStopped(self._stopped)
        if outcome.verdict == "overloaded" or outcome.detail.startswith("no answer"):
            self._slots.overloaded(began, now)
        if outcome.verdict == "overloaded" and outcome.pause is not None:
            self._not_before = max(self._not_before, now + outcome.pause)
        self._failing_since = self._failing_since if self._failures else now
        self._failures += 1
        self._last = outcome.detail
        self._failing.add(mark)
        waited = now - self._failing_since - (outcome.pause or 0.0)
        if self._failures >= LEAST_FAILURES and waited >= self.service.give_up_seconds:
            if self._down is not None and began < self._down[0]:
                raise ServiceDown(self._down[1])  # what was under way with the one that told it
            message = f"{self._told()} has answered nothing for {now - self._failing_since:.0f} s"
            self._down = (now, f"{message} ({self._failures} tries); the last: {outcome.detail}")
            raise ServiceDown(self._down[1])

    def _check(self) -> None:
        if self._stopped is not None:
            raise ServiceStopped(self._stopped)
        if self._down is not None:
            now = asyncio.get_running_loop().time()
            if now - self._down[0] < _PROBE:
                raise ServiceDown(self._down[1])
            self._down = (now, self._down[1])  # this one tries, the others learn from it

    def _opened(self) -> Line | FolderLine:
        if fault := key_fault(self.service):
            self._stopped = f"{self._told()}: {fault}"
            raise ServiceStopped(self._stopped)
        return FolderLine(self.service) if self.service.path else Line(self.service)

    def _told(self) -> str:
        return f"service {self._name} at {self.service.url or self.service.path}"

    async def close(self) -> None:
        """Stop asking; what was answered is kept."""
        for job in list(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._gathered is not None:
            await self._gathered.close()
        if self._line is not None:
            await self._line.close()


def _tokens_of(body: Mapping[str, Any]) -> float:
    return tokens(str(body)) + float(body.get("max_tokens") or 0)
