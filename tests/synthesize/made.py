"""What operators of synthesis make of texts, for the tests beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from weft.model.tables import DOCUMENT, LID
from weft.operators.contract import OperatorSpec
from weft.operators.registry import validate


def documents(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A batch of documents; ids are numbers where none is given."""
    held = [{"id": f"{n:032x}", "source": "test", "locator": str(n), "lid": None, **row} for n, row in enumerate(rows)]
    return pa.Table.from_pylist(held, DOCUMENT.append(pa.field("lid", LID)))


def texts(language: str, *given: str) -> pa.Table:
    return documents([{"text": text, "language_hint": language} for text in given])


def conversation(
    language: str, *messages: tuple[str, str], field: str = "messages", kind: str = "sft"
) -> dict[str, Any]:
    """A document of messages, (role, text) each, or (field, role, text)."""
    text, parts = "", []
    for message in messages:
        where, role, own = message if len(message) == 3 else (field, *message)
        parts.append({"field": where, "role": role, "begin": len(text), "end": len(text) + len(own)})
        text += own + "\n"
    return {"text": text, "parts": parts, "record_kind": kind, "language_hint": language}


def pair(**sides: str) -> dict[str, Any]:
    """A document of texts by language."""
    text, parts = "", []
    for language, own in sides.items():
        parts.append({"field": "translation", "language": language, "begin": len(text), "end": len(text) + len(own)})
        text += own + "\n"
    return {"text": text, "parts": parts, "record_kind": "pair"}


def made(factory: Any, batch: pa.Table, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of records."""
    spec: OperatorSpec = factory.spec
    table: pa.Table = spec.build(**validate(spec, parameters))(batch)
    return list(table.to_pylist())
