"""Worse versions of a good answer, each with one kind of damage, in three grades."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.synthesize.bilingual import Bilingual
from weft.synthesize.noising import Settings, noised
from weft.synthesize.rewriting import strings_of
from weft.synthesize.word_translation import glossed

Damage = Literal[
    "word_for_word", "wrong_language", "negation", "number", "repeated_tail", "truncated", "shuffled", "noise"
]
DAMAGES: tuple[Damage, ...] = (
    *("word_for_word", "wrong_language", "negation", "number"),
    *("repeated_tail", "truncated", "shuffled", "noise"),
)
GRADES = 3
LEAST_RATIO, MOST_RATIO, MOST_CHRF = 0.67, 1.5, 85.0
"""Of characters of a rejected answer by the chosen one; of their chrF."""
_LEAST_WORDS = 5
_KNOWN = 0.5
"""Share of words that a lexicon must have for a translation word by word."""
_REPEATED = (1.44, 1.46, 1.49)
_CUT = (0.69, 0.68, 0.67)
_SHUFFLED = (0.6, 0.8, 1.0)
_FOREIGN = (0.3, 0.45, 0.6)
_NOISE = (0.15, 0.2, 0.3)
"""By grade: length after a repetition, length of what is left, share of words that move, that are foreign, of letters
that change."""
_NUMBER = re.compile(r"\d+")


class Answer(NamedTuple):
    """A good answer: `key` decides what is drawn, `source` is what it translates, if it does, with its language."""

    key: int
    text: str
    language: str
    source: str | None = None
    source_language: str | None = None


class Means(NamedTuple):
    """What damage needs: a lexicon into the answers' language and one out of it, words of negation by language."""

    to_answer: Mapping[str, Bilingual]
    from_answer: Bilingual | None
    negations: Mapping[str, frozenset[str]]


class Words(NamedTuple):
    """First and last (exclusive) characters of the words of an answer; punctuation is none."""

    text: str
    spans: tuple[tuple[int, int], ...]
    key: int

    def draw(self, number: int) -> float:
        """From 0 to 1 (exclusive): the same for an answer and a number."""
        return float(self.draws(1, number)[0])

    def draws(self, count: int, number: int) -> npt.NDArray[np.float64]:
        from weft.text.draws import mixed, uniform

        return uniform(mixed(np.full(count, self.key, np.uint64), number, np.arange(count)))


def degraded(answers: Sequence[Answer], kinds: Sequence[Damage], means: Means) -> list[dict[Damage, tuple[str, int]]]:
    """Of each answer its worse versions by kind of damage, with their grade from 1 to GRADES.

    Those that keep to LEAST_RATIO, MOST_RATIO and MOST_CHRF (chrF with equal weight of both, as neither is the
    reference) and differ from the answer; kinds that an answer gives no occasion for are not there.
    """
    if not answers:
        return []
    words = _words(answers)
    grades = [1 + int(held.draw(1) * GRADES) for held in words]
    found: list[dict[Damage, str | None]] = [{} for _ in answers]
    for kind in kinds:
        for n, text in enumerate(_of_kind(kind, answers, words, grades, means)):
            found[n][kind] = text
    return _guarded(answers, found, grades)


def _guarded(
    answers: Sequence[Answer], found: list[dict[Damage, str | None]], grades: list[int]
) -> list[dict[Damage, tuple[str, int]]]:
    from weft.text.chrf import chrf

    every = [(n, kind, text) for n, held in enumerate(found) for kind, text in held.items() if text]
    chosen = pa.array([answers[n].text for n, _, _ in every], pa.large_string())
    alike = chrf(pa.array([text for *_, text in every], pa.large_string()), chosen, beta=1.0)
    out: list[dict[Damage, tuple[str, int]]] = [{} for _ in answers]
    for (n, kind, text), score in zip(every, alike, strict=True):
        ratio = len(text) / max(len(answers[n].text), 1)
        if LEAST_RATIO <= ratio <= MOST_RATIO and score < MOST_CHRF and text != answers[n].text:
            out[n][kind] = (text, grades[n])
    return out


def _words(answers: Sequence[Answer]) -> list[Words]:
    from weft.text.replaced import WORD, find
    from weft.text.words import characters_before

    strings = strings_of([answer.text for answer in answers])
    none = np.empty(0, np.uint64)
    found = find(strings, np.full(len(answers), -1, np.int32), none, most=1, spaces=False)
    word = np.flatnonzero(found.bits & WORD)
    both = np.stack([found.begin[word], found.end[word]], axis=1).reshape(-1)
    row = np.ascontiguousarray(np.repeat(found.row[word], 2), np.int32)
    places = characters_before(strings, row, np.ascontiguousarray(both, np.int64)).reshape(-1, 2)
    starts = np.searchsorted(found.row[word], np.arange(len(answers) + 1))
    return [
        Words(answer.text, tuple((int(b), int(e)) for b, e in places[starts[n] : starts[n + 1]]), answer.key)
        for n, answer in enumerate(answers)
    ]


