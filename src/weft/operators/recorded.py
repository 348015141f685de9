"""A client of a service that answers from a list: for examples and conformance, where there is no server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from weft.operators.service import Answered


class RecordedClient:
    """Answers a request with the first of `replies` whose text it holds, and remembers what was asked.

    A chat or completion is given as its text, a vector as a list of numbers; null is a request that is refused.
    """

    def __init__(self, protocol: str, replies: Mapping[str, Any]) -> None:
        self._protocol = protocol
        self._replies = replies
        self.asked: list[Any] = []
        self.failed: dict[int, str] = {}

    @property
    def protocol(self) -> str:
        return self._protocol

    @property
    def structured(self) -> str:
        return "none"

    def beside(self, parameter: str) -> RecordedClient:
        """The same list answers for every service."""
        return self

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered | None:
        answer = await self.ask(row, body)
        if answer is None:
            return None
        return Answered(answer, {"protocol": self._protocol, "model": "recorded", "raw": answer["text"], "cost": 0.0})

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        self.asked.append(dict(body))
        await asyncio.sleep(0)
        return self._answer(row, json.dumps(body, ensure_ascii=False))

    async def ask_each(self, rows: Sequence[int], items: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
        self.asked += items
        await asyncio.sleep(0)
        return [self._answer(row, item) for row, item in zip(rows, items, strict=True)]

    def fail(self, row: int, reason: str, detail: str) -> None:
        self.failed[row] = reason

    def _answer(self, row: int, request: str) -> Any:
        held = next((answer for text, answer in self._replies.items() if text in request), None)
        if held is None:
            self.fail(row, "service_refused", "there is no reply for it")
            return None
        if isinstance(held, str):
            return {"text": held, "finish": "stop"}
        return np.array(held, np.float32) if self._protocol == "openai-embeddings" else held


def answered(function: Any, protocol: str, replies: Mapping[str, Any]) -> Callable[[pa.Table], pa.Table]:
    """A service operator as a function of a batch, with a new client for each."""

    def run(batch: pa.Table) -> pa.Table:
        made: pa.Table = asyncio.run(function(batch, RecordedClient(protocol, replies)))
        return made

    return run
