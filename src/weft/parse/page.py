"""Main text and metadata of an HTML page, within limits of depth and time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from weft.parse.edges import without_ragged_ends
from weft.parse.metadata import page_meta

_TAG = re.compile(r"[/!?]?([a-zA-Z]?[a-zA-Z0-9]*)(?:[^\"'>]|\"[^\"]*\"|'[^']*')*+>")
_UNBALANCED = re.compile(r"[/!?]?([a-zA-Z]?[a-zA-Z0-9]*)[^>]*>?")
_BLOCKS = frozenset(
    ["p", "div", "br", "tr", "td", "li", "ul", "ol", "table", "section", "article", "header", "footer"]
    + [f"h{level}" for level in range(1, 7)]
)
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*+\n)++")
"""Begins with a line end: a pattern that begins with blanks takes quadratic time on a long run of them."""


@dataclass
class Page:
    """What a page holds: its text, paragraphs apart, and what it says of itself."""

    text: str
    meta: dict[str, Any] = field(default_factory=dict)


def extract(html: str) -> Page:
    """Main text and metadata, by resiliparse with comments, post meta, alt texts and list bullets off."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(html)
    text = extract_plain_text(
        tree, main_content=True, alt_texts=False, list_bullets=False, comments=False, post_meta=False, links=False
    )
    if text.strip():
        return Page(without_ragged_ends(paragraphs(text)), page_meta(html))
    text = extract_plain_text(tree, main_content=False, alt_texts=False, list_bullets=False)
    return Page(paragraphs(text), page_meta(html))


def extract_flat(html: str) -> Page:
    """All text with tags taken out in one pass: what is left when a page is too deep or too wide to analyse."""
    from html import unescape

    first, *rest = _without(html, ("<script", "</script"), ("<style", "</style"), ("<!--", "-->")).split("<")
    parts = [first]
    for part in rest:
        tag = (
            (_TAG.match(part) or _UNBALANCED.match(part))
            if part[:1].isalpha() or part.startswith(("/", "!", "?"))
            else None
        )
        if tag is None:
            parts.append(f"<{part}")
        else:
            parts.append("\n" if tag[1].lower() in _BLOCKS else "")
            parts.append(part[tag.end() :])
    return Page(paragraphs(unescape("".join(parts))), {"extracted": "flat"})


def _without(html: str, *spans: tuple[str, str]) -> str:
    """The page without what lies between marks; what never ends runs to the end of the page."""
    for opening, ending in spans:
        kept, at = [], 0
        lower = html.lower()
        if len(lower) != len(html):
            lower = html.translate(_LOWER)  # a few letters become two in lower case
        while (begin := lower.find(opening, at)) >= 0:
            kept.append(html[at:begin])
            end = lower.find(ending, begin)
            if end < 0:
                at = len(html)
                break
            at = end if ending[0] == "<" else end + len(ending)
        kept.append(html[at:])
        html = "".join(kept)
    return html


def paragraphs(text: str) -> str:
    """Lines without outer blanks; one empty line between paragraphs."""
    parts = _EMPTY_LINES.sub("\n\n", text.replace("\r\n", "\n")).split("\n\n")
    return "\n\n".join(part.rstrip(" \t") for part in parts).strip()
