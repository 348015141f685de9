"""How model servers are spoken to: what a request holds, and what of a reply is kept."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Protocol:
    """A way to ask: where, with which body, and what is taken from the reply.

    `read` gives the answers of a reply, one for each item asked about (one where `items` is null). It raises ValueError
    for what is no reply of this protocol. `pack` and `unpack` turn an answer into the bytes that are kept, and back.
    """

    path: str
    items: str | None
    """Field of the body that lists the texts of one request; null: a request is about one thing."""
    read: Callable[[Any, int], list[Any]]
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]
    wrap: Callable[[str], Any] = str
    """How a text stands in the list of items."""
    needs_model: bool = True
    probe: Mapping[str, Any] | None = None
    """A request that any model answers: it tells a server that is gone from one that fails on one request."""
    item: str | None = None
    """Field of a body about one text, where a single question may stand for a list of one."""


def _field(held: Any, *names: str | int) -> Any:
    for name in names:
        try:
            held = held[name]
        except (KeyError, IndexError, TypeError):
            raise ValueError(f"the reply has no {'.'.join(map(str, names))}") from None
    return held


def _chat(reply: Any, count: int) -> list[Any]:
    text = _field(reply, "choices", 0, "message", "content")
    if text is not None and not isinstance(text, str):
        raise ValueError("choices.0.message.content is no text")
    refusal = reply["choices"][0]["message"].get("refusal")
    apart = {"refusal": refusal} if not text and isinstance(refusal, str) and refusal else {}
    return [{"text": text or "", "finish": _finish(reply)} | apart | _account(reply)]


def _completion(reply: Any, count: int) -> list[Any]:
    text = _field(reply, "choices", 0, "text")
    if not isinstance(text, str):
        raise ValueError("choices.0.text is no text")
    return [{"text": text, "finish": _finish(reply)} | _account(reply)]


def _echo(reply: Any, count: int) -> list[Any]:
    """Log-probabilities of the tokens of an echoed prompt; the first of all has none."""
    held = _field(reply, "choices", 0, "logprobs", "token_logprobs")
    if not isinstance(held, list) or not all(one is None or isinstance(one, int | float) for one in held):
        raise ValueError("choices.0.logprobs.token_logprobs is no list of numbers: the server does not echo prompts")
    used = reply.get("usage")
    tokens = used.get("prompt_tokens") if isinstance(used, dict) else None
    if not isinstance(tokens, int) or not 0 <= tokens <= len(held):
        raise ValueError("usage.prompt_tokens is not the number of tokens of an echoed prompt")
    return [{"logprobs": held[:tokens], "count": tokens}]


def _account(reply: Any) -> dict[str, Any]:
    """What a reply says of its tokens and of who answered; nothing where it says nothing."""
    used = reply.get("usage")
    said = used if isinstance(used, dict) else {}
    tokens = [said.get(name) for name in ("prompt_tokens", "completion_tokens")]
    found: dict[str, Any] = {}
    if all(isinstance(count, int) and count >= 0 for count in tokens):
        found["tokens"] = tokens
    server = [reply.get(name) for name in ("model", "system_fingerprint")]
    if held := "@".join(name for name in server if isinstance(name, str) and name):
        found["server"] = held
    return found


def _finish(reply: Any) -> str | None:
    reason = reply["choices"][0].get("finish_reason")
    return reason if isinstance(reason, str) else None


def _embeddings(reply: Any, count: int) -> list[Any]:
    data = _field(reply, "data")
    if not isinstance(data, list) or len(data) != count:
        raise ValueError(f"the reply has not {count} vectors under data")
    found: dict[int, Vector] = {}
    for place, one in enumerate(data):
        found[int(one.get("index", place) if isinstance(one, dict) else place)] = _vector(_field(one, "embedding"))
    if sorted(found) != list(range(count)):
        raise ValueError("the vectors under data are not numbered from 0")
    return [found[place] for place in range(count)]


def _vector(held: Any) -> Vector:
    """A vector given as numbers, or as base64 of little-endian float32."""
    try:
        if isinstance(held, str):
            return np.frombuffer(base64.b64decode(held, validate=True), "<f4").astype(np.float32)
        made = np.asarray(held, np.float32)
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError(f"an embedding is no list of numbers: {error}") from None
    if made.ndim != 1:
        raise ValueError("an embedding is no list of numbers")
    return made


def _predictions(reply: Any, count: int) -> list[Any]:
    if not isinstance(reply, list) or len(reply) != count:
        raise ValueError(f"the reply is no list of {count} predictions")
    for one in reply:
        if not isinstance(one, list):
            raise ValueError("a prediction is no list of labels and scores")
        for choice in one:
            if not isinstance(_field(choice, "label"), str) or not isinstance(_field(choice, "score"), int | float):
                raise ValueError("a prediction is no list of labels and scores")
    return [[{"label": c["label"], "score": float(c["score"])} for c in one] for one in reply]


def _translations(reply: Any, count: int) -> list[Any]:
    found = _field(reply, "translations")
    if not isinstance(found, list) or len(found) != count:
        raise ValueError(f"the reply has not {count} translations")
    return found


def _whole(reply: Any, count: int) -> list[Any]:
    return [reply]


def _to_json(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _from_json(kept: bytes) -> Any:
    return json.loads(kept.decode("utf-8", "surrogatepass"))


def _from_vector(answer: Vector) -> bytes:
    return answer.astype("<f4").tobytes()


def _to_vector(kept: bytes) -> Vector:
    return np.frombuffer(kept, "<f4").astype(np.float32)


ECHO = {"max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
"""Settings of a completion that gives its prompt back, with the log-probability of each token."""
_HELLO = {"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 16}
PROTOCOLS: Mapping[str, Protocol] = {
    "openai-chat": Protocol("chat/completions", None, _chat, _to_json, _from_json, probe=_HELLO),
    "openai-completions": Protocol(
        "completions", None, _completion, _to_json, _from_json, probe={"prompt": "Hello.", "max_tokens": 16}
    ),
    "openai-echo": Protocol("completions", None, _echo, _to_json, _from_json, probe={"prompt": "Hello.", **ECHO}),
    "openai-embeddings": Protocol(
        "embeddings", "input", _embeddings, _from_vector, _to_vector, probe={"input": ["Hello."]}
    ),
    "tei-predict": Protocol(
        "predict", "inputs", _predictions, _to_json, _from_json, lambda text: [text], False, {"inputs": [["Hello."]]}
    ),
    "json": Protocol("", None, _whole, _to_json, _from_json, needs_model=False),
    "translate": Protocol("", "texts", _translations, _to_json, _from_json, needs_model=False, item="text"),
}
"""Protocols by name. `json` posts the operator's own body to the address as it stands, and keeps the whole reply.

