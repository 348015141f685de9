"""Asking a model with a prompt file, and reading what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from weft.operators.protocols import conversation
from weft.operators.service import ServiceClient
from weft.synthesize.prompts import Prompt

T = TypeVar("T")
Settings = TypeVar("Settings", bound=BaseModel)
CHATS = ("openai-chat", "openai-completions")
"""Protocols by which recipes ask."""
_DECODER = json.JSONDecoder()


class Sampling(BaseModel):
    """How a model answers; what is not stated is the server's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] = 1024
    seed: int | None = None
    stop: list[str] | None = None
    more: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the request."""

    def body(self) -> dict[str, Any]:
        held = self.model_dump(exclude={"more"}, exclude_none=True)
        return held | self.more


def settled(given: Settings | Mapping[str, Any] | None, default: Settings) -> Settings:
    """The settings that a parameter states, which a recipe gives as plain data; `default` says what it does not."""
    if given is None:
        return default
    if not isinstance(given, Mapping):
        return given
    return type(default).model_validate({**default.model_dump(), **given})


@dataclass(frozen=True)
class Reply:
    """What a model said, and the calls that it took (rows of `model.records.CALL`)."""

    text: str
    finish: str | None
    calls: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Parsed:
    """What was read from a reply, and the calls that it took."""

    value: Any
    calls: tuple[Mapping[str, Any], ...]


async def ask(
    client: ServiceClient, row: int, prompt: Prompt, fields: Mapping[str, str], sampling: Sampling, *, sample: int = 0
) -> Reply | None:
    """The reply to a prompt; None where the service refuses the request, which is then an error of the row.

    `sample` numbers several answers to one question: each is asked and kept by itself.
    """
    return await _say(client, row, prompt, prompt.messages(**fields), sampling, sample)


async def ask_json(
    client: ServiceClient,
    row: int,
    prompt: Prompt,
    fields: Mapping[str, str],
    sampling: Sampling,
    read: Callable[[Any], T],
    *,
    sample: int = 0,
) -> Parsed | None:
    """What `read` makes of the JSON in a reply; it raises ValueError for what is not as expected.

    A reply that cannot be read is shown to the model once more with the fault. None where that fails too
    (`reply_unreadable`), or where the service refuses: an error of the row either way.
    """
    messages = prompt.messages(**fields)
    calls: list[Mapping[str, Any]] = []
    fault = ""
    for _ in range(2):
        reply = await _say(client, row, prompt, messages, sampling, sample)
        if reply is None:
            return None
        calls += reply.calls
        try:
            return Parsed(read(last_json(reply.text)), tuple(calls))
        except ValueError as error:
            fault = f"{error}; the reply begins: {reply.text[:200]!r}"
            again = f"That could not be read: {error}. Answer with the JSON alone."
            said = [{"role": "assistant", "content": reply.text}, {"role": "user", "content": again}]
            messages = [*messages, *said]
    client.fail(row, "reply_unreadable", fault)
    return None


async def _say(
    client: ServiceClient, row: int, prompt: Prompt, messages: list[dict[str, str]], sampling: Sampling, sample: int
) -> Reply | None:
    settings = sampling.body()
    if prompt.schema is not None and client.structured == "json_schema":
        held = {"name": prompt.name, "schema": dict(prompt.schema), "strict": True}
        settings["response_format"] = {"type": "json_schema", "json_schema": held}
    elif prompt.schema is not None and client.structured == "json_object":
        settings["response_format"] = {"type": "json_object"}
    answered = await client.call(row, conversation(client.protocol, messages, settings), sample)
    if answered is None:
        return None
    rendered = hashlib.blake2b(json.dumps(messages).encode(), digest_size=16).hexdigest()
    call = dict(answered.call) | {
        "prompt": prompt.title,
        "prompt_hash": prompt.digest,
        "rendered_hash": rendered,
        "parameters": json.dumps(settings, sort_keys=True, ensure_ascii=False),
        "sample": sample,
    }
    return Reply(answered.value["text"], answered.value["finish"], (call,))


def last_json(text: str) -> Any:
    """The last whole JSON object or list in a text. Raises ValueError where there is none."""
    found, place = None, 0
    while (place := _next(text, place)) >= 0:
        try:
            found, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
    if found is None:
        raise ValueError("there is no JSON in the reply")
    return found


def _next(text: str, start: int) -> int:
    places = [place for place in (text.find("{", start), text.find("[", start)) if place >= 0]
    return min(places, default=-1)


def fenced(text: str) -> str:
    """A text between two marks that depend on it, so that it cannot close them: data, and never an instruction."""
    mark = f"text-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
    return f"<{mark}>\n{text}\n</{mark}>"
