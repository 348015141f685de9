"""Labelled spans carried over by a translation of the text with marks around them.

The marked text is translated (EasyProject, Chen et al. 2023); what stands between the marks says what to look for, and
the places of the given translation that could be it are scored (T-Projection, García-Ferrero et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.parallel.lexicon import Lexicon
from weft.parallel.projection import Found, Pair, digits, without_overlaps, words_within
from weft.parallel.word_tokens import words_of
from weft.text.buffers import Longs

MARKS = ("[", "]")
"""What stands around a span; both are symbols that translators leave alone."""
_LONGER = 2
_ALIKE, _LLR = 2.0, 1.0

Translate = Callable[[list[str]], list[str]]
"""Texts of the source language, one span of each in MARKS, to texts of the target language."""


def marked(source: str, span: dict[str, Any]) -> str:
    """The text with MARKS around the span; marks that stand in it already become round brackets."""
    begin, end = int(span["begin"]), int(span["end"])
    parts = (source[:begin], source[begin:end], source[end:])
    before, inside, after = (part.replace(MARKS[0], "(").replace(MARKS[1], ")") for part in parts)
    return f"{before}{MARKS[0]}{inside}{MARKS[1]}{after}"


def request(languages: tuple[str, str]) -> Callable[[str], str]:
    """What a language model is asked of a marked text, in English: its translation, with the marks in it."""
    from weft.model.languages import name

    source, target = map(name, languages)
    return (
        f"Translate this text from {source} to {target}. It has one pair of square brackets: put them around the "
        f"translation of what stands between them. Answer with the translation alone.\n\n{{}}"
    ).format


def between(translated: str) -> str | None:
    """What stands between the marks of a translation; null where it has not exactly one of each, in order."""
    if translated.count(MARKS[0]) != 1 or translated.count(MARKS[1]) != 1:
        return None
    begin, end = translated.index(MARKS[0]), translated.index(MARKS[1])
    inside = translated[begin + 1 : end].strip()
    return inside or None


def project(
    pair: Pair, spans: Sequence[dict[str, Any]], translated: Sequence[str], lexicon: Lexicon | None, least: float = 0.0
) -> list[Found]:
    """Each span in the target of the pair, by the translation of its marked text (`translated`, one for each span).

    Reasons, beside those of `projection.project`: `marks` where the translation lost them, `unlike` where no place of
    the target has anything in common with what stood between them.
    """
    found = []
    for span, text in zip(spans, translated, strict=True):
        begin, end = int(span["begin"]), int(span["end"])
        if not 0 <= begin < end <= len(pair.source) or not len(words_within(pair.source_words, begin, end)):
            found.append(Found(0, 0, 0.0, "outside"))
            continue
        hint = between(text)
        found.append(Found(0, 0, 0.0, "marks") if hint is None else _best(pair, pair.source[begin:end], hint, lexicon))
    checked = []
    for span, one in zip(spans, found, strict=True):
        reason = one.reason
        if reason is None and digits(pair.source[int(span["begin"]) : int(span["end"])]) != digits(
            pair.target[one.begin : one.end]
        ):
            reason = "number"
        elif reason is None and one.confidence < least:
            reason = "unsure"
        checked.append(Found(one.begin, one.end, one.confidence, reason))
    return without_overlaps(checked)


def _best(pair: Pair, given: str, hint: str, lexicon: Lexicon | None) -> Found:
    """The place of the target that is most like the hint and most likely a translation of what is given."""
    places = candidates(len(pair.target_words), len(words_of([hint], "words", 0).places))
    if not len(places):
        return Found(0, 0, 0.0, "unlike")
    bounds = [(int(pair.target_words[a, 0]), int(pair.target_words[b - 1, 1])) for a, b in places]
    texts = [pair.target[begin:end] for begin, end in bounds]
    alike = np.array([likeness(hint, text) for text in texts])
    scores = _ALIKE * alike
    if lexicon is not None:
        side = lexicon.side(1, texts)
        zeros = np.zeros(len(texts), np.int64)
        llr = lexicon.scores(lexicon.side(0, [given]), side, zeros, np.arange(len(texts)))
        scores = scores + _LLR * np.maximum(llr, 0.0) / max(float(llr.max()), 1.0)
    best = int(np.argmax(scores))
    if scores[best] <= 0:
        return Found(0, 0, 0.0, "unlike")
    whole = _ALIKE + (_LLR if lexicon is not None else 0.0)
    return Found(*bounds[best], float(scores[best] / whole))


def candidates(words: int, wanted: int) -> Longs:
    """First and last word (exclusive) of all places in a text that are as long as the wanted one, or nearly so."""
    found = [
        (first, first + size)
        for size in range(max(1, wanted - _LONGER), wanted + _LONGER + 1)
        for first in range(words - size + 1)
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def likeness(one: str, other: str) -> float:
    """F1 of the pairs of characters of two texts without case, 0 to 1 (single characters count as one pair)."""
    held = []
    for text in (one.casefold(), other.casefold()):
        held.append([text[k : k + 2] for k in range(max(len(text) - 1, 1))])
    left = list(held[1])
    same = 0
    for part in held[0]:
        if part in left:
            left.remove(part)
            same += 1
    return 2 * same / (len(held[0]) + len(held[1]))
