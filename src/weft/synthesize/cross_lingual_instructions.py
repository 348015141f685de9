"""Questions in one language with answers in another: the best of several answers, or a question that is translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, ask_json, fenced, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import WRITES, Part
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.protected_translation import Translator, unfenced
from weft.synthesize.protected_translation import translator as translator_of
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving, wanted
from weft.synthesize.similarity import least_risk
from weft.synthesize.translating import named

_NAME, _VERSION = "synthesize.cross_lingual_instructions", 1
_PLACES = ("question_language", "answer_language", "text")
Crossed = Literal["answer", "question", "either"]
Choose = Literal["agreement", "judged"]


@operator(
    _NAME,
    version=_VERSION,
    reads=READS,
    writes=WRITES,
    kind="service",
    rows="make",
    service="service",
    services_beside=("judge", "translator"),
    protocols=CHATS,
    libraries=("icu4py",),
)
def cross_lingual_instructions(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    judge: str | None = None,
    translator: str | None = None,
    languages: list[str] | None = None,
    crossed: Crossed = "answer",
    samples: Annotated[int, Field(ge=1, le=64)] = 3,
    choose: Choose = "agreement",
    least_agreement: Annotated[float, Field(ge=0, le=100)] = 20.0,
    least_score: Annotated[int, Field(ge=1, le=5)] = 4,
    max_characters: Annotated[int, Field(ge=100)] = 8_000,
    seed: int = 1,
    prompt: str = "cross_lingual_answer",
    rating_prompt: str = "rate_answer",
    translation_prompt: str = "translate",
    sampling: Sampling = Sampling(temperature=0.7, top_p=0.95),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Conversations that cross languages: what a person asked in one, answered in `language`, or the other way round.

    `crossed: answer` (XL-Instruct, arXiv 2503.22973): the first question of a conversation stays, and the model answers
    it in `language`, `samples` times. `choose: agreement` takes the answer that the others agree with most, by mean
    chrF, if that reaches `least_agreement` (`disagreement` otherwise; two answers are needed); `judged` the one that
    the `judge` (the same model where none is named) rates highest from 1 to 5, if in the language and `least_score`
    (`low_score`). Empty and cut answers never count. `crossed: question` (CrossIn): the question is translated into
    `language`, by the `translator` where one is named, and the answer stays. `either` draws one by `seed` and the id of
    the document. Answers are written at a temperature, which `sampling` has to have where there are several samples.
    """
    settings = settled(sampling, Sampling())
    if crossed != "question" and samples > 1 and settings.temperature == 0:
        raise WeftError(f"{samples} samples at temperature 0 are one answer; expected a temperature in sampling")
    if crossed != "question" and choose == "agreement" and samples < 2:
        raise WeftError("nothing agrees with one sample; expected 2 samples or more, or choose: judged")
    target, calm = normalise(language), settings.model_copy(update={"temperature": 0.0, "top_p": None})
    recipe = _Recipe(
        load(prompt, _PLACES), load(rating_prompt, (*_PLACES, "answer")), translator_of(translation_prompt, calm),
        settings, calm, target, samples, least_score if choose == "judged" else None, least_agreement,
        frozenset(name for name, given in (("judge", judge), ("translator", translator)) if given is not None),
    )  # fmt: skip
    taken = wanted(("sft",), languages)

    def admit(one: Seed) -> Refusal | None:
        if one.language == target:
            return Refusal("same_language", f"it is in {target} already")
        if len(one.parent.text) > max_characters:
            return Refusal("too_long", f"{len(one.parent.text)} characters; expected {max_characters} at most")
        return taken.refused(one)

    async def ask_one(client: ServiceClient, one: Seed) -> list[Made | Refusal] | Refusal:
        question, answer = _exchange(one)
        if question is None:
            return Refusal("no_question", "the conversation has no message of a user")
        if crossed == "question" or (crossed == "either" and _odd(one.parent.id, seed)):
            return await recipe.question(client, one, question, answer)
        return await recipe.answer(client, one, question)

    return serving(_NAME, _VERSION, admit, ask_one)


