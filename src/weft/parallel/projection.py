"""Labelled spans of one text carried over to its translation by the links of words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.parallel.word_alignment import Aligned, pair_links
from weft.text.buffers import Longs

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


def project(pair: Pair, spans: Sequence[dict[str, Any]], least: float = 0.0, gap: int = MOST_GAP) -> list[Found]:
    """Each span (`begin` and `end` in characters of the source) in the target, or why it is not there.

    From the first to the last word that is linked with one of the span, unless more than `gap` words between are not.
    `confidence` is the mean of the linked share of both sides' words, each weighed by its likeliest link.
    """
    found = [_checked(pair, span, _one(pair, int(span["begin"]), int(span["end"]), gap), least) for span in spans]
    return without_overlaps(found)


def _one(pair: Pair, begin: int, end: int, gap: int) -> Found:
    words = words_within(pair.source_words, begin, end)
    if not 0 <= begin < end <= len(pair.source) or not len(words):
        return Found(0, 0, 0.0, "outside")
    inside = np.isin(pair.links[:, 0], words)
    if not inside.any():
        return Found(0, 0, 0.0, "unaligned")
    links, probability = pair.links[inside], pair.probability[inside]
    first, last = int(links[:, 1].min()), int(links[:, 1].max())
    if last - first + 1 - len(np.unique(links[:, 1])) > gap:
        return Found(0, 0, 0.0, "gap")
    shares = [_mean_best(links[:, side], probability, size) for side, size in ((0, len(words)), (1, last - first + 1))]
    places = pair.target_words
    return Found(int(places[first, 0]), int(places[last, 1]), float(sum(shares) / 2))


def _mean_best(words: Longs, probability: Any, size: int) -> float:
    best = np.zeros(int(words.max()) + 1)
    np.maximum.at(best, words, probability)
    return float(best.sum() / size)


def words_within(places: Longs, begin: int, end: int) -> Longs:
    """Words that have a character between these places."""
    return np.flatnonzero((places[:, 0] < end) & (places[:, 1] > begin))


def _checked(pair: Pair, span: dict[str, Any], found: Found, least: float) -> Found:
    if found.reason is not None:
        return found
    given, other = pair.source[int(span["begin"]) : int(span["end"])], pair.target[found.begin : found.end]
    reason = None
    if digits(given) != digits(other):
        reason = "number"
    elif not digits(given) and _has_letters(given) != _has_letters(other):
        reason = "type"
    elif found.confidence < least:
        reason = "unsure"
    return Found(found.begin, found.end, found.confidence, reason)


def digits(text: str) -> Counter[str]:
    """The decimal digits of a text in any script, as ASCII, and how often each stands there."""
    return Counter(str(unicodedata.decimal(one)) for one in text if unicodedata.decimal(one, None) is not None)


def _has_letters(text: str) -> bool:
    return any(unicodedata.category(one)[0] == "L" for one in text)


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
