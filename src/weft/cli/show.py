"""Answers for people and for machines."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


def json_line(value: Any) -> str:
    """One JSON object on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


def say(text: str = "") -> None:
    """A line for a person."""
    sys.stdout.write(text + "\n")


def entry(name: str, value: object, *, indent: int = 0, names: int = 18) -> None:
    """A name and its value; the parts of a mapping without nulls, in lines that fit most windows."""
    if isinstance(value, dict):
        parts = [f"{key}={_plain(part)}" for key, part in value.items() if part is not None]
        lines = textwrap.wrap("\n".join(parts), 100, expand_tabs=False, break_long_words=False, break_on_hyphens=False)
    else:
        lines = [_plain(value)]
    for number, line in enumerate(lines or [""]):
        say(f"{' ' * indent}{'' if number else name:<{names}} {line}".rstrip())


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and len(value) > 8:
        return f"[{len(value)} values]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def size(count: float) -> str:
    """Bytes in the largest decimal unit that leaves a whole number before the point."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def counted(count: int, noun: str) -> str:
    """The count and the noun, which takes an s unless it is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def console(*, stderr: bool = False) -> Console:
    """A rich console that honours NO_COLOR and output that is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


_BETWEEN = 3
"""Characters between two columns of a table."""


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: frozenset[int] = frozenset(),
    whole: frozenset[int] = frozenset(),
) -> None:
    """Columns on standard output, plain when it is no terminal; those of `whole` are never folded.

    Those of `right` hold numbers: their heads fold between words, and they themselves never, however narrow it is.
    Where all that has no room, lines are longer than the window: rich would leave columns out.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [[_cell(value) for value in row] for row in rows]
    widest = 0
    for number, name in enumerate(head):
        justify: Literal["left", "right"] = "right" if number in right else "left"
        least = max((len(word) for word in name.split()), default=0)
        if number in right:
            least = max(least, *(len(row[number]) for row in cells)) if cells else least
        if number in whole:
            least = max(map(cell_len, (name, *(row[number] for row in cells))))
        widest += least + _BETWEEN
        made.add_column(name, justify=justify, overflow="fold", no_wrap=number in whole, min_width=least)
    for row in cells:
        made.add_row(*row)
    screen = console()
    screen.width = max(screen.width, widest)
    screen.print(made)


def _cell(value: object) -> str:
    from rich.markup import escape

    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape("" if value is None else str(value))
