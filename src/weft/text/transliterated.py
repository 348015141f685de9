"""Letters of one script in another: by Unicode's names of letters, or by rules learnt from words in both scripts."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MOST_LETTERS, MOST_PAIRS, ITERATIONS = 12, 3_000, 5
"""Letters of a word and pairs of words from which rules are learnt; steps of learning."""
_MOVES = tuple((s, t) for s in (1, 2) for t in (0, 1, 2, 3))
"""Letters of the source and of the target that one rule joins."""
_EDGE = "\u2060"
"""Stands before and behind a word, so that rules know its beginning and end."""
_TABLES = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўјљњћђџ",
    "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch ' y ' e yu ya i yi ye g w j lj nj c dj dz",
    "αβγδεζηθικλμνξοπρσςτυφχψω",
    "a v g d e z i th i k l m n x o p r s s t y f ch ps o",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويىءةپچژگکیڠڤݢڽآأإؤئےہۆێڵڕ",
    "a b t th j h kh d dh r z s sh s d t z ' gh f q k l m n h w y a ' a p ch zh g k y ng p g ny aa a i w y e h o e l r",
    "\u064e\u064f\u0650\u064b\u064c\u064d\u0652\u0670",
    "a u i an un in _ a",
    "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
    "' b g d h v z ch t y k kh l m m n n s ' p f ts ts k r sh t",
    "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "a b g d e v z t i k' l m n o p' zh r s t' u p k gh q' sh ch ts dz ts' ch' kh j h",
)
"""Letters, and what each becomes, as romanisations commonly write them (Cyrillic, Greek, Georgian, and the consonants
of Arabic and Hebrew after BGN/PCGN, without marks); `_` is nothing."""
_SYLLABLES = (" SYLLABLE ", " LETTER ", " VOWEL SIGN ", " SIGN ")
_SIGNS = {"ANUSVARA": "n", "CANDRABINDU": "n", "VISARGA": "h", "VIRAMA": "", "NUKTA": "", "ADDAK": "", "TIPPI": "n"}
_SPELT = frozenset("DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA".split())
"""Scripts whose consonants have an a where no other vowel is written."""
_SYLLABIC = frozenset(("ETHIOPIC", "HIRAGANA", "KATAKANA", "CHEROKEE", "HANGUL"))
_VOWEL = "\x00"
_REPEATED = re.compile(r"([bcdfghjklmnpqrstvwxyz])\1+")
_ORDERS = re.compile(r"(aa|ee|a|e)$")
_VOWELS = {"a": "e", "aa": "a", "e": "i", "ee": "e"}
"""Ethiopic vowels by the ends of Unicode's names, after BGN/PCGN 1967 without marks."""


@functools.cache
def romanised_letter(character: str) -> str | None:
    """A letter in Latin script; None where no rule has it. A vowel that is only there by default ends with \\x00."""
    lower = character.lower()
    if (found := _table().get(lower)) is not None:
        return found
    name = unicodedata.name(lower, "")
    script = name.partition(" ")[0]
    if script not in _SPELT | _SYLLABIC:
        return None
    for mark in _SYLLABLES:
        before, found_mark, letter = name.partition(mark)
        if found_mark and before == script:
            return _named(script, mark, letter)
    return None


def _named(script: str, mark: str, letter: str) -> str | None:
    if mark == " SIGN ":
        return _SIGNS.get(letter)
    last = _REPEATED.sub(r"\1", letter.split()[-1].lower().replace("ssa", "sha"))
    if script == "ETHIOPIC":
        return _ORDERS.sub(lambda found: _VOWELS[found[0]], last)
    if script in _SPELT and mark == " LETTER " and len(last) > 1 and last.endswith("a") and last[0] not in "aeiou":
        return last[:-1] + "a" + _VOWEL
    return last


@functools.cache
def _table() -> dict[str, str]:
    held: dict[str, str] = {}
    for letters, names in zip(_TABLES[::2], _TABLES[1::2], strict=True):
        held |= dict(zip(letters, (name.replace("_", "") for name in names.split()), strict=True))
    return held


def romanised(word: str) -> str | None:
    """A word in Latin script; None where a letter of it has no rule."""
    out: list[str] = []
    for character in unicodedata.normalize("NFC", word):
        found = romanised_letter(character)
        if found is None:
            if not unicodedata.combining(character) and character not in "'’-\u200c\u200d":
                return None
            found = "" if unicodedata.combining(character) or character in "\u200c\u200d" else character
        name = unicodedata.name(character, "")
        if out and out[-1].endswith(_VOWEL) and (" VOWEL SIGN " in name or name.endswith("SIGN VIRAMA")):
            out[-1] = out[-1][:-2]
        out.append(found)
    made = "".join(out).replace(_VOWEL, "")
    return made.capitalize() if word[:1] != word[:1].lower() else made


class Rules(NamedTuple):
    """Words that were seen, and rules for those that were not: one or two letters, what they become, its logarithm."""

    words: Mapping[str, str]
    units: Mapping[str, tuple[str, float]]


