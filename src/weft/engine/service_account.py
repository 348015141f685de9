"""What a call took: tokens as the reply says them, else estimated, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weft.recipe.services import Service

BYTES_PER_TOKEN = 3
"""For estimates alone; what a reply says it took is counted in their place."""

BATCHED = "batched"
"""Field of a kept answer that came through a batch API, at its price."""


def tokens(text: str) -> int:
    """Tokens of a text, estimated from its bytes in UTF-8."""
    return max(1, len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def asked_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of what a request asks, estimated."""
    held = body.get("messages", body.get("prompt", ""))
    texts = [held] if isinstance(held, str) else [str(message.get("content", "")) for message in held]
    return sum(map(tokens, texts))


def account(service: Service, key: bytes, body: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `model.records.CALL` that the service and its reply decide."""
    counted = answer.get("tokens")
    tokens_in, tokens_out = counted or (asked_tokens(body), tokens(answer["text"]))
    return {
        "key": key.hex(),
        **service.identity(),
        "server": answer.get("server"),
        "raw": answer["text"],
        "finish": answer["finish"],
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "estimated": counted is None,
        "cost": None if service.price is None else service.price.of(tokens_in, tokens_out, bool(answer.get(BATCHED))),
    }
