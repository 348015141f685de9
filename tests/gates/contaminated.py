"""Documents with evaluation items planted in them: word for word, laid out anew, and with one light edit."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

import pyarrow as pa

from weft.label.tokens import tokens

Edit = Callable[[str, random.Random], str]


def words_of(text: str) -> list[tuple[int, int]]:
    """First and last (exclusive) character of the words of a text that hold a letter or digit, as weft divides it."""
    raw = text.encode()
    (places,) = tokens()(pa.table({"text": pa.array([text], pa.large_string())}))["tokens"].to_pylist()
    bounds = [len(raw[:at].decode()) for at in places]
    spans = zip(bounds[::2], bounds[1::2], strict=True)
    found = [(a, b) for a, b in spans if any(unicodedata.category(letter)[0] in "LN" for letter in text[a:b])]
    # Of a script that is written without spaces and has no dictionary, five characters pass for a word.
    return found if len(found) > 1 else [(at, min(at + 5, len(text))) for at in range(0, len(text), 5)]


def as_it_is(text: str, draw: random.Random) -> str:
    return text


def broken_lines(text: str, draw: random.Random) -> str:
    """Every third space is a line break with an indent, as in a page that was wrapped."""
    parts = text.split(" ")
    return "".join(part + ("\n  " if n % 3 == 2 else " ") for n, part in enumerate(parts)).strip()


def other_space(text: str, draw: random.Random) -> str:
    return text.replace(" ", " \u00a0").replace(",", " ,") + " "


def upper_case(text: str, draw: random.Random) -> str:
    """Capital letters, but for those with another small letter of their own, or whose capitals are several."""
    return "".join(a.upper() if len(a.upper()) == 1 and a.upper().lower() == a.lower() else a for a in text)


def deleted_word(text: str, draw: random.Random) -> str:
    a, b = draw.choice(words_of(text))
    return text[:a] + text[b:]


def swapped_words(text: str, draw: random.Random) -> str:
    found = words_of(text)
    n = draw.randrange(len(found) - 1)
    (a, b), (c, d) = found[n], found[n + 1]
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def replaced_word(text: str, draw: random.Random) -> str:
    """One word is another one of the same item, with its letters turned around."""
    (a, b), (c, d) = draw.choice(words_of(text)), draw.choice(words_of(text))
    return text[:a] + text[c:d][::-1] + text[b:]


def other_punctuation(text: str, draw: random.Random) -> str:
    """Marks are gone or others: hyphens, quotes and brackets too."""
    return "".join(draw.choice(("", "…", " – ")) if unicodedata.category(a)[0] == "P" else a for a in text)


def misspelt_word(text: str, draw: random.Random) -> str:
    """A letter is left out, doubled, or is another one of the text."""
    found = [(a, b) for a, b in words_of(text) if b - a > 2] or words_of(text)
    a, b = draw.choice(found)
    at = draw.randrange(a, b)
    letter = draw.choice([other for other in text if other.isalpha()])
    return text[:at] + draw.choice(("", text[at] * 2, letter)) + text[at + 1 :]


VERBATIM: dict[str, Edit] = {e.__name__: e for e in (as_it_is, broken_lines, other_space, upper_case)}
LIGHT: dict[str, Edit] = {
    e.__name__: e for e in (deleted_word, swapped_words, replaced_word, other_punctuation, misspelt_word)
}


def planted(document: str, item: str, draw: random.Random) -> tuple[str, int, int]:
    """A document with an item between two of its words, and the place of the item."""
    spaces = [at for at, letter in enumerate(document) if letter.isspace()] or [len(document)]
    at = draw.choice(spaces)
    return f"{document[:at]} {item} {document[at:]}", at + 1, at + 1 + len(item)
