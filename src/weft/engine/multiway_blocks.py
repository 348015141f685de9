"""Multi-way rows: `translation: {code: text, …}` of JSON lines or Parquet, in blocks."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from weft.engine.pair_blocks import Layout, Pairs, blocks, format_of
from weft.errors import WeftError
from weft.parallel.multiway_files import FIELD, shown, sides_of
from weft.text.pair_signals import texts

_READ = 1_000
"""Rows that say which language is the pivot."""


class Group(NamedTuple):
    """A block: a column of texts for each language, all rows, those that are no group, texts in no language known."""

    table: pl.DataFrame
    rows: int
    unreadable: int
    unknown: int


def is_multiway(file: Path) -> bool:
    """Whether rows of a file have their texts under `translation`. Raises WeftError for a file that is damaged."""
    if format_of(file) == "tsv" or not file.is_file():
        return False
    try:
        if format_of(file) == "parquet":
            schema = pq.read_schema(file)
            return FIELD in schema.names and pa.types.is_struct(schema.field(FIELD).type)
    except (OSError, pa.ArrowInvalid) as error:
        raise WeftError(f"{file}: cannot be read: {error}") from error
    for line in _first_lines(file):
        found = _object(line)
        if found is not None:
            return isinstance(found.get(FIELD), dict)
    return False


def _first_lines(file: Path) -> Iterator[bytes]:
    for block, _ in blocks(Layout(file, "jsonl", ())):
        yield from block.splitlines()[:_READ]
        return


def group_of(block: Any) -> Group:
    """The texts of a block by language."""
    if isinstance(block, pa.Table):
        return _divided(block[FIELD].combine_chunks())
    options = pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1)
    try:
        table = pa.json.read_json(io.BytesIO(block), read_options=options)
        held = table[FIELD].combine_chunks() if FIELD in table.column_names else pa.nulls(table.num_rows)
        if pa.types.is_struct(held.type) and all(one.type in (pa.string(), pa.null()) for one in held.type):
            return _divided(held)
    except pa.ArrowInvalid:
        pass
    return _one_by_one(block)


def _divided(held: Any) -> Group:
    """Columns of a struct by the code of their language; texts of nothing but white space are none."""
    rows = pl.DataFrame({FIELD: pl.Series(pl.from_arrow(held))})
    kind = rows.schema[FIELD]
    if not isinstance(kind, pl.Struct):
        return Group(pl.DataFrame(), rows.height, rows.height, 0)
    return _grouped(rows.drop_nulls(FIELD), kind, rows.height)


def _grouped(good: pl.DataFrame, kind: pl.Struct, rows: int, unknown: int = 0) -> Group:
    found = sides_of(kind, pl.col(FIELD))
    odd = good.select(pl.col(FIELD).struct.field(name).count() for name in found.odd)
    table = good.select(shown(pl.coalesce(texts)).alias(code) for code, texts in found.texts.items())
    return Group(table, rows, rows - good.height, unknown + sum(odd.row(0)) if found.odd else unknown)


def _one_by_one(block: bytes) -> Group:
    """Lines of which one is no object, or has a text that is none: that line, or text, alone is lost."""
    good: list[dict[str, str]] = []
    rows = unknown = 0
    for line in block.splitlines():
        if not line.strip():
            continue
        rows += 1
        found = (_object(line) or {}).get(FIELD)
        if isinstance(found, dict):
            texts = {name: text for name, text in found.items() if isinstance(text, str)}
            unknown += sum(text is not None for text in found.values()) - len(texts)
            good.append(texts)
    kind = pl.Struct(dict.fromkeys((name for texts in good for name in texts), pl.String()))
    return _grouped(pl.DataFrame({FIELD: pl.Series(good, dtype=kind)}), kind, rows, unknown)


def _object(line: bytes) -> dict[str, Any] | None:
    from pydantic_core import from_json

    try:
        found = from_json(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def pairs_with(table: pl.DataFrame, pivot: str, language: str) -> Pairs:
    """The rows of a table that have a text of both."""
    both = table.select(source=pivot, target=language).drop_nulls()
    return Pairs(texts(both["source"]), texts(both["target"]), np.zeros(both.height, np.bool_))


def pivot_of(file: Path, held: Layout) -> str:
    """The language that most of the first rows have. Raises WeftError where no row has a text in two languages."""
    counted: Counter[str] = Counter()
    for block, _ in blocks(held):
        table = group_of(block).table.head(_READ)
        counted.update({name: table.height - table[name].null_count() for name in table.columns})
        if len(counted) > 1:
            return max(counted, key=lambda code: counted[code])
    raise WeftError(f"{file}: no row with two languages under {FIELD}; expected {FIELD}: {{en: …, sw: …}}")
