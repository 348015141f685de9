"""A language is added to a trained model from some of its texts; the other languages' texts are not needed.

What is there stays as it is. The language gets a column of the output, fitted against what the model remembers of the
others, and a dimension of the embedding of its own: how much commoner each feature is in it than in a language of its
script on average. In that dimension the other columns are 0, so no other language's score moves; they lose only the
texts that the new one wins.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.language.column import fit_column, log_sum_exp
from weft.language.memory import Floats, Memory, remember, shares_in
from weft.language.model import LanguageModel, SingleWords, competitors, script_group
from weft.language.refusal import Refusal
from weft.text import coverage
from weft.text.buffers import string_buffers
from weft.text.hidden import mean_embedding, sample
from weft.text.linear import SMOOTHING

GRAMS, WORDS = 1_000, 400
"""Commonest 4-grams and words of the language that the refusal knows: as many as training gives each."""
_FOLDS = 5
_MOST = 4.0
"""The log ratio of shares at which a feature says no more; it becomes 127."""
_RARE = 5e-6
"""Share that is added to every feature's: what is seen once says little."""
_WEIGHT = 0.7
"""Of all texts of the new language, beside 1 for those of each other one: a little less than its turn, so that where
the evidence is even the text stays with the language that was there."""
_LITTLE = 0.001
"""Probability at most that texts of other languages are to lose: refusals were learnt from what these had."""
_RIDGE, _OWN_RIDGE = 0.03, 0.001
_PRIOR = 200
"""Features that all languages together count for, beside those that are remembered of the rivals."""
_APART = 64
"""Remembered texts of a language from twice which on two and more are put together."""
_DRAWN = 64
"""Features of each of its own texts to which the column is fitted. With all of them it finds fewer texts of other
kinds than those that it was learnt from."""
_PSEUDO_ROWS = 6
"""Weight of the other languages' usual shares beside those of the new one's texts (shrinkage)."""


class Added(NamedTuple):
    """A model that has one more language, its memory, and what was learnt of the language.

    `told`: language, texts, letters, recall (of its own texts, each by a dimension that had not seen it) and
    taken_for (the three languages that the model took most of its texts for before, and the shares).
    """

    model: LanguageModel
    memory: Memory
    told: dict[str, Any]


def with_language(model: LanguageModel, memory: Memory, language: str, texts: pl.Series) -> Added:
    """The model with a language that it does not have, learnt from `texts` in NFC in the script of its code.

    Raises ValueError when the model has it, or when the memory is that of another model.
    """
    if language in model.labels or len(memory.background) != len(model.embedding):
        raise ValueError(f"{language}: the model has it, or does not go with the memory")
    first, last = rivals_of(model, language)
    place = bisect_left(model.labels, _order(language), key=_order)
    parts = _folds(texts)
    kept = _Kept.of(memory, first, last)
    sizes = [shares_in(part, memory.bits) for part in parts]
    own = [
        _dimension((sum(sizes) - size) / max(len(parts) - 1, 1), kept.background(memory, kept.fold != number))
        for number, size in enumerate(sizes)
    ]
    dimension = _dimension(shares_in(texts, memory.bits), kept.background(memory, kept.fold >= 0))
    wide = [np.column_stack([model.embedding, column]) for column in own]
    mine = np.concatenate([_means(part, table) for part, table in zip(parts, wide, strict=True)])
    drawn = np.concatenate([_drawn(part, table) for part, table in zip(parts, wide, strict=True)])
    others, weight = kept.means(wide)
    taken, column = _fitted(model.output[:, first:last], drawn, others, weight)
    output = np.insert(np.pad(model.output, ((0, 1), (0, 0))), place, column, axis=1)
    before = mine[:, :-1] @ model.output[:, first:last].astype(np.float64)
    won = mine @ column - taken * column[-1] > before.max(axis=1, initial=-np.inf)
    known = tuple(np.insert(np.array(model.labels, dtype=object), place, language).tolist())
    refusal = model.refusal and _refusing(model.refusal, place, texts, parts)
    embedding = np.column_stack([model.embedding, dimension - np.int8(taken)])
    made = replace(
        model,
        labels=known,
        embedding=embedding,
        output=np.ascontiguousarray(output, np.float32),
        refusal=refusal,
        words=model.words and _with_place(model.words, place),
        depth=8,  # the new dimension needs a byte
    )
    told = {
        "language": language,
        "texts": len(texts),
        "letters": int(texts.str.count_matches(r"\p{L}").sum()),
        "recall": round(float(won.mean()), 4),
        "taken_for": _taken_for(before, model.labels[first:last]),
    }
    return Added(made, memory.with_language(texts, place, last - first), told)