Of a chat `refusal` is what a server says in place of a text, where it refuses.
`openai-echo` is a completion whose prompt is echoed: `logprobs` of its tokens (null of the first) and their `count`.
`translate` is a model in a folder, which runs beside the tasks: a body has `source` and `target`, codes as
iso639-3_Script, and `text` or the texts of `ask_each`; an answer has `text`, `finish` (stop, or length where the
translation was cut), `tokens` (of the text and of its translation) and `server` (the library that computed it).
"""


def conversation(protocol: str, messages: Sequence[Mapping[str, str]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The body that asks for the next message: as messages, or as one prompt where the protocol has no messages."""
    if protocol == "openai-completions":
        prompt = "\n\n".join(message["content"] for message in messages)
        return {"prompt": f"{prompt}\n\n", **settings}
    return {"messages": [dict(message) for message in messages], **settings}


def answered(question: str, answer: str) -> str:
    """The text of which a reward model gives the score: question, empty line, answer; the answer without a question."""
    return f"{question}\n\n{answer}" if question else answer


def reward(scores: Sequence[Mapping[str, Any]]) -> float:
    """The one score of a reward model's answer. Raises WeftError for a classifier of several labels."""
    if len(scores) != 1:
        names = ", ".join(one["label"] for one in scores)
        raise WeftError(f"the reward model gives {len(scores)} scores ({names}); expected one for each answer")
    return float(scores[0]["score"])
