"""Pairs on both sides of a threshold, source beside target, each written in its own direction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from weft.model.languages import direction
from weft.report.markup import captioned, esc, language, number, scrolled, tag
from weft.report.pairs_words import of_signal

CUT = 260
"""Characters of a text from which on the rest is folded away."""
_PICTURES = {n: 0x2400 + n for n in range(32) if n not in (9, 10, 13)} | {0x7F: 0x2421}
"""Control characters as pictures of themselves: a page may not have them, and rules are about them."""
_TO_THE_LEFT = ("R", "AL")


def way(text: str, code: str) -> str:
    """The direction of a text: of a right-to-left language `rtl`, unless it has no letter of such a script."""
    if direction(code) == "rtl" and any(unicodedata.bidirectional(c) in _TO_THE_LEFT for c in text):
        return "rtl"
    return "auto"


def shortened(text: str, most: int = CUT) -> str:
    """The beginning of a text, of whole characters with their marks; all of it where it is not longer."""
    if len(text) <= most:
        return text
    end = most
    while end > most // 2 and _joined(text[end - 1], text[end]):
        end -= 1
    return text[:end]


def _joined(before: str, after: str) -> bool:
    return unicodedata.category(after).startswith("M") or after == "\u200d" or unicodedata.combining(before) == 9


def cell(text: str, code: str) -> str:
    """A text as a cell of its language; a long one begins, and opens."""
    attributes = f'class="text" lang="{esc(tag(code))}" dir="{way(text, code)}"'
    shown = text.translate(_PICTURES)
    if not shown.strip():
        return f'<td class="text"><span class="soft">{"white space" if shown else "nothing"}</span></td>'
    begin = shortened(shown)
    if begin == shown:
        return f"<td {attributes}>{esc(shown)}</td>"
    size = f'<span class="soft" lang="en" dir="ltr">all {number(len(text))} characters</span>'
    return (
        f"<td {attributes}><details><summary><bdi>{esc(begin)}…</bdi> {size}</summary>"
        f'<p lang="{esc(tag(code))}" dir="{way(text, code)}">{esc(shown)}</p></details></td>'
    )


def border(edge: dict[str, Any], languages: Sequence[str]) -> str:
    """The pairs beside one threshold: refused above, kept below."""
    sign, beyond = ("≥", "below") if edge["side"] == "low" else ("≤", "above")
    limit = shown(edge["limit"])
    title = f'<h4><code>{esc(edge["rule"])}</code> <span class="soft">passes {sign} {esc(limit)}</span></h4>'
    caption = f"{edge['rule']}: {of_signal(edge['signal'])}; refused {beyond} {limit}"
    heads = "".join(f'<th scope="col" class="{direction(code)}">{language(code)}</th>' for code in languages)
    body = ""
    for key in ("refused", "kept"):
        # The nearest ones stand next to the line between both.
        near = edge[key][::-1] if key == "refused" else edge[key]
        rows = "".join(_row(one, key, languages) for one in near)
        body += f'<tbody class="{key}">{rows}</tbody>' if rows else ""
    whole = f'<thead><tr><th scope="col">value</th>{heads}</tr></thead>{body}'
    return f'{title}{scrolled(caption)}<table class="beside">{captioned(caption)}{whole}</table></div>'


def _row(one: dict[str, Any], kind: str, languages: Sequence[str]) -> str:
    also = f'<span class="soft">also {esc(", ".join(one["also"]))}</span>' if one["also"] else ""
    about = f'<b>{esc(shown(one["value"]))}</b> <span class="{kind}-word">{kind}</span>'
    about += f'<span class="soft">row {one["row"]:,}</span>{also}'
    texts = "".join(cell(one[side], code) for side, code in zip(("source", "target"), languages, strict=True))
    return f'<tr><th scope="row">{about}</th>{texts}</tr>'


def shown(value: float | None) -> str:
    """A value of a signal, or a bound; what is beyond all numbers has none."""
    if value is None:
        return "∞"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.3g}"
