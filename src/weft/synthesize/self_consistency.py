"""Preferences by what a model answers to one question in several languages."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Reply, Sampling, ask, fenced, last_json, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.passages import text_in
from weft.synthesize.preference import Guards, faults
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.translating import TRANSLATORS, loaded, named, translate

NAME, VERSION = "synthesize.self_consistency", 1
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[,_\u00a0\u202f' ](?=\d{3}(?!\d))")


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    services_beside=("translator",),
    protocols=TRANSLATORS,
)
def self_consistency(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    others: Annotated[tuple[str, ...], Field(min_length=1)],
    translator: str | None = None,
    samples: Annotated[int, Field(ge=1, le=16)] = 4,
    majority: Annotated[float, Field(gt=0, le=1)] = 0.5,
    agreeing: Annotated[int, Field(ge=2)] = 2,
    longest: Annotated[int, Field(ge=1)] = 4000,
    guards: Guards | None = None,
    prompt: str = "solve",
    translate_prompt: str = "translate",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Preferences in `language`: the answer that most languages agree on is chosen, another one is rejected.

    One question is asked in `language` and in `others`, so often as `samples` says in each: with the sides of a pair
    where it has them, else with translations by `translator`; a language without a question is not asked in. Give
    questions whose answer is the same everywhere. A language votes for the answer that it gives most often, and not at
    all where two are given equally often. There is a preference where one answer alone has `majority` of the languages
    asked and `agreeing` of them at least: chosen is the first response in `language` with it, or where there is none,
    a translation of the first one in another language; rejected the first response in `language` with another answer.
    The note has what each language answered. Without `sampling` the temperature is 0.7. After CALM (2501.18457).
    """
    asked_in = (language, *others)
    if len(set(asked_in)) < len(asked_in):
        raise WeftError(f"others are {', '.join(others)}; expected each language once, and not {language}")
    rules = _Rules(
        asked_in, load(prompt, ("language", "text")), loaded(translate_prompt),
        settled(sampling, Sampling(temperature=0.7)), samples, majority, agreeing, translator is not None,
    )  # fmt: skip
    bounds = settled(guards, Guards())

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        if client.protocol not in CHATS:
            raise WeftError(f"{NAME}: service speaks {client.protocol}; expected a model that chats")
        making = Making(batch, NAME, VERSION)
        held = []
        for parent in parents(batch):
            text = (text_in(parent, language) or "").strip()
            sides = {code: side for code, side in parent.sides.items() if code in others and side.strip()}
            if not text or len(text) > longest:
                reason = "length" if text else "other_language"
                making.none(parent.row, reason, f"expected a question in {language} of {longest} characters or fewer")
            elif not sides and translator is None:
                making.none(parent.row, "one_language", "nothing translates the question, and it has no other sides")
            else:
                held.append(_Question(parent.row, {language: text, **sides}))
        for one, told in zip(held, await together(_decided(client, one, rules) for one in held), strict=True):
            _add(making, one, told, language, bounds)
        return making.table()

    return make


@dataclass(frozen=True)
class _Rules:
    languages: tuple[str, ...]
    prompt: Prompt
    translate_prompt: Prompt
    sampling: Sampling
    samples: int
    majority: float
    agreeing: int
    translates: bool


@dataclass(frozen=True)
class _Question:
    row: int
    sides: dict[str, str]


@dataclass
class _Told:
    """What came of a question: both responses, or why there are none, and every call."""

    calls: list[Mapping[str, Any]] = field(default_factory=list)
    note: dict[str, Any] = field(default_factory=dict)
    chosen: str = ""
    rejected: str = ""
    fault: tuple[str, str, str] | None = None

    def failed(self, kind: str, reason: str, detail: str) -> _Told:
        self.fault = (kind, reason, detail)
        return self


async def _decided(client: ServiceClient, question: _Question, rules: _Rules) -> _Told:
    told, own = _Told(), rules.languages[0]
    sides = dict(question.sides)
    if rules.translates:
        missing = [code for code in rules.languages if code not in sides]
        made = await together(_moved(client, question.row, sides[own], (own, code), rules) for code in missing)
        if any(one is None for one in made):
            return told.failed("error", "no_reply", "the question was not translated")
        for code, one in zip(missing, made, strict=True):
            if one is not None and one.text:
                sides[code] = one.text
                told.calls += one.calls
    asked = [code for code in rules.languages if code in sides]
    told.note["translated"] = [code for code in asked if code not in question.sides]
    places = [(code, sample) for code in asked for sample in range(rules.samples)]
    fields = {code: {"language": named(code), "text": fenced(sides[code])} for code in asked}
    replies = await together(
        ask(client, question.row, rules.prompt, fields[code], rules.sampling, sample=sample) for code, sample in places
    )
    told.calls += [call for reply in replies if reply is not None for call in reply.calls]
    if any(reply is None for reply in replies):
        return told.failed("error", "no_reply", "an answer is missing")
    found = [(code, _read(reply)) for (code, _), reply in zip(places, replies, strict=True)]
    return await _weighed(client, question.row, told, asked, found, rules)


