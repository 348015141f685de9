"""Conversations about a document: planned as an outline, then written turn by turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Sampling, ask_json, fenced, settled
from weft.synthesize.making import WRITES, Part
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, shown, wanted
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.outline_dialogues", 1
_ROLES = ("user", "assistant")


@operator(
    _NAME,
    version=_VERSION,
    reads=READS,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    protocols=CHATS,
    libraries=("icu4py",),
)
def outline_dialogues(
    *,
    service: Annotated[str, Field(min_length=1)],
    languages: list[str] | None = None,
    min_turns: Annotated[int, Field(ge=2)] = 4,
    max_turns: Annotated[int, Field(ge=2)] = 10,
    points: Annotated[int, Field(ge=1, le=20)] = 5,
    min_words: Annotated[int, Field(ge=1)] = 80,
    max_characters: Annotated[int, Field(ge=200)] = 12_000,
    outline_prompt: str = "dialogue_outline",
    prompt: str = "outlined_dialogue",
    sampling: Sampling = Sampling(max_tokens=2048),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Conversations of a user and an assistant about a document, in its language, written from an outline of it.

    The first call plans at most `points`, the second writes `min_turns` to `max_turns` turns, of which the user has the
    first and the assistant the last; a reply whose turns do not alternate is shown to the model once more. No record of
    documents of fewer than `min_words` words (`too_short`), of those that the model finds no conversation in
    (`declined`), and where a turn stands twice (`repeated_turn`). The model sees the first `max_characters`.
    """
    if min_turns > max_turns:
        raise WeftError(f"min_turns is {min_turns} and max_turns {max_turns}; expected min_turns at most as large")
    if max_turns - min_turns < 1 and min_turns % 2:
        raise WeftError(
            f"{min_turns} turns cannot begin with the user and end with the assistant; expected an even number"
        )
    recipe = _Recipe(
        load(outline_prompt, ("language", "count", "text")),
        load(prompt, ("language", "outline", "text", "least", "most")),
        settled(sampling, Sampling()), (min_turns, max_turns), points, max_characters,
    )  # fmt: skip
    taken = wanted(("text",), languages)

    def admit(seed: Seed) -> Refusal | None:
        refused = taken.refused(seed)
        if refused is None and seed.words < min_words:
            return Refusal("too_short", f"{seed.words} words; expected {min_words} or more")
        return refused

    return serving(_NAME, _VERSION, admit, recipe.ask)


@dataclass(frozen=True)
class _Recipe:
    planning: Prompt
    writing: Prompt
    sampling: Sampling
    turns: tuple[int, int]
    points: int
    most: int

    async def ask(self, client: ServiceClient, seed: Seed) -> list[Made | Refusal] | Refusal:
        row, text = seed.parent.row, seed.parent.text
        fields = {"language": named(seed.language), "text": fenced(shown(text, self.most)), "count": str(self.points)}
        planned = await ask_json(client, row, self.planning, fields, self.sampling, self._outline)
        if planned is None:
            return NO_ANSWER
        reason, outline = planned.value
        if not outline:
            return Refusal("declined", reason or "the model found no conversation in it", planned.calls)
        listed = "\n".join(f"{number}. {point}" for number, point in enumerate(outline, 1))
        fields |= {"outline": fenced(listed), "least": str(self.turns[0]), "most": str(self.turns[1])}
        written = await ask_json(client, row, self.writing, fields, self.sampling, self._turns)
        if written is None:
            return NO_ANSWER
        calls: tuple[Any, ...] = (*planned.calls, *written.calls)
        said: list[str] = written.value
        if len(set(said)) < len(said):
            return Refusal("repeated_turn", f"{len(said) - len(set(said))} of {len(said)} turns stand twice", calls)
        parts = [
            Part("messages", one, seed.language, "dialogue", text, seed.language, _ROLES[number % 2])
            for number, one in enumerate(said)
        ]
        return [Made("sft", parts, seed.language, "dialogue", {"outline": outline}, calls)]

    def _outline(self, held: Any) -> tuple[str, list[str]]:
        found = [reading.text({"point": one}, "point") for one in reading.items(held, "outline", self.points)]
        reason = reading.optional_text(held, "reason") if isinstance(held, dict) else None
        return reason or "", found

    def _turns(self, held: Any) -> list[str]:
        found = reading.items(held, "turns", self.turns[1] + 1)
        if not self.turns[0] <= len(found) <= self.turns[1] or len(found) % 2:
            least, most = self.turns
            raise ValueError(f"there are {len(found)} turns; expected an even number from {least} to {most}")
        for number, one in enumerate(found):
            if reading.choice(one, "role", _ROLES) != _ROLES[number % 2]:
                raise ValueError(f"turn {number + 1} is not of the {_ROLES[number % 2]}; user and assistant take turns")
        return [reading.text(one, "text") for one in found]
