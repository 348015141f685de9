"""Sides of a translation as one row: their languages, and what of each may be done with it, the stricter for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from weft.acquire.records import BETWEEN
from weft.acquire.rows import Row, Unit, as_json, problem_row
from weft.model.languages import normalise

PairKind = Literal["text", "pair"]
"""What a source of translations is: `text` is the mistake of one that does not say so."""
UNKNOWN = "unknown"
REST = "*"
"""The key of `Terms` for sides of other languages."""


SideTerms = dict[str, Any]
"""What a source states of the sides in one language: license, consent, redistribute; null or absent where nothing."""

Terms = Mapping[str, SideTerms]


@dataclass(frozen=True)
class Side:
    """One text of a unit as a file gives it: `language` in any form, the rest null where the file is silent."""

    language: str
    text: str
    document: str | None = None
    license: str | None = None
    consent: str | None = None
    source: str | None = None
    redistribute: bool | None = None


def pair_row(
    unit: Unit,
    position: int,
    sides: Sequence[Side],
    terms: Terms,
    *,
    alignment: str | None = None,
    meta: Mapping[str, Any] | None = None,
    group_id: str | None = None,
    license: str | None = None,
) -> Row:
    """A row of kind `pair` with its sides in the order of their codes; a problem where they make no pair.

    Of several sides in one language the first stays, as in files with regional variants; `meta.left_out` names the
    tags of the others.
    """
    found: dict[str, Side] = {}
    left_out: list[str] = []
    for side in sides:
        try:
            code = normalise(side.language)
        except ValueError as error:
            return problem_row(unit, position, "reject", "unknown_language", str(error))
        if code in found:
            left_out.append(side.language)
            continue
        found[code] = side
    if len(found) < 2:
        reason = "same_language" if left_out else "no_sides"
        has = ", ".join(found) or "no language"
        return problem_row(unit, position, "reject", reason, f"expected texts in two languages or more; it has {has}")
    empty = next((code for code in sorted(found) if not found[code].text.strip()), None)
    if empty is not None:
        return problem_row(unit, position, "reject", "empty_part", f"{empty}: the side is empty")
    held = {code: found[code] for code in sorted(found)}
    stated = {code: _stated(side, terms.get(code, terms.get(REST, {})), license) for code, side in held.items()}
    more = dict(meta or {}) | {
        "alignment": alignment,
        "left_out": left_out,
        "documents": {code: side.document for code, side in held.items() if side.document},
        "sides": _told(held, stated),
    }
    parts = [_part(code, side.text) for code, side in held.items()]
    return Row(
        f"{unit.name}#{position}",
        position,
        mime="text/plain",
        text=BETWEEN.join(part["text"] for part in parts),
        meta=as_json(more),
        record_kind="pair",
        group_id=group_id,
        given_parts=parts,
        **strictest(stated.values()),
    )


def under_terms(row: Row, terms: Terms) -> Row:
    """A row of kind `pair` that another layout made, with what `terms` states of its sides; others as they are."""
    if not terms or row.problem is not None or row.record_kind != "pair":
        return row
    import json

    codes = [part["language"] for part in row.given_parts or []]
    stated = {code: _stated(None, terms.get(code, terms.get(REST, {})), row.license) for code in codes}
    held = json.loads(row.meta) if row.meta else {}
    meta = as_json(held | {"sides": _told(dict.fromkeys(codes), stated)})
    return row._replace(meta=meta, **strictest(stated.values()))


def strictest(stated: Iterable[SideTerms]) -> dict[str, Any]:
    """Licence, consent and redistribution of a text that holds sides with these terms.

    The licences are joined by AND, and unknown where one is; all consents are named, so that each can be withdrawn; it
    may be passed on only where every side may. All are null where no side states anything.
    """
    sides = list(stated)
    known = [side.get("license") for side in sides]
    licence = None
    if any(known):
        # An OR within a licence binds weaker than the AND between two.
        each = sorted(
            {f"({name})" if name and " OR " in name and len(set(known)) > 1 else name or "" for name in known}
        )
        licence = UNKNOWN if "" in each or UNKNOWN in each else " AND ".join(each)
    may = [side.get("redistribute") for side in sides]
    return {
        "license": licence,
        "consent": joined_consents(side.get("consent") for side in sides),
        "redistribute": False if False in may else (None if None in may else True),
    }


def joined_consents(ids: Iterable[str | None]) -> str | None:
    """Ids in the consent register as one text, each once; null when there is none."""
    return " AND ".join(sorted({one for name in ids if name for one in name.split(" AND ")})) or None


def _stated(side: Side | None, terms: SideTerms, license: str | None) -> SideTerms:
    """What is known of a side: what the file says of it, then of the whole unit, then what the recipe says."""
    own = side.license if side else None
    consent = side.consent if side else None
    may = [said for said in (side.redistribute if side else None, terms.get("redistribute")) if said is not None]
    made: SideTerms = {"redistribute": all(may) if may else None, "consent": consent or terms.get("consent")}
    if licence := own or license or terms.get("license"):
        made["license"] = licence
    return made


def _told(sides: Mapping[str, Side | None], stated: Mapping[str, SideTerms]) -> dict[str, dict[str, Any]]:
    """Of each side what is known, for `meta`; empty where nothing is."""
    made = {}
    for code, side in sides.items():
        values = {**stated[code], "source": side.source if side else None}
        if known := {name: value for name, value in values.items() if value is not None}:
            made[code] = known
    return made


def _part(code: str, text: str) -> dict[str, Any]:
    return {"field": "translation", "role": None, "language": code, "text": text}
