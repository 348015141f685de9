"""The records of a batch: parents as they are read, and the table that accounts for each of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.govern.licences import may_derive, strictest
from weft.model.records import RECORD, RELATIONS
from weft.model.tables import KINDS

PARENT = (
    *("id", "text", "source", "locator", "license", "consent", "basis", "redistribute", "language_hint", "lid"),
    *("record_kind", "group_id", "parts"),
)
"""Columns that a recipe reads of the documents that it makes records of."""

WRITES: Mapping[str, pa.DataType] = {column.name: column.type for column in RECORD}
"""Columns that a recipe writes."""
FileLicense = Annotated[str, Field(min_length=1)] | None
"""The licence of a file that a recipe brings, of all where it lists several: `lexicon_license` beside `lexicon`."""


def licences_of(**files: tuple[object, str | None]) -> list[str | None]:
    """Licences of the files that a recipe brings, given as (file, licence) under the file's parameter; for Making.

    Of a file without a licence it is None, so that records are under `unknown`. Raises WeftError for a licence of a
    file that is not there, and for one that forbids to pass on what is made of the file.
    """
    for name, (file, licence) in files.items():
        if licence is not None and file is None:
            raise WeftError(f"{name}_license is {licence}, and there is no {name}; expected both or neither")
        if may_derive(licence) is False:
            raise WeftError(f"{name}_license is {licence}, under which nothing may be made of it; expected another")
    return [licence for file, licence in files.values() if file is not None]


@dataclass(frozen=True)
class Parent:
    """A document that records are made of; `row` is its place in the batch."""

    row: int
    id: str
    text: str
    language: str | None
    """What its source states, else what was identified; null where the identifier refused."""
    kind: str
    sides: Mapping[str, str] = field(default_factory=dict)
    """Of a pair: texts by language."""
    messages: tuple[tuple[str, str, str], ...] = ()
    """Of a conversation or a preference: field, role and text of each message."""


def parents(batch: pa.Table) -> list[Parent]:
    """Documents of a batch that have a text, in order."""
    found = []
    columns = ("id", "text", "language_hint", "lid", "record_kind", "parts")
    for row, held in enumerate(batch.select(columns).to_pylist()):
        text = held["text"]
        if text is None or not text.strip():
            continue
        parts = held["parts"] or ()
        kind = held["record_kind"] or "text"
        sides = {p["language"]: text[p["begin"] : p["end"]] for p in parts if kind == "pair" and p["language"]}
        messages = tuple((p["field"], p["role"], text[p["begin"] : p["end"]]) for p in parts if kind in ("sft", "dpo"))
        found.append(Parent(row, held["id"], text, _language(held), kind, sides, messages))
    return found


def _language(held: Mapping[str, Any]) -> str | None:
    if held["language_hint"] is not None:
        return str(held["language_hint"])
    found = (held["lid"] or {}).get("language")
    return None if found is None or found.startswith("und_") else str(found)


@dataclass(frozen=True)
class Part:
    """A part of a record, as `model.records.MADE_PART`. A part with `relation` human is no machine's."""

    field: str
    text: str
    language: str | None
    relation: str = "human"
    of: str | None = None
    of_language: str | None = None
    role: str | None = None

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise ValueError(f"relation {self.relation!r}; expected one of {', '.join(RELATIONS)}")

    def to_row(self) -> dict[str, Any]:
        names = ("field", "role", "language", "text", "relation", "of", "of_language")
        return {name: getattr(self, name) for name in names} | {"made": self.relation != "human"}


class Making:
    """Gathers the records of one batch; what terms they are under comes from all their parents."""

    def __init__(self, batch: pa.Table, recipe: str, version: int, *, licences: Sequence[str | None] = ()) -> None:
        """`licences` are those of what the recipe itself brings: a lexicon, a pool of examples."""
        self._recipe, self._version = recipe, version
        self._licences = tuple(licences)
        names = [name for name in PARENT if name not in ("text", "lid", "parts")]
        self._given = batch.select(names).to_pylist()
        self._rows: list[tuple[int, int, dict[str, Any]]] = []
        self._numbers: dict[int, int] = {}

    def record(
        self,
        row: int,
        kind: str,
        parts: Sequence[Part],
        *,
        language: str | None,
        skill: str,
        others: Sequence[int] = (),
        shots: Sequence[str] = (),
        note: Mapping[str, Any] | None = None,
        calls: Sequence[Mapping[str, Any]] = (),
        beside: Sequence[Mapping[str, Any]] = (),
        group_id: str | None = None,
    ) -> None:
        """Add a record made of the document at `row`, and of the `others` of the batch.

        `beside` are the terms (`license`, `consent`, `redistribute`) of rows of a file that it is made of as well.
        `group_id` is the unit of a document that states none; without it, the document itself.
        """
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r}; expected one of {', '.join(KINDS)}")
        given = [self._given[place] for place in (row, *others)]
        terms = [*given, *beside]
        held = [one["license"] for one in terms]
        stated = [one["redistribute"] for one in terms]
        consents = list(dict.fromkeys(one["consent"] for one in terms if one["consent"]))
        self._add(
            row,
            {
                "kind": kind,
                "parts": [part.to_row() for part in parts],
                "parents": [one["id"] for one in given],
                "shots": list(shots),
                "language": language,
                "skill": skill,
                "group_id": given[0]["group_id"] or group_id or given[0]["id"],
                "license": strictest([*held, *self._licences]),
                "consent": " AND ".join(consents) or None,
                "basis": given[0]["basis"] if len({one["basis"] for one in given}) == 1 else "unknown",
                "redistribute": False if False in stated else (None if None in stated else True),
                "source": given[0]["source"],
                "locator": given[0]["locator"],
                "note": None if note is None else json.dumps(note, ensure_ascii=False, sort_keys=True),
                "calls": list(calls),
            },
        )

    def none(self, row: int, reason: str, detail: str, *, kind: str = "reject", calls: Any = ()) -> None:
        """Note that the document at `row` gives no record: `reason` is a stable snake_case code."""
        problem = {"kind": kind, "reason": reason, "detail": detail[:500]}
        self._add(row, {"parents": [self._given[row]["id"]], "problem": problem, "calls": list(calls)})

    def _add(self, row: int, held: dict[str, Any]) -> None:
        number = self._numbers[row] = self._numbers.get(row, -1) + 1
        texts = [part["text"] for part in held.get("parts", ())]
        told = json.dumps([self._recipe, self._version, held["parents"], number, texts])
        held["id"] = hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=16).hexdigest()
        self._rows.append((row, number, {"recipe": self._recipe, "version": self._version, **held}))

    def table(self) -> pa.Table:
        """Records in the order of their parents, and `no_record` for a parent that nothing was said of."""
        for row in range(len(self._given)):
            if row not in self._numbers:
                self.none(row, "no_record", "the recipe made nothing of this document")
        rows = [held for _, _, held in sorted(self._rows, key=lambda entry: entry[:2])]
        return pa.Table.from_pylist(rows, RECORD)