async def _weighed(
    client: ServiceClient, row: int, told: _Told, asked: list[str], found: list[tuple[str, Any]], rules: _Rules
) -> _Told:
    own = rules.languages[0]
    answers = {code: [held[1] for other, held in found if other == code and held is not None] for code in asked}
    told.note["answers"] = {code: dict(sorted(Counter(given).items())) for code, given in answers.items()}
    counts = Counter(vote for given in answers.values() if (vote := _vote(given)) is not None)
    best = _vote([answer for answer, count in counts.items() for _ in range(count)])
    if best is None or counts[best] < rules.agreeing or counts[best] < rules.majority * len(asked) - 1e-9:
        detail = (
            f"{dict(sorted(counts.items()))} in {len(asked)} languages; expected {rules.agreeing} or more that agree"
        )
        return told.failed("reject", "no_majority", detail)
    told.note |= {"answer": best, "agreeing": counts[best], "asked": len(asked)}
    mine = [held for code, held in found if code == own and held is not None]
    wrong = next((text for text, answer in mine if answer != best), None)
    if wrong is None:
        return told.failed("reject", "consistent", f"every answer in {own} is the one of the majority")
    right = next((text for text, answer in mine if answer == best), None)
    told.rejected, told.note["chosen_from"] = wrong, own
    if right is None:
        if not rules.translates:
            return told.failed("reject", "no_answer", f"no answer in {own} is the one of the majority")
        code, right = next((code, held[0]) for code, held in found if held is not None and held[1] == best)
        moved = await _moved(client, row, right, (code, own), rules)
        if moved is None:
            return told.failed("error", "no_reply", "the chosen answer was not translated")
        told.calls += moved.calls
        told.note["chosen_from"], right = code, moved.text
    told.chosen = right
    return told


async def _moved(client: ServiceClient, row: int, text: str, direction: tuple[str, str], rules: _Rules) -> Reply | None:
    other = client.beside("translator")
    (found,) = await translate(other, [row], [text], *direction, rules.translate_prompt, Sampling())
    return found


def _vote(answers: Sequence[str]) -> str | None:
    """The answer that is given most often; None where two are, or there is none."""
    ranked = Counter(answers).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _read(reply: Reply | None) -> tuple[str, str] | None:
    """Response and answer of a reply, the answer as it is compared; None of one that cannot be read."""
    try:
        held = last_json(reply.text if reply is not None else "")
    except ValueError:
        return None
    said = (held.get("response"), held.get("answer")) if isinstance(held, dict) else (None, None)
    if not isinstance(said[0], str) or not isinstance(said[1], str | int | float) or isinstance(said[1], bool):
        return None
    answer = compared(str(said[1]))
    return (said[0].strip(), answer) if said[0].strip() and answer else None


def compared(answer: str) -> str:
    """An answer as it is compared: without case, width, digits of other scripts, outer punctuation and the article."""
    text = unicodedata.normalize("NFKC", answer).casefold()
    text = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)
    text = " ".join(_BETWEEN_DIGITS.sub("", text).split())
    sign = "-" if re.fullmatch(r"\W*[-\u2212]\d.*", text) else ""
    text = text.strip("".join({one for one in text if unicodedata.category(one)[0] in "PZ"}))
    text = sign + text.removeprefix("the ")
    if re.fullmatch(r"-?\d+\.\d+", text):
        text = text.rstrip("0").removesuffix(".")
    return text


def _add(making: Making, question: _Question, told: _Told, language: str, bounds: Guards) -> None:
    fault = told.fault
    if fault is None:
        (guarded,) = faults([told.chosen], [told.rejected], bounds)
        fault = ("reject", *guarded) if guarded is not None else None
    if fault is not None:
        making.none(question.row, fault[1], fault[2], kind=fault[0], calls=told.calls)
        return
    text = question.sides[language]
    parts = [Part("prompt", text, language, role="user")]
    for name, said in (("chosen", told.chosen), ("rejected", told.rejected)):
        parts.append(Part(name, said, language, "answer", of=text, of_language=language, role="assistant"))
    making.record(question.row, "dpo", parts, language=language, skill="preference", note=told.note, calls=told.calls)
