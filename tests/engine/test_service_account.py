"""What a reply is believed: tokens that a model can have counted, and a length that was asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pyarrow as pa
import pytest

from weft.engine.service_account import account, asked_tokens, totals
from weft.engine.service_batches import BatchClient
from weft.engine.service_client import Client
from weft.recipe.services import Service

SERVICE = Service.model_validate(
    {"url": "http://127.0.0.1:1/v1", "protocol": "openai-chat", "model": "m", "price": {"input": 1, "output": 2}}
)
BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "Habari za asubuhi?"}], "max_tokens": 8}


@pytest.mark.parametrize("tokens", [(10**15, 5), (5, 10**15), (-1, 5)])
def test_tokens_that_no_model_can_have_counted_are_estimated(tokens: tuple[int, int]) -> None:
    told = account(SERVICE, b"k", BODY, {"text": "Nzuri.", "finish": "stop", "tokens": tokens})
    assert told["estimated"] and (told["tokens_in"], told["tokens_out"]) == (6, 2)
    good = account(SERVICE, b"k", BODY, {"text": "Nzuri.", "finish": "stop", "tokens": (900, 700)})
    assert not good["estimated"] and (good["tokens_in"], good["tokens_out"]) == (900, 700)  # a template, and thoughts


def test_what_lists_ask_is_estimated_too() -> None:
    assert asked_tokens({"input": ["one text", "another"]}) == 4
    assert asked_tokens({"inputs": [["one text"], ["another"]]}) == 4


def test_a_total_says_what_has_no_price() -> None:
    known, unknown = ({"tokens_in": 3, "tokens_out": 1, "cost": cost} for cost in (0.5, None))
    found = totals({"a": known, "b": unknown})
    assert found == {"calls": 2, "tokens_in": 6, "tokens_out": 2, "cost": 0.5, "unpriced": 1}


class _Long(Client):
    """Answers with as many letters as it is told to."""

    def __init__(self, length: int) -> None:
        self.service, self._length = SERVICE, length

    def key(self, body: Any, sample: int = 0) -> bytes:
        return b"k"

    async def called(self, body: Any, identifier: str, sample: int = 0) -> tuple[Any, int]:
        return {"text": "a" * self._length, "finish": "stop"}, 1


@pytest.mark.parametrize(("asked", "length", "taken"), [(8, 10_000, True), (8, 10_001, False), (1000, 32_001, False)])
def test_a_reply_far_longer_than_asked_for_is_no_answer_but_is_paid(asked: int, length: int, taken: bool) -> None:
    names = pa.array(["d1"])
    client = BatchClient({"service": _Long(length)}, pa.table({"id": names, "source": names, "locator": names}), "made")
    found = asyncio.run(client.call(0, BODY | {"max_tokens": asked}))
    assert (found is not None) is taken and len(client.calls) == 1
    assert client.errors()["reason"].to_pylist() == ([] if taken else ["reply_too_long"])
