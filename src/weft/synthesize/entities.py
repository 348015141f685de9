"""Texts with their names marked, by models whose marks are found again in the text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from weft.synthesize.tags import TAGS, Span, defined, grounded, tag_of, told
from weft.synthesize.translating import named

NAME, VERSION = "synthesize.entities", 1
TASK = "Find every name in the text. Answer with a JSON list of its entities, each with its text and one of the labels"
_MOST = 500


@operator(
    NAME,
    version=VERSION,
    reads=PARENT,
    writes=WRITES,
    rows="make",
    kind="service",
    service="service",
    libraries=("icu4py",),
    services_beside=("second",),
    protocols=CHATS,
)
def entities(
    *,
    service: Annotated[str, Field(min_length=1)],
    language: str,
    second: str | None = None,
    division: Division = "sentence",
    shortest: Annotated[int, Field(ge=1)] = 20,
    longest: Annotated[int, Field(ge=1)] = 2000,
    most_lost: Annotated[float, Field(ge=0, le=1)] = 0.2,
    prompt: str = "entities",
    sampling: Sampling | None = None,
) -> ServiceFunction:
    """Conversations that name the people, places, organisations, dates and others of a text in `language`.

    A text, or the side of a pair, is taken by `division`. Names stand in the text letter by letter, else they are lost;
    where more than `most_lost` of them are, there is no record. With `second`, another annotator, those names remain
    that both mark alike. Tags are `PER`, `LOC`, `ORG`, `DATE` and `MISC` in every language. The note has the spans, the
    words as `label.tokens` has them, a tag in BIO of each, and what was lost. A text without names is a record too.
    After FiNERweb (2512.13884).
    """
    asked, settings = load(prompt, ("language", "labels", "text")), settled(sampling, Sampling())

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, NAME, VERSION)
        held = passages(making, parents(batch), language, division, shortest, longest)
        clients = [client, *([client.beside("second")] if second is not None else [])]
        found = await together(annotated(clients, row, text, language, asked, settings) for row, text in held)
        for (row, text), one in zip(held, found, strict=True):
            if one is None:
                making.none(row, "no_reply", "an annotator gave no marks", kind="error")
            elif one.lost > most_lost:
                detail = f"{one.lost:.0%} of the names stand nowhere in the text; expected {most_lost:.0%} at most"
                making.none(row, "ungrounded", detail, calls=one.calls)
            else:
                add(making, row, text, language, one.spans, one.note, one.calls)
        return making.table()

    return make


@dataclass(frozen=True)
class Marked:
    """The names of a text, the larger share of an annotator's names that stand nowhere in it, and its note."""

    spans: list[Span]
    lost: float
    note: dict[str, Any]
    calls: list[Mapping[str, Any]]


async def annotated(
    clients: Sequence[ServiceClient], row: int, text: str, language: str, prompt: Prompt, sampling: Sampling
) -> Marked | None:
    """The names that all annotators mark alike in a text; None where one gives no readable answer."""
    fields = {"language": named(language), "labels": defined(), "text": fenced(text)}
    replies = await together(ask_json(one, row, prompt, fields, sampling, _read) for one in clients)
    given: list[Parsed] = [one for one in replies if one is not None]
    if len(given) < len(replies):
        return None
    found = [grounded(text, one.value) for one in given]
    sizes = [max(len({string for string, _ in one.value}), 1) for one in given]
    shares = [len(lost) / size for (_, lost), size in zip(found, sizes, strict=True)]
    both = set(found[0][0]).intersection(*(spans for spans, _ in found[1:]))
    note: dict[str, Any] = {"lost": sorted({string for _, lost in found for string in lost})}
    if len(found) > 1:
        note["marked"] = [len(spans) for spans, _ in found]
    return Marked(sorted(both), max(shares), note, [call for one in given for call in one.calls])


def _read(held: Any) -> list[tuple[str, str]]:
    named = []
    for one in reading.items(held, "entities", _MOST):
        string, label = reading.optional_text(one, "text"), reading.text(one, "label")
        tag = tag_of(label)
        if tag is None:
            raise ValueError(f"there is no label {label[:40]!r}; expected PER, LOC, ORG, DATE or MISC")
        if string is not None:
            named.append((string, tag))
    return named


def add(
    making: Making,
    row: int,
    text: str,
    language: str,
    spans: Sequence[Span],
    note: Mapping[str, Any],
    calls: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Add a record that asks for the names of a text."""
    listed = [{"text": text[one.begin : one.end], "label": one.tag} for one in spans]
    answer = json.dumps(listed, ensure_ascii=False)
    parts = [
        Part("messages", f"{TASK} {', '.join(TAGS)}.", "eng_Latn", role="system"),
        Part("messages", text, language, role="user"),
        Part("messages", answer, None, "label", of=text, of_language=language, role="assistant"),
    ]
    told_of = {**told(text, spans), **note}
    making.record(row, "sft", parts, language=language, skill="named_entities", note=told_of, calls=calls)
