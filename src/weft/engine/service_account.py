"""What a call took: tokens as the reply says them, else estimated, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from weft.recipe.services import Service

BYTES_PER_TOKEN = 3
"""For estimates alone; what a reply says it took is counted in their place."""

_HIDDEN = 1 << 20
"""Tokens that a reply may count beyond what is seen: a server's own prompt, tools, thoughts."""
BATCHED = "batched"
"""Field of a kept answer that came through a batch API, at its price."""


def tokens(text: str) -> int:
    """Tokens of a text, estimated from its bytes in UTF-8."""
    return max(1, len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def asked_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of what a request asks, estimated: of messages, a prompt, or a list of texts."""
    held = next((body[name] for name in ("messages", "prompt", "input", "inputs") if name in body), "")
    return sum(tokens(_said(one)) for one in ([held] if isinstance(held, str) else held))


def _said(one: Any) -> str:
    if isinstance(one, Mapping):
        return str(one.get("content", ""))
    return one if isinstance(one, str) else " ".join(map(str, one))


def totals(calls: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Tokens and cost of calls by their keys; `unpriced` are those whose price is unknown, which cost nothing here."""
    costs = [held["cost"] for held in calls.values()]
    return {
        "calls": len(calls),
        "tokens_in": sum(held["tokens_in"] or 0 for held in calls.values()),
        "tokens_out": sum(held["tokens_out"] or 0 for held in calls.values()),
        "cost": math.fsum(cost for cost in costs if cost is not None),
        "unpriced": costs.count(None),
    }


def _counted(body: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[int, int] | None:
    """Tokens as the reply says them; None where it says none, or what no model can have counted."""
    if (held := answer.get("tokens")) is None:
        return None
    tokens_in, tokens_out = held
    most_in = _HIDDEN + 2 * BYTES_PER_TOKEN * asked_tokens(body)
    most_out = _HIDDEN + max(2 * int(body.get("max_tokens") or 0), 2 * BYTES_PER_TOKEN * tokens(answer["text"]))
    return (tokens_in, tokens_out) if 0 <= tokens_in <= most_in and 0 <= tokens_out <= most_out else None


def account(service: Service, key: bytes, body: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `model.records.CALL` that the service and its reply decide."""
    counted = _counted(body, answer)
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
