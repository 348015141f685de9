"""Passages said in other words, in the same language: by a model, or by way of another language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Sampling, ask, fenced, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import WRITES, Part
from weft.synthesize.passages import Division, divided
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.protected_translation import Translated, Translator, unfenced
from weft.synthesize.protected_translation import translator as translator_of
from weft.synthesize.protecting import numbers
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, wanted
from weft.synthesize.similarity import alike
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.paraphrase", 1


@operator(
    _NAME,
    version=_VERSION,
    reads=READS,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    services_beside=("translator",),
    protocols=CHATS,
    libraries=("icu4py",),
)
def paraphrase(
    *,
    service: Annotated[str, Field(min_length=1)],
    translator: str | None = None,
    pivot: str | None = None,
    languages: list[str] | None = None,
    division: Division = "paragraph",
    min_characters: Annotated[int, Field(ge=1)] = 40,
    max_characters: Annotated[int, Field(ge=1)] = 2_000,
    most: Annotated[int, Field(ge=1)] = 20,
    low: Annotated[float, Field(ge=0, le=100)] = 30.0,
    high: Annotated[float, Field(ge=0, le=100)] = 80.0,
    prompt: str = "paraphrase",
    translation_prompt: str = "translate",
    sampling: Sampling = Sampling(),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """The same in other words: a text for each passage of a document, whose chrF to it is from `low` to `high`.

    Passages are the whole `document`, its `paragraph`s or its `sentence`s, of `min_characters` to `max_characters`, the
    first `most` of them. Without a `pivot` the model writes the paraphrase. With one the passage is translated into
    that language and back, by the `translator`, or by the model itself where none is named. No record of a paraphrase
    below `low` (`too_far`: probably something else), above `high` (`too_close`: nearly a copy), or with other numbers
    (`numbers_changed`). Raises WeftError for a translator without a pivot, and for a band that holds nothing.
    """
    if translator is not None and pivot is None:
        raise WeftError("a translator without a pivot has nothing to do; expected pivot: the language to go through")
    if low >= high:
        raise WeftError(f"low is {low:g} and high {high:g}; expected low below high")
    settings, between = settled(sampling, Sampling()), None if pivot is None else normalise(pivot)
    recipe = _Recipe(
        load(prompt, ("language", "text")), settings, translator_of(translation_prompt, settings),
        translator is not None, between, (low, high),
    )  # fmt: skip
    taken = wanted(("text",), languages)

    def admit(seed: Seed) -> Refusal | None:
        refused = taken.refused(seed)
        if refused is None and seed.language == between:
            return Refusal("other_language", f"it is in {between}, the pivot")
        return refused

    async def ask_each(client: ServiceClient, seed: Seed) -> list[Made | Refusal] | Refusal:
        passages = divided(seed.parent.text, division, min_characters, max_characters)[:most]
        if not passages:
            return Refusal("no_passage", f"no {division} of {min_characters} to {max_characters} characters")
        return await together(recipe.passage(client, seed, one) for one in dict.fromkeys(passages))

    return serving(_NAME, _VERSION, admit, ask_each)


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    sampling: Sampling
    translator: Translator
    beside: bool
    pivot: str | None
    band: tuple[float, float]

    async def passage(self, client: ServiceClient, seed: Seed, text: str) -> Made | Refusal:
        row, language = seed.parent.row, seed.language
        if self.pivot is None:
            made = await self._written(client, row, text, language)
        else:
            other = client.beside("translator") if self.beside else client
            made = await self._around(other, row, text, language, self.pivot)
        if made.text is None:
            return NO_ANSWER if made.fault == "service" else Refusal("no_paraphrase", made.fault, made.calls)
        return self._judged(made.text, text, language, made.calls)

    async def _written(self, client: ServiceClient, row: int, text: str, language: str) -> Translated:
        reply = await ask(client, row, self.prompt, {"language": named(language), "text": fenced(text)}, self.sampling)
        if reply is None:
            return Translated(None, "service")
        whole = unfenced(reply.text) if reply.finish != "length" else ""
        return Translated(whole or None, "" if whole else "the reply is empty or cut off", reply.calls)

    async def _around(self, client: ServiceClient, row: int, text: str, language: str, pivot: str) -> Translated:
        there = await self.translator.translate(client, row, text, language, pivot)
        if there.text is None:
            return there
        back = await self.translator.translate(client, row, there.text, pivot, language)
        return Translated(back.text, back.fault, (*there.calls, *back.calls))

    def _judged(self, made: str, text: str, language: str, calls: tuple[Mapping[str, Any], ...]) -> Made | Refusal:
        (score,) = alike([made], [text])
        low, high = self.band
        if not low <= score <= high:
            reason = "too_far" if score < low else "too_close"
            return Refusal(reason, f"chrF {score:.1f} to the passage; expected {low:g} to {high:g}", calls)
        if numbers(made) != numbers(text):
            changed = ", ".join(sorted(numbers(made) ^ numbers(text)))
            return Refusal("numbers_changed", f"only one of both has {changed}", calls)
        part = Part("text", made, language, "paraphrase", text, language)
        note = {"chrf": round(score, 2), "pivot": self.pivot}
        return Made("text", [part], language, "paraphrase", note, calls)
