"""Labelled spans carried over by a translation of the text with marks around them.

The marked text is translated (EasyProject, Chen et al. 2023); what stands between the marks says what to look for, and
the places of the given translation that could be it are scored (T-Projection, García-Ferrero et al. 2023).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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
    pairs: Sequence[Pair],
    spans: Sequence[Sequence[dict[str, Any]]],
    translated: Sequence[Sequence[str]],
    lexicon: Lexicon | None,
    least: float = 0.0,
) -> list[list[Found]]:
    """Each span in the target of its pair, by the translation of its marked text (`translated`, one for each span).

    Reasons, beside those of `projection.project`: `marks` where the translation lost them, `unlike` where no place of
    the target has anything in common with what stood between them. Memory is that of all places that could be it: some
    hundred for a span.
    """
    asked = [
        _asked(pair, span, text)
        for pair, row, texts in zip(pairs, spans, translated, strict=True)
        for span, text in zip(row, texts, strict=True)
    ]
    wanted = [one for one in asked if one.reason is None]
    found = zip(wanted, _places(wanted, lexicon), strict=True)
    good = (_checked(one, *place, least) for one, place in found)
    every = iter([next(good) if one.reason is None else Found(0, 0, 0.0, one.reason) for one in asked])
    return [without_overlaps([next(every) for _ in row]) for row in spans]


class _Asked(NamedTuple):
    """A span: its pair, its text, what stood between marks, or why there is nothing to look for."""

    pair: Pair
    given: str
    hint: str
    reason: str | None = None


def _asked(pair: Pair, span: dict[str, Any], text: str) -> _Asked:
    begin, end = int(span["begin"]), int(span["end"])
    if not 0 <= begin < end <= len(pair.source) or not len(words_within(pair.source_words, begin, end)):
        return _Asked(pair, "", "", "outside")
    hint = between(text)
    return _Asked(pair, pair.source[begin:end], hint or "", "marks" if hint is None else None)


def _checked(one: _Asked, begin: int, end: int, confidence: float, least: float) -> Found:
    reason = None
    if confidence <= 0:
        return Found(0, 0, 0.0, "unlike")
    if digits(one.given) != digits(one.pair.target[begin:end]):
        reason = "number"
    elif confidence < least:
        reason = "unsure"
    return Found(begin, end, confidence, reason)


def _places(asked: Sequence[_Asked], lexicon: Lexicon | None) -> Iterator[tuple[int, int, float]]:
    """Of each span the place of the target that is most like the hint and most likely a translation, and how sure."""
    if not asked:
        return
    sizes = np.diff(words_of([one.hint for one in asked], "words", 0).starts).tolist()
    bounds = []
    for one, size in zip(asked, sizes, strict=True):
        places, words = candidates(len(one.pair.target_words), size), one.pair.target_words
        bounds.append(np.stack([words[places[:, 0], 0], words[places[:, 1] - 1, 1]], axis=1))
    starts = np.cumsum([0, *map(len, bounds)])
    told = None if lexicon is None else _told(asked, bounds, lexicon)
    whole = _ALIKE + (_LLR if lexicon is not None else 0.0)
    for n, (one, held) in enumerate(zip(asked, bounds, strict=True)):
        if not len(held):
            yield 0, 0, 0.0
            continue
        scores = _ALIKE * likeness(one.hint, one.pair.target, held)
        if told is not None:
            llr = told[starts[n] : starts[n + 1]]
            scores = scores + _LLR * np.maximum(llr, 0.0) / max(float(llr.max()), 1.0)
        best = int(np.argmax(scores))
        yield int(held[best, 0]), int(held[best, 1]), float(scores[best] / whole)


def _told(asked: Sequence[_Asked], bounds: Sequence[Longs], lexicon: Lexicon) -> Any:
    """The score of every place of every span by the lexicon."""
    texts = [
        one.pair.target[begin:end] for one, held in zip(asked, bounds, strict=True) for begin, end in held.tolist()
    ]
    if not texts:
        return np.empty(0, np.float32)
    rows = np.repeat(np.arange(len(asked)), [len(held) for held in bounds])
    return lexicon.scores(
        lexicon.side(0, [one.given for one in asked]), lexicon.side(1, texts), rows, np.arange(len(texts))
    )


@functools.lru_cache(maxsize=4_096)  # asked for with every span
def candidates(words: int, wanted: int) -> Longs:
    """First and last word (exclusive) of all places in a text that are as long as the wanted one, or nearly so."""
    found = [
        (first, first + size)
        for size in range(max(1, wanted - _LONGER), wanted + _LONGER + 1)
        for first in range(words - size + 1)
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def likeness(wanted: str, text: str, bounds: Longs) -> npt.NDArray[np.float64]:
    """F1 of the pairs of characters of what is wanted and of places of a text, without case, 0 to 1.

    `bounds` (places, 2) are in characters; no place is empty, nor is what is wanted. A single character counts as a
    pair.
    """
    folded = [one.casefold() for one in text]  # each by itself: one may become two
    ends = np.cumsum([0, *map(len, folded)])
    begin, end = ends[bounds[:, 0]], ends[bounds[:, 1]]
    sizes = end - begin
    given, there = _codes(wanted.casefold()), _codes("".join(folded))
    if len(given) == 1:
        same = ((sizes == 1) & (there[begin] == given[0])).astype(np.int64)
    else:
        kinds, most = np.unique(_pairs(given), return_counts=True)
        before = np.zeros((len(kinds), len(there)), np.int64)
        np.cumsum(_pairs(there) == kinds[:, None], axis=1, out=before[:, 1:])
        same = np.minimum(before[:, end - 1] - before[:, begin], most[:, None]).sum(axis=0)
    return np.asarray(2 * same / (max(len(given) - 1, 1) + np.maximum(sizes - 1, 1)))


def _codes(text: str) -> Longs:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)


def _pairs(codes: Longs) -> Longs:
    return np.asarray(codes[:-1] << 21 | codes[1:])
