"""Conversations translated as a whole, where what they teach is the same in every language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from weft.errors import WeftError, nearest
from weft.model.languages import normalise
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Parsed, Sampling, ask_json, fenced, settled
from weft.synthesize.making import WRITES, Part
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.protecting import KINDS, Protected, nothing_to_translate, protected
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, shown, wanted
from weft.synthesize.skills import NEUTRAL, TASKS, listed
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.translated_instructions", 1


@operator(
    _NAME,
    version=_VERSION,
    reads=READS,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    services_beside=("sorter",),
    protocols=CHATS,
    libraries=("icu4py",),
)
def translated_instructions(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    sorter: str | None = None,
    languages: list[str] | None = None,
    skills: list[str] = list(NEUTRAL),  # noqa: B006 -- never changed
    skill_field: str | None = None,
    protect: list[str] = list(KINDS),  # noqa: B006
    max_turns: Annotated[int, Field(ge=1)] = 12,
    max_characters: Annotated[int, Field(ge=200)] = 12_000,
    prompt: str = "translated_conversation",
    sorting_prompt: str = "instruction_task",
    sampling: Sampling = Sampling(),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Conversations translated into `language`, all turns in one call, where their task is one of the `skills`.

    Which task it is stands in the field `skill_field` of `meta`; without that the `sorter` says (the same model where
    none is named), and whether the conversation is bound to a language or a country. Others are left out
    (`language_bound`): wordplay, grammar, translation, culture. What `protect` names (`code`, `inline_code`, `maths`,
    `url`, `email`, `placeholder`, `markup`, `number`) is replaced by placeholders, and put back where each came back
    as often as it went. One turn that lost a placeholder (`placeholder_lost`), or came back as it was (`untranslated`),
    drops the conversation. Conversations of more turns or characters are left out (`too_long`). Raises WeftError for a
    skill or a kind of content that does not exist.
    """
    for name in skills:
        if name not in TASKS:
            raise WeftError(f"skill {name!r}: expected some of {', '.join(TASKS)}{nearest(name, TASKS)}")
    protected((), protect)
    target = normalise(language)
    recipe = _Recipe(
        load(prompt, ("source_language", "target_language", "text", "count")),
        load(sorting_prompt, ("source_language", "tasks", "text")),
        settled(sampling, Sampling()), target, sorter is not None, tuple(skills), skill_field, tuple(protect),
    )  # fmt: skip
    taken = wanted(("sft",), languages)

    def admit(seed: Seed) -> Refusal | None:
        turns, size = len(seed.parent.messages), len(seed.parent.text)
        if seed.language == target:
            return Refusal("same_language", f"it is in {target} already")
        if turns > max_turns or size > max_characters:
            return Refusal("too_long", f"{turns} turns of {size} characters; expected {max_turns} of {max_characters}")
        return taken.refused(seed) or recipe.refused(seed)

    return serving(_NAME, _VERSION, admit, recipe.ask)


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    sorting: Prompt
    sampling: Sampling
    target: str
    beside: bool
    skills: tuple[str, ...]
    field: str | None
    kinds: tuple[str, ...]

    def refused(self, seed: Seed) -> Refusal | None:
        """Why a conversation is not translated whose task is known."""
        if not seed.parent.messages:
            return Refusal("no_messages", "the conversation has no messages")
        if self.field is not None and self._labelled(seed) not in self.skills:
            return Refusal("language_bound", f"its {self.field} is {seed.meta.get(self.field)!r}")
        return None

    def _labelled(self, seed: Seed) -> str:
        return str(seed.meta.get(self.field or "", "")).strip().casefold()

    async def ask(self, client: ServiceClient, seed: Seed) -> list[Made | Refusal] | Refusal:
        calls: tuple[Any, ...] = ()
        skill = self._labelled(seed)
        if self.field is None:
            sorted_as = await self._sorted(client.beside("sorter") if self.beside else client, seed)
            if sorted_as is None:
                return NO_ANSWER
            calls, (skill, bound, reason) = sorted_as.calls, sorted_as.value
            if bound or skill not in self.skills:
                return Refusal("language_bound", f"{skill}: {reason}", calls)
        held = protected([text for _, _, text in seed.parent.messages], self.kinds)
        parsed = await self._translated(client, seed, held)
        if parsed is None:
            return NO_ANSWER
        calls = (*calls, *parsed.calls)
        parts = []
        for place, (field, role, text) in enumerate(seed.parent.messages):
            try:
                made = held.restored(place, parsed.value[place])
            except ValueError as error:
                return Refusal("placeholder_lost", f"turn {place + 1}: {error}", calls)
            if made == text and not nothing_to_translate(held.texts[place]):
                return Refusal("untranslated", f"turn {place + 1} came back as it was", calls)
            parts.append(Part(field, made, self.target, "translation", text, seed.language, role))
        return [Made("sft", parts, self.target, skill, {"protected": len(held.held)}, calls)]

    async def _sorted(self, client: ServiceClient, seed: Seed) -> Parsed | None:
        turns = "\n\n".join(f"{role}: {shown(text, 2000)}" for _, role, text in seed.parent.messages)
        fields = {"source_language": named(seed.language), "tasks": listed(), "text": fenced(turns)}
        return await ask_json(client, seed.parent.row, self.sorting, fields, self.sampling, _task)

    async def _translated(self, client: ServiceClient, seed: Seed, held: Protected) -> Parsed | None:
        roles = [role for _, role, _ in seed.parent.messages]
        turns = [
            {"turn": number, "role": role, "text": text}
            for number, (role, text) in enumerate(zip(roles, held.texts, strict=True), 1)
        ]
        fields = {
            "source_language": named(seed.language),
            "target_language": named(self.target),
            "text": fenced(json.dumps(turns, ensure_ascii=False, indent=1)),
            "count": str(len(turns)),
        }
        return await ask_json(
            client, seed.parent.row, self.prompt, fields, self.sampling, lambda held: _turns(held, len(turns))
        )


def _task(held: Any) -> tuple[str, bool, str]:
    return reading.choice(held, "task", TASKS), reading.flag(held, "bound"), reading.optional_text(held, "reason") or ""


def _turns(held: Any, count: int) -> list[str]:
    """The texts of all turns, in order."""
    found = reading.items(held, "turns", count + 1)
    texts = {int(reading.number(one, "turn", 1, count)): reading.text(one, "text") for one in found}
    if len(found) != count or len(texts) != count:
        raise ValueError(f"there are {len(found)} turns; expected each of the {count} once")
    return [texts[number] for number in range(1, count + 1)]
