"""Questions about the culture of a language's speakers, from their own text, each with a passage that proves it."""

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
from weft.synthesize.quoting import places
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, shown, wanted
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.culture_questions", 1
TOPICS = {
    "people": "persons who are known to speakers of the language, and what they did",
    "places": "towns, rivers, regions, sights, and what they are known for",
    "food": "dishes, drinks, ingredients, how and when they are eaten",
    "customs": "greetings, manners, weddings, funerals, festivals, dress",
    "arts": "music, dance, stories, poetry, crafts, games, sports",
    "history": "events that shaped the community",
    "beliefs": "religion, rites, taboos",
    "work": "farming, herding, fishing, trade, tools",
    "nature": "plants, animals, weather and land, as people there live with them",
    "language": "names, proverbs, forms of address",
}
"""What a question about a culture can be about."""


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
def culture_questions(
    *,
    service: Annotated[str, Field(min_length=1)],
    languages: list[str] | None = None,
    topics: list[str] = list(TOPICS),  # noqa: B006 -- never changed
    translated_field: str | None = None,
    most: Annotated[int, Field(ge=1, le=20)] = 3,
    min_words: Annotated[int, Field(ge=1)] = 40,
    max_characters: Annotated[int, Field(ge=200)] = 12_000,
    least_evidence: Annotated[int, Field(ge=1)] = 12,
    prompt: str = "culture_questions",
    sampling: Sampling = Sampling(),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Questions about culture and their answers, at most `most` of a document, each with a passage that proves it.

    After UltraLink (Wang et al. 2024, arXiv 2402.04588): asked of text that speakers wrote, never of translations.
    Pairs are therefore refused, and so are documents whose `meta` has something other than false, 0, "" or null in
    `translated_field` (`translated`). The evidence must stand in the document letter by letter, but for white space,
    and have `least_evidence` characters; else there is no such record (`no_evidence`). The note of a record has topic,
    evidence and its place in characters. A document without any question is refused (`declined`). The model sees the
    first `max_characters`. Raises WeftError for a topic that does not exist.
    """
    for topic in topics:
        if topic not in TOPICS:
            raise WeftError(f"topic {topic!r}: expected some of {', '.join(TOPICS)}")
    asking = load(prompt, ("language", "topics", "count", "text"))
    recipe = _Recipe(asking, settled(sampling, Sampling()), tuple(topics), most, max_characters, least_evidence)
    taken = wanted(("text",), languages)

    def admit(seed: Seed) -> Refusal | None:
        if translated_field is not None and seed.meta.get(translated_field):
            return Refusal("translated", f"{translated_field} is {str(seed.meta[translated_field])[:80]!r}")
        refused = taken.refused(seed)
        if refused is None and seed.words < min_words:
            return Refusal("too_short", f"{seed.words} words; expected {min_words} or more")
        return refused

    return serving(_NAME, _VERSION, admit, recipe.ask)


@dataclass(frozen=True)
class _Question:
    topic: str
    question: str
    answer: str
    evidence: str


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    sampling: Sampling
    topics: tuple[str, ...]
    most: int
    most_characters: int
    least: int

    async def ask(self, client: ServiceClient, seed: Seed) -> list[Made | Refusal] | Refusal:
        text = seed.parent.text
        fields = {
            "language": named(seed.language),
            "topics": "\n".join(f"- {topic}: {TOPICS[topic]}" for topic in self.topics),
            "count": str(self.most),
            "text": fenced(shown(text, self.most_characters)),
        }
        parsed = await ask_json(client, seed.parent.row, self.prompt, fields, self.sampling, self._read)
        if parsed is None:
            return NO_ANSWER
        reason, questions = parsed.value
        if not questions:
            return Refusal("declined", reason or "the model found no question about culture", parsed.calls)
        return [self._record(seed, one, parsed.calls) for one in questions]

    def _record(self, seed: Seed, one: _Question, calls: tuple[Any, ...]) -> Made | Refusal:
        text, language = seed.parent.text, seed.language
        found = places(text, one.evidence) if len(one.evidence) >= self.least else []
        if not found:
            return Refusal("no_evidence", f"it does not stand in the document: {one.evidence}", calls)
        begin, end = found[0]
        question = Part("messages", one.question, language, "instruction", text, language, "user")
        answer = Part("messages", one.answer, language, "answer", text, language, "assistant")
        note = {"topic": one.topic, "evidence": text[begin:end], "begin": begin, "end": end}
        return Made("sft", [question, answer], language, "culture", note, calls)

    def _read(self, held: Any) -> tuple[str, list[_Question]]:
        found = [
            _Question(
                reading.choice(one, "topic", self.topics),
                *(reading.text(one, name) for name in ("question", "answer", "evidence")),
            )
            for one in reading.items(held, "questions", self.most)
        ]
        reason = reading.optional_text(held, "reason") if isinstance(held, dict) else None
        return reason or "", list({one.question: one for one in found}.values())
