"""The conversation that a document asks a model to continue, and the samples that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weft.operators.service import ServiceClient
from weft.synthesize.asking import Sampling, ask
from weft.synthesize.gathering import together
from weft.synthesize.making import Making, Parent, Part
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.translating import named, plain

_ROLES = {"user": "User", "assistant": "Assistant", "system": "System"}


@dataclass(frozen=True)
class Turns:
    """A conversation up to what a user said last: role and text of each message; and what came then, if it is there."""

    messages: tuple[tuple[str, str], ...]
    answer: str | None = None

    @property
    def question(self) -> str:
        return self.messages[-1][1]

    def asked(self) -> str:
        """As a prompt shows it: what the user said, or the whole conversation where it is longer."""
        if len(self.messages) == 1:
            return self.question
        told = "\n\n".join(f"{_ROLES.get(role, role)}: {text}" for role, text in self.messages)
        return f"Give the assistant's next turn in this conversation, and nothing else.\n\n{told}"

    def parts(self, language: str, field: str) -> list[Part]:
        """The messages as parts of a record."""
        return [Part(field, text, language, role=role) for role, text in self.messages]


def turns(parent: Parent) -> Turns | None:
    """What a document asks: a text is a question, of a conversation all up to what the user said last."""
    if parent.kind == "text":
        return Turns((("user", parent.text.strip()),))
    if parent.kind != "sft":
        return None
    said = [(role or "user", text) for field, role, text in parent.messages]
    last = max((n for n, (role, text) in enumerate(said) if role == "user" and text.strip()), default=None)
    if last is None:
        return None
    answer = next((text for role, text in said[last + 1 :] if role == "assistant" and text.strip()), None)
    return Turns(tuple(said[: last + 1]), answer)


def asking(making: Making, found: Sequence[Parent], language: str, longest: int) -> list[tuple[Parent, Turns]]:
    """The documents that ask something in a language; the others are noted with the reason."""
    held = []
    for parent in found:
        asked = turns(parent)
        if asked is None or parent.language != language:
            own = f"a {parent.kind} in {parent.language or 'a language that is not known'}"
            reason = "other_language" if asked is not None else "other_kind"
            making.none(parent.row, reason, f"{own}; expected a text or conversation in {language}")
        elif sum(len(text) for _, text in asked.messages) > longest:
            making.none(parent.row, "length", f"more than {longest} characters are asked")
        else:
            held.append((parent, asked))
    return held


def answering(prompt: str) -> Prompt:
    """A prompt that answers, by its name or file. Raises WeftError."""
    return load(prompt, ("language", "conversation"))


@dataclass(frozen=True)
class Samples:
    """Different answers of a model to one question, in the order of their samples, and what of all samples is told."""

    texts: tuple[str, ...]
    counts: tuple[int, ...]
    """How many samples gave each."""
    samples: int
    cut: int
    """Samples that were empty or not finished, and count for nothing."""
    calls: tuple[Mapping[str, Any], ...]

    def told(self) -> dict[str, Any]:
        return {"samples": self.samples, "distinct": len(self.texts), "cut": self.cut, "counts": list(self.counts)}


async def sampled(
    client: ServiceClient, row: int, prompt: Prompt, fields: Mapping[str, str], sampling: Sampling, samples: int
) -> Samples | None:
    """So many answers to a prompt; None where the service refuses one of them."""
    replies = await together(ask(client, row, prompt, fields, sampling, sample=n) for n in range(samples))
    if any(reply is None for reply in replies):
        return None
    given = [reply for reply in replies if reply is not None]
    texts = [plain(reply.text) for reply in given if reply.finish != "length"]
    counts: dict[str, int] = {}
    for text in texts:
        if text:
            counts[text] = counts.get(text, 0) + 1
    calls = tuple(call for reply in given for call in reply.calls)
    return Samples(tuple(counts), tuple(counts.values()), samples, samples - sum(counts.values()), calls)


def answer_fields(asked: Turns, language: str) -> dict[str, str]:
    """What fills a prompt that answers."""
    return {"language": named(language), "conversation": asked.asked()}
