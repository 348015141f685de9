"""Preferences between a model's own answers, by a judge or a reward model that knows other languages better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import Sampling, settled
from weft.synthesize.conversing import Samples, Turns, answer_fields, answering, asking, sampled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.preference import Guards, faults
from weft.synthesize.ranking import JUDGES, REWARD, Ranked, judging, ranked

NAME, VERSION = "synthesize.reward_transfer", 1


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    services_beside=("judge",),
    protocols=JUDGES,
)
def reward_transfer(
    *,
    service: Annotated[str, Field(min_length=1)],
    judge: Annotated[str, Field(min_length=1)],
    language: str,
    samples: Annotated[int, Field(ge=2, le=64)] = 6,
    margin: Annotated[float, Field(ge=0)] = 0.0,
    longest: Annotated[int, Field(ge=1)] = 8000,
    guards: Guards | None = None,
    prompt: str = "answer",
    judge_prompt: str = "rank_answers",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Preferences in `language`: of `samples` answers of `service` the best and the worst, as `judge` ranks them.

    A judge that chats sees all answers in one order and in the reversed one, and has to put the best above the worst in
    both; a reward model (protocol `tei-predict`) scores each answer by itself. `margin` is the least difference of both
    scores, 1 to 10 of a judge that chats. A question is a text or what a user said last in a conversation; documents
    in other languages give none. `guards` bound how both answers may differ. The note has both scores, the margin and
    the counts of all samples. Without `sampling` the temperature is 1. After 2404.12318.
    """
    asked, judged = answering(prompt), judging(judge_prompt)
    settings, bounds = settled(sampling, Sampling(temperature=1.0)), settled(guards, Guards())

    async def one(client: ServiceClient, row: int, turns: Turns) -> _Told:
        found = await sampled(client, row, asked, answer_fields(turns, language), settings, samples)
        if found is None:
            return _Told(fault=("error", "no_reply", "a sample got no reply"))
        if len(found.texts) < 2:
            return _Told(found, fault=("reject", "one_answer", "all samples are one answer, empty or cut off"))
        told = await ranked(client.beside("judge"), row, judged, turns.asked(), language, found.texts)
        if told is None:
            return _Told(found, fault=("error", "no_reply", "the judge gave no verdict"))
        return _decided(found, told, margin, bounds)

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        if client.protocol == REWARD:
            raise WeftError(f"{NAME}: service speaks {REWARD}, which writes no answers; expected a model that chats")
        making = Making(batch, NAME, VERSION)
        held = asking(making, parents(batch), language, longest)
        found = await together(one(client, parent.row, turns) for parent, turns in held)
        for (parent, turns), told in zip(held, found, strict=True):
            _add(making, parent.row, turns, told, language)
        return making.table()

    return make


@dataclass(frozen=True)
class _Told:
    """What was asked about one question, and the best and the worst answer, or why there are none."""

    samples: Samples | None = None
    ranked: Ranked | None = None
    ends: tuple[int, int] = (0, 0)
    fault: tuple[str, str, str] | None = None


def _decided(samples: Samples, told: Ranked, margin: float, bounds: Guards) -> _Told:
    ends = told.ends()
    if ends is None:
        detail = "the judge does not put one answer above another in both orders"
        return _Told(samples, told, fault=("reject", "judge_disagrees", detail))
    best, worst = ends
    apart = told.means[best] - told.means[worst]
    if apart < margin:
        detail = f"the best is {apart:g} above the worst; expected {margin:g} or more"
        return _Told(samples, told, fault=("reject", "margin", detail))
    (fault,) = faults([samples.texts[best]], [samples.texts[worst]], bounds)
    return _Told(samples, told, ends, ("reject", *fault) if fault is not None else None)


def _add(making: Making, row: int, turns: Turns, told: _Told, language: str) -> None:
    calls = [*(told.samples.calls if told.samples else ()), *(told.ranked.calls if told.ranked else ())]
    if told.fault is not None or told.samples is None or told.ranked is None:
        kind, reason, detail = told.fault or ("error", "no_reply", "nothing was answered")
        making.none(row, reason, detail, kind=kind, calls=calls)
        return
    best, worst = told.ends
    means = told.ranked.means
    note = {**told.samples.told(), "chosen_score": means[best], "rejected_score": means[worst]}
    note |= {"margin": round(means[best] - means[worst], 6), "by": "judge"}
    answers = [
        Part(field, text, language, "answer", of=turns.question, of_language=language, role="assistant")
        for field, text in (("chosen", told.samples.texts[best]), ("rejected", told.samples.texts[worst]))
    ]
    parts = [*turns.parts(language, "prompt"), *answers]
    making.record(row, "dpo", parts, language=language, skill="preference", note=note, calls=calls)
