"""Translations by a service, be it a model that chats or a translation model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from weft.model.languages import name, script_name
from weft.operators.service import Answered, ServiceClient
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced
from weft.synthesize.gathering import together
from weft.synthesize.prompts import Prompt, load

PROTOCOL = "translate"
"""The protocol of translation models: they are told both languages by their codes, and nothing else."""
TRANSLATORS = (*CHATS, PROTOCOL)
"""Protocols by which recipes ask for translations."""
PLACES = ("source", "target", "text")
"""Places that a prompt for a translation may have."""
_MARK = re.compile(r"^\s*</?text-[0-9a-f]{12}>\s*$", re.MULTILINE)


def named(code: str) -> str:
    """A language as prompts name it, in English, with its code and script: `Swahili (swh_Latn, Latin script)`."""
    script = script_name(code.partition("_")[2])
    return f"{name(code).removesuffix(f' ({script})')} ({code}, {script} script)"


def loaded(prompt: str) -> Prompt:
    """A prompt for translations, by its name or file. Raises WeftError."""
    return load(prompt, PLACES)


async def translate(
    client: ServiceClient,
    rows: Sequence[int],
    texts: Sequence[str],
    source: str,
    target: str,
    prompt: Prompt,
    sampling: Sampling,
    *,
    sample: int = 0,
) -> list[Reply | None]:
    """The translation of each text, which belongs to the row at its place; None where the service refuses it.

    A model that chats gets `prompt` and `sampling`; to a translation model the texts travel together with the codes of
    both languages, and how it decodes is said in the recipe's `services`. It has one answer: no `sample` but 0.
    """
    if client.protocol == PROTOCOL:
        return await _by_model(client, rows, texts, source, target, sample)
    places = {"source": named(source), "target": named(target)}
    asked = [
        ask(client, row, prompt, places | {"text": fenced(text)}, sampling, sample=sample)
        for row, text in zip(rows, texts, strict=True)
    ]
    found = await together(asked)
    return [None if one is None else Reply(plain(one.text), one.finish, one.calls) for one in found]


async def _by_model(
    client: ServiceClient, rows: Sequence[int], texts: Sequence[str], source: str, target: str, sample: int
) -> list[Reply | None]:
    """All texts in as few requests as the model takes; then each is asked for its account, which is kept by then."""
    body = {"source": source, "target": target}
    answers = await client.ask_each(rows, texts, body)
    known = [place for place, answer in enumerate(answers) if answer is not None]
    asked = (client.call(rows[place], {**body, "text": texts[place]}, sample) for place in known)
    found = dict(zip(known, await together(asked), strict=True))
    return [_reply(found.get(place)) for place in range(len(texts))]


def _reply(answered: Answered | None) -> Reply | None:
    if answered is None:
        return None
    held = answered.value
    return Reply(str(held["text"]).strip(), held.get("finish"), (answered.call,))


def plain(text: str) -> str:
    """What a model said, without the marks of the question that it may have repeated."""
    return _MARK.sub("", text).strip()
