"""Instructions that human texts answer: the answer stays as a person wrote it, only the instruction is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Sampling, ask_json, fenced, settled
from weft.synthesize.making import WRITES, Part
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.protected_translation import Translator
from weft.synthesize.protected_translation import translator as translator_of
from weft.synthesize.protecting import numbers
from weft.synthesize.questions import is_question
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, shown, wanted
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.reverse_instructions", 1
_TITLE = (8, 200)
"""Characters of a title that can be an instruction."""
_SPACES = re.compile(r"\s+")


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
def reverse_instructions(
    *,
    service: Annotated[str, Field(min_length=1)],
    translator: str | None = None,
    languages: list[str] | None = None,
    instruction_language: str | None = None,
    pivot: str | None = None,
    titles: bool = True,
    min_words: Annotated[int, Field(ge=1)] = 40,
    max_words: Annotated[int, Field(ge=1)] = 1500,
    max_characters: Annotated[int, Field(ge=200)] = 12_000,
    prompt: str = "reverse_instruction",
    translation_prompt: str = "translate",
    sampling: Sampling = Sampling(),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Conversations of an instruction that a model writes and the document that answers it, which nobody changes.

    After MURI (Köksal et al. 2024, arXiv 2409.12958). The instruction is in the language of the document, or in
    `instruction_language` (LuxInstruct). With a `pivot` the model reads a translation of the document into that
    language and writes the instruction there, which is translated in its turn: by the `translator`, or by the same
    model where none is named. A title that is a question (`title` in `meta`) is the instruction as it stands, and no
    model is asked; `titles: false` takes no titles. No record of documents of fewer than `min_words` or more than
    `max_words` words (`too_short`, `too_long`), where the model declines (`declined`), and where the instruction has a
    number that the document has not (`adds_numbers`) or stands in it (`copied`). The model sees the first
    `max_characters`. Raises WeftError for a translator without a pivot, and for a prompt that is not there.
    """
    if translator is not None and pivot is None:
        raise WeftError("a translator without a pivot has nothing to do; expected pivot: the language that it writes")
    settings = settled(sampling, Sampling())
    other, between = (None if code is None else normalise(code) for code in (instruction_language, pivot))
    places = ("document_language", "instruction_language", "text")
    recipe = _Recipe(
        load(prompt, places), settings, translator_of(translation_prompt, settings), translator is not None, other,
        between, titles, max_characters,
    )  # fmt: skip
    taken = wanted(("text",), languages)

    def admit(seed: Seed) -> Refusal | None:
        refused = taken.refused(seed)
        if refused is None and seed.words < min_words:
            return Refusal("too_short", f"{seed.words} words; expected {min_words} or more")
        if refused is None and seed.words > max_words:
            return Refusal("too_long", f"{seed.words} words; expected {max_words} at most")
        return refused

    return serving(_NAME, _VERSION, admit, recipe.ask)


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    sampling: Sampling
    translator: Translator
    beside: bool
    other: str | None
    pivot: str | None
    titles: bool
    most: int

    async def ask(self, client: ServiceClient, seed: Seed) -> list[Made | Refusal] | Refusal:
        title = _title(seed) if self.titles and self.other in (None, seed.language) else None
        if title is not None:
            return [_made(seed, Part("messages", title, seed.language, role="user"), {"from": "title"}, ())]
        row, target = seed.parent.row, self.other or seed.language
        beside = client.beside("translator") if self.beside else client
        text, language = shown(seed.parent.text, self.most), seed.language
        calls: tuple[Any, ...] = ()
        if self.pivot is not None and self.pivot != language:
            read = await self.translator.translate(beside, row, text, language, self.pivot)
            if read.text is None:
                return _untranslated(read.fault, read.calls)
            text, language, calls = read.text, self.pivot, read.calls
        written = self.pivot or target
        fields = {"document_language": named(language), "instruction_language": named(written), "text": fenced(text)}
        parsed = await ask_json(client, row, self.prompt, fields, self.sampling, _read)
        if parsed is None:
            return NO_ANSWER
        calls, (instruction, about) = (*calls, *parsed.calls), parsed.value
        if instruction is None:
            return Refusal("declined", about, calls)
        if written != target:
            turned = await self.translator.translate(beside, row, instruction, written, target)
            calls = (*calls, *turned.calls)
            if turned.text is None:
                return _untranslated(turned.fault, calls)
            instruction = turned.text
        fault = _fault(instruction, seed.parent.text)
        if fault is not None:
            return Refusal(*fault, calls)
        part = Part("messages", instruction, target, "instruction", seed.parent.text, seed.language, "user")
        return [_made(seed, part, {"from": "model", "pivot": self.pivot, "about": about}, calls)]


def _made(seed: Seed, instruction: Part, note: dict[str, Any], calls: tuple[Any, ...]) -> Made:
    answer = Part("messages", seed.parent.text, seed.language, role="assistant")
    return Made("sft", [instruction, answer], seed.language, "instruction", note, calls)


def _untranslated(fault: str, calls: tuple[Any, ...]) -> Refusal:
    return NO_ANSWER if fault == "service" else Refusal("untranslated", fault, calls)


def _title(seed: Seed) -> str | None:
    held = seed.meta.get("title")
    title = _SPACES.sub(" ", held).strip() if isinstance(held, str) else ""
    good = _TITLE[0] <= len(title) <= _TITLE[1] and is_question(title, seed.language)
    return title if good else None


def _read(held: Any) -> tuple[str | None, str]:
    """The instruction, or None where the model declines, and its reason."""
    reason = (held.get("reason") if isinstance(held, dict) else None) or ""
    told_why = str(reason).encode("utf-8", "replace").decode("utf-8")
    if reading.choice(held, "decision", ("instruction", "none")) == "none":
        return None, told_why or "the model wrote no instruction"
    return reading.text(held, "instruction"), told_why


def _fault(instruction: str, document: str) -> tuple[str, str] | None:
    """Why an instruction cannot stand before its document."""
    folded, whole = (_SPACES.sub(" ", text).casefold() for text in (instruction, document))
    if folded.strip(" .?!") in whole:
        return "copied", f"the instruction stands in the document: {instruction[:200]}"
    missing = sorted(numbers(instruction) - numbers(document))
    if missing:
        return "adds_numbers", f"the document does not hold {', '.join(missing)}"
    return None
