"""What sections of a report on pairs share: names of languages, shares, and pieces that fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft.model.languages import name
from weft.report.markup import esc, language, sorted_by

RULES = "rules"
"""The set of the learnt rules; the others are profiles."""
_MANY = 8
"""Language pairs from which on there is a field to find one by name."""
Part = dict[str, Any]
"""What the figures have under `pairs`: two languages of a file."""


def label(part: Part) -> str:
    """Own and English names of a pair's languages, as HTML."""
    return " – ".join(language(code) for code in part["languages"])


def named(part: Part) -> str:
    """Names and codes as a cell that does not get narrow."""
    return f'<span class="named">{label(part)}</span><code>{esc(code(part))}</code>'


def plain(part: Part) -> str:
    return " – ".join(name(code) for code in part["languages"])


def code(part: Part) -> str:
    return "-".join(part["languages"])


def short(part: Part, parts: Sequence[Part]) -> str:
    """The name of what tells a pair of languages from the others."""
    firsts = {one["languages"][0] for one in parts}
    return name(part["languages"][1]) if len(firsts) == 1 else " – ".join(map(name, part["languages"]))


def share(held: dict[str, Any] | None) -> str:
    if held is None:
        return "–"
    bounds = f"{100 * held['low']:.1f}–{100 * held['high']:.1f}"
    return sorted_by(held["share"], f'{100 * held["share"]:.1f} % <span class="soft bounds">{bounds}</span>')


def field(items: str, parts: Sequence[Part]) -> str:
    if len(parts) <= _MANY:
        return ""
    return (
        f'<input type="search" data-filter="{items}" aria-label="Filter by language" placeholder="Filter by language">'
    )


def folded(parts: Sequence[Part], anchor: str, what: Callable[[Part], str]) -> str:
    """A part of the page for each language pair, folded where there are several."""
    made = []
    for part in parts:
        body = what(part)
        if not body:
            continue
        summary = f'{label(part)} <span class="soft"><code>{esc(code(part))}</code></span>'
        opened = " open" if len(parts) == 1 else ""
        names = f"{code(part)} {plain(part)}"
        made.append(f'<details data-name="{esc(names)}"{opened}><summary>{summary}</summary>{body}</details>')
    return (field(f"#{anchor} > details", parts) + "".join(made)) if made else ""
