"""Facts of sentences that people wrote, and the way back: the sentence for the facts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import ServiceFunction, operator
from weft.operators.service import ServiceClient
from weft.synthesize import reading
from weft.synthesize.asking import CHATS, Parsed, Sampling, ask_json, fenced, settled
from weft.synthesize.gathering import together
from weft.synthesize.making import PARENT, WRITES, Making, Part, parents
from weft.synthesize.passages import Division, passages
from weft.synthesize.prompts import load
from weft.synthesize.tags import grounded, words
from weft.synthesize.translating import named

NAME, VERSION = "synthesize.facts", 1
Direction = Literal["facts", "sentence"]
TASKS = {
    "facts": "Take the facts from the sentence. Answer with a JSON list of facts, each with its subject, relation and "
    "object.",
    "sentence": "Write one sentence that says these facts, in the language that is asked for: ",
}
_RELATION = re.compile(r"[^a-z0-9]+")
_MOST = 100


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    libraries=("icu4py",),
    protocols=CHATS,
)
def facts(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    directions: Annotated[tuple[Direction, ...], Field(min_length=1)] = ("facts", "sentence"),
    division: Division = "sentence",
    shortest: Annotated[int, Field(ge=1)] = 30,
    longest: Annotated[int, Field(ge=1)] = 500,
    coverage: Annotated[float, Field(ge=0, le=1)] = 0.4,
    prompt: str = "facts",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Conversations that take facts (subject, relation, object) from a sentence in `language`, or say facts in one.

    The sentence is a person's in both `directions`; the facts are made. Subject and object stand in it letter by
    letter, else the fact is left out; relations are English names. From facts to a sentence there is a record only
    where `coverage` of the words of the sentence stand in them: else it says more than the facts. The note has the
    facts, how many were left out, and the share that they cover.
    """
    asked, settings = load(prompt, ("language", "text")), settled(sampling, Sampling())

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = passages(making, parents(batch), language, division, shortest, longest)
        found = await together(
            ask_json(client, row, asked, {"language": named(language), "text": fenced(text)}, settings, _read)
            for row, text in held
        )
        for (row, text), told in zip(held, found, strict=True):
            _add(making, row, text, told, language, directions, coverage)
        return making.table()

    return make


Fact = dict[str, str]


def _read(held: Any) -> list[Fact]:
    found: list[Fact] = []
    for one in reading.items(held, "facts", _MOST):
        fact = {name: reading.text(one, name) for name in ("subject", "relation", "object")}
        fact["relation"] = _RELATION.sub("_", fact["relation"].casefold()).strip("_")
        if not fact["relation"]:
            raise ValueError("a relation has no letter of English; expected a name such as born_in")
        if fact not in found:
            found.append(fact)
    return found


def standing(text: str, found: Sequence[Fact]) -> tuple[list[Fact], float]:
    """The facts whose subject and object stand in a text, and the share of its words that stand in these."""
    whole = [one for one in found if one["subject"] != one["object"] and _stands(text, one)]
    spans, _ = grounded(text, [(string, "MISC") for one in whole for string in (one["subject"], one["object"])])
    places = [place for place in words(text) if text[place[0] : place[1]].strip() and text[place[0]].isalnum()]
    covered = sum(any(span.begin <= begin and end <= span.end for span in spans) for begin, end in places)
    return whole, covered / max(len(places), 1)


def _stands(text: str, fact: Mapping[str, str]) -> bool:
    return all(grounded(text, [(fact[name], "MISC")])[0] for name in ("subject", "object"))


def _add(
    making: Making,
    row: int,
    text: str,
    told: Parsed | None,
    language: str,
    directions: Sequence[Direction],
    coverage: float,
) -> None:
    if told is None:
        making.none(row, "no_reply", "the service gave no facts", kind="error")
        return
    found, share = standing(text, told.value)
    if not found:
        said = f"{len(told.value)} facts, of which none has a subject and an object that stand in the sentence"
        making.none(row, "ungrounded" if told.value else "no_fact", said, calls=told.calls)
        return
    note = {"facts": found, "left_out": len(told.value) - len(found), "coverage": round(share, 4)}
    listed = json.dumps(found, ensure_ascii=False)
    made = {"of": text, "of_language": language}
    if "facts" in directions:
        parts = [
            Part("messages", TASKS["facts"], "eng_Latn", role="system"),
            Part("messages", text, language, role="user"),
            Part("messages", listed, None, "label", **made, role="assistant"),
        ]
        making.record(row, "sft", parts, language=language, skill="fact_extraction", note=note, calls=told.calls)
    if "sentence" in directions and share >= coverage:
        parts = [
            Part("messages", f"{TASKS['sentence']}{named(language)}.", "eng_Latn", role="system"),
            Part("messages", listed, None, "label", **made, role="user"),
            Part("messages", text, language, role="assistant"),
        ]
        making.record(row, "sft", parts, language=language, skill="data_to_text", note=note, calls=told.calls)
    elif "facts" not in directions:
        detail = f"the facts cover {share:.0%} of the words of the sentence; expected {coverage:.0%}"
        making.none(row, "coverage", detail, calls=told.calls)
