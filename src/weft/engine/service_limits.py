"""How much may be asked of a service at a time: requests in flight that adapt to what it bears, and rates."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BURST = 1.0
"""Seconds of a rate that may be spent at once."""


class Slots:
    """Requests in flight: at most `most`, halved when the server is overloaded, one more after a run of successes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.limit = most
        self.busy = 0
        self._run = 0
        self._cut = -1.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """A slot for the length of a block; slots go to those who came first."""
        if self.busy >= self.limit or self._waiting:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._free()
                raise
        else:
            self.busy += 1
        try:
            yield
        finally:
            self._free()

    def _free(self) -> None:
        self.busy -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self.busy < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self.busy += 1
                turn.set_result(None)

    def succeeded(self) -> None:
        self._run += 1
        if self._run >= self.limit:
            self._run = 0
            if self.limit < self._most:
                self.limit += 1
                self._wake()

    def overloaded(self, began: float, now: float) -> None:
        """Halve; requests that began before the last cut say nothing about the new limit."""
        self._run = 0
        if began > self._cut:
            self._cut = now
            self.limit = max(1, self.limit // 2)


class Rate:
    """At most so much in a minute, evenly; a second's worth may go at once."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = 0.0

    async def take(self, amount: float) -> None:
        """Wait until `amount` more may go."""
        if not self._gap:
            return
        now = asyncio.get_running_loop().time()
        due = max(self._next, now)
        self._next = due + amount * self._gap
        if due - BURST > now:
            await asyncio.sleep(due - BURST - now)

    def correct(self, amount: float) -> None:
        """What was taken turned out to be so much more, or less."""
        self._next += amount * self._gap