def memory_of(model: LanguageModel, texts: pl.DataFrame) -> Memory:
    """What a model has to remember of the texts, in the scripts of their labels, that it was trained on."""
    groups, bounds = competitors(model.labels)
    size = np.diff(bounds.reshape(-1, 2), axis=1)[:, 0]
    many = size[[groups[_order(label)[0]] for label in model.labels]]
    return remember(texts, model.labels, many, len(model.embedding).bit_length() - 1)


def rivals_of(model: LanguageModel, language: str) -> tuple[int, int]:
    """First and last (exclusive) place of the labels that compete in the script of a language; equal: none do."""
    groups, bounds = competitors(model.labels)
    number = groups.get(script_group(language.rpartition("_")[2]))
    return (0, 0) if number is None else (int(bounds[2 * number]), int(bounds[2 * number + 1]))


def _order(label: str) -> tuple[str, str]:
    return script_group(label.rpartition("_")[2]), label


def _folds(texts: pl.Series) -> list[pl.Series]:
    rows = np.arange(len(texts)) % _FOLDS
    return [texts.filter(pl.Series(rows == number)) for number in range(_FOLDS) if (rows == number).any()]


def _dimension(shares: Floats, background: Floats) -> npt.NDArray[np.int8]:
    """(features,): how much commoner each is than in a language on average, 0 where it is not."""
    ratio = np.clip(np.log((shares + _RARE) / (background + _RARE)), 0, _MOST)
    return np.rint(ratio / _MOST * 127).astype(np.int8)


def _means(texts: pl.Series, embedding: npt.NDArray[np.int8]) -> Floats:
    return mean_embedding(string_buffers(texts.to_arrow()), embedding).astype(np.float64)


def _drawn(texts: pl.Series, embedding: npt.NDArray[np.int8]) -> Floats:
    """Mean embeddings of some features of each text: as little as is remembered of the others, and more varied."""
    bits = len(embedding).bit_length() - 1
    features = sample(string_buffers(texts.to_arrow()), bits, _DRAWN)
    return _sum_of(features[features[:, 0] >= 0], embedding) / _DRAWN


def _sum_of(features: npt.NDArray[np.int32], embedding: npt.NDArray[np.int8]) -> Floats:
    total = np.zeros((len(features), embedding.shape[1]))
    for column in features.T:
        total += embedding[column]  # column by column: rows at once would take many times the memory
    return total


