"""The dear gates: a model that rates what was made, and translations back; both held against what people wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from weft.operators.service import ServiceClient
from weft.synthesize.asking import Sampling, ask_json, fenced
from weft.synthesize.gathering import together
from weft.synthesize.prompts import load
from weft.synthesize.similarity import alike
from weft.synthesize.translating import loaded, named, translate

PLACES = ("language", "of_language", "text", "of", "task")
TASKS: Mapping[str, str] = {
    "human": "a text that a person wrote",
    "translation": "a translation",
    "back_translation": "a translation",
    "paraphrase": "the same said in other words",
    "code_switch": "the same with some words in another language, as bilingual speakers talk",
    "noise": "the same with other spellings",
    "other_script": "the same in another script",
    "instruction": "a question or an instruction, which the other text answers",
    "answer": "an answer to the other text, or a summary of it",
    "dialogue": "a turn of a conversation about the other text",
}
"""What a part is asked to be, by its relation; `degraded` parts are bad on purpose, and nobody rates them."""
TRANSLATED = ("translation", "back_translation")
FEWEST = 20
"""Ratings of trusted texts below which a percentile says nothing: then the floor alone decides."""


class _Asking(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str = Field(min_length=1, description="The service that is asked.")
    loss: float = Field(
        0.05, ge=0, lt=0.5, description="Share of trusted texts that may fail: the bound is this quantile of theirs."
    )
    trusted: int = Field(
        100, ge=0, description="Trusted texts of each language that are asked about to find the bound."
    )
    sampling: Sampling = Field(default_factory=Sampling, description="How the model answers.")


class JudgeSettings(_Asking):
    """A model that rates every machine-made part; what people wrote is rated too, and sets the bound."""

    prompt: str = Field("judge", description="Prompt, or the file of one.")
    floor: float = Field(2.5, ge=1, le=5, description="Least rating, whatever trusted texts get (1 to 5).")


class RoundTripSettings(_Asking):
    """A service that translates back what was made; translations by people go the same way, and set the bound."""

    prompt: str = Field("translate", description="Prompt of services that chat, or the file of one.")
    floor: float = Field(30, ge=0, le=100, description="Least chrF of a text and its round trip.")


@dataclass(frozen=True)
class Item:
    """A part to be judged: the row and the number of the part, and what it was made of."""

    row: int
    part: int
    text: str
    language: str
    relation: str
    of: str | None
    of_language: str | None

    @property
    def kind(self) -> str:
        """What bounds are learnt for: the language of the part, and of a translation that of its source."""
        return f"{self.of_language}>{self.language}" if self.relation in TRANSLATED else self.language


def _asks(gate: str, item: Item) -> bool:
    """Whether a gate says something of an item: of translations alone what comes back can be compared."""
    return gate != "round_trip" or (
        item.relation in TRANSLATED and item.of is not None and item.of_language is not None
    )


def items_of(records: pa.Table, passed: Sequence[bool], gate: str) -> list[Item]:
    """The machine-made parts that a gate judges, of the records that are alive; parts without a language are left."""
    found = []
    for row, (parts, alive) in enumerate(zip(records["parts"].to_pylist(), passed, strict=True)):
        for number, part in enumerate(parts or () if alive else ()):
            if part["made"] and part["language"] and part["relation"] in TASKS:
                names = ("text", "language", "relation", "of", "of_language")
                found.append(Item(row, number, *(part[name] for name in names)))
    return [item for item in found if _asks(gate, item)]


def items_of_trusted(trusted: pa.Table, most: int, gate: str) -> list[Item]:
    """Texts and translations by people that a gate judges, `most` of each kind, those of the smallest order."""
    kept: defaultdict[str, list[Item]] = defaultdict(list)
    for row, held in enumerate(trusted.sort_by("order").to_pylist()):
        paired = held["other_text"] is not None
        relation = "translation" if paired else "human"
        told = (held["text"], held["language"], relation, held["other_text"], held["other_language"])
        item = Item(row, 0, *told)
        if _asks(gate, item) and len(kept[item.kind]) < most:
            kept[item.kind].append(item)
    return [item for kind in sorted(kept) for item in kept[kind]]


async def rate(client: ServiceClient, items: Iterable[Item], settings: JudgeSettings) -> list[float | None]:
    """The lower of both ratings of each item, 1 to 5; None where the model gives none."""
    prompt = load(settings.prompt, PLACES)

    async def one(item: Item) -> float | None:
        fields = {
            "language": named(item.language),
            "of_language": named(item.of_language) if item.of_language else "no other language",
            "text": fenced(item.text),
            "of": fenced(item.of) if item.of else "(there is none)",
            "task": TASKS[item.relation],
        }
        found = await ask_json(client, item.row, prompt, fields, settings.sampling, _ratings)
        return None if found is None else found.value

    return await together([one(item) for item in items])


def _ratings(held: Any) -> float:
    given = [held.get(name) for name in ("faithful", "natural")] if isinstance(held, dict) else []
    values = [float(value) for value in given if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(values) != 2 or not all(1 <= value <= 5 for value in values):
        raise ValueError("expected faithful and natural, each from 1 to 5")
    return min(values)


async def returned(client: ServiceClient, items: Sequence[Item], settings: RoundTripSettings) -> list[float | None]:
    """chrF of what each translation was made of and its translation back; None where none came back."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        groups[item.language, str(item.of_language)].append(place)
    prompt = loaded(settings.prompt)
    scores: list[float | None] = [None] * len(items)
    for (source, target), chosen in sorted(groups.items()):
        texts = [items[place].text for place in chosen]
        rows = [items[place].row for place in chosen]
        back = await translate(client, rows, texts, source, target, prompt, settings.sampling)
        answered = [(place, reply.text) for place, reply in zip(chosen, back, strict=True) if reply is not None]
        likeness = alike([text for _, text in answered], [str(items[place].of) for place, _ in answered])
        for (place, _), score in zip(answered, likeness, strict=True):
            scores[place] = float(score)
    return scores


def bounds(items: Sequence[Item], scores: Sequence[float | None], loss: float, floor: float) -> dict[str, float]:
    """The least score of each kind: the `loss` quantile of trusted texts, and `floor` at least."""
    held: defaultdict[str, list[float]] = defaultdict(list)
    for item, score in zip(items, scores, strict=True):
        if score is not None:
            held[item.kind].append(score)
    return {kind: max(floor, _quantile(values, loss)) for kind, values in sorted(held.items()) if len(values) >= FEWEST}


def _quantile(values: list[float], share: float) -> float:
    """The largest value that at most `share` of the values lie below."""
    return sorted(values)[int(share * len(values))] if share else min(values)


def verdict(gate: str, item: Item, score: float | None, learnt: Mapping[str, float], floor: float) -> dict[str, Any]:
    """A row of VERDICT; a part without a rating fails, as nobody has said that it is good."""
    low = learnt.get(item.kind, floor)
    told = "pass" if score is not None and score >= low else "fail"
    named_by = "trusted text" if item.kind in learnt else "the floor"
    detail = None if told == "pass" else f"{'no rating' if score is None else f'{score:.1f}'}; {low:.1f} by {named_by}"
    return {"gate": gate, "version": 1, "part": item.part, "score": score, "low": low, "high": None} | {
        "verdict": told,
        "detail": detail,
    }
