"""Which evaluation items stand in files of documents, in this process and without a build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from weft.deduplicate.contamination import entries
from weft.engine.apply import ready, run_map
from weft.engine.inspection import records
from weft.engine.work import Call, Context, rooms_registry
from weft.model.item_index import SOUGHT, ItemIndex
from weft.model.item_search import find
from weft.model.tables import RAW


@dataclass
class Tally:
    """What was searched and found so far."""

    documents: int = 0
    bytes: int = 0
    contaminated: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    """Records without text to search, by reason."""
    holders: Counter[str] = field(default_factory=Counter)
    """Documents that hold items of each benchmark."""
    items: dict[str, set[str]] = field(default_factory=dict)
    """Items found, by benchmark."""


@dataclass(frozen=True)
class Part:
    """What a batch of documents holds: rows of locator and items found, and records that could not be read."""

    found: list[dict[str, Any]]
    problems: list[dict[str, str]]


def searched(file: Path, reader: str, index: ItemIndex, near: float, text_field: str, tally: Tally) -> Iterator[Part]:
    """What each batch of a file's documents holds, as it is read by `reader` (see `reader_of`); adds to `tally`.

    `text_field` is the column with the text in tables, JSON lines and Parquet.
    """
    registry = rooms_registry()
    context = Context(None, registry)  # type: ignore[arg-type]  # nothing is stored
    (parse,) = ready([Call("parse.document", registry.defaults("parse.document"))], context)
    for batch in records(file, reader, context, {"text_field": text_field}):
        part, _ = run_map(parse, batch.select(RAW.names))
        texts = part["text"].combine_chunks()
        tally.documents += len(texts) - texts.null_count
        tally.bytes += pc.sum(pc.binary_length(texts)).as_py() or 0
        yield Part(_found(part, texts, index, near, tally), _problems(part, tally))


def _found(part: pa.Table, texts: pa.Array, index: ItemIndex, near: float, tally: Tally) -> list[dict[str, Any]]:
    rows: dict[int, list[dict[str, Any]]] = {}
    for one in find(index, texts, near):
        passage = texts[one.row].as_py()[one.start : one.end]
        rows.setdefault(one.row, []).extend(entry | {"text": passage} for entry in entries(index, one))
    for held in rows.values():
        tally.contaminated += 1
        tally.holders.update({entry["benchmark"] for entry in held})
        for entry in held:
            tally.items.setdefault(entry["benchmark"], set()).add(entry["item"])
    return [{"document": part["locator"][row].as_py(), "found": held} for row, held in rows.items()]


def _problems(part: pa.Table, tally: Tally) -> list[dict[str, str]]:
    held = pl.DataFrame(pl.from_arrow(part.select(["locator", "problem"]))).filter(pl.col("problem").is_not_null())
    rows = [{"locator": row["locator"], **row["problem"]} for row in held.to_dicts()]
    tally.unread.update(row["reason"] for row in rows)
    return rows


def benchmarks(index: ItemIndex, tally: Tally) -> list[dict[str, Any]]:
    """benchmark, items, sought, too_short, too_common, found, documents: of every benchmark, by name."""
    return [
        row | {"found": len(tally.items.get(row["benchmark"], ())), "documents": tally.holders[row["benchmark"]]}
        for row in index.counts().to_dicts()
    ]


def summary(index: ItemIndex, tally: Tally) -> dict[str, Any]:
    """All of it as one JSON object, with every item that is not sought and why."""
    left = index.items.filter(pl.col("status") != SOUGHT).select("benchmark", "item", "text", "status")
    return {
        "documents": tally.documents,
        "bytes": tally.bytes,
        "contaminated": tally.contaminated,
        "unread": dict(sorted(tally.unread.items())),
        "benchmarks": benchmarks(index, tally),
        "not_sought": left.to_dicts(),
    }
