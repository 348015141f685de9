"""Premises that people wrote, with hypotheses that a model made and labelled again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Parsed, Sampling, ask_json, fenced, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.passages import Division, passages
from weft.synthesize.prompts import Prompt, load
from weft.synthesize.translating import named

NAME, VERSION = "synthesize.inference", 1
LABELS = ("entailment", "neutral", "contradiction")
TASK = (
    "Does the premise entail the hypothesis, contradict it, or neither (neutral)? Answer with one of these labels: "
    f"{', '.join(LABELS)}.\n\nPremise: "
)


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    libraries=("icu4py",),
    services_beside=("checker",),
    protocols=CHATS,
)
def inference(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    checker: str | None = None,
    division: Division = "sentence",
    shortest: Annotated[int, Field(ge=1)] = 40,
    longest: Annotated[int, Field(ge=1)] = 600,
    prompt: str = "hypotheses",
    check_prompt: str = "infer",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Pairs of a premise and a hypothesis in `language`, and whether the one follows from the other.

    The premise is a text of a person by `division`. `service` makes a hypothesis for each of three labels; `checker`,
    or the same service without it, labels each one anew without being told, and those remain whose label is the same.
    The note of a record has its label and those that were found for all three. Labels are English in every language.
    """
    asked = load(prompt, ("language", "text"))
    checked = load(check_prompt, ("language", "premise", "hypothesis"))
    settings = settled(sampling, Sampling())

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = passages(making, parents(batch), language, division, shortest, longest)
        other = client if checker is None else client.beside("checker")

        async def one(row: int, text: str) -> _Told | None:
            fields = {"language": named(language), "text": fenced(text)}
            made = await ask_json(client, row, asked, fields, settings, lambda reply: _read(reply, text))
            return None if made is None else await _relabelled(other, row, text, language, made, checked)

        found = await together(one(row, text) for row, text in held)
        for (row, text), told in zip(held, found, strict=True):
            _add(making, row, text, language, told)
        return making.table()

    return make


@dataclass(frozen=True)
class _Told:
    """Hypotheses by the label that they were made for, what each was labelled anew, and the calls of each."""

    made: Parsed
    found: dict[str, str]
    checks: dict[str, tuple[Mapping[str, Any], ...]]


def _read(held: Any, premise: str) -> dict[str, str]:
    made = {label: reading.text(held, label) for label in LABELS}
    if len({one.casefold() for one in (*made.values(), premise.strip())}) < len(LABELS) + 1:
        raise ValueError("a hypothesis is the premise or another hypothesis; all of them differ")
    return made


async def _relabelled(
    client: ServiceClient, row: int, premise: str, language: str, made: Parsed, prompt: Prompt
) -> _Told | None:
    def fields(label: str) -> dict[str, str]:
        hypothesis = fenced(made.value[label])
        return {"language": named(language), "premise": fenced(premise), "hypothesis": hypothesis}

    def read(held: Any) -> str:
        return reading.choice(held, "label", LABELS)

    replies = await together(ask_json(client, row, prompt, fields(label), Sampling(), read) for label in LABELS)
    given = dict(zip(LABELS, replies, strict=True))
    known = {label: one for label, one in given.items() if one is not None}
    if len(known) < len(LABELS):
        return None
    values = {label: str(one.value) for label, one in known.items()}
    return _Told(made, values, {label: one.calls for label, one in known.items()})


def _add(making: Making, row: int, premise: str, language: str, told: _Told | None) -> None:
    if told is None:
        making.none(row, "no_reply", "the hypotheses or their labels are missing", kind="error")
        return
    agreed = [label for label in LABELS if told.found[label] == label]
    if not agreed:
        calls = [*told.made.calls, *(call for calls in told.checks.values() for call in calls)]
        detail = "; ".join(f"{label} was labelled {told.found[label]}" for label in LABELS)
        making.none(row, "disagreement", detail, calls=calls)
    for label in agreed:
        hypothesis = told.made.value[label]
        parts = [
            Part("messages", f"{TASK}{premise}", language, role="system"),
            Part("messages", hypothesis, language, "answer", of=premise, of_language=language, role="user"),
            Part("messages", label, "eng_Latn", "label", of=hypothesis, of_language=language, role="assistant"),
        ]
        note = {"label": label, "labels": list(LABELS), "found": told.found, "premise": premise}
        calls = [*told.made.calls, *told.checks[label]]
        making.record(row, "sft", parts, language=language, skill="inference", note=note, calls=calls)
