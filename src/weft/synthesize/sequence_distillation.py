"""A teacher's own answers and translations, chosen out of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import CHATS, Sampling, fenced, settled
from weft.synthesize.conversing import Samples, Turns, answer_fields, answering, asking, sampled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Parent, Part, parents
from weft.synthesize.passages import passages
from weft.synthesize.prompts import Prompt
from weft.synthesize.ranking import Ranked, judging, ranked
from weft.synthesize.similarity import least_risk
from weft.synthesize.translating import loaded, named

NAME, VERSION = "synthesize.sequence_distillation", 1


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    services_beside=("judge",),
    protocols=CHATS,
)
def sequence_distillation(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    into: str | None = None,
    judge: str | None = None,
    samples: Annotated[int, Field(ge=1, le=64)] = 8,
    least_agreement: Annotated[float, Field(ge=0, le=100)] = 0.0,
    longest: Annotated[int, Field(ge=1)] = 8000,
    prompt: str | None = None,
    judge_prompt: str = "rank_answers",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """What a teacher answers to questions and conversations in `language`, or its translations of texts `into` another.

    Of `samples` answers that one is taken which the others agree with most (mean chrF with them, minimum Bayes risk),
    or with `judge`, a service as well, the one that it holds to be best in both orders of the answers. A teacher whose
    samples agree less than `least_agreement` (chrF) gives none. An answer that was cut off, or is empty, never counts.
    Without `into` a text is a question, and of a conversation the last answer is made anew; with it texts and sides of
    pairs in `language` are translated. `prompt` is `answer` or `translate`. The note has the counts of all samples.
    Without `sampling` the temperature is 0.7: at 0 all samples of a model are one.
    """
    if language == into:
        raise WeftError(f"into is {into}, the language of the text; expected another one")
    asked = loaded(prompt or "translate") if into is not None else answering(prompt or "answer")
    settings, judged = settled(sampling, Sampling(temperature=0.7)), judging(judge_prompt)

    async def one(client: ServiceClient, task: _Task) -> _Chosen:
        found = await sampled(client, task.row, asked, task.fields, settings, samples)
        if found is None:
            return _Chosen(None, fault=("error", "no_reply", "a sample got no reply"))
        if not found.texts:
            return _Chosen(found, fault=("reject", "empty", "every sample is empty or cut off"))
        other = client.beside("judge") if judge is not None else None
        return await _chosen(other, judged, task, found, into or language, least_agreement)

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        found = parents(batch)
        tasks = (
            _translations(making, found, language, into, longest)
            if into is not None
            else _questions(making, found, language, longest)
        )
        for task, chosen in zip(tasks, await together(one(client, task) for task in tasks), strict=True):
            if chosen.fault is not None:
                making.none(task.row, chosen.fault[1], chosen.fault[2], kind=chosen.fault[0], calls=chosen.calls)
                continue
            _add(making, task, chosen, language, into)
        return making.table()

    return make


@dataclass(frozen=True)
class _Task:
    """What is asked of a document: what fills the prompt, the text, and the conversation it stands in, if any."""

    row: int
    fields: dict[str, str]
    text: str
    turns: Turns | None = None


@dataclass(frozen=True)
class _Chosen:
    samples: Samples | None
    text: str = ""
    told: dict[str, Any] | None = None
    ranked: Ranked | None = None
    fault: tuple[str, str, str] | None = None

    @property
    def calls(self) -> list[Any]:
        return [*(self.samples.calls if self.samples else ()), *(self.ranked.calls if self.ranked else ())]


def _questions(making: Making, found: list[Parent], language: str, longest: int) -> list[_Task]:
    held = asking(making, found, language, longest)
    return [_Task(one.row, answer_fields(asked, language), asked.question, asked) for one, asked in held]


def _translations(making: Making, found: list[Parent], language: str, into: str, longest: int) -> list[_Task]:
    places = {"source": named(language), "target": named(into)}
    held = passages(making, found, language, "document", 1, longest)
    return [_Task(row, places | {"text": fenced(text)}, text) for row, text in held]


async def _chosen(
    judge: ServiceClient | None, prompt: Prompt, task: _Task, samples: Samples, language: str, least: float
) -> _Chosen:
    every = [text for text, count in zip(samples.texts, samples.counts, strict=True) for _ in range(count)]
    place, agreement = least_risk(every)
    told = {"by": "agreement", "agreement": round(agreement, 2)}
    if agreement < least:
        detail = f"the samples agree by {agreement:.1f} chrF; expected {least:g} or more"
        return _Chosen(samples, fault=("reject", "disagreement", detail))
    if judge is None or len(samples.texts) == 1:
        return _Chosen(samples, every[place], told)
    found = await ranked(judge, task.row, prompt, task.text, language, samples.texts)
    if found is None:
        return _Chosen(samples, fault=("error", "no_reply", "the judge gave no verdict"))
    best = found.best()
    if best is None:
        detail = "in each order of the answers the judge holds another one to be best"
        return _Chosen(samples, ranked=found, fault=("reject", "judge_disagrees", detail))
    return _Chosen(samples, samples.texts[best], told | {"by": "judge", "scores": found.means}, found)


def _add(making: Making, task: _Task, chosen: _Chosen, language: str, into: str | None) -> None:
    note = {**(chosen.samples.told() if chosen.samples else {}), **(chosen.told or {})}
    if into is not None:
        made = Part("translation", chosen.text, into, "translation", of=task.text, of_language=language)
        parts, kind, skill = [Part("translation", task.text, language), made], "pair", "translation"
    else:
        shown = task.turns.parts(language, "messages") if task.turns is not None else []
        made = Part("messages", chosen.text, language, "answer", of=task.text, of_language=language, role="assistant")
        parts, kind, skill = [*shown, made], "sft", "instruction"
    making.record(task.row, kind, parts, language=into or language, skill=skill, note=note, calls=chosen.calls)
