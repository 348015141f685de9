"""Spans of pairs in JSON lines, and translations of marked texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weft.errors import WeftError


def span_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of {"source", "target", "spans": [{"begin", "end", …}]}, places in characters.

    Raises WeftError that names the line for what is none.
    """
    rows = []
    for number, row in json_rows(path):
        where = f"{path}:{number}"
        for name in ("source", "target"):
            if not isinstance(row.get(name), str):
                raise WeftError(f"{where}: no text in {name}; expected source, target and spans")
        if not isinstance(row.get("spans"), list):
            raise WeftError(f"{where}: no list in spans; expected such as [{{'begin': 0, 'end': 5, 'label': 'PER'}}]")
        for span in row["spans"]:
            if not isinstance(span, dict) or not all(type(span.get(name)) is int for name in ("begin", "end")):
                raise WeftError(f"{where}: {span}: expected a span with begin and end, places in characters")
        rows.append(row)
    return rows


def json_rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Objects of a JSONL file with the number of their line. Raises WeftError for what is none."""
    if not path.is_file():
        raise WeftError(f"{path}: no such file; expected JSON lines")
    rows = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise WeftError(f"{path}: not valid UTF-8 at byte {error.start}; expected JSON lines") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise WeftError(f"{path}:{number}: no JSON: {error}") from error
        if not isinstance(row, dict):
            raise WeftError(f"{path}:{number}: expected an object")
        rows.append((number, row))
    return rows


def marked_texts(path: Path, rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Translations of marked texts by pair and span: of each span one `translated`, as `weft pairs mark` numbers them.

    Raises WeftError where one is missing.
    """
    held: dict[tuple[Any, Any], str] = {}
    for number, row in json_rows(path):
        if not isinstance(row.get("translated"), str):
            raise WeftError(f"{path}:{number}: no text in translated; expected pair, span and translated")
        held[row.get("pair"), row.get("span")] = row["translated"]
    out = []
    for n, row in enumerate(rows):
        for k in range(len(row["spans"])):
            if (n, k) not in held:
                raise WeftError(f"{path}: no translation of span {k} of pair {n}; expected one for each span")
        out.append([held[n, k] for k in range(len(row["spans"]))])
    return out
