"""Vectors of sentences of two languages, learnt from pairs alone: latent semantic indexing of both sides at once.

Terms are the words, as the lexicon compares them, and by themselves the characters within words. Terms of either
language that stand in the same pairs get like vectors, and so do inflected forms, of which a lexicon of whole words
knows nothing (Landauer and Littman 1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.parallel.candidates import Best, Floats, Pairs, in_order, mean_of_best
from weft.parallel.lexicon import Folding, tokenised
from weft.text.buffers import Longs, string_buffers
from weft.text.latent import Counts, Whole, decomposed, projected, whole_cosines
from weft.text.located import located
from weft.text.word_grams import word_grams

WIDTH = 200
"""Numbers of a vector; half as many as there are pairs where they are fewer."""
MOST_PAIRS = 4_000
FEATURES = ("words", "words_margin", "characters", "characters_margin")
"""Of a pair: the cosine, and what it has over those of the neighbours, by words and by characters."""
_BLOCK = 2_048
_NEIGHBOURS = 4
Terms = tuple[Longs, npt.NDArray[np.uint64]]


class Vocabulary(NamedTuple):
    """Terms of one side: hash (ascending) and vector times weight, (terms, numbers)."""

    hashes: npt.NDArray[np.uint64]
    table: Floats

    def project(self, terms: Terms) -> Whole:
        """Directions of texts with these terms."""
        return projected(terms[0], located(self.hashes, terms[1]), self.table)


def terms_of(texts: pl.Series, folding: Folding) -> tuple[Terms, Terms]:
    """Words of texts as a lexicon with this folding has them, and the characters within words."""
    found = tokenised(texts, folding)
    return (found.starts, found.hashes), word_grams(string_buffers(texts.to_arrow()), found, folding.fold_marks)


@dataclass(frozen=True)
class SeedVectors:
    """Of words and of characters: the vocabulary of both sides."""

    foldings: tuple[Folding, Folding]
    kinds: tuple[tuple[Vocabulary, Vocabulary], ...]

    def side(self, which: int, texts: pl.Series, threads: int) -> tuple[Whole, ...]:
        """Directions of the texts of side 0 or 1, by words and by characters; the same on any number of threads."""

        def block(part: tuple[int, int]) -> list[Whole]:
            terms = terms_of(texts.slice(part[0], part[1] - part[0]), self.foldings[which])
            return [kind[which].project(own) for kind, own in zip(self.kinds, terms, strict=True)]

        parts = [(first, min(first + _BLOCK, len(texts))) for first in range(0, max(len(texts), 1), _BLOCK)]
        found = list(in_order(block, parts, threads))
        return tuple(np.concatenate([one[n] for one in found]) for n in range(len(self.kinds)))


def learn_vectors(source: pl.Series, target: pl.Series, foldings: tuple[Folding, Folding]) -> SeedVectors:
    """Vectors from pairs, `source[n]` with `target[n]`: of more than MOST_PAIRS so many, from all over."""
    size = len(source)
    if size > MOST_PAIRS:
        chosen = np.arange(MOST_PAIRS) * size // MOST_PAIRS
        source, target, size = source.gather(chosen), target.gather(chosen), MOST_PAIRS
    terms = [terms_of(texts, folding) for texts, folding in zip((source, target), foldings, strict=True)]
    kinds = []
    for one, other in zip(*terms, strict=True):
        counted = [_counted(own) for own in (one, other)]
        tables = decomposed((counted[0][1], counted[1][1]), max(1, min(WIDTH, size // 2)))
        own, back = (
            Vocabulary(hashes, np.ascontiguousarray(table * rarity[:, None], np.float32))
            for (hashes, _, rarity), table in zip(counted, tables, strict=True)
        )
        kinds.append((own, back))
    return SeedVectors(foldings, tuple(kinds))


def _counted(terms: Terms) -> tuple[npt.NDArray[np.uint64], Counts, npt.NDArray[np.float64]]:
    """Different terms, how often each text has each times its rarity, texts of length one, and the rarity.

    The rarity is the logarithm of how many texts there are for each that has the term.
    """
    size = len(terms[0]) - 1
    hashes, number = np.unique(terms[1], return_inverse=True)
    row = np.repeat(np.arange(size), np.diff(terms[0]))
    keys, often = np.unique(row << 32 | number, return_counts=True)
    rows, numbers = keys >> 32, (keys & 0xFFFFFFFF).astype(np.int32)
    rarity = np.log((size + 1) / (np.bincount(numbers, minlength=len(hashes)) + 0.5))
    weights = often * rarity[numbers]
    lengths = np.sqrt(np.bincount(rows, weights * weights, minlength=size))
    weights = weights / np.maximum(lengths, 1e-9)[rows]
    starts = np.searchsorted(rows, np.arange(size + 1)).astype(np.int64)
    return hashes, Counts(starts, numbers, weights, len(hashes)), rarity


class Alike(NamedTuple):
    """Directions of the texts of both sides, by words and by characters, and how alike each is to its neighbours."""

    sides: tuple[tuple[Whole, ...], tuple[Whole, ...]]
    usual: tuple[tuple[Floats, ...], tuple[Floats, ...]]

    def features(self, pairs: Pairs) -> npt.NDArray[np.float64]:
        """FEATURES of each pair: (pairs, 4)."""
        columns = []
        for n, (one, other) in enumerate(zip(*self.sides, strict=True)):
            cosine = whole_cosines(one, other, pairs.rows, pairs.columns)
            usual = (self.usual[0][n][pairs.rows] + self.usual[1][n][pairs.columns]) / np.float32(2)
            columns += [cosine, cosine - usual]
        return np.stack(columns, axis=1).astype(np.float64)


def alike(vectors: SeedVectors, texts: tuple[pl.Series, pl.Series], found: tuple[Best, Best], threads: int) -> Alike:
    """Texts of both sides by their vectors; `found` are the neighbours of each by a lexicon."""
    sides = (vectors.side(0, texts[0], threads), vectors.side(1, texts[1], threads))
    usual = tuple(
        tuple(_usual(own, other, best) for own, other in zip(sides[n], sides[1 - n], strict=True))
        for n, best in enumerate(found)
    )
    return Alike(sides, (usual[0], usual[1]))


def _usual(own: Whole, other: Whole, best: Best) -> Floats:
    """Mean cosine of each text with those of its neighbours that are most alike."""
    there = best.texts >= 0
    rows = np.repeat(np.arange(len(own)), there.sum(1))
    cosines = np.full(best.texts.shape, -1e30, np.float32)
    cosines[there] = whole_cosines(own, other, rows, best.texts[there].astype(np.int64))
    return mean_of_best(-np.sort(-cosines, axis=1), _NEIGHBOURS)
