"""What weft makes of one file, in this process and without a build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft.acquire import formats
from weft.engine.apply import ready, run_map
from weft.engine.storage import SourceFetcher
from weft.engine.work import Call, Context, rooms_registry
from weft.errors import WeftError
from weft.model.tables import RAW, UNITS
from weft.recipe.schema import DEFAULT_STEPS

SHOWN = ("unicode", "mojibake", "zawgyi", "script", "lid", "signals")


def inspected(file: Path, limit: int) -> Iterator[dict[str, Any]]:
    """Rows `locator, problem, meta, text, labels` of the first `limit` records of a file.

    Raises WeftError for a file that is not there or that no reader takes.
    """
    reader = reader_of(file)
    registry = rooms_registry()
    context = Context(None, registry)  # type: ignore[arg-type]  # nothing is stored
    names = [f"{stage}.{name}" for stage in ("parse", "standardize") for name in DEFAULT_STEPS[stage]]
    names += ["label.script", "label.lid", "label.tokens", "label.signals"]
    steps = ready([Call(name, registry.defaults(name)) for name in names], context)
    found = 0
    for batch in records(file, reader, context, {}):
        part = batch.select(RAW.names).slice(0, limit - found)
        for step in steps:
            part, _ = run_map(step, part)
        for row in part.to_pylist():
            labels = {name: row[name] for name in SHOWN if row.get(name) is not None}
            yield {
                "locator": row["locator"],
                "problem": row["problem"],
                "meta": row["meta"],
                "text": row["text"] or "",
                "labels": labels,
            }
        found += part.num_rows
        if found >= limit:
            return


def reader_of(file: Path) -> str:
    """The short name of the reader that a file needs. Raises WeftError for one that is not there."""
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "no such file on this machine"
        raise WeftError(f"{file}: {what}; expected a page, a text file, a WARC, a table or an archive")
    try:
        file.name.encode("utf-8")
    except UnicodeEncodeError:
        raise WeftError(f"{file!a}: the name is not Unicode; expected a name in UTF-8 (rename the file)") from None
    reader = formats.reader_for(file.name)
    if reader is None:
        with file.open("rb") as source:
            reader = formats.sniff(source.read(4096)) or "plain_text"
    return reader


def records(file: Path, reader: str, context: Context, options: dict[str, Any]) -> Iterator[pa.Table]:
    """Batches of the raw records of one file; of `options` those count that are parameters of its reader."""
    unit = {"path": str(file), "name": file.name, "reader": reader, "start": 0, "stop": file.stat().st_size}
    units = pa.Table.from_pylist([unit | {"size": unit["stop"]}], UNITS)
    known = context.registry.defaults(f"acquire.{reader}")
    if reader in formats.PAIRED:
        options = {"kind": "pair"} | options
    given = known | {name: value for name, value in options.items() if name in known}
    yield from context.build(Call(f"acquire.{reader}", given))(units, SourceFetcher())