class _Kept(NamedTuple):
    """What is remembered of the rivals: `features` (texts, DRAWN), `label` of each from 0, and a fold by place."""

    features: npt.NDArray[np.int32]
    label: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]

    @classmethod
    def of(cls, memory: Memory, first: int, last: int) -> _Kept:
        """That of labels `first` to `last`."""
        begin, end = int(memory.owners[:first].sum()), int(memory.owners[:last].sum())
        label = np.repeat(np.arange(last - first), memory.owners[first:last])
        return cls(memory.texts()[begin:end], label, np.arange(end - begin) % _FOLDS)

    def background(self, memory: Memory, rows: npt.NDArray[np.bool_]) -> Floats:
        """(features,): how common each feature is in a rival on average, by some of the texts, and by all languages."""
        if not rows.any():
            return memory.shares()
        size = np.bincount(self.label[rows])
        weight = 1 / (size * np.count_nonzero(size) * self.features.shape[1])[self.label[rows]]
        found = np.bincount(
            self.features[rows].reshape(-1),
            np.repeat(weight, self.features.shape[1]),
            len(memory.background),
        )
        many = int(rows.sum()) * self.features.shape[1]
        mixed: Floats = (many * found + _PRIOR * memory.shares()) / (many + _PRIOR)
        return mixed

    def means(self, embeddings: list[npt.NDArray[np.int8]]) -> tuple[Floats, Floats]:
        """Mean embeddings, each by the embedding of its fold, and weights that sum to 1 for each label.

        Where much is remembered of a label, texts are put together: DRAWN features stand for a text badly.
        """
        size = np.bincount(self.label)
        together = np.maximum(size // _APART, 1)
        groups = -(-size // together)
        within = np.arange(len(self.label)) - np.repeat(np.cumsum(size) - size, size)
        group = np.repeat(np.cumsum(groups) - groups, size) + within // np.repeat(together, size)
        found = np.zeros((int(groups.sum()), embeddings[0].shape[1]))
        for number, embedding in enumerate(embeddings):
            rows = self.fold == number
            np.add.at(found, group[rows], _sum_of(self.features[rows], embedding))
        held = np.bincount(group, minlength=len(found))[:, None] * self.features.shape[1]
        return found / held, 1 / np.repeat(groups, groups)


def _fitted(
    output: npt.NDArray[np.float32], mine: Floats, others: Floats, weight: Floats
) -> tuple[int, npt.NDArray[np.float32]]:
    """What is taken from the new dimension, and the new column (width,).

    `output` are the columns of its rivals, `mine` and `others` mean embeddings with the new dimension last. A model has
    no bias; what a fit with one would add to the score, the new dimension gives when a number is taken from all of it.
    """
    if not len(others):
        return 0, np.zeros(mine.shape[1], np.float32)
    rows = np.concatenate([mine, others])
    rivals = log_sum_exp(rows[:, :-1] @ output.astype(np.float64))
    scale = np.maximum(rows.std(axis=0), 1e-3)
    even = SMOOTHING / (output.shape[1] + 1)
    target = np.repeat([1 - SMOOTHING + even, min(even, _LITTLE)], [len(mine), len(others)])
    weights = np.concatenate([np.full(len(mine), _WEIGHT / len(mine)), weight])
    ridge = np.array([*[_RIDGE] * (len(scale) - 1), _OWN_RIDGE])
    biased = np.column_stack([rows / scale, np.ones(len(rows))])
    found = fit_column(biased, rivals, target, weights, np.append(ridge, 0.0))
    taken = round(float(np.clip(-found[-1] / max(found[-2] / scale[-1], 1e-9), 0, 127)))
    rows[:, -1] -= taken
    found = fit_column(rows / scale, rivals, target, weights, ridge) / scale
    return taken, found.astype(np.float32)


def _taken_for(scores: Floats, labels: tuple[str, ...]) -> list[list[Any]]:
    """The three labels that most rows of `scores` (texts, labels) are highest in, and the shares."""
    if not labels:
        return []
    count = np.bincount(scores.argmax(axis=1), minlength=len(labels))
    order = np.argsort(-count, kind="stable")[:3]
    return [[labels[n], round(float(count[n] / len(scores)), 4)] for n in order.tolist() if count[n]]


def _refusing(refusal: Refusal, place: int, texts: pl.Series, parts: list[pl.Series]) -> Refusal:
    """Filters that hold the language too, and what shares are usual in it: those of each fifth beside the others."""
    before = np.arange(len(refusal.mean), dtype=np.int32) if refusal.keys is None else refusal.keys
    key = int(before.max()) + 1
    seen = []
    for number, part in enumerate(parts):
        rest = pl.concat([other for n, other in enumerate(parts) if n != number]) if len(parts) > 1 else part
        grams, words = (coverage.empty_filter(bits.size.bit_length() + 5) for bits in (refusal.grams, refusal.words))
        _insert(rest, grams, words, key)
        strings = string_buffers(part.to_arrow())
        seen.append(coverage.shares(strings, np.full(len(part), key, np.int32), grams, words).astype(np.float64))
    shares = np.concatenate(seen)
    square = refusal.spread.astype(np.float64) ** 2 + refusal.mean.astype(np.float64) ** 2
    size = len(shares) + _PSEUDO_ROWS
    mean = (shares.sum(axis=0) + _PSEUDO_ROWS * refusal.mean.mean(axis=0)) / size
    spread = np.sqrt(np.maximum(((shares**2).sum(axis=0) + _PSEUDO_ROWS * square.mean(axis=0)) / size - mean**2, 1e-4))
    grams, words = refusal.grams.copy(), refusal.words.copy()
    _insert(texts, grams, words, key)
    return replace(
        refusal,
        grams=grams,
        words=words,
        mean=np.insert(refusal.mean, place, mean, axis=0).astype(np.float32),
        spread=np.insert(refusal.spread, place, spread, axis=0).astype(np.float32),
        keys=np.insert(before, place, key).astype(np.int32),
        # as of a label that none of the sources has: the lowest of all
        threshold=np.insert(refusal.threshold, place, refusal.threshold.min()),
    )


def _with_place(words: SingleWords, place: int) -> SingleWords:
    """What single words need, with a label more, which is nobody's relative."""
    moved = words.relatives + (words.relatives >= place)
    return SingleWords(np.insert(words.bias, place, np.float32(0)), moved.astype(np.int32))


def _insert(texts: pl.Series, grams: npt.NDArray[np.uint64], words: npt.NDArray[np.uint64], key: int) -> None:
    for bits, found, most in zip(
        (grams, words), coverage.hashes(string_buffers(texts.to_arrow())), (GRAMS, WORDS), strict=True
    ):
        coverage.insert(bits, coverage.commonest(found, most), key)
