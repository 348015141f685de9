"""Pairs that are wrong in one way each, made of right ones: what heads learn from and are measured on."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Texts = Sequence[str]
FOLDS = 5
_FAR = 3
"""How many places further a text stands among those of like length that takes its place."""
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Wrong:
    """Pairs of one kind of mistake; `rows` are those of the right pairs that they were made of."""

    kind: str
    rows: list[int]
    source: list[str]
    target: list[str]


def _neighbours(target: Texts) -> list[int]:
    """For each text another of about its length."""
    order = sorted(range(len(target)), key=lambda n: (len(target[n]), n))
    place = {row: order[(at + _FAR) % len(order)] for at, row in enumerate(order)}
    return [place[row] for row in range(len(target))]


def mismatched(source: Texts, target: Texts, random: np.random.Generator) -> Wrong:
    """The translation of another text of about the same length."""
    rows = [row for row, other in enumerate(_neighbours(target)) if target[other] != target[row]]
    other = _neighbours(target)
    return Wrong("mismatch", rows, [source[row] for row in rows], [target[other[row]] for row in rows])


def adjacent(source: Texts, target: Texts, random: np.random.Generator) -> Wrong:
    """The translation of the next text of the document."""
    rows = [row for row in range(len(source) - 1) if target[row] != target[row + 1]]
    return Wrong("adjacent", rows, [source[row] for row in rows], [target[row + 1] for row in rows])


def shortened(text: str, share: float) -> str | None:
    """The beginning of a text: whole words, or letters where there are hardly any spaces."""
    words = text.split(" ")
    if len(words) > 3 and len(text) / len(words) < 30:
        count = round(len(words) * share)
        return " ".join(words[:count]) if 0 < count < len(words) else None
    kept = text[: round(len(text) * share)].strip()
    return kept if 0 < len(kept) < len(text.strip()) else None


def _final(text: str) -> str:
    """White space and punctuation marks at the end of a text."""
    at = len(text)
    while at and (text[at - 1].isspace() or unicodedata.category(text[at - 1])[0] == "P"):
        at -= 1
    return text[at:]


def _inside(text: str, share: float) -> str | None:
    """A text without its end, but with the marks that it ends in; None where it ends in none."""
    final = _final(text)
    short = shortened(text, share)
    return short[: len(short) - len(_final(short))] + final if short and final.strip() else None


def truncated(side: int, share: float, marked: bool = False) -> Callable[[Texts, Texts, np.random.Generator], Wrong]:
    """Makes pairs of which one side (0: the source) lost its end: `share` is left, and the final mark where `marked`.

    Without it truncation is all too easy to see where right texts end in one.
    """

    def make(source: Texts, target: Texts, random: np.random.Generator) -> Wrong:
        texts = [source, target]
        short = [(_inside if marked else shortened)(text, share) for text in texts[side]]
        rows = [row for row, text in enumerate(short) if text is not None]
        kept = [[one[row] for row in rows] for one in texts]
        kept[side] = [str(short[row]) for row in rows]
        return Wrong(f"truncated_{'target' if side else 'source'}", rows, kept[0], kept[1])

    return make


def renumbered(source: Texts, target: Texts, random: np.random.Generator) -> Wrong:
    """One digit of the target is another; digits stay those of their numeral system."""
    rows, made = [], []
    for row, text in enumerate(target):
        found = list(_DIGITS.finditer(text))
        if not found:
            continue
        run = found[int(random.integers(len(found)))]
        at = run.start() + int(random.integers(len(run.group())))
        zero = ord(text[at]) - int(text[at])
        digit = (int(text[at]) + int(random.integers(1, 10))) % 10
        rows.append(row)
        made.append(text[:at] + chr(zero + digit) + text[at + 1 :])
    return Wrong("number", rows, [source[row] for row in rows], made)


def copied(source: Texts, target: Texts, random: np.random.Generator) -> Wrong:
    """The source stands on both sides."""
    rows = [row for row in range(len(source)) if source[row] != target[row]]
    return Wrong("copy", rows, [source[row] for row in rows], [source[row] for row in rows])


KINDS: tuple[tuple[str, Callable[[Texts, Texts, np.random.Generator], Wrong]], ...] = (
    ("mismatch", mismatched),
    ("adjacent", adjacent),
    ("truncated_source_50", truncated(0, 0.5)),
    ("truncated_source_75", truncated(0, 0.75)),
    ("truncated_source_75_marked", truncated(0, 0.75, marked=True)),
    ("truncated_target_50", truncated(1, 0.5)),
    ("truncated_target_75", truncated(1, 0.75)),
    ("truncated_target_75_marked", truncated(1, 0.75, marked=True)),
    ("number", renumbered),
    ("copy", copied),
)
"""All kinds by name."""


class Fold(NamedTuple):
    """A stretch of a seed, rows `first` up to `last`, and the wrong pairs made of it; their rows count from `first`."""

    first: int
    last: int
    wrong: Mapping[str, Wrong]


def stretch(size: int, fold: int) -> tuple[int, int]:
    """The first row of a fold, and the row behind its last."""
    return size * fold // FOLDS, size * (fold + 1) // FOLDS


def folds(source: Texts, target: Texts, seed: int) -> Iterator[Fold]:
    """A seed in stretches, so that texts of one document are in one of them, each with its wrong pairs."""
    for fold in range(FOLDS):
        first, last = stretch(len(source), fold)
        held = source[first:last], target[first:last]
        made = {
            name: make(*held, np.random.default_rng([seed, fold, zlib.crc32(name.encode())])) for name, make in KINDS
        }
        yield Fold(first, last, made)