@dataclass(frozen=True)
class _Candidate:
    text: str
    sample: int
    score: int = 0


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    rating: Prompt
    translator: Translator
    sampling: Sampling
    calm: Sampling
    target: str
    samples: int
    least_score: int | None
    """Least rating, where a judge chooses."""
    least_agreement: float
    beside: frozenset[str]

    async def question(
        self, client: ServiceClient, seed: Seed, question: str, answer: str | None
    ) -> list[Made | Refusal] | Refusal:
        """The question translated, before the answer that stays."""
        if answer is None:
            return Refusal("no_answer_given", "the conversation has no answer that could stay")
        other = client.beside("translator") if "translator" in self.beside else client
        made = await self.translator.translate(other, seed.parent.row, question, seed.language, self.target)
        if made.text is None:
            return NO_ANSWER if made.fault == "service" else Refusal("untranslated", made.fault, made.calls)
        asked = Part("messages", made.text, self.target, "translation", question, seed.language, "user")
        said = Part("messages", answer, seed.language, role="assistant")
        note = {"crossed": "question"}
        return [Made("sft", [asked, said], self.target, "cross_lingual", note, made.calls)]

    async def answer(self, client: ServiceClient, seed: Seed, question: str) -> list[Made | Refusal] | Refusal:
        """The question as it stands, before the best of several answers."""
        row, fields = seed.parent.row, self._fields(seed, question)
        replies = await together(
            ask(client, row, self.prompt, fields, self.sampling, sample=number) for number in range(self.samples)
        )
        calls = [call for reply in replies if reply is not None for call in reply.calls]
        candidates = _candidates(replies)
        if not candidates:
            told_why = "every answer was empty or cut off"
            return Refusal("cut_off", told_why, calls) if calls else NO_ANSWER
        if self.least_score is None:
            chosen, note = _agreed(candidates, self.least_agreement)
        else:
            judge = client.beside("judge") if "judge" in self.beside else client
            chosen, note, more = await self._judged(judge, row, fields, candidates)
            calls += more
        if chosen is None:
            reason = "disagreement" if self.least_score is None else "low_score"
            return Refusal(reason, ", ".join(f"{name}: {value}" for name, value in note.items()), calls)
        note |= {"crossed": "answer", "sample": chosen.sample, "samples": self.samples}
        asked = Part("messages", question, seed.language, role="user")
        said = Part("messages", chosen.text, self.target, "answer", question, seed.language, "assistant")
        return [Made("sft", [asked, said], self.target, "cross_lingual", note, calls)]

    def _fields(self, seed: Seed, question: str) -> dict[str, str]:
        languages = {"question_language": named(seed.language), "answer_language": named(self.target)}
        return languages | {"text": fenced(question)}

    async def _judged(
        self, client: ServiceClient, row: int, fields: Mapping[str, str], candidates: list[_Candidate]
    ) -> tuple[_Candidate | None, dict[str, Any], list[Any]]:
        """The candidate that is rated highest, the first of equal ones, if it is good enough."""
        ratings = await together(
            ask_json(client, row, self.rating, {**fields, "answer": fenced(one.text)}, self.calm, _rating)
            for one in candidates
        )
        calls = [call for rating in ratings if rating is not None for call in rating.calls]
        scores = [0 if rating is None else int(rating.value) for rating in ratings]
        best = max(range(len(scores)), key=lambda place: (scores[place], -place))
        good = self.least_score is not None and scores[best] >= self.least_score
        return candidates[best] if good else None, {"chosen_by": "judge", "score": scores[best]}, calls


def _candidates(replies: list[Reply | None]) -> list[_Candidate]:
    """Answers that are whole, with the number of their sample."""
    found = [
        _Candidate(unfenced(reply.text), number)
        for number, reply in enumerate(replies)
        if reply is not None and reply.finish != "length"
    ]
    return [one for one in found if one.text]


def _agreed(candidates: list[_Candidate], least: float) -> tuple[_Candidate | None, dict[str, Any]]:
    if len(candidates) < 2:
        return None, {"chosen_by": "agreement", "answers": len(candidates)}
    best, score = least_risk([one.text for one in candidates])
    note = {"chosen_by": "agreement", "agreement": round(score, 2)}
    return candidates[best] if score >= least else None, note


def _rating(held: Any) -> int:
    """The score, 0 where the answer is not in the language."""
    score = int(reading.number(held, "score", 1, 5))
    return score if reading.flag(held, "in_language") else 0


def _exchange(seed: Seed) -> tuple[str | None, str | None]:
    """What a user asks first, and what is answered to it directly."""
    said = [(role or "", text) for _, role, text in seed.parent.messages if role != "system" and text.strip()]
    if not said or said[0][0] != "user":
        return None, None
    return said[0][1], said[1][1] if said[1:] and said[1][0] == "assistant" else None


def _odd(identifier: str, seed: int) -> bool:
    from weft.text.draws import keys_of

    return bool(keys_of([identifier], seed)[0] & 1)
