"""Preferences of native wording over what comes back from a translation to English and home again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize.asking import Reply, Sampling, settled
from weft.synthesize.conversing import turns
from weft.synthesize.making import PARENT, WRITES, Making, Parent, Part, parents
from weft.synthesize.passages import Division, divided
from weft.synthesize.preference import Guards, faults
from weft.synthesize.similarity import alike
from weft.synthesize.translating import TRANSLATORS, loaded, translate

NAME, VERSION, ENGLISH = "synthesize.english_accent", 1, "eng_Latn"


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    libraries=("icu4py",),
    services_beside=("returning",),
    protocols=TRANSLATORS,
)
def english_accent(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    returning: str | None = None,
    division: Division = "paragraph",
    shortest: Annotated[int, Field(ge=1)] = 40,
    longest: Annotated[int, Field(ge=1)] = 2000,
    guards: Guards | None = None,
    prompt: str = "translate",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Preferences in `language`: chosen is what a person wrote, rejected the same translated to English and back.

    Of a conversation it is the last answer, after what was said before; of a text every part by `division`: its first
    sentence is the prompt, and the rest of `shortest` to `longest` characters what is chosen. `service` translates to
    English and, unless `returning` names another one, back. `guards` refuse what came back unchanged or of another
    length. The note has the chrF of both. A person's wording wins: `rejected` is marked as degraded on purpose. After
    2410.15956.
    """
    if language == ENGLISH:
        raise WeftError(f"language is {ENGLISH}; expected another one, which English wording is a flaw in")
    asked, settings, bounds = loaded(prompt), settled(sampling, Sampling()), settled(guards, Guards())

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = _natives(making, parents(batch), language, division, shortest, longest)
        texts = [one.chosen for one in held]
        rows = [one.row for one in held]
        there = await translate(client, rows, texts, language, ENGLISH, asked, settings)
        some = [n for n, reply in enumerate(there) if reply is not None and reply.text]
        other = client if returning is None else client.beside("returning")
        english = [reply.text for reply in there if reply is not None and reply.text]
        back = await translate(other, [rows[n] for n in some], english, ENGLISH, language, asked, settings)
        _add(making, held, there, dict(zip(some, back, strict=True)), language, bounds)
        return making.table()

    return make


@dataclass(frozen=True)
class _Native:
    """What a person wrote, and what stands before it."""

    row: int
    before: tuple[Part, ...]
    chosen: str


def _natives(
    making: Making, found: list[Parent], language: str, division: Division, shortest: int, longest: int
) -> list[_Native]:
    told: list[_Native] = []
    for parent in found:
        if parent.kind not in ("text", "sft") or parent.language != language:
            own = f"a {parent.kind} in {parent.language or 'a language that is not known'}"
            making.none(parent.row, "other_language", f"{own}; expected a text or conversation in {language}")
            continue
        held = _of_text(parent, language, division) if parent.kind == "text" else _of_talk(parent, language)
        kept = [one for one in held if shortest <= len(one.chosen) <= longest]
        if not kept:
            detail = f"no prompt with an answer of {shortest} to {longest} characters"
            making.none(parent.row, "no_passage", detail)
        told += kept
    return told


def _of_text(parent: Parent, language: str, division: Division) -> list[_Native]:
    from weft.text.sentences import sentence_bounds

    found = []
    for part in divided(parent.text, division, 1, len(parent.text)):
        bounds = sentence_bounds(part).tolist()
        if len(bounds) >= 4:
            first = Part("prompt", part[bounds[0] : bounds[1]], language, role="user")
            found.append(_Native(parent.row, (first,), part[bounds[2] :].strip()))
    return found


def _of_talk(parent: Parent, language: str) -> list[_Native]:
    said = turns(parent)
    if said is None or said.answer is None:
        return []
    return [_Native(parent.row, tuple(said.parts(language, "prompt")), said.answer.strip())]


def _add(
    making: Making,
    held: list[_Native],
    there: list[Reply | None],
    back: dict[int, Reply | None],
    language: str,
    bounds: Guards,
) -> None:
    returned = {n: reply.text for n, reply in back.items() if reply is not None and reply.text}
    chosen, rejected = [held[n].chosen for n in returned], list(returned.values())
    scores = dict(zip(returned, alike(rejected, chosen), strict=True))
    refused = dict(zip(returned, faults(chosen, rejected, bounds), strict=True))
    for n, one in enumerate(held):
        calls = [call for reply in (there[n], back.get(n)) if reply is not None for call in reply.calls]
        fault = refused.get(n)
        if n not in returned:
            making.none(one.row, "no_reply", "nothing came back of the round trip", kind="error", calls=calls)
        elif fault is not None:
            making.none(one.row, *fault, calls=calls)
        else:
            answers = [
                Part("chosen", one.chosen, language, role="assistant"),
                Part(
                    "rejected", returned[n], language, "degraded", of=one.chosen, of_language=language, role="assistant"
                ),
            ]
            note = {"kind": "english_accent", "through": ENGLISH, "round_trip": round(scores[n], 2)}
            parts = [*one.before, *answers]
            making.record(one.row, "dpo", parts, language=language, skill="preference", note=note, calls=calls)
