"""What a page says of itself, read from its markup in one pass: a tree is not needed for that, and slower."""

from __future__ import annotations

import re
from html import unescape
from itertools import islice
from typing import Any

_HEAD = 262_144
_MOST = 1_000
_TAG = re.compile(r"<([mM][eE][tT][aA]|[lL][iI][nN][kK]|[hH][tT][mM][lL])\b")
_REST = re.compile(r"(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+")
_LONGEST_TAG = 4_000
_MOST_TAGS = 500
"""Both keep the time linear for heads that are made to take long."""
_ATTRIBUTE = re.compile(r"([a-zA-Z:_-]{1,40})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_CANONICAL = ("anonical", "ANONICAL")
_TITLE = re.compile(r"<[tT][iI][tT][lL][eE]\b[^>]{0,1000}>([^<]{0,4000})")
_BODY = re.compile(r"<[bB][oO][dD][yY]\b")
_STATED = re.compile(r"\"datePublished\"\s*:\s*\"([^\"\\]{4,40})\"")
_TIME = re.compile(r"<time\b[^>]{0,300}?\bdatetime\s*=\s*[\"']?([^\"'>\s]{4,40})")
_FIELDS = {
    "og:locale": "og_locale", "content-language": "content_language", "description": "description",
    "og:description": "description", "article:published_time": "published", "og:published_time": "published",
    "date": "published", "dc.date": "published", "dcterms.created": "published", "datepublished": "published",
    "pubdate": "published", "author": "author", "og:site_name": "site",
}  # fmt: skip


def page_meta(html: str) -> dict[str, Any]:
    """Title, languages, canonical address, date, author and description that a page declares."""
    body = _BODY.search(html, 0, _HEAD)
    head = html[: body.start() if body else min(len(html), _HEAD)]
    title = _TITLE.search(head)
    meta: dict[str, Any] = {"title": _clean(title[1]) if title else None}
    canonical = [head.rfind(word) for word in _CANONICAL]
    for found in islice(_TAG.finditer(head), _MOST_TAGS):
        name, begin = found[1].lower(), found.end()
        if name == "link" and not any(begin <= last and _is_near(head, begin) for last in canonical):
            continue  # most links of a head are style sheets
        rest = _REST.match(head, begin, begin + _LONGEST_TAG)
        given = _attributes(rest[0] if rest else "")
        if name == "html":
            meta.setdefault("lang", _clean(given.get("lang") or given.get("xml:lang")))
        elif name == "link":
            if given.get("rel", "").lower() == "canonical":
                meta.setdefault("canonical", _clean(given.get("href")))
        else:
            known = given.get("name") or given.get("property") or given.get("http-equiv") or given.get("itemprop") or ""
            target = _FIELDS.get(known.lower())
            content = _clean(given.get("content")) if target else None
            if target and content:
                meta.setdefault(target, content)
    if "published" not in meta:
        stated = _STATED.search(html) if '"datePublished"' in html else None
        stated = stated or (_TIME.search(html) if "<time" in html else None)
        meta["published"] = _clean(stated[1]) if stated else None
    return {key: value for key, value in meta.items() if value}


def _is_near(head: str, begin: int) -> bool:
    return any(head.find(word, begin, begin + _LONGEST_TAG) >= 0 for word in _CANONICAL)


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(text)}


def _clean(value: str | None) -> str | None:
    if not value:
        return None
    plain = unescape(value)
    if not plain.isascii():
        plain = plain.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair
    return " ".join(plain.split())[:_MOST] or None
