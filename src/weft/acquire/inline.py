"""The text of a segment in TMX and XLIFF, of which markup is left out or kept as placeholders."""

from __future__ import annotations

from typing import Literal

from weft.acquire.xml_elements import Element

Markup = Literal["drop", "placeholder"]

CODES = frozenset({"bpt", "ept", "ph", "it", "ut", "x", "bx", "ex", "sc", "ec", "sm", "em"})
"""Elements that stand for markup of the original: what is in them is code, and no text."""
_WRAPPERS = frozenset({"g", "pc", "mrk", "hi", "sub"})
_TELLING = ("id", "i", "x", "rid", "startRef")
"""Attributes that say which code it is."""


def segment_text(segment: Element, markup: Markup = "drop") -> str:
    """The text of a <seg>, <source> or <target>; a character that XLIFF 2 writes as <cp hex=…/> is that character."""
    parts: list[str] = []
    _gather(segment, markup, parts)
    return "".join(parts)


def _gather(element: Element, markup: Markup, parts: list[str]) -> None:
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.name == "cp":
            parts.append(_character(child.attributes.get("hex", "")))
        elif child.name in CODES:
            if markup == "placeholder":
                parts.append(f"<{_named(child)}/>")
        elif markup == "placeholder" and child.name in _WRAPPERS:
            parts.append(f"<{_named(child)}>")
            _gather(child, markup, parts)
            parts.append(f"</{child.name}>")
        else:
            _gather(child, markup, parts)


def _named(element: Element) -> str:
    told = [f'{name}="{element.attributes[name]}"' for name in _TELLING if name in element.attributes]
    return " ".join([element.name, *told[:1]])


def _character(digits: str) -> str:
    try:
        number = int(digits, 16)
        return chr(number) if not 0xD800 <= number < 0xE000 else "\ufffd"
    except (ValueError, OverflowError):
        return "\ufffd"
