"""A text translated by a model, with what must not change kept out of its hands."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from weft.operators.service import ServiceClient
from weft.synthesize.asking import Sampling
from weft.synthesize.prompts import Prompt
from weft.synthesize.protecting import KINDS, nothing_to_translate, protected
from weft.synthesize.translating import loaded
from weft.synthesize.translating import translate as translated

_FENCE = re.compile(r"</?text-[0-9a-f]{12}>")


@dataclass(frozen=True)
class Translated:
    """A translation, or why there is none (`service` where the service gave no answer), and the calls it took."""

    text: str | None
    fault: str = ""
    calls: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Translator:
    """Translates one text after another with a prompt; `kinds` of content are protected (`protecting.KINDS`)."""

    prompt: Prompt
    sampling: Sampling
    kinds: Collection[str] = KINDS

    async def translate(self, client: ServiceClient, row: int, text: str, source: str, target: str) -> Translated:
        """The translation of a text from one language to another (codes); one that lost a placeholder is none."""
        held = protected([text], self.kinds)
        if nothing_to_translate(held.texts[0]):
            return Translated(text)
        (reply,) = await translated(client, [row], [held.texts[0]], source, target, self.prompt, self.sampling)
        if reply is None:
            return Translated(None, "service")
        try:
            made = held.restored(0, unfenced(reply.text))
        except ValueError as error:
            return Translated(None, str(error), reply.calls)
        return Translated(made or None, "" if made else "the translation is empty", reply.calls)


def translator(named: str, sampling: Sampling, kinds: Collection[str] = KINDS) -> Translator:
    """A translator with this prompt. Raises WeftError for one that is not there or has other places."""
    return Translator(loaded(named), sampling, kinds)


def unfenced(text: str) -> str:
    """A reply without the marks of `asking.fenced`, which some models repeat, nor white space around it."""
    return _FENCE.sub("", text).encode("utf-8", "replace").decode("utf-8").strip()
