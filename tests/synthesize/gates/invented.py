"""Texts in two languages that nobody speaks, and pairs of them: what gates can learn without any data."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

from weft.model.records import RECORD

FIRST, SECOND = "qaa_Latn", "qab_Latn"
_SYLLABLES = {FIRST: "ka lo mi tu re sa ni po", SECOND: "wex qor jib dul zem fyn gat hov"}


def vocabulary(language: str, size: int = 300) -> list[str]:
    draw = random.Random(language)
    syllables = _SYLLABLES[language].split()
    return ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(size)]


def pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Sentences of the first language, and the same word for word in the second; some have a number."""
    draw = random.Random(seed)
    one, two = vocabulary(FIRST), vocabulary(SECOND)
    made = []
    for _ in range(count):
        chosen = [draw.randrange(len(one)) for _ in range(draw.randint(6, 20))]
        year = [str(draw.randint(1100, 2999))] if draw.random() < 0.5 else []
        mark = draw.choice("...?")
        sides = (" ".join([words[n] for n in chosen[:-1]] + year + [words[chosen[-1]]]) + mark for words in (one, two))
        made.append((next(sides), next(sides)))
    return made


def documents(rows: list[tuple[str, str]], begin: int = 0) -> pa.Table:
    """Pairs as documents."""
    made = []
    for number, (source, text) in enumerate(rows, begin):
        places = ((FIRST, 0, len(source)), (SECOND, len(source) + 1, len(source) + 1 + len(text)))
        parts = [{"field": "translation", "role": None, "language": c, "begin": a, "end": b} for c, a, b in places]
        made.append({"id": f"{number:032x}", "text": f"{source}\n{text}", "record_kind": "pair", "parts": parts})
    return table(made)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    part = {"field": pa.string(), "role": pa.string(), "language": pa.string(), "begin": pa.int64(), "end": pa.int64()}
    kinds = {"id": pa.string(), "text": pa.large_string(), "language_hint": pa.string(), "record_kind": pa.string()}
    lid = pa.struct({"language": pa.string(), "score": pa.float32()})
    return pa.Table.from_pylist(rows, pa.schema({**kinds, "lid": lid, "parts": pa.list_(pa.struct(part))}))


def part(text: str | None, of: str | None = None, relation: str = "translation", **rest: Any) -> dict[str, Any]:
    given = {"field": "text", "language": SECOND, "text": text, "made": relation != "human", "relation": relation}
    return given | {"of": of, "of_language": FIRST if of is not None else None} | rest


def records(*rows: list[dict[str, Any]], finish: str | None = None, kind: str = "text") -> pa.Table:
    """A record of each list of parts."""
    calls = [] if finish is None else [{"finish": finish}]
    made = [{"id": str(n), "kind": kind, "parts": parts, "calls": calls} for n, parts in enumerate(rows)]
    return pa.Table.from_pylist(made, RECORD)
