"""What the recipes that ask a model share: which documents they take, and how answers become records."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from weft.model.languages import normalise
from weft.operators.contract import ServiceFunction
from weft.operators.service import ServiceClient, longest_first
from weft.synthesize.making import PARENT, Making, Parent, Part, parents

READS = (*PARENT, "meta")
"""Columns that these recipes read."""


@dataclass(frozen=True)
class Seed:
    """A document that a model is asked about. `words` are counted by the segmentation of its script."""

    parent: Parent
    meta: Mapping[str, Any]
    words: int

    @property
    def language(self) -> str:
        """Its language; recipes are asked only about documents that have one."""
        return self.parent.language or ""


@dataclass(frozen=True)
class Made:
    """A record to be: what `Making.record` is told."""

    kind: str
    parts: Sequence[Part]
    language: str
    skill: str
    note: Mapping[str, Any] | None = None
    calls: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Refusal:
    """Why a document gives no record."""

    reason: str
    detail: str
    calls: Sequence[Mapping[str, Any]] = ()
    kind: str = "reject"


NO_ANSWER = Refusal("no_answer", "the service gave no answer that could be read", kind="error")
"""The service refused, or answered what cannot be read: why is noted as an error of the row."""

Admit = Callable[[Seed], Refusal | None]
Ask = Callable[[ServiceClient, Seed], Awaitable[Sequence[Made | Refusal] | Refusal]]


def serving(recipe: str, version: int, admit: Admit, ask: Ask, licences: Sequence[str | None] = ()) -> ServiceFunction:
    """The function of a recipe that asks about each document by itself: those that `admit` does not refuse.

    `licences` are those of `making.licences_of`.
    """

    async def make(batch: pa.Table, client: ServiceClient) -> pa.Table:
        making = Making(batch, recipe, version, licences=licences)
        asked: dict[int, Seed] = {}
        for seed in seeds(batch):
            refused = admit(seed)
            if refused is None:
                asked[seed.parent.row] = seed
            else:
                making.none(seed.parent.row, refused.reason, refused.detail, kind=refused.kind)
        sizes = [len(seed.parent.text) for seed in asked.values()]
        found = await longest_first(list(asked), sizes, lambda row: ask(client, asked[row]))
        for row, answer in sorted(found.items()):
            for one in [answer] if isinstance(answer, Refusal) else answer:
                _add(making, row, one)
        return making.table()

    return make


def _add(making: Making, row: int, one: Made | Refusal) -> None:
    if isinstance(one, Refusal):
        making.none(row, one.reason, one.detail, kind=one.kind, calls=one.calls)
    else:
        made = (row, one.kind, one.parts)
        making.record(*made, language=one.language, skill=one.skill, note=one.note, calls=one.calls)


def seeds(batch: pa.Table) -> list[Seed]:
    """The documents of a batch that have a text, with what their `meta` says and how many words they have."""
    found = parents(batch)
    meta = batch["meta"].to_pylist()
    words = word_counts([parent.text for parent in found])
    return [Seed(parent, _meta(meta[parent.row]), count) for parent, count in zip(found, words, strict=True)]


def _meta(held: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(held or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def word_counts(texts: Sequence[str]) -> list[int]:
    """Words of each text, as weft counts them: those of ICU's dictionaries in scripts without spaces."""
    if not texts:
        return []
    # The kernels are loaded where they are needed: a list of operators names these recipes too.
    from weft.tokenizer.fertility import count_words

    return [int(count) for count in count_words(pl.Series(texts, dtype=pl.String))]


@dataclass(frozen=True)
class Wanted:
    """Which documents a recipe takes: their kinds, and their languages (all where it is empty)."""

    kinds: tuple[str, ...]
    languages: frozenset[str] = field(default_factory=frozenset)

    def refused(self, seed: Seed) -> Refusal | None:
        """Why a document is not taken: `other_kind`, `no_language` or `other_language`."""
        parent = seed.parent
        if parent.kind not in self.kinds:
            return Refusal("other_kind", f"it is of kind {parent.kind}; expected {' or '.join(self.kinds)}")
        if parent.language is None:
            return Refusal("no_language", "its source states no language and none was identified")
        if self.languages and parent.language not in self.languages:
            return Refusal("other_language", f"it is in {parent.language}; wanted {', '.join(sorted(self.languages))}")
        return None


def wanted(kinds: tuple[str, ...], languages: Sequence[str] | None = None) -> Wanted:
    """Documents of these kinds and languages. Raises ValueError for what is no language."""
    return Wanted(kinds, frozenset(map(normalise, languages or ())))


def shown(text: str, most: int) -> str:
    """The first `most` characters of a text, cut behind a paragraph, a sentence or a word where one ends near there."""
    if len(text) <= most:
        return text
    held = text[:most]
    for mark in ("\n", ". ", "। ", "። ", "。", " "):
        place = held.rfind(mark)
        if place > most // 2:
            return held[: place + len(mark)].rstrip()
    return held
