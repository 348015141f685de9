"""Records as `weft synthesize` releases them, for the tests of the rooms that read them.

The Swahili was written for the tests and is not reviewed by native speakers.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weft.model.records import RECORD, VERDICT

SCHEMA = pa.schema([*RECORD, ("gates", pa.list_(VERDICT)), ("accepted", pa.bool_())])


def part(field: str, text: str, language: str, relation: str = "human", **more: Any) -> dict[str, Any]:
    held = {"field": field, "text": text, "language": language, "relation": relation, "made": relation != "human"}
    return {"role": None, "of": None, "of_language": None} | held | more


def call(model: str = "tiny", **more: Any) -> dict[str, Any]:
    return {
        "key": "ab" * 16, "protocol": "openai_chat", "model": model, "revision": "r1", "server": "fake",
        "prompt": "answer@1", "prompt_hash": "00ff", "rendered_hash": "11ee", "parameters": '{"temperature": 0.5}',
        "sample": 0, "raw": "the whole reply", "finish": "stop", "tokens_in": 10, "tokens_out": 5, "estimated": False,
        "cost": 0.25, "attempts": 1,
    } | more  # fmt: skip


def verdict(gate: str, said: str = "pass", score: float | None = 0.5, **more: Any) -> dict[str, Any]:
    return {"gate": gate, "version": 1, "part": 0, "score": score, "low": None, "high": None, "verdict": said,
            "detail": None} | more  # fmt: skip


def record(number: int, kind: str, parts: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    name = hashlib.blake2b(f"{kind} {number}".encode(), digest_size=16).hexdigest()
    parent = hashlib.blake2b(f"parent {number}".encode(), digest_size=16).hexdigest()
    return {
        "id": name, "kind": kind, "parts": list(parts), "parents": [parent], "shots": [], "recipe": "synthesize.answer",
        "version": 1, "language": "swh_Latn", "skill": "instruction", "group_id": f"g{number}",
        "license": "CC-BY-4.0", "consent": None, "basis": "licence", "redistribute": True, "source": "seeds",
        "locator": f"seeds.txt#{number}", "note": None, "calls": [], "problem": None,
        "gates": [verdict("language")], "accepted": True,
    } | more  # fmt: skip


def pair(number: int, source: str, target: str, **more: Any) -> dict[str, Any]:
    """A pair of which a machine made the English side."""
    parts = [
        part("translation", target, "swh_Latn"),
        part("translation", source, "eng_Latn", "back_translation", of=target, of_language="swh_Latn"),
    ]
    held = {"recipe": "synthesize.back_translation", "skill": "translation", "calls": [call()]}
    return record(number, "pair", parts, **(held | more))


def conversation(number: int, question: str, answer: str, **more: Any) -> dict[str, Any]:
    """A conversation of which a machine made the question."""
    parts = [
        part("messages", question, "swh_Latn", "instruction", of=answer, of_language="swh_Latn", role="user"),
        part("messages", answer, "swh_Latn", role="assistant"),
    ]
    return record(number, "sft", parts, **({"calls": [call(), call("other")]} | more))


def preference(number: int, question: str, chosen: str, rejected: str, **more: Any) -> dict[str, Any]:
    parts = [
        part("rejected", rejected, "swh_Latn", "degraded", of=chosen, of_language="swh_Latn", role="assistant"),
        part("prompt", question, "swh_Latn", role="user"),
        part("chosen", chosen, "swh_Latn", role="assistant"),
    ]
    return record(number, "dpo", parts, **({"recipe": "synthesize.degraded", "skill": "preference"} | more))


def text(number: int, written: str, **more: Any) -> dict[str, Any]:
    parts = [part("text", written, "swh_Latn", "code_switch", of=written, of_language="swh_Latn")]
    held = {"recipe": "synthesize.code_switch", "skill": "code_switching", "note": json.dumps({"switched": 3})}
    return record(number, "text", parts, **(held | more))


def file_of(records: Sequence[dict[str, Any]], rows_per_group: int = 1000, **columns: Any) -> bytes:
    """A Parquet file with these records; `columns` are further ones."""
    table = pa.Table.from_pylist(list(records), SCHEMA)
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values, pa.string()))
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=rows_per_group)
    return sink.getvalue()
