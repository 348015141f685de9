"""Texts translated by a model server that a file describes; each answer is kept, and not asked for again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from weft.engine.service_client import Client, ServiceDown, Unanswered
from weft.engine.service_replies import Replies
from weft.errors import WeftError
from weft.operators.protocols import conversation
from weft.recipe.services import Service

PROTOCOLS = ("openai-chat", "openai-completions")
_AT_ONCE = 1_000
"""Questions that are held at a time."""


class Translated(NamedTuple):
    """A translation of each text, None where the server gave none, and how many that were, by reason."""

    texts: list[str | None]
    unanswered: Counter[str]


def translate(
    texts: Sequence[str],
    question: Callable[[str], str],
    service: Service,
    folder: Path,
    tell: Callable[[str, int, int | None], None],
) -> Translated:
    """Ask for each text what `question` makes of it; answers in `folder` are taken from there.

    What the server refuses or fails at costs that text alone. Raises WeftError where it answers nobody.
    """
    return asyncio.run(_translated(texts, question, service, folder, tell))


async def _translated(
    texts: Sequence[str],
    question: Callable[[str], str],
    service: Service,
    folder: Path,
    tell: Callable[[str, int, int | None], None],
) -> Translated:
    replies = Replies(folder)
    client = Client("translation", service, replies)
    found: list[str | None] = []
    reasons: Counter[str] = Counter()

    async def one(place: int) -> str | None:
        messages = [{"role": "user", "content": question(texts[place])}]
        try:
            answer: Any = await client.one(conversation(service.protocol, messages, {"temperature": 0}), str(place))
        except Unanswered as error:
            reasons[error.reason] += 1
            return None
        return str(answer["text"]).strip()

    try:
        for first in range(0, len(texts), _AT_ONCE):
            tell("translate", first, len(texts))
            places = range(first, min(first + _AT_ONCE, len(texts)))
            found += await asyncio.gather(*map(one, places))
    except ServiceDown as error:
        raise WeftError(f"{error}; what was answered is kept in {folder}") from None
    finally:
        await client.close()
        replies.close()
    return Translated(found, reasons)
