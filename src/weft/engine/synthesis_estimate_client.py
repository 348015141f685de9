"""A client that asks nobody: it counts what would be sent, and answers what is likely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weft.engine.places import in_objects
from weft.engine.reading import Build
from weft.engine.service_account import account, tokens
from weft.engine.service_replies import FOLDER, Replies, folder_of, key_of
from weft.operators.protocols import PROTOCOLS
from weft.operators.service import Answered
from weft.recipe.services import Service

Answer = Callable[[Mapping[str, Any]], str]
"""A likely answer to a request: its length is what counts."""
_VECTOR = np.ones(1, np.float32)


@dataclass
class Asked:
    """Requests of a sample, each once."""

    keys: set[bytes] = field(default_factory=set)
    calls: int = 0
    answered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    most: float | None = 0.0


class Estimating:
    """A client that asks nobody: it counts what would be sent, and answers what is likely."""

    def __init__(self, services: Mapping[str, Service], asked: Asked, answer: Answer, held: Build) -> None:
        self._services, self._asked, self._answer, self._held = services, asked, answer, held
        self._service = next(iter(services.values()))
        folder = held.storage.root / FOLDER / folder_of(self._service.identity())
        self._replies = Replies(folder) if folder.is_dir() and not in_objects(held.storage.place) else None

    @property
    def protocol(self) -> str:
        return self._service.protocol

    @property
    def structured(self) -> str:
        return "json_schema"  # so that the request says the form that a likely answer has to have

    def beside(self, parameter: str) -> Estimating:
        return Estimating({parameter: self._services[parameter]}, self._asked, self._answer, self._held)

    def fail(self, row: int, reason: str, detail: str) -> None:
        """A sample loses a row; the others tell."""

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        answered = await self.call(row, body)
        return answered.value

    async def ask_each(self, rows: Sequence[int], items: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
        """Translation models in a folder are free, and a likely translation is as long as its source.

        Vectors and scores of servers are counted; all texts get one vector, and none a score.
        """
        if self._service.path:
            return [{"text": item, "finish": "stop", "tokens": [0, 0]} for item in items]
        identity, asked = self._service.identity(), 0
        for item in items:
            key = key_of(identity, [dict(body), item])
            if key not in self._asked.keys:
                self._asked.keys.add(key)
                kept = self._replies is not None and self._replies.get(key) is not None
                asked += not kept
                self._asked.answered += kept
                self._spend(0 if kept else tokens(item), 0, 0)
        self._asked.calls += -(-asked // self._service.items_per_request)
        return [_VECTOR if self._service.protocol == "openai-embeddings" else None for _ in items]

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered:
        sent = self._sent(body)
        key = key_of(self._service.identity(), [sent, sample] if sample else sent)
        kept = self._replies.get(key) if self._replies is not None else None
        if kept is not None:
            value = PROTOCOLS[self._service.protocol].unpack(kept.body)
        else:
            value = {"text": self._answer(body), "finish": "stop"}
        told = account(self._service, key, sent, value)
        if key not in self._asked.keys:
            self._asked.keys.add(key)
            self._count(told, sent, kept is not None)
        return Answered(value, told)

    def _count(self, told: Mapping[str, Any], sent: Mapping[str, Any], answered: bool) -> None:
        self._asked.calls += 1
        self._asked.answered += answered
        if not answered:
            self._spend(told["tokens_in"], told["tokens_out"], sent.get("max_tokens") or told["tokens_out"])

    def _spend(self, tokens_in: int, tokens_out: int, most_out: int) -> None:
        asked, price = self._asked, self._service.price
        asked.tokens_in += tokens_in
        asked.tokens_out += tokens_out
        if price is None or asked.cost is None or asked.most is None:
            asked.cost = asked.most = None
            return
        asked.cost += price.of(tokens_in, tokens_out)
        asked.most += price.of(tokens_in, most_out)

    def _sent(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The request as the service would get it."""
        sent = dict(body)
        form = sent.get("response_format")
        if not isinstance(form, dict) or form.get("type") != "json_schema":
            return sent
        mode = self._service.structured_output
        if mode == "none":
            del sent["response_format"]
        elif mode == "json_object":
            sent["response_format"] = {"type": "json_object"}
        return sent
