"""Spans of pairs in JSON lines, and translations of marked texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weft.errors import WeftError
from weft.tokenizer.unreadable import Faults, Unreadable, without_mark


def span_rows(path: Path, left: Unreadable) -> dict[int, dict[str, Any]]:
    """Rows of {"source", "target", "spans": [{"begin", "end", …}]} by their number from 0; places in characters.

    Rows that are none are told in `left`. Raises WeftError where no row is.
    """
    rows: dict[int, dict[str, Any]] = {}
    faults: Faults = {}
    for n, (number, line) in enumerate(_lines(path)):
        try:
            rows[n] = _with_spans(_object(line))
        except ValueError as error:
            faults[number] = str(error)
    if faults and not rows:
        first = min(faults)
        raise WeftError(f"{path}: no row that can be read; line {first}: {faults[first]}")
    left.add(path, faults)
    return rows


def _with_spans(row: dict[str, Any]) -> dict[str, Any]:
    """The row. Raises ValueError where it is no pair with spans."""
    for name in ("source", "target"):
        if not isinstance(row.get(name), str):
            raise ValueError(f"no text in {name}; expected source, target and spans")
    if not isinstance(row.get("spans"), list):
        raise ValueError("no list in spans; expected such as [{'begin': 0, 'end': 5, 'label': 'PER'}]")
    for span in row["spans"]:
        if not isinstance(span, dict) or not all(type(span.get(name)) is int for name in ("begin", "end")):
            raise ValueError(f"{span}: expected a span with begin and end, places in characters")
    return row


def _lines(path: Path) -> list[tuple[int, bytes]]:
    """The lines of a JSONL file that are not empty, with their numbers. Raises WeftError for no such file."""
    if not path.is_file():
        raise WeftError(f"{path}: no such file; expected JSON lines")
    lines = without_mark(path.read_bytes()).split(b"\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _object(line: bytes) -> dict[str, Any]:
    """The object on a line. Raises ValueError for what is none."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {line[error.start]:#04x} is not UTF-8") from None
    except ValueError as error:
        raise ValueError(f"no JSON: {error}") from None
    if not isinstance(row, dict):
        raise ValueError("expected an object")
    return row


def marked_texts(path: Path, rows: Mapping[int, Mapping[str, Any]]) -> list[list[str]]:
    """Translations of marked texts by pair and span: of each span one `translated`, as `weft pairs mark` numbers them.

    Raises WeftError for a line that is none, and where one is missing.
    """
    held: dict[tuple[Any, Any], str] = {}
    for number, line in _lines(path):
        try:
            made = _object(line)
        except ValueError as error:
            raise WeftError(f"{path}:{number}: {error}") from None
        if not isinstance(made.get("translated"), str):
            raise WeftError(f"{path}:{number}: no text in translated; expected pair, span and translated")
        held[made.get("pair"), made.get("span")] = made["translated"]
    out = []
    for n, row in rows.items():
        for k in range(len(row["spans"])):
            if (n, k) not in held:
                raise WeftError(f"{path}: no translation of span {k} of pair {n}; expected one for each span")
        out.append([held[n, k] for k in range(len(row["spans"]))])
    return out