def transliterated(word: str, rules: Rules) -> str | None:
    """A word by rules; None where a letter of it was never seen."""
    low = word.lower()
    made = rules.words.get(low)
    if made is None:
        text = _EDGE + low + _EDGE
        best: list[tuple[float, str]] = [(0.0, "")]
        for end in range(1, len(text) + 1):
            ways = []
            for size in (1, 2):
                found = rules.units.get(text[end - size : end]) if end >= size else None
                if found is not None:
                    before = best[end - size]
                    ways.append((before[0] + found[1], before[1] + found[0]))
            best.append(max(ways, default=(-np.inf, "")))
        if best[-1][0] == -np.inf:
            return None
        made = best[-1][1]
    return made[:1].upper() + made[1:] if word[:1] != low[:1] else made


def learn(pairs: Sequence[tuple[str, str]]) -> Rules:
    """Rules of pairs of a word and the same word in the other script, in lower case.

    What one or two letters become is learnt with the expectation-maximisation of monotone alignments (Jiampojamarn et
    al. 2007); a word that was seen becomes what it most often was. Raises ValueError where no pair can be used.
    """
    counts = Counter((one.lower(), other.lower()) for one, other in pairs)
    words: dict[str, str] = {}
    for (one, other), _ in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        words.setdefault(one, other)
    usable = [
        (_EDGE + one + _EDGE, other, count)
        for (one, other), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        if 0 < len(one) <= MOST_LETTERS - 2 and 0 < len(other) <= MOST_LETTERS
        and len(other) <= 3 * len(one) and len(one) <= 3 * len(other) + 2
    ][:MOST_PAIRS]  # fmt: skip
    if not usable:
        raise ValueError("no pair of words from which letters can be learnt")
    return Rules(words, _units(usable))


def _units(pairs: Sequence[tuple[str, str, int]]) -> dict[str, tuple[str, float]]:
    names: dict[tuple[str, str], int] = {}
    rows = len(pairs)
    cells = np.full((MOST_LETTERS + 1, MOST_LETTERS + 1, len(_MOVES), rows), -1, np.int32)
    for n, (one, other, _) in enumerate(pairs):
        for m, (s, t) in enumerate(_MOVES):
            for i in range(len(one) - s + 1):
                for j in range(len(other) - t + 1):
                    cells[i, j, m, n] = names.setdefault((one[i : i + s], other[j : j + t]), len(names))
    ends = (np.array([len(one) for one, *_ in pairs]), np.array([len(other) for _, other, _ in pairs]))
    weight = np.array([count for *_, count in pairs], np.float64)
    given: dict[str, int] = {}
    source = np.array([given.setdefault(s, len(given)) for s, _ in names], np.int64)
    # A rule of two letters is to be sure: it pays for what it has in common with two of one.
    double = np.array([len(unit) == 2 for unit, _ in names])
    chance = np.append(np.full(len(names), 0.05), 0.0)
    for _ in range(ITERATIONS):
        found = _expected(cells, chance, ends, weight)
        whole = np.bincount(source, found, len(given))
        chance = np.append(found / np.maximum(whole[source], 1e-300), 0.0)
        chance[:-1] *= np.where(double, whole[source] / (whole[source] + 2), 1.0)
    units: dict[str, tuple[str, float]] = {}
    for (unit, made), value in zip(names, chance.tolist(), strict=False):
        if value > 1e-4 and (unit not in units or value > np.exp(units[unit][1])):
            units[unit] = (made, float(np.log(value)))
    return units


def _expected(
    cells: npt.NDArray[np.int32],
    chance: npt.NDArray[np.float64],
    ends: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    weight: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """How often each rule is expected in all ways to align the pairs: forward and backward sums, all pairs at once."""
    edge, rows = MOST_LETTERS + 1, cells.shape[-1]
    forward, backward = np.zeros((edge + 2, edge + 3, rows)), np.zeros((edge + 2, edge + 3, rows))
    forward[0, 0] = 1.0
    backward[ends[0], ends[1], np.arange(rows)] = 1.0
    places = [(i, j) for i in range(edge) for j in range(edge)]
    for i, j in places:
        for m, (s, t) in enumerate(_MOVES):
            forward[i + s if i + s < edge else -1, j + t if j + t < edge else -1] += (
                forward[i, j] * chance[cells[i, j, m]]
            )
    for i, j in reversed(places):
        for m, (s, t) in enumerate(_MOVES):
            if i + s < edge and j + t < edge:
                backward[i, j] += backward[i + s, j + t] * chance[cells[i, j, m]]
    scale = weight / np.maximum(backward[0, 0], 1e-300) * (backward[0, 0] > 0)
    out = np.zeros(len(chance))
    for i, j in places:
        for m, (s, t) in enumerate(_MOVES):
            if i + s < edge and j + t < edge:
                held = cells[i, j, m]
                value = forward[i, j] * chance[held] * backward[i + s, j + t] * scale
                out += np.bincount(np.where(held < 0, len(chance) - 1, held), value, len(chance))
    return out[:-1]
