"""Commands that look at text without a recipe: inspect."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from weft.cli import show


def inspect(file: Path, limit: int, as_json: bool) -> int:
    """Text, metadata and labels of the first records of a file."""
    from weft.engine.inspection import inspected

    rows = list(inspected(file, limit))
    if as_json:
        for row in rows:
            sys.stdout.write(show.json_line(row))
        return 0
    for row in rows:
        show.say(f"── {row['locator']}")
        if row["problem"] is not None:
            show.say(f"{row['problem']['kind']}: {row['problem']['reason']}: {row['problem']['detail']}\n")
            continue
        meta: dict[str, Any] = json.loads(row["meta"] or "{}")
        for name, value in {**meta, **row["labels"]}.items():
            show.entry(name, value)
        show.say("\n" + row["text"][:2000] + ("…" if len(row["text"]) > 2000 else "") + "\n")
    return 0
