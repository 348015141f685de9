"""A fragment of XML as a small tree. Nothing is ever fetched, and no entity is expanded but the five of XML."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

DEEPEST = 64
_ENTITY = re.compile(r"&(?:#(\d{1,8});|#[xX]([0-9a-fA-F]{1,8});|([A-Za-z][\w.-]*);)?")
_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have (section 2.2)."""
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)


class NotXml(ValueError):
    """A fragment that is not well formed; the message says what and where in the fragment."""


@dataclass(slots=True)
class Element:
    """An element by its local name; `xml:lang` is the attribute `lang`. Children are texts and elements."""

    name: str
    attributes: dict[str, str]
    children: list[str | Element] = field(default_factory=list)

    def elements(self, *names: str) -> Iterator[Element]:
        """Child elements, of these names where some are given."""
        for child in self.children:
            if isinstance(child, Element) and (not names or child.name in names):
                yield child

    def text(self) -> str:
        """All text within."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def forbidden_replaced(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 cannot hold, not even as a reference."""
    return _FORBIDDEN.sub("\ufffd", text)


def parsed(content: bytes) -> tuple[Element, bool]:
    """The element that a fragment in UTF-8 is, and whether it had to be mended.

    Mended are what files in use have and XML has not: a bare `&`, names of entities that only HTML knows, and
    characters that are forbidden, which become U+FFFD. Raises NotXml, and UnicodeDecodeError for bytes that are not
    UTF-8.
    """
    text = content.decode("utf-8")
    try:
        return _tree(content), False
    except NotXml as error:
        mended = _mended(text)
        if mended == text:
            raise error from None
    return _tree(mended.encode("utf-8")), True


def _mended(text: str) -> str:
    parts = _CDATA.split(text)
    whole = [part if part.startswith("<![CDATA[") else _ENTITY.sub(_character, part) for part in parts]
    return forbidden_replaced("".join(whole))


def _character(found: re.Match[str]) -> str:
    decimal, digits, name = found.groups()
    if decimal or digits:
        number = int(decimal) if decimal else int(digits, 16)
        # A reference to half a character or to none at all is no character that a text can hold.
        kept = number < 0x110000 and _FORBIDDEN.fullmatch(chr(number)) is None
        return found[0] if kept else "\ufffd"
    if name in _XML:
        return found[0]
    known = html.entities.html5.get(f"{name};") if name else None
    if known is None:
        return f"&amp;{found[0][1:]}"
    return known.replace("&", "&amp;").replace("<", "&lt;")


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        made = Element(local(name), {local(key): value for key, value in attributes.items()})
        if self.open:
            self.open[-1].children.append(made)
        else:
            self.root = made
        self.open.append(made)
        if len(self.open) > DEEPEST:
            raise NotXml(f"elements are nested more than {DEEPEST} deep")

    def end(self, name: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        if self.open:
            self.open[-1].children.append(text)


def _tree(content: bytes) -> Element:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    builder = _Builder()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refused
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise NotXml(f"{what} at byte {parser.ErrorByteIndex} of the unit") from None
    assert builder.root is not None
    return builder.root


def _refused(*_: object) -> None:
    # A fragment has no DOCTYPE of its own, so entities cannot be declared: no file is read and none grows.
    raise NotXml("a document type inside a unit")
