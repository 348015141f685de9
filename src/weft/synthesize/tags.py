"""The one scheme of tags for names in text, spans that are found again in it, and their tags by word."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

TAGS: Mapping[str, str] = {
    "PER": "people, real or invented, with their names; titles such as Dr are left out",
    "LOC": "places: countries, towns, rivers, mountains, streets, buildings",
    "ORG": "organisations: companies, parties, schools, teams, authorities",
    "DATE": "days, months, years and other points or spans of the calendar",
    "MISC": "other proper names: works, events, languages, peoples, products",
}
"""Tags and what each is for. They are English in every language: names in the text's own cost accuracy (2512.13884)."""
_ALSO: Mapping[str, str] = {
    "PERSON": "PER", "PEOPLE": "PER", "LOCATION": "LOC", "PLACE": "LOC", "GPE": "LOC", "ORGANIZATION": "ORG",
    "ORGANISATION": "ORG", "TIME": "DATE", "MISCELLANEOUS": "MISC", "OTHER": "MISC",
}  # fmt: skip
_BIO = re.compile(r"[BI]-")


class Span(NamedTuple):
    """A name in a text: its first and last (exclusive) character, and its tag."""

    begin: int
    end: int
    tag: str


def defined() -> str:
    """The tags as a prompt lists them."""
    return "\n".join(f"- {tag}: {meaning}" for tag, meaning in TAGS.items())


def tag_of(name: str) -> str | None:
    """The tag that a name of one means: `PER` of `person` and of `B-PER`; None of one that is not in the scheme."""
    held = _BIO.sub("", name.strip().upper())
    return held if held in TAGS else _ALSO.get(held)


def words(text: str) -> list[tuple[int, int]]:
    """First and last (exclusive) character of each word and sign of a text, as `label.tokens` has them."""
    from weft.text.segment import tokenize

    data = text.encode("utf-8", "surrogatepass")
    (found,) = tokenize(pa.array([text], pa.large_string())).to_pylist()
    places = [len(data[:place].decode("utf-8", "surrogatepass")) for place in found]
    return list(zip(places[::2], places[1::2], strict=True))


def grounded(text: str, named: Iterable[tuple[str, str]]) -> tuple[list[Span], list[str]]:
    """Every place of a text where a named string stands word for word, and the strings that stand nowhere.

    Longer strings come first, and no two places overlap. Letters of a script with spaces may not go on at either end of
    a place. A string with two tags is told as one that stands nowhere, as nobody can say which place has which.
    """
    tags: dict[str, set[str]] = {}
    for string, tag in named:
        tags.setdefault(string.strip(), set()).add(tag)
    taken: list[Span] = []
    lost = []
    for string in sorted(tags, key=lambda one: (-len(one), one)):
        places = [] if not string or len(tags[string]) > 1 else list(_places(text, string))
        if not places:
            lost.append(string)
        (tag, *_) = tags[string]
        for begin in places:
            end = begin + len(string)
            if not any(begin < held.end and held.begin < end for held in taken):
                taken.append(Span(begin, end, tag))
    return sorted(taken), sorted(lost)


def _places(text: str, string: str) -> Iterable[int]:
    begin = text.find(string)
    while begin >= 0:
        if not _goes_on(text, begin) and not _goes_on(text, begin + len(string)):
            yield begin
        begin = text.find(string, begin + 1)


def _goes_on(text: str, place: int) -> bool:
    """Whether a word of a script with spaces stands on both sides of a place, or a mark behind it."""
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    if unicodedata.category(after)[0] == "M":
        return True
    return all(_in_word(one) and not _dense(one) for one in (before, after))


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _dense(character: str) -> bool:
    from weft.text.unicode import EAST, SOUTH_EAST, flat, tables

    return bool(int(flat(tables().flags)[ord(character)]) & (EAST | SOUTH_EAST))


def by_word(text: str, spans: Sequence[Span]) -> tuple[list[str], list[str]]:
    """The words of a text and the tag of each: `B-PER` where a name begins, `I-PER` where it goes on, `O` elsewhere.

    A word that a span begins or ends within is divided there, which happens in scripts without spaces alone.
    """
    edges = sorted({place for span in spans for place in (span.begin, span.end)})
    places: list[tuple[int, int]] = []
    for begin, end in words(text):
        cuts = [begin, *(edge for edge in edges if begin < edge < end), end]
        places += itertools.pairwise(cuts)
    tags = ["O"] * len(places)
    for span in spans:
        inside = [n for n, (begin, end) in enumerate(places) if span.begin <= begin and end <= span.end]
        for n in inside:
            tags[n] = f"{'B' if n == inside[0] else 'I'}-{span.tag}"
    return [text[begin:end] for begin, end in places], tags


def told(text: str, spans: Sequence[Span]) -> dict[str, Any]:
    """What a note says of the names of a text: the scheme, spans, words and their tags."""
    held, tags = by_word(text, spans)
    return {
        "scheme": list(TAGS),
        "spans": [{"begin": one.begin, "end": one.end, "tag": one.tag} for one in spans],
        "words": held,
        "tags": tags,
    }
