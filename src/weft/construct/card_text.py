"""How a card is written: Markdown tables and the YAML before them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(text: str) -> str:
    """Text that breaks no table."""
    return " ".join(text.replace("|", "\\|").split())


def yaml(value: Any, depth: int = 0) -> str:
    """YAML of plain data with every string quoted, as YAML 1.1 readers take the language code no for false."""
    pad = "  " * depth
    lines = []
    for key, item in value.items():
        if not isinstance(item, list):
            lines.append(f"{pad}{key}: {json.dumps(item, ensure_ascii=False)}\n")
        elif not item:
            lines.append(f"{pad}{key}: []\n")
        elif isinstance(item[0], dict):
            lines.append(f"{pad}{key}:\n")
            for entry in item:
                inner = yaml(entry, depth + 1)
                lines.append(f"{pad}- {inner[len(pad) + 2 :]}")
        else:
            lines.append(f"{pad}{key}:\n" + "".join(f"{pad}- {json.dumps(x, ensure_ascii=False)}\n" for x in item))
    return "".join(lines)
