"""A text in several languages on its way into a file, and what every writer of such files shares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

OpenSink = Callable[[str], BinaryIO]
"""Opens a new file by its name."""

LEFT_OUT = {
    "no_side": "a language is missing, which every row of this format has",
}
"""Why a translation is not in the file, by name."""
ALTERED = {
    "line_ends": "tabs and line breaks became spaces: a line is a row here",
    "controls": "control characters that XML cannot hold became U+FFFD",
    "carriage_returns": "carriage returns before line feeds are gone",
}
"""What became of texts that a format cannot hold as they are, by name."""
_SIDE = ("license", "consent", "source", "redistribute")


@dataclass(frozen=True)
class Translation:
    """A text by language code, with what is known of it; `meta` as in `documents`."""

    texts: Mapping[str, str]
    license: str | None = None
    consent: str | None = None
    group: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Translation:
        """From a row of RAW of kind `pair`."""
        meta = json.loads(row["meta"]) if row["meta"] else {}
        consent = row["consent"]
        if "meta" in meta or "consent" in meta:  # columns of a table that holds what a writer here has written
            held = meta.pop("meta", None)
            consent = consent or meta.pop("consent", None)
            meta |= _object(held)
        texts = {part["language"]: part["text"] for part in row["given_parts"]}
        return cls(texts, row["license"], consent, row["group_id"], meta)

    @property
    def id(self) -> str | None:
        """What the unit was called where it came from."""
        held = self.meta.get("id")
        return None if held is None else str(held)

    def of_unit(self) -> dict[str, str]:
        """What is known of the whole, as plain fields: alignment, group, licence, consent."""
        made = {"alignment": self.meta.get("alignment"), "group": self.group}
        if not any("license" in side for side in self.meta.get("sides", {}).values()):
            made["license"] = self.license
        if not any("consent" in side for side in self.meta.get("sides", {}).values()):
            made["consent"] = self.consent
        return {name: str(value) for name, value in made.items() if value is not None}

    def facts(self) -> dict[str, str]:
        """Other facts of the unit that are one value each: properties of the file it came from, scores, states."""
        held = {**self.meta.get("properties", {}), **self.meta}
        plain = {n: v for n, v in held.items() if isinstance(v, str | int | float) and n not in ("id", "alignment")}
        return {name: _plain(value) for name, value in sorted(plain.items())}

    def of_side(self, code: str) -> dict[str, str]:
        """What is known of one side: its document, licence, consent and source."""
        side = self.meta.get("sides", {}).get(code, {})
        made = {"document": self.meta.get("documents", {}).get(code)} | {name: side.get(name) for name in _SIDE}
        return {name: _plain(value) for name, value in made.items() if value is not None}

    def record(self) -> dict[str, Any]:
        """Columns beside the texts: id, licence, consent, group, and the rest of `meta` as JSON."""
        rest = {name: value for name, value in self.meta.items() if name != "id"}
        meta = json.dumps(rest, ensure_ascii=False, sort_keys=True) if rest else None
        return {"id": self.id, "license": self.license, "consent": self.consent, "group_id": self.group, "meta": meta}


def _object(held: Any) -> dict[str, Any]:
    if isinstance(held, str):
        try:
            held = json.loads(held)
        except ValueError:
            return {}
    return dict(held) if isinstance(held, Mapping) else {}


def _plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Writer(Protocol):
    """Writes translations into one file or several; `counts` says what was written, left out and altered, by name."""

    counts: Counter[str]

    def add(self, translation: Translation) -> None: ...

    def close(self) -> None: ...


class Columnar:
    """What writers share whose rows hold a text in each of `codes`."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes
        self.counts: Counter[str] = Counter()

    def texts(self, translation: Translation) -> list[str] | None:
        """The texts in the order of the codes; None, which is counted, where one is missing."""
        if not all(code in translation.texts for code in self.codes):
            self.counts["no_side"] += 1
            return None
        self.counts["written"] += 1
        return [translation.texts[code] for code in self.codes]
