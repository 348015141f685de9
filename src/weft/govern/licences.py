"""Licences of what is made of several texts: the strictest terms of them, and whether such texts may be made at all.

Terms were read in the licences' own texts: CC BY 4.0 section 3, BY-SA 4.0 section 3(b) (adaptations under the same
licence, a later version or a compatible one), BY-SA 2.0 and 3.0 section 4(b) (a later version with the same elements;
1.0 has no such words), BY-ND 4.0 section 2(a)(1) (adapted material may be made and not shared), NC in section 1;
ODbL 1.0 section 4.4, ODC-By 1.0 section 4.2, GPL 3.0 section 5, MPL 2.0 section 3.1, GFDL 1.3 section 4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = "unknown"
_NOT_STATED = ("", UNKNOWN, "none", "noassertion")
_ORDER = ("public domain", "permissive", "attribution", "share-alike", "non-commercial", "no derivatives")
"""Kinds of licences from the one that asks least; after them come terms that nobody here has read, then none stated."""
_FREE = "CC0-1.0 CC-PDDC CC-PDM-1.0 PDDL-1.0 Unlicense 0BSD MIT-0 WTFPL".split()
_PERMISSIVE = (
    "MIT BSD-2-Clause BSD-3-Clause Apache-2.0 ISC Zlib BSL-1.0 PostgreSQL NCSA Python-2.0 Unicode-3.0 "
    "Unicode-DFS-2016 CDLA-Permissive-1.0 CDLA-Permissive-2.0"
).split()
_ATTRIBUTION = "ODC-By-1.0 OGL-UK-1.0 OGL-UK-2.0 OGL-UK-3.0 OGL-Canada-2.0 etalab-2.0 NLOD-1.0 NLOD-2.0 DL-DE-BY-2.0"
_SHARED = (
    "ODbL-1.0 CDLA-Sharing-1.0 MPL-2.0 EUPL-1.1 EUPL-1.2 OSL-3.0 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only "
    "GPL-3.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later AGPL-3.0-only "
    "AGPL-3.0-or-later GFDL-1.1-only GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only "
    "GFDL-1.3-or-later"
).split()
_CC = re.compile(r"cc-by((?:-(?:nc|sa|nd))*)-(\d\.\d)(-[a-z0-9]+)?")
_WORDS = re.compile(r"\(|\)|[^\s()]+")


@dataclass(frozen=True)
class _Terms:
    """What one licence asks; `asks` holds BY, SA, NC, ND, or `own` where only its own text says it."""

    name: str
    asks: frozenset[str]
    kind: int
    family: str = ""
    """Of Creative Commons licences that name later versions: their elements."""
    version: str = ""


def _known() -> dict[str, _Terms]:
    made: dict[str, _Terms] = {}
    for kind, (asks, names) in enumerate(
        (("", _FREE), ("notice", _PERMISSIVE), ("notice BY", _ATTRIBUTION.split()), ("notice BY SA", _SHARED))
    ):
        made |= {name.lower(): _Terms(name, frozenset(asks.split()), kind) for name in names}
    return made


_KNOWN = _known()


def strictest(licences: Sequence[str | None]) -> str:
    """The licence of what is made of texts under these, as an SPDX expression.

    A licence is left out when another asks all that it asks and more, and its own text lets adaptations go under that
    one: `CC-BY-4.0` beside `CC-BY-SA-4.0`, `CC-BY-SA-3.0` beside `CC-BY-SA-4.0`. What cannot be one is joined by AND:
    two licences that ask for themselves (share-alike), share-alike beside non-commercial, `LicenseRef-*` beside all but
    the public domain, licences with equal terms whose notices both stay. `unknown` where one is not known or there is
    none.
    """
    parts: dict[str, _Terms] = {}
    for licence in licences:
        held = _parsed(licence)
        if held is None:
            return UNKNOWN
        parts |= {terms.name: terms for terms in held}
    stay = [one for one in parts.values() if not any(_within(one, other) for other in parts.values())]
    return " AND ".join(sorted(terms.name for terms in stay)) or UNKNOWN


def restrictiveness(licence: str | None) -> int:
    """Place of a licence from the one that asks least: 0 public domain, 1 permissive, 2 attribution, 3 share-alike,
    4 non-commercial, 5 no derivatives, 6 terms that are not known here, 7 none stated. Of an AND the strictest part,
    of an OR the loosest."""
    held = _parsed(licence)
    if held is None:
        return len(_ORDER) + 1
    return max((_place(terms) for terms in held), default=len(_ORDER) + 1)


def may_derive(licence: str | None) -> bool | None:
    """Whether a licence lets adaptations be passed on; null where it is unknown or its text is not known here.

    False where any part of an AND says no, and where all parts of an OR do.
    """
    held = _parsed(licence)
    if not held:
        return None
    said = [_lets(terms) for terms in held]
    return False if False in said else (None if None in said else True)


def _lets(terms: _Terms) -> bool | None:
    if "either" in terms.asks:
        each = [may_derive(one) for one in _alternatives(terms.name)]
        return True if True in each else (None if None in each else False)
    return None if "own" in terms.asks else "ND" not in terms.asks


def _place(terms: _Terms) -> int:
    if "either" in terms.asks:
        return min(restrictiveness(one) for one in _alternatives(terms.name))
    return terms.kind


def _within(one: _Terms, other: _Terms) -> bool:
    """Whether what is made of both may stand under `other` alone."""
    if one.name == other.name:
        return False
    if one.family and one.family == other.family:
        return one.version != "1.0" and one.version < other.version
    if not one.asks:  # the public domain: also beside terms that are not known here
        return True
    if {"own", "either"} & (one.asks | other.asks) or "SA" in one.asks or "ND" in one.asks:
        return False
    return one.asks < other.asks


def _parsed(licence: str | None) -> list[_Terms] | None:
    """The parts of an AND; null where one is not stated. An OR, and what cannot be read, is one part."""
    if licence is None or licence.strip().lower() in _NOT_STATED:
        return None
    found: list[_Terms] = []
    for part in _split(licence, "AND"):
        if len(each := _split(part, "OR")) > 1:
            found.append(_Terms(f"({' OR '.join(each)})", frozenset({"either"}), 0))
        elif part != licence.strip():
            inner = _parsed(part)
            if inner is None:
                return None
            found += inner
        else:
            found.append(_terms(part))
    return found


def _alternatives(name: str) -> list[str]:
    return _split(name, "OR")


def _split(expression: str, word: str) -> list[str]:
    """Parts of an expression between a word outside brackets; brackets around a whole part are taken off.

    OR binds weaker than AND: an expression with an OR outside brackets has no AND to split at.
    """
    words = _WORDS.findall(expression)
    while len(words) > 1 and words[0] == "(" and _closing(words) == len(words) - 1:
        words = words[1:-1]
    depth, outside = 0, []
    for each in words:
        depth += (each == "(") - (each == ")")
        outside.append(each.upper() if depth == 0 and each.upper() in ("AND", "OR") else "")
    if word == "AND" and "OR" in outside:
        return [_joined(words)]
    parts: list[list[str]] = [[]]
    for each, mark in zip(words, outside, strict=True):
        if mark == word:
            parts.append([])
        else:
            parts[-1].append(each)
    return [_joined(part) for part in parts]


def _closing(words: Sequence[str]) -> int:
    """Place of the bracket that closes the first one, or -1."""
    depth = 0
    for place, each in enumerate(words):
        depth += (each == "(") - (each == ")")
        if depth == 0:
            return place
    return -1


def _joined(words: Sequence[str]) -> str:
    return " ".join(words).replace("( ", "(").replace(" )", ")")


def _terms(name: str) -> _Terms:
    """Terms of one id; ids are the same in any case (SPDX specification, annex D.2)."""
    lower = name.lower()
    if lower in _KNOWN:
        return _KNOWN[lower]
    if found := _CC.fullmatch(lower):
        elements, version, _ = found.groups()
        asks = frozenset({"notice", "BY", *(one.upper() for one in elements.split("-") if one)})
        kind = 5 if "ND" in asks else 4 if "NC" in asks else 3 if "SA" in asks else 2
        return _Terms(name.upper(), asks, kind, elements if "SA" in asks else "", version)
    return _Terms(name, frozenset({"own"}), len(_ORDER))
