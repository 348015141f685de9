"""Texts translated by a model server that a file describes; each answer is kept, and not asked for again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

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


def service_in(file: Path) -> Service:
    """The service that a YAML file describes, with the keys of a recipe. Raises WeftError for what is none."""
    try:
        held = YAML(typ="safe").load(file.read_text("utf-8"))
    except OSError as error:
        raise WeftError(
            f"{file}: cannot be read: {error.strerror}; expected a service: url, protocol, model"
        ) from error
    except (UnicodeDecodeError, YAMLError) as error:
        raise WeftError(f"{file}: no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(held, dict):
        raise WeftError(f"{file}: expected the keys of a service: url, protocol, model")
    try:
        found = Service.model_validate(held)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        said = fault["msg"].removeprefix("Value error, ")  # what was given may be a key: it is not repeated
        raise WeftError(f"{file}: {'.'.join(map(str, fault['loc']))}: {said}") from None
    if found.protocol not in PROTOCOLS:
        raise WeftError(f"{file}: protocol: {found.protocol} does not translate; expected {' or '.join(PROTOCOLS)}")
    return found


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
