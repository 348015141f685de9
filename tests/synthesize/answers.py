"""A service that answers by a function, and batches of documents to ask about."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from weft.model.tables import DOCUMENT, LID
from weft.operators.service import Answered

Answer = Callable[[str, int], str | None]
"""What is said to a request (all its messages, one after the other) and the number of a sample; None: refused."""


class Answering:
    """A client whose answers are those of a function; `by` has other functions for services beside."""

    def __init__(self, answer: Answer, protocol: str = "openai-chat", by: Mapping[str, Answer] | None = None) -> None:
        self._answer, self._by = answer, by or {}
        self.protocol = protocol
        self.structured = "none"
        self.asked: list[str] = []
        self.bodies: list[Mapping[str, Any]] = []
        self.failed: dict[int, str] = {}

    def beside(self, parameter: str) -> Answering:
        other = Answering(self._by.get(parameter, self._answer), self.protocol)
        other.asked, other.failed, other.bodies = self.asked, self.failed, self.bodies
        return other

    async def call(self, row: int, body: Mapping[str, Any], sample: int = 0) -> Answered | None:
        said = body["text"] if "text" in body else "\n".join(one["content"] for one in body["messages"])
        text = await self._said(row, said, body, sample)
        return None if text is None else Answered({"text": text, "finish": "stop"}, {"model": "m", "raw": text})

    async def ask(self, row: int, body: Mapping[str, Any]) -> Any:
        answered = await self.call(row, body)
        return answered and answered.value

    async def ask_each(self, rows: Sequence[int], items: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
        found = [await self._said(row, item, body, 0) for row, item in zip(rows, items, strict=True)]
        if self.protocol == "tei-predict":
            return [None if one is None else [{"label": "reward", "score": float(one)}] for one in found]
        return [None if one is None else {"text": one, "finish": "stop"} for one in found]

    async def _said(self, row: int, said: str, body: Mapping[str, Any], sample: int) -> str | None:
        self.asked.append(said)
        self.bodies.append(body)
        await asyncio.sleep(0)
        text = self._answer(said, sample)
        if text is None:
            self.fail(row, "service_refused", "it said no")
        return text

    def fail(self, row: int, reason: str, detail: str) -> None:
        self.failed[row] = reason


def documents(*given: Mapping[str, Any]) -> pa.Table:
    """Documents: of each `text` and `language`, `sides` (a pair) or `messages` (role and text), and other columns."""
    rows = []
    for one in given:
        held = dict(one)
        sides, messages = held.pop("sides", None), held.pop("messages", None)
        row = {"license": "CC-BY-4.0", "basis": "licence", "source": "seed", "locator": "seed#0"}
        if sides is not None:
            parts = [(text, {"field": "translation", "language": code}) for code, text in sides.items()]
            row |= {"record_kind": "pair"} | _joined(parts)
        elif messages is not None:
            row |= {"record_kind": "sft"} | _joined([(t, {"field": "messages", "role": r}) for r, t in messages])
        row |= {"language_hint": held.pop("language", None)} | held
        row["id"] = row.get("id") or hashlib.md5(json.dumps(one, sort_keys=True).encode()).hexdigest()
        rows.append(row)
    table = pa.Table.from_pylist(rows, DOCUMENT)
    return table.append_column("lid", pa.nulls(table.num_rows, LID))


def _joined(parts: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    text, places = "", []
    for one, told in parts:
        text += "\n" if text else ""
        places.append({**told, "begin": len(text), "end": len(text) + len(one)})
        text += one
    return {"text": text, "parts": places}


def made(function: Any, batch: pa.Table, client: Any) -> list[dict[str, Any]]:
    """The records that a service recipe makes of a batch; every parent is in one of them."""
    rows: list[dict[str, Any]] = asyncio.run(function(batch, client)).to_pylist()
    assert {row["id"] for row in batch.select(["id"]).to_pylist()} == {one for row in rows for one in row["parents"]}
    for row in rows:
        row["note"] = json.loads(row["note"]) if row["note"] else None
    return rows


def reasons(rows: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Why each row gives no record; None of records."""
    return [row["problem"] and row["problem"]["reason"] for row in rows]
