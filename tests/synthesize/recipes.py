"""Running a recipe of synthesis on a few documents, with recorded replies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from weft.model.tables import DOCUMENT, LID
from weft.operators.recorded import RecordedClient
from weft.operators.registry import validate
from weft.operators.service import Answered

Rows = list[dict[str, Any]]


class Several(RecordedClient):
    """A client whose replies may be lists: then each sample has its own."""

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered | None:
        answered = await super().call(row, body, sample) if not self._list(body) else None
        if (held := self._list(body)) is not None:
            self.asked.append(dict(body))
            text = held[sample]
            if text is None:
                self.fail(row, "service_refused", "there is no reply for it")
            answer = text if isinstance(text, dict) else {"text": text, "finish": "stop"}
            answered = None if text is None else Answered(answer, {"model": "recorded", "raw": answer["text"]})
        return answered

    def _list(self, body: Mapping[str, Any]) -> list[Any] | None:
        request = json.dumps(body, ensure_ascii=False)
        held = next((answer for text, answer in self._replies.items() if text in request), None)
        return held if isinstance(held, list) else None


def documents(*given: Mapping[str, Any]) -> pa.Table:
    """Documents of plain text in Swahili, unless they say otherwise."""
    rows = [
        {"id": f"{n:032x}", "record_kind": "text", "language_hint": "swh_Latn", "license": "CC-BY-4.0"} | dict(one)
        for n, one in enumerate(given)
    ]
    held = pa.Table.from_pylist(rows, DOCUMENT)
    return held.append_column("lid", pa.nulls(held.num_rows, LID))


def conversation(*turns: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A document that is a conversation of (role, text)."""
    text, parts = "", []
    for role, said in turns:
        parts.append({"field": "messages", "role": role, "begin": len(text), "end": len(text) + len(said)})
        text += said + "\n"
    return {"text": text, "record_kind": "sft", "parts": parts, **more}


def pair(
    source: str, target: str, languages: tuple[str, str] = ("eng_Latn", "swh_Latn"), **more: Any
) -> dict[str, Any]:
    """A document that is a pair of translations."""
    whole = f"{source}\n{target}"
    ends = ((0, len(source)), (len(source) + 1, len(whole)))
    parts = [
        {"field": "translation", "language": code, "begin": begin, "end": end}
        for code, (begin, end) in zip(languages, ends, strict=True)
    ]
    return {"text": whole, "record_kind": "pair", "language_hint": None, "parts": parts, **more}


def made(recipe: Any, batch: pa.Table, replies: Mapping[str, Any], **parameters: Any) -> tuple[Rows, RecordedClient]:
    """The rows that a recipe makes of documents, and the client that it asked."""
    client = Several("openai-chat", replies)
    function = recipe(**validate(recipe.spec, {"service": "writer"} | parameters))
    rows = asyncio.run(function(batch, client)).to_pylist()
    return rows, client


def refused(rows: Rows) -> list[str | None]:
    """Of each row why it is no record."""
    return [None if row["problem"] is None else row["problem"]["reason"] for row in rows]


def asked(client: RecordedClient) -> list[str]:
    """What the client was asked: the last message of each request."""
    return [body["messages"][-1]["content"] for body in client.asked]


def said(**fields: Any) -> str:
    """A reply in JSON."""
    return json.dumps(fields, ensure_ascii=False)