def _of_kind(
    kind: Damage, answers: Sequence[Answer], words: list[Words], grades: list[int], means: Means
) -> list[str | None]:
    if kind == "word_for_word":
        return _word_for_word(answers, means)
    if kind == "wrong_language":
        return _wrong_language(answers, words, grades, means.from_answer)
    if kind == "noise":
        return _noisy(answers, grades)
    if kind == "negation":
        return [_negation(held, means.negations.get(a.language)) for held, a in zip(words, answers, strict=True)]
    simple = {"number": _number, "repeated_tail": _repeated, "truncated": _truncated, "shuffled": _shuffled}[kind]
    return [simple(held, grade) for held, grade in zip(words, grades, strict=True)]


def _word_for_word(answers: Sequence[Answer], means: Means) -> list[str | None]:
    """The source of a translation, word by word in the answer's language."""
    out: list[str | None] = [None] * len(answers)
    for language, lexicon in means.to_answer.items():
        mine = [n for n, a in enumerate(answers) if a.language == language and lexicon.label(a.source_language) >= 0]
        sources = [answers[n].source or "" for n in mine]
        labels = [lexicon.label(answers[n].source_language) for n in mine]
        for n, made in zip(mine, glossed(sources, labels, lexicon), strict=True):
            out[n] = made.text if made.words and made.share >= _KNOWN else None
    return out


def _wrong_language(
    answers: Sequence[Answer], words: list[Words], grades: list[int], lexicon: Bilingual | None
) -> list[str | None]:
    """A run of words in another language."""
    out: list[str | None] = [None] * len(answers)
    if lexicon is None:
        return out
    runs = []
    for n, held in enumerate(words):
        count = len(held.spans)
        if lexicon.label(answers[n].language) < 0 or count < _LEAST_WORDS:
            continue
        size = max(round(_FOREIGN[grades[n] - 1] * count), 2)
        first = int(held.draw(2) * (count - size + 1))
        runs.append((n, held.spans[first][0], held.spans[first + size - 1][1]))
    texts = [answers[n].text[begin:end] for n, begin, end in runs]
    labels = [lexicon.label(answers[n].language) for n, _, _ in runs]
    for (n, begin, end), made in zip(runs, glossed(texts, labels, lexicon), strict=True):
        if made.words and made.share >= _KNOWN:
            out[n] = answers[n].text[:begin] + made.text + answers[n].text[end:]
    return out


def _noisy(answers: Sequence[Answer], grades: list[int]) -> list[str | None]:
    out: list[str | None] = [None] * len(answers)
    for grade in sorted(set(grades)):
        mine = [n for n in range(len(answers)) if grades[n] == grade]
        share = _NOISE[grade - 1]
        keys = np.array([answers[n].key for n in mine], np.uint64)
        texts, languages = [answers[n].text for n in mine], [answers[n].language for n in mine]
        for n, made in zip(mine, noised(texts, languages, keys, Settings(("characters",), share, share)), strict=True):
            out[n] = None if made is None else made.text
    return out


def _negation(held: Words, negations: frozenset[str] | None) -> str | None:
    """Without one of its words of negation."""
    found = [span for span in held.spans if negations and held.text[span[0] : span[1]].lower() in negations]
    if not found:
        return None
    begin, end = found[int(held.draw(3) * len(found))]
    return held.text[:begin] + held.text[end:].removeprefix(" ")


def _number(held: Words, grade: int) -> str | None:
    """With other digits in one of its numbers."""
    found = list(_NUMBER.finditer(held.text))
    if not found:
        return None
    one = found[int(held.draw(4) * len(found))]
    digits = list(one.group())
    for n in range(len(digits)) if grade == GRADES else (int(held.draw(5) * len(digits)),):
        zero = ord(digits[n]) - int(digits[n])
        digits[n] = chr(zero + (int(digits[n]) + 1 + int(held.draw(100 + n) * 8)) % 10)
    return held.text[: one.start()] + "".join(digits) + held.text[one.end() :]


def _repeated(held: Words, grade: int) -> str | None:
    """With its last words said again."""
    wanted = (_REPEATED[grade - 1] - 1) * len(held.text)
    starts = [begin for begin, _ in held.spans if len(held.text) - begin <= wanted]
    if len(held.spans) < _LEAST_WORDS or not starts:
        return None
    before = held.text[starts[0] - 1]
    return held.text + (before if before.isspace() else "") + held.text[starts[0] :]


def _truncated(held: Words, grade: int) -> str | None:
    """Cut off within a sentence."""
    ends = [end for _, end in held.spans if end >= _CUT[grade - 1] * len(held.text)]
    return held.text[: ends[0]] if ends and len(held.spans) >= _LEAST_WORDS else None


def _shuffled(held: Words, grade: int) -> str | None:
    """With some of its words in each other's places."""
    if len(held.spans) < _LEAST_WORDS:
        return None
    count = max(round(_SHUFFLED[grade - 1] * len(held.spans)), 3)
    moved = np.sort(np.argsort(held.draws(len(held.spans), 7), kind="stable")[:count])
    target = moved[np.argsort(held.draws(count, 8), kind="stable")]
    words = [held.text[begin:end] for begin, end in held.spans]
    placed = dict(zip(moved.tolist(), target.tolist(), strict=True))
    out, at = [], 0
    for n, (begin, end) in enumerate(held.spans):
        out += [held.text[at:begin], words[placed.get(n, n)]]
        at = end
    return "".join([*out, held.text[at:]])
