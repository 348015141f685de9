"""Questions on a passage, asked in one language of a pair and carried over to the other, whose answer people wrote."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from weft.errors import WeftError
from weft.model.languages import normalise
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Sampling, ask_json, fenced, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import WRITES, FileLicense, Part, licences_of
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.protected_translation import Translator
from weft.synthesize.protected_translation import translator as translator_of
from weft.synthesize.quoting import places
from weft.synthesize.serving import NO_ANSWER, READS, Made, Refusal, Seed, serving
from weft.synthesize.translating import named

if TYPE_CHECKING:
    from weft.parallel.projection import Found
    from weft.parallel.word_alignment import Learnt

_NAME, _VERSION = "synthesize.question_answers", 2


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
    files_in=("pairs",),
)
def question_answers(
    *,
    service: Annotated[str, Field(min_length=1)],
    pairs: Annotated[str, Field(min_length=1)],
    pairs_license: FileLicense = None,
    source: str,
    language: str,
    translator: str | None = None,
    given_field: str | None = None,
    most: Annotated[int, Field(ge=1, le=20)] = 3,
    max_answer_words: Annotated[int, Field(ge=1)] = 8,
    gap: Annotated[int, Field(ge=0)] = 0,
    least: Annotated[float, Field(ge=0, le=1)] = 0.3,
    max_characters: Annotated[int, Field(ge=100)] = 1_200,
    prompt: str = "passage_questions",
    translation_prompt: str = "translate",
    sampling: Sampling = Sampling(),  # noqa: B008 -- frozen
) -> ServiceFunction:
    """Questions on the `language` side of pairs, at most `most` of each, whose answer is a piece of that side.

    After PAXQA (Li and Callison-Burch 2023). A model asks on the `source` side, or `given_field` of `meta` has a list
    of `{question, answer}`. The answer must stand there word for word (`no_answer_span`); its place is carried over by
    links of words, learnt from the file `pairs` (columns by code, or source and target), and must be in one piece: at
    most `gap` words in it that are linked to nothing of the answer, and a confidence of `least` (`not_projected`, with
    the reason of `weft pairs project`). Two questions of one answer are one too many (`same_answer`). The question is
    translated, by the `translator` or by the model itself. A record is a conversation: the passage as the system's
    message, the question, and the answer as it stands in the passage; its note has `context`, `answer` and `begin`, as
    SQuAD has them. Pairs of a side with more than `max_characters` are refused (`too_long`), and what is no pair of
    these languages (`other_language`).
    """
    sides = (normalise(source), normalise(language))
    if sides[0] == sides[1]:
        raise WeftError(f"source and language are both {sides[0]}; expected the two languages of pairs")
    licences = licences_of(pairs=(pairs, pairs_license))
    settings = settled(sampling, Sampling())
    recipe = _Recipe(
        load(prompt, ("language", "count", "words", "text")), settings, translator_of(translation_prompt, settings),
        translator is not None, sides, given_field, (most, max_answer_words), gap, least, _Aligner(pairs, sides),
    )  # fmt: skip

    def admit(seed: Seed) -> Refusal | None:
        held = seed.parent.sides
        if not all(held.get(side, "").strip() for side in sides):
            have = ", ".join(held) or f"a {seed.parent.kind}"
            return Refusal("other_language", f"it is {have}; expected a pair of {' and '.join(sides)}")
        size = max(len(held[side]) for side in sides)
        if size > max_characters:
            return Refusal("too_long", f"a side of {size} characters; expected {max_characters} at most")
        return None

    return serving(_NAME, _VERSION, admit, recipe.ask, licences)


@dataclass
class _Aligner:
    """Learns the links of words once, when the first pair is aligned."""

    file: str
    sides: tuple[str, str]
    _learnt: Learnt | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def projected(self, source: str, target: str, spans: list[dict[str, Any]], gap: int, least: float) -> list[Found]:
        """What becomes of each span by itself: of several that meet in one place none is refused for that."""
        from weft.parallel.projection import project, together

        with self._lock:
            if self._learnt is None:
                self._learnt = self._learn()
        pairs = together(self._learnt.align(source, target), [source], [target])
        return [project(pairs, [[span]], least, gap)[0][0] for span in spans]

    def _learn(self) -> Learnt:
        from weft.parallel.pairs_file import full_pairs, read_pairs
        from weft.parallel.word_alignment import learnt

        held = full_pairs(read_pairs(Path(self.file), None, self.sides))
        if not held.height:
            raise WeftError(f"{self.file}: has no pair with text on both sides; expected pairs of {self.sides}")
        return learnt(held["source"], held["target"])


@dataclass(frozen=True)
class _Question:
    question: str
    answer: str


@dataclass(frozen=True)
class _Recipe:
    prompt: Prompt
    sampling: Sampling
    translator: Translator
    beside: bool
    sides: tuple[str, str]
    given: str | None
    most: tuple[int, int]
    gap: int
    least: float
    aligner: _Aligner

    async def ask(self, client: ServiceClient, seed: Seed) -> list[Made | Refusal] | Refusal:
        calls: tuple[Any, ...] = ()
        if self.given is not None:
            try:
                questions = _questions({"questions": seed.meta.get(self.given)}, self.most[0])
            except ValueError as error:
                return Refusal("no_questions", f"meta, {self.given}: {error}", kind="error")
        else:
            text = seed.parent.sides[self.sides[0]]
            fields = {"language": named(self.sides[0]), "count": str(self.most[0]), "words": str(self.most[1])}
            fields |= {"text": fenced(text)}
            row = seed.parent.row
            parsed = await ask_json(
                client, row, self.prompt, fields, self.sampling, lambda held: _questions(held, self.most[0])
            )
            if parsed is None:
                return NO_ANSWER
            questions, calls = parsed.value, parsed.calls
        if not questions:
            return Refusal("no_questions", "there is no question on this passage", calls)
        return await self._carried(client, seed, questions, calls)

    async def _carried(
        self, client: ServiceClient, seed: Seed, questions: list[_Question], calls: tuple[Any, ...]
    ) -> list[Made | Refusal]:
        """A record of each question whose answer is found on the other side."""
        source, target = (seed.parent.sides[side] for side in self.sides)
        stands = [places(source, one.answer) for one in questions]
        spans = [{"begin": held[0][0], "end": held[0][1]} for held in stands if held]
        arguments = (source, target, spans, self.gap, self.least)
        found = iter(await asyncio.to_thread(self.aligner.projected, *arguments) if spans else [])
        made: list[Made | Refusal] = []
        taken: set[tuple[int, int]] = set()
        wanted: list[tuple[_Question, Found]] = []
        for one, held in zip(questions, stands, strict=True):
            span = next(found) if held else None
            if span is None:
                made.append(Refusal("no_answer_span", f"it does not stand in the passage: {one.answer}", calls))
            elif span.reason is not None:
                made.append(Refusal("not_projected", f"{span.reason}: {one.answer}", calls))
            elif (span.begin, span.end) in taken:
                made.append(Refusal("same_answer", f"another question has the answer {one.answer}", calls))
            else:
                taken.add((span.begin, span.end))
                wanted.append((one, span))
        records = await together(self._record(client, seed, one, span, calls) for one, span in wanted)
        return [*made, *records]

    async def _record(
        self, client: ServiceClient, seed: Seed, one: _Question, span: Found, calls: tuple[Mapping[str, Any], ...]
    ) -> Made | Refusal:
        source, language = self.sides
        context = seed.parent.sides[language]
        other = client.beside("translator") if self.beside else client
        turned = await self.translator.translate(other, seed.parent.row, one.question, source, language)
        if turned.text is None:
            return NO_ANSWER if turned.fault == "service" else Refusal("untranslated", turned.fault, turned.calls)
        answer = context[span.begin : span.end]
        parts = [
            Part("messages", context, language, role="system"),
            Part("messages", turned.text, language, "translation", one.question, source, "user"),
            Part("messages", answer, language, role="assistant"),
        ]
        note = {"context": context, "answer": answer, "begin": span.begin, "confidence": round(span.confidence, 4)}
        note |= {"question_asked": one.question, "answer_asked": one.answer}
        return Made("sft", parts, language, "question_answering", note, (*calls, *turned.calls))


def _questions(held: Any, most: int) -> list[_Question]:
    found = [
        _Question(reading.text(one, "question"), reading.text(one, "answer"))
        for one in reading.items(held, "questions", most)
    ]
    return list({one.question: one for one in found}.values())
