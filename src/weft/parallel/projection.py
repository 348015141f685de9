"""Labelled spans of one text carried over to its translation by the links of words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from weft.parallel.word_alignment import Aligned, pair_links
from weft.text.buffers import Longs
from weft.text.symmetrised import Links

MOST_GAP = 1
"""Words within a projected span that may be linked to nothing of the source span."""
REASONS = {
    "outside": "the span lies beyond the text, or holds no word",
    "unaligned": "no word of the span is linked",
    "gap": "the linked words are too far apart",
    "number": "the digits are not those of the source",
    "type": "letters against none, or the other way round",
    "overlap": "a more confident span lies there",
    "unsure": "below the least confidence",
}
"""Why a span has no projection."""
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Found:
    """What became of one span: places in the target text in characters, the end exclusive, or a reason."""

    begin: int
    end: int
    confidence: float
    reason: str | None = None


@dataclass(frozen=True)
class Pair:
    """A pair as spans are carried over: both texts, the places of their words in characters, and the links."""

    source: str
    target: str
    source_words: Longs
    target_words: Longs
    links: Longs
    probability: Any


def pairs_of(aligned: Aligned, source: Sequence[str], target: Sequence[str]) -> Iterable[Pair]:
    """Every pair with its words and links."""
    for n, (one, other) in enumerate(zip(source, target, strict=True)):
        links, probability = pair_links(aligned, n)
        yield Pair(one, other, aligned.source.characters(n), aligned.target.characters(n), links, probability)


@dataclass(frozen=True)
class Pairs:
    """Many pairs, as columns: both texts, the words of either side, and the links.

    Words of text `n` are `places[starts[n]:starts[n + 1]]`, (words, 2) in its characters, ascending.
    """

    source: Sequence[str]
    target: Sequence[str]
    source_words: tuple[Longs, Longs]
    target_words: tuple[Longs, Longs]
    links: Links


def together(aligned: Aligned, source: Sequence[str], target: Sequence[str], first: int = 0) -> Pairs:
    """Pairs from number `first` on of those that were aligned, with these texts."""
    last = first + len(source)
    words = [
        (side.starts[first : last + 1] - side.starts[first], side.characters(first, last))
        for side in (aligned.source, aligned.target)
    ]
    links = aligned.links
    starts = links.starts[first : last + 1]
    own = slice(int(starts[0]), int(starts[-1]))
    held = Links(starts - starts[0], links.source[own], links.target[own], links.probability[own])
    return Pairs(source, target, words[0], words[1], held)


def project(
    pairs: Pairs, spans: Sequence[Sequence[dict[str, Any]]], least: float = 0.0, gap: int = MOST_GAP
) -> list[list[Found]]:
    """Each span (`begin` and `end` in characters of its pair's source) in the target, or why it is not there.

    From the first to the last word that is linked with one of the span, unless more than `gap` words between are not.
    `confidence` is the mean of the linked share of both sides' words, each weighed by its likeliest link.
    """
    asked = [(n, int(span["begin"]), int(span["end"])) for n, row in enumerate(spans) for span in row]
    inside = [0 <= begin < end <= len(pairs.source[n]) for n, begin, end in asked]
    rows = np.array([span if good else (span[0], 0, 0) for span, good in zip(asked, inside, strict=True)], np.int64)
    found = iter(_found(pairs, rows.reshape(-1, 3), asked, least, gap))
    return [without_overlaps([next(found) for _ in row]) for row in spans]


def _found(pairs: Pairs, rows: Longs, asked: Sequence[tuple[int, int, int]], least: float, gap: int) -> Iterator[Found]:
    """What becomes of each span, (spans, 3): its pair and its place, both ends 0 where it lies beyond the text."""
    first, last = _words_of(pairs, rows)
    linked = _linked(pairs, rows[:, 0], first, last)
    starts, places = pairs.target_words
    words = starts[rows[:, 0]]
    begin, end = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    held = linked.words > 0
    begin[held], end[held] = places[words[held] + linked.first[held], 0], places[words[held] + linked.last[held], 1]
    apart = linked.last - linked.first + 1 - linked.words > gap
    columns = (last > first, held, apart, begin, end, linked.confidence)
    for (n, a, b), some, known, far, low, high, sure in zip(asked, *(one.tolist() for one in columns), strict=True):
        if not (some and known) or far:
            yield Found(0, 0, 0.0, "gap" if some and known else "unaligned" if some else "outside")
            continue
        reason = _refused(pairs.source[n][a:b], pairs.target[n][low:high])
        yield Found(low, high, sure, reason or ("unsure" if sure < least else None))


def _words_of(pairs: Pairs, rows: Longs) -> tuple[Longs, Longs]:
    """First word, and the one behind the last, that have a character of each span; numbered over all pairs."""
    starts, places = pairs.source_words
    # Places of all texts one behind the other: a word has one number, and all begin and end in ascending order.
    base = np.cumsum([0, *(len(text) + 1 for text in pairs.source)])
    moved = places + np.repeat(base[:-1], np.diff(starts))[:, None]
    own = base[rows[:, 0]]
    first = np.searchsorted(moved[:, 1], own + rows[:, 1], "right")
    last = np.searchsorted(moved[:, 0], own + rows[:, 2], "left")
    # A span beyond its text is empty, wherever that would be.
    return first, np.where(rows[:, 2] > rows[:, 1], last, first)


class _Linked(NamedTuple):
    """Of each span the first and the last word of the target that it is linked with, how many these are, confidence."""

    first: Longs
    last: Longs
    words: Longs
    confidence: Any


def _linked(pairs: Pairs, pair: Longs, first: Longs, last: Longs) -> _Linked:
    links = pairs.links
    source = links.source + np.repeat(pairs.source_words[0][:-1], np.diff(links.starts))
    order = np.argsort(source, kind="stable")
    low, high = (np.searchsorted(source[order], place, "left") for place in (first, last))
    size = np.maximum(high - low, 0)
    span = np.repeat(np.arange(len(pair)), size)
    link = order[np.arange(len(span)) - np.repeat(np.cumsum(size) - size - low, size)]
    target, probability = links.target[link].astype(np.int64), links.probability[link]
    ends = np.zeros((2, len(pair)), np.int64)
    ends[0, size > 0] = np.iinfo(np.int64).max
    np.minimum.at(ends[0], span, target)
    np.maximum.at(ends[1], span, target)
    own, _ = _best(span, source[link], probability, len(pair))
    others, count = _best(span, target, probability, len(pair))
    confidence = (own / np.maximum(last - first, 1) + others / (ends[1] - ends[0] + 1)) / 2
    return _Linked(ends[0], ends[1], count, confidence)


def _best(span: Longs, word: Longs, probability: Any, spans: int) -> tuple[Any, Longs]:
    """Of each span the sum over its different words of each one's likeliest link, and how many words they are."""
    size = int(word.max(initial=0)) + 1
    keys, place = np.unique(span * size + word, return_inverse=True)
    best = np.zeros(len(keys))
    np.maximum.at(best, place, probability)
    own = keys // size
    return np.bincount(own, best, spans), np.bincount(own, minlength=spans)


def _refused(given: str, other: str) -> str | None:
    if digits(given) != digits(other):
        return "number"
    return "type" if not digits(given) and _has_letters(given) != _has_letters(other) else None


def words_within(places: Longs, begin: int, end: int) -> Longs:
    """Words that have a character between these places."""
    return np.flatnonzero((places[:, 0] < end) & (places[:, 1] > begin))


def digits(text: str) -> Counter[str]:
    """The decimal digits of a text in any script, as ASCII, and how often each stands there."""
    return Counter(str(unicodedata.decimal(one)) for one in _DIGIT.findall(text))


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def without_overlaps(found: list[Found]) -> list[Found]:
    """The same, where of projections that overlap the most confident one stays, of equal ones the first."""
    taken: list[tuple[int, int]] = []
    out = list(found)
    for n in sorted(range(len(found)), key=lambda k: (-found[k].confidence, k)):
        one = found[n]
        if one.reason is not None:
            continue
        if any(one.begin < end and begin < one.end for begin, end in taken):
            out[n] = Found(one.begin, one.end, one.confidence, "overlap")
        else:
            taken.append((one.begin, one.end))
    return out


def row_with(row: dict[str, Any], found: Sequence[Found]) -> dict[str, Any]:
    """The row of a pair with `target_spans` and `rejected_spans`; `span` is the number of the span they are of."""
    spans = row["spans"]
    kept = [
        {**_rest(span), "begin": one.begin, "end": one.end, "confidence": round(one.confidence, 4), "span": n}
        for n, (span, one) in enumerate(zip(spans, found, strict=True))
        if one.reason is None
    ]
    left = [{"span": n, "reason": one.reason} for n, one in enumerate(found) if one.reason is not None]
    return {**row, "target_spans": kept, "rejected_spans": left}


def _rest(span: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in span.items() if name not in ("begin", "end")}
