"""A lexicon learnt from pairs: which words translate which, with what probability, in both directions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.errors import WeftError
from weft.text import cognates, ibm1, linked, translated
from weft.text.buffers import Longs, Strings, string_buffers
from weft.text.ibm1 import Bitext, Cells
from weft.text.located import located
from weft.text.tokens import Tokens, tokens

MOST_TOKENS = 240
"""Of a text no more are looked at: a sentence has thirty words, or a hundred pairs of letters."""
ITERATIONS = 5
LEAST = 1e-3
"""Translations of less probability are forgotten."""


class Folding(NamedTuple):
    """What of a word counts: letters without their marks, the first `prefix` letters (0: all)."""

    fold_marks: bool = True
    prefix: int = 0


@dataclass(frozen=True)
class Vocabulary:
    """Words of one language: hash (ascending), occurrences, and the form that was met first."""

    hashes: npt.NDArray[np.uint64]
    counts: Longs
    forms: pa.Array

    def numbers(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """Number of each word, from 1 on; 0 for those that are not in the vocabulary."""
        return located(self.hashes, hashes) + np.int32(1)

    @functools.cached_property
    def background(self) -> npt.NDArray[np.float32]:
        """Probability of each number anywhere, at 0 of a word that was never met: a half is added to every count."""
        whole = self.counts.sum() + 0.5 * max(len(self.counts), 1)
        return np.asarray((np.concatenate([[0], self.counts]) + 0.5) / whole, np.float32)


@dataclass(frozen=True)
class Side:
    """Texts of one language as a lexicon sees them: tokens and their numbers, 0 of words that it has not.

    `data` are the bytes that the places of tokens are in.
    """

    tokens: Tokens
    numbers: npt.NDArray[np.int32]
    data: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.tokens.starts) - 1

    @functools.cached_property
    def sounds(self) -> npt.NDArray[np.uint64]:
        """The sound of each word that the lexicon has not (`cognates.sounds`); alignment never asks for it."""
        return cognates.sounds(self.data, self.tokens, self.numbers == 0)

    @property
    def held(self) -> translated.Side:
        return translated.Side(self.tokens.starts, self.numbers, self.tokens.hashes, self.sounds)


@dataclass(frozen=True)
class Lexicon:
    """Of two languages (source, target): how words are folded, vocabularies, and cells of both directions.

    `cells[0]` are t(target|source), `cells[1]` t(source|target); word 0 of the given language is NULL.
    """

    languages: tuple[str, str]
    foldings: tuple[Folding, Folding]
    vocabularies: tuple[Vocabulary, Vocabulary]
    cells: tuple[Cells, Cells]

    def turned(self) -> Lexicon:
        """The same for the other direction."""
        (a, b), (c, d), (e, f), (g, h) = self.languages, self.foldings, self.vocabularies, self.cells
        return Lexicon((b, a), (d, c), (f, e), (h, g))

    def side(self, which: int, texts: Any) -> Side:
        """The texts (any Arrow or Polars strings, or a list) of language 0 or 1."""
        return _side(texts, self.foldings[which], self.vocabularies[which].numbers)

    @functools.cached_property
    def table(self) -> translated.Table:
        """Cells of both directions as they are looked up."""
        usual = [held.background for held in self.vocabularies]
        return translated.table(self.cells[0], self.cells[1], usual[1], usual[0])

    def features(self, source: Side, target: Side, rows: Longs, columns: Longs) -> npt.NDArray[np.float32]:
        """`translated.FEATURES` of both directions, (pairs, 10), of text `rows[k]` with text `columns[k]`."""
        return translated.score(self.table, source.held, target.held, rows, columns)

    def linked(self, source: Side, target: Side) -> npt.NDArray[np.float32]:
        """`features` and `linked.FEATURES`, (pairs, 18), of text `n` with text `n`."""
        return linked.score(self.table, source.held, target.held)

    def scores(self, source: Side, target: Side, rows: Longs, columns: Longs) -> npt.NDArray[np.float32]:
        """The mean of the log-likelihood ratios of both directions: 0 says nothing, above 0 for translations."""
        found = self.features(source, target, rows, columns)
        return np.asarray((found[:, 0] + found[:, len(translated.FEATURES)]) / 2)


def unknown(texts: Any, folding: Folding) -> Side:
    """Texts of which no lexicon has any word."""
    return _side(texts, folding, lambda hashes: np.zeros(len(hashes), np.int32))


def _side(texts: Any, folding: Folding, numbered: Callable[..., npt.NDArray[np.int32]]) -> Side:
    held = buffers(texts)
    found = _tokens(held, folding)
    return Side(found, numbered(found.hashes), held.data)


def tokenised(texts: Any, folding: Folding) -> Tokens:
    """Tokens of texts, as a lexicon with this folding has them."""
    return _tokens(buffers(texts), folding)


def buffers(texts: Any) -> Strings:
    """Bytes and offsets of texts: of a Polars series, an Arrow column or a list."""
    array = texts.to_arrow() if hasattr(texts, "to_arrow") else texts
    if isinstance(array, Sequence):
        array = pa.array(array, pa.large_string())
    return string_buffers(array)


def _tokens(held: Strings, folding: Folding) -> Tokens:
    return tokens(held, fold_marks=folding.fold_marks, prefix=folding.prefix, most=MOST_TOKENS)


def train(
    source: Any,
    target: Any,
    languages: tuple[str, str],
    foldings: tuple[Folding, Folding] = (Folding(), Folding()),
    iterations: int = ITERATIONS,
) -> Lexicon:
    """The lexicon of sentences that translate each other: `source[n]` and `target[n]` (IBM Model 1 both ways).

    Raises WeftError when there are none, or not as many of each.
    """
    sides = [tokenised(texts, folding) for texts, folding in zip((source, target), foldings, strict=True)]
    counts = [len(side.starts) - 1 for side in sides]
    if counts[0] != counts[1] or not counts[0]:
        raise WeftError(f"{counts[0]} texts of {languages[0]} and {counts[1]} of {languages[1]}; expected pairs")
    words = [_vocabulary(texts, side) for texts, side in zip((source, target), sides, strict=True)]
    numbers = [found.numbers(side.hashes) for found, side in zip(words, sides, strict=True)]
    texts = [(side.starts, held) for side, held in zip(sides, numbers, strict=True)]
    cells = [ibm1.train(Bitext(*texts[n], *texts[1 - n]), iterations, LEAST) for n in range(2)]
    return Lexicon(languages, foldings, (words[0], words[1]), (cells[0], cells[1]))


def _vocabulary(texts: Any, found: Tokens) -> Vocabulary:
    hashes, first, counts = np.unique(found.hashes, return_index=True, return_counts=True)
    data = buffers(texts).data
    forms = [bytes(data[begin:end]).decode("utf-8", "replace") for begin, end in found.places[first]]
    return Vocabulary(hashes, counts.astype(np.int64), pa.array(forms, pa.large_string()))
