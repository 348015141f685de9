"""Main text and metadata of an HTML page, within limits of depth and time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr p li option td tr".split())
_BLANKS = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")
DEEP = 400
WIDE_ATTRIBUTES = 5_000
MANY_TAGS = 60_000
LARGE = 5_000_000


@dataclass
class Page:
    """What a page holds: its text, paragraphs apart, and what it says of itself."""

    text: str
    meta: dict[str, Any] = field(default_factory=dict)


def is_suspicious(html: str) -> bool:
    """Whether a page could take an extractor long: very large, deep, or with thousands of attributes in a tag.

    One linear pass over the tags; ordinary pages are decided by their size and number of tags.
    """
    if len(html) > LARGE or html.count("<") > MANY_TAGS:
        return True
    if html.count("=") > WIDE_ATTRIBUTES and _widest_tag(html) > WIDE_ATTRIBUTES:
        return True
    return html.count("<div") + html.count("<table") + html.count("<span") > DEEP and _depth(html) > DEEP


def _widest_tag(html: str) -> int:
    """Most `=` between a `<` and the next `>`."""
    return max((part.partition(">")[0].count("=") for part in html.split("<")), default=0)


def _depth(html: str) -> int:
    """Deepest nesting of elements, by their tags alone; elements that often stay open do not count."""
    depth = deepest = 0
    for found in _TAG.finditer(html):
        name = found.group(2).lower()
        if name in _VOID:
            continue
        depth += -1 if found.group(1) else 1
        depth = max(depth, 0)
        if depth > deepest:
            deepest = depth
            if deepest > DEEP:
                break
    return deepest


def extract(html: str) -> Page:
    """Main text and metadata, by resiliparse with comments, post meta, alt texts and list bullets off."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(html)
    text = extract_plain_text(
        tree, main_content=True, alt_texts=False, list_bullets=False, comments=False, post_meta=False, links=False
    )
    if not text.strip():
        text = extract_plain_text(tree, main_content=False, alt_texts=False, list_bullets=False)
    return Page(paragraphs(text), page_meta(tree))


def extract_flat(html: str) -> Page:
    """All text with tags taken out in one pass: what is left when a page is too deep or too wide to analyse."""
    body = _without(html, "script", "style", "template", "noscript")
    parts: list[str] = []
    for part in body.split("<"):
        tag, closed, text = part.partition(">")
        if not closed:
            text = part if len(parts) == 0 else ""
        name = tag.lstrip("/").split(None, 1)[0].lower() if tag.strip("/ ") else ""
        if name in ("p", "div", "br", "tr", "td", "li", "table", "section", "article", "h1", "h2", "h3", "h4"):
            parts.append("\n")
        parts.append(text)
    from html import unescape

    return Page(paragraphs(unescape("".join(parts))), {"extracted": "flat"})


def _without(html: str, *names: str) -> str:
    """The page without some elements; an element that never ends runs to the end of the page."""
    for name in names:
        kept, at, lower = [], 0, html.lower()
        while (begin := lower.find(f"<{name}", at)) >= 0:
            kept.append(html[at:begin])
            end = lower.find(f"</{name}", begin)
            if end < 0:
                at = len(html)
                break
            at = end
        kept.append(html[at:])
        html = "".join(kept)
    return html


def paragraphs(text: str) -> str:
    """Lines without outer blanks; one empty line between paragraphs."""
    return _BLANKS.sub("\n\n", text.replace("\r\n", "\n")).strip()


def page_meta(tree: Any) -> dict[str, Any]:
    """Title, languages, canonical address, date and description that a page declares."""
    meta: dict[str, Any] = {"title": _clean(tree.title)}
    root = tree.document.query_selector("html") if tree.document is not None else None
    meta["lang"] = _clean(root.getattr("lang") or root.getattr("xml:lang")) if root is not None else None
    if tree.head is None:
        return {key: value for key, value in meta.items() if value}
    for node in tree.head.query_selector_all("meta"):
        name = (node.getattr("name") or node.getattr("property") or node.getattr("http-equiv") or "").lower()
        target = _META.get(name)
        content = _clean(node.getattr("content"))
        if target and content and target not in meta:
            meta[target] = content
    link = tree.head.query_selector('link[rel="canonical"]')
    if link is not None:
        meta["canonical"] = _clean(link.getattr("href"))
    if "published" not in meta:
        meta["published"] = _published(tree)
    return {key: value for key, value in meta.items() if value}


_META = {
    "og:locale": "og_locale", "content-language": "content_language", "description": "description",
    "og:description": "description", "article:published_time": "published", "og:published_time": "published",
    "date": "published", "dc.date": "published", "dcterms.created": "published", "datepublished": "published",
    "pubdate": "published", "author": "author", "og:site_name": "site",
}  # fmt: skip


def _published(tree: Any) -> str | None:
    """Date of a `time` element or of JSON-LD."""
    for node in tree.head.query_selector_all('script[type="application/ld+json"]'):
        try:
            held = json.loads(node.text)
        except ValueError:
            continue
        for item in held if isinstance(held, list) else [held]:
            if isinstance(item, dict) and isinstance(item.get("datePublished"), str):
                return str(item["datePublished"])
    time = tree.body.query_selector("time[datetime]") if tree.body is not None else None
    return _clean(time.getattr("datetime")) if time is not None else None


def _clean(value: str | None) -> str | None:
    if not value:
        return None
    return " ".join(value.encode("utf-8", "replace").decode("utf-8").split())[:1000] or None
