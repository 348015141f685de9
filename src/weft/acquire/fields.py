"""Rows from records with named fields: which field is the text, the id, the date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from weft.acquire.rows import meta_json, problem


@dataclass(frozen=True)
class Fields:
    """Names of the fields that fill a row; a name that is None is not looked for."""

    text: str
    id: str | None
    url: str | None
    language: str | None
    license: str | None
    date: str | None
    keep: tuple[str, ...]

    def wanted(self) -> list[str]:
        """All field names, for readers that can leave the others unread."""
        named = (self.text, self.id, self.url, self.language, self.license, self.date, *self.keep)
        return list(dict.fromkeys(name for name in named if name))

    def row(self, record: Mapping[str, Any], name: str, position: int) -> dict[str, Any]:
        """The RAW row of a record; with a problem when it has no text."""
        row: dict[str, Any] = {"locator": f"{name}#{position}", "position": position}
        text = record.get(self.text)
        if not isinstance(text, str):
            what = "has no field" if self.text not in record else f"holds {type(text).__name__} in the field"
            detail = f"the record {what} {self.text}; it has {', '.join(map(str, record)) or 'no fields'}"
            return row | {"problem": problem("error", "no_text_field", detail)}
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates from \ud800 escapes
        given = {"id": _text(record, self.id), **{key: record.get(key) for key in self.keep}}
        return row | {
            "text": text,
            "mime": "text/plain",
            "url": _text(record, self.url),
            "language_hint": _text(record, self.language),
            "license": _text(record, self.license),
            "collected_at": _date(record.get(self.date)) if self.date else None,
            "meta": meta_json(given),
        }


def _text(record: Mapping[str, Any], name: str | None) -> str | None:
    value = record.get(name) if name else None
    return str(value) if value not in (None, "") else None


def _date(value: object) -> datetime | None:
    """A date in any ISO 8601 form; None for what is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        parsed = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
