"""What letters are taken for: by keyboards, by readers of print, by ear; and rules learnt from pairs of spellings."""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

Kind = Literal["diacritics", "spelling", "learnt", "keyboard", "ocr", "homophones", "characters"]
OF_LETTERS: tuple[Kind, ...] = ("diacritics", "learnt", "keyboard", "ocr", "homophones")
"""Kinds that have other forms of a letter."""
LEAST_SEEN = 3
"""Pairs of spellings that must show a rule."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
"""Letters side by side on the usual keyboards of English (US) and Russian, as CLDR describes them."""
_SHAPES = ("بتثپٹ", "جحخچ", "دذڈ", "رزژڑ", "سش", "صض", "طظ", "عغ", "فڤ", "كک", "ىي")
"""Arabic letters of one shape that differ in dots or small marks: joining groups of Unicode's ArabicShaping.txt."""
_PRINT = {"m": ("rn",), "l": ("I", "1"), "I": ("l", "1"), "O": ("0",)}
"""Latin letters and sequences that look alike: confusables.txt of Unicode Technical Standard 39."""
_HOMOPHONES = {"amh_Ethi": ((0x1200, 0x1210, 0x1280), (0x1230, 0x1220), (0x1338, 0x1340), (0x12A0, 0x12D0))}
"""First letters of series of seven that sound alike in a language: for Amharic BGN/PCGN 1967, whose romanisation has
one letter for each group."""
_ORDERS = 7
_STRIPPED = ("LATIN", "GREEK", "CYRILLIC")
_POINTS = ((0x064B, 0x065F), (0x0670, 0x0670), (0x0591, 0x05C7))
"""Vowel points of Arabic and Hebrew, which readers supply."""
_NUKTAS = frozenset({0x093C, 0x09BC, 0x0A3C, 0x0ABC, 0x0B3C})


def forms(kind: Kind, letter: str, language: str, learnt: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[str, ...]:
    """What a letter with its marks may become with this kind of noise; none for most."""
    if kind == "diacritics":
        plain = bare(letter)
        return (plain,) if plain != letter and plain else ()
    if kind == "learnt":
        return learnt.get((language, letter), ())
    if kind == "keyboard":
        return _cased(letter, _neighbours())
    if kind == "ocr":
        return _PRINT.get(letter) or _shapes().get(letter, ())
    if kind == "homophones":
        return _alike(language).get(letter, ())
    return ()


def bare(letter: str) -> str:
    """A letter without its marks: those of Latin, Greek and Cyrillic, vowel points of Arabic and Hebrew, nuktas."""
    whole = unicodedata.normalize("NFD", letter)
    if unicodedata.name(whole[0], "").startswith(_STRIPPED):
        return "".join(c for c in whole if not unicodedata.combining(c))
    kept = "".join(c for c in whole if not (_point(ord(c)) or ord(c) in _NUKTAS))
    return unicodedata.normalize("NFC", kept)


def _point(code: int) -> bool:
    return any(low <= code <= high for low, high in _POINTS)


def _cased(letter: str, held: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    lower = letter.lower()
    found = held.get(lower, ())
    return found if lower == letter else tuple(one.upper() for one in found)


@functools.cache
def _neighbours() -> dict[str, tuple[str, ...]]:
    held: dict[str, tuple[str, ...]] = {}
    for row in _ROWS:
        for n, letter in enumerate(row):
            held[letter] = tuple(row[max(n - 1, 0) : n] + row[n + 1 : n + 2])
    return held


@functools.cache
def _shapes() -> dict[str, tuple[str, ...]]:
    return {letter: tuple(other for other in group if other != letter) for group in _SHAPES for letter in group}


@functools.cache
def _alike(language: str) -> dict[str, tuple[str, ...]]:
    held: dict[str, tuple[str, ...]] = {}
    for series in _HOMOPHONES.get(language, ()):
        for order in range(_ORDERS):
            letters = [chr(first + order) for first in series]
            held |= {letter: tuple(other for other in letters if other != letter) for letter in letters}
    return held


def pieces(text: str) -> list[str]:
    """A text as letters with their marks."""
    found: list[str] = []
    for character in text:
        if found and unicodedata.category(character)[0] == "M":
            found[-1] += character
        else:
            found.append(character)
    return found


def learn(rows: Iterable[Sequence[str]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What letters become, by language and letter, from (language, word, variant): one letter for another.

    Only pairs of as many letters that differ in two at most count; a rule stands in LEAST_SEEN of them or more.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    for language, word, variant in rows:
        one, other = pieces(word), pieces(variant)
        changed = {(a, b) for a, b in zip(one, other, strict=False) if a != b}
        if len(one) == len(other) and 0 < len(changed) <= 2:
            counts.update((language, a, b) for a, b in changed)
    held: dict[tuple[str, str], tuple[str, ...]] = {}
    for (language, a, b), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        if count >= LEAST_SEEN:
            held[language, a] = (*held.get((language, a), ()), b)
    return held
