"""What a row says under several names, as JSON that a check accepts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from weft.errors import WeftError


def record(
    frame: pl.DataFrame, fields: Mapping[str, str | None], check: Callable[[dict[str, Any]], object]
) -> list[pl.Expr]:
    """The columns `record` and `fault`: null of one that `check` refuses, with its fault."""
    taken = {name: column for name, column in fields.items() if column is not None}
    made: list[str | None] = []
    faults: list[str | None] = []
    for key, *values in frame.select("weft.item", *taken.values()).iter_rows():
        held = {"id": key, "key": key, "prompt": "-", **dict(zip(taken, map(_read, values), strict=True))}
        try:
            check(held)
        except WeftError as error:
            made.append(None)
            faults.append(str(error))
        else:
            made.append(json.dumps(held, ensure_ascii=False))
            faults.append(None)
    columns = {"record": made, "fault": faults}
    return [pl.lit(pl.Series(name, held, dtype=pl.String)) for name, held in columns.items()]


def _read(value: Any) -> Any:
    """A value without what is null in it, which Polars fills; of a table without lists what its JSON text says."""
    if isinstance(value, dict):
        return {name: _read(held) for name, held in value.items() if held is not None}
    if isinstance(value, list):
        return [_read(held) for held in value if held is not None]
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
