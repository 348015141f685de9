"""Sentences of two documents that translate each other: what lengths, words and paragraphs say, in one search.

Long documents are searched from coarse to fine: neighbouring sentences are joined two by two until at most FULL are
left, these are searched in full, and each finer level only near the path of the coarser one (as vecalign does,
Thompson and Koehn 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.parallel import alignment_vectors as meant
from weft.parallel.alignment_words import Both, numbered
from weft.parallel.lexicon import Lexicon
from weft.text import agreement, beads
from weft.text.agreement import Band, Floats, Words, band
from weft.text.beads import Costs, Path, Sizes
from weft.text.buffers import Longs

FULL = 200
"""Sentences, or runs of them, of which all places are searched."""
NEAR = 10
"""Places that a path may move, in each direction, from a level to the finer one."""
PRIORS: Mapping[tuple[int, int], float] = {
    (1, 1): 0.89, (1, 0): 0.025, (0, 1): 0.025, (2, 1): 0.0445, (1, 2): 0.0445, (2, 2): 0.011, (3, 1): 0.0025,
    (1, 3): 0.0025,
}  # fmt: skip
"""Kinds of beads (sentences of either side) and how common they are: near Gale and Church (1993), table 5, with more
sentences that have no translation."""
RARE = 0.0005
"""How common is a kind of bead that is asked for and not among these."""
_COARSE = {(1, 1): 0.7, (1, 0): 0.05, (0, 1): 0.05, (2, 1): 0.1, (1, 2): 0.1}
_APART, _FEW = 3, 8


class Weights(NamedTuple):
    """How much lengths and words count beside the priors, what a bead over the end of a paragraph costs, and what
    costs are divided by where they become probabilities.

    `words` is for the first search; from `rounds` more the weight and the level from which on words speak for a bead
    are learnt: `trust` times what tells beads of the last path from places beside it. `vectors` and `level` are the
    same of vectors, where documents have some; with a weight of 0 these are left out.
    """

    length: float = 0.75
    words: float = 15.0
    paragraph: float = 3.0
    heat: float = 1.0
    trust: float = 2.5
    rounds: int = 2
    vectors: float = 0.0
    level: float = 0.0


@dataclass(frozen=True)
class Lengths:
    """Characters of the second language for one of the first, and the variance of that for each character."""

    ratio: float = 1.0
    variance: float = 6.8


@dataclass(frozen=True)
class Document:
    """Sentences of one document: texts, characters that are no white space, number of the paragraph of each.

    `vectors` of them have length one, or are zeros where there is none; null: no encoder is asked.
    """

    sentences: pl.Series
    characters: npt.NDArray[np.float64]
    paragraphs: Longs
    vectors: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.sentences)


def document(sentences: Any, paragraphs: Any = None) -> Document:
    """A document of these sentences, in one paragraph where none are given."""
    texts = pl.Series(sentences, dtype=pl.String)
    characters = _characters(texts)
    return Document(texts, characters, np.asarray(np.zeros(len(texts)) if paragraphs is None else paragraphs, np.int64))


def _characters(texts: pl.Series) -> npt.NDArray[np.float64]:
    return texts.str.replace_all(r"\s+", "").str.len_chars().cast(pl.Float64).to_numpy()


def lengths_of(first: pl.Series, second: pl.Series) -> Lengths:
    """How long translations are, of texts that translate each other; the usual values where there are none."""
    one, other = _characters(first), _characters(second)
    if not one.sum() or not other.sum():
        return Lengths()
    ratio = other.sum() / one.sum()
    variance = np.mean((other - ratio * one) ** 2 / np.maximum((one + other / ratio) / 2, 1.0))
    return Lengths(float(ratio), max(float(variance), 0.1))


def shapes_up_to(most: int) -> dict[tuple[int, int], float]:
    """PRIORS and all further kinds of beads of up to `most` sentences together, at least one on each side."""
    further = [(a, n - a) for n in range(2, most + 1) for a in range(1, n)]
    return {**PRIORS, **{shape: RARE for shape in further if shape not in PRIORS}}


def align(
    one: Document,
    other: Document,
    lexicon: Lexicon | None,
    lengths: Lengths,
    weights: Weights | None = None,
    priors: Mapping[tuple[int, int], float] = PRIORS,
) -> Path:
    """The beads of two documents; without a lexicon by lengths and by words that stand in both.

    Memory: about 60 bytes for each place that is looked at: 25 times the sentences of a long document.
    """
    if not len(one) or not len(other):
        alone = [(n, 1, 0, 0) for n in range(len(one))] + [(0, 0, n, 1) for n in range(len(other))]
        return Path(np.array(alone, np.int64).reshape(-1, 4), np.ones(len(alone)), 0.0)
    both, held = numbered(one.sentences, other.sentences, lexicon), weights or Weights()
    level = 0
    while max(len(one), len(other)) > FULL << level:
        level += 1
    path = _searched(both, (one, other), level, None, lengths, held, priors)
    while level:
        level -= 1
        path = _searched(both, (one, other), level, path, lengths, held, priors)
    return path


def _joined(words: Words, step: int) -> Words:
    return words._replace(starts=np.append(words.starts[:-1:step], words.starts[-1]))


def _sizes(own: Document, step: int) -> Sizes:
    ends = np.append(np.arange(0, len(own), step), len(own))
    before = np.concatenate([[0.0], np.cumsum(own.characters)])
    return Sizes(before[ends], np.concatenate([[0], own.paragraphs[ends[1:] - 1]]).astype(np.int64))


def _near(path: Path, rows: int, columns: int) -> Band:
    """Places of a finer level, of so many rows and columns of sentences, that are near the path of the coarser one."""
    last = path.beads[-1]
    ends = np.vstack([path.beads[:, [0, 2]], [last[[0, 2]] + last[[1, 3]]]]) * 2
    ends = np.minimum(ends, [rows, columns])
    every = np.arange(rows + 1)
    least, most = np.full(rows + 1, columns), np.zeros(rows + 1, np.int64)
    np.minimum.at(least, ends[:, 0], ends[:, 1])
    np.maximum.at(most, ends[:, 0], ends[:, 1])
    least = np.minimum.accumulate(least[::-1])[::-1]
    most = np.maximum.accumulate(most)
    low = np.maximum(least[np.maximum(every - NEAR, 0)] - NEAR // 2, 0)
    high = np.minimum(most[np.minimum(every + NEAR, rows)] + NEAR // 2, columns)
    return band(np.asarray(low, np.int64), np.asarray(high, np.int64))


class _Lattice(NamedTuple):
    """Places with their row and column, what is said there in both directions, and words of the sentence of each row
    and column, for one word of the mean sentence."""

    places: Band
    row: Longs
    column: Longs
    said: tuple[Floats, Floats]
    share: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _lattice(both: Both, step: int, path: Path | None, depth: Longs) -> tuple[_Lattice, list[float]]:
    """The lattice of one level, and words of the mean sentence of each side."""
    own = [_joined(side, step) for side in both.words]
    rows, columns = (len(side.starts) - 1 for side in own)
    full = np.zeros(rows + 1, np.int64)
    places = band(full, full + columns) if path is None else _near(path, rows, columns)
    said = (
        agreement.agreement(both.tables[0], own[0], own[1], places, int(depth[0]), across=False),
        agreement.agreement(both.tables[1], own[1], own[0], places, int(depth[1]), across=True),
    )
    row = np.repeat(np.arange(rows + 1), places.high - places.low + 1)
    column = np.arange(places.size) - places.begin[row] + places.low[row]
    mean = [max(len(side.words), 1) / (len(side.starts) - 1) for side in own]
    share = [np.concatenate([[0], np.diff(side.starts)]) / size for side, size in zip(own, mean, strict=True)]
    inside = (row > 0) & (column > 0)
    return _Lattice(places, row, column, said, (share[0][row] * inside, share[1][column] * inside)), mean


def _near_runs(
    documents: tuple[Document, Document], level: int, shapes: Longs, held: _Lattice, weights: Weights
) -> tuple[Floats | None, float, float]:
    """What vectors say of every bead, with the weight and the level that count in the first search."""
    one, other = (own.vectors for own in documents)
    if one is None or other is None or weights.vectors <= 0:
        return None, 0.0, 0.0
    sides = meant.joined(one, 1 << level), meant.joined(other, 1 << level)
    near = meant.nearness(sides, shapes, held.places, held.row, held.column)
    if not level:
        return near, weights.vectors, weights.level
    fit = meant.fitted([sides])
    return near, fit.weight, fit.level


def _searched(
    both: Both,
    documents: tuple[Document, Document],
    level: int,
    path: Path | None,
    lengths: Lengths,
    weights: Weights,
    priors: Mapping[tuple[int, int], float],
) -> Path:
    kinds = _COARSE if level else priors
    shapes = np.array(list(kinds), np.int64)
    held, mean = _lattice(both, 1 << level, path, shapes.max(axis=0))
    sizes = [_sizes(own, 1 << level) for own in documents]
    near, *speak = _near_runs(documents, level, shapes, held, weights)
    weight, floor = weights.words / 2, 0.0
    for turn in range(1 if level else weights.rounds + 1):
        if turn:
            learnt = _told_apart(path, held, mean, weights, near) if path is not None else None
            if learnt is None:
                break
            weight, floor, *speak = learnt
        costs = Costs(
            shapes, -np.log(list(kinds.values())), lengths.ratio, lengths.variance, weights.length, weight / mean[1],
            weight / mean[0], 0.0 if level else weights.paragraph,
        )  # fmt: skip
        forward = held.said[0] - (floor * mean[1] * held.share[1]).astype(np.float32)
        backward = held.said[1] - (floor * mean[0] * held.share[0]).astype(np.float32)
        prices = beads.priced(costs, sizes[0], sizes[1], held.places, forward, backward)
        if near is not None and speak[0] > 0:
            prices = meant.charged(prices, near, shapes, *speak)
        path = beads.cheapest(shapes, held.places, prices, 0.0 if level else weights.heat)
    assert path is not None
    return path


def _told_apart(
    path: Path, held: _Lattice, mean: list[float], weights: Weights, near: Floats | None
) -> tuple[float, float, float, float] | None:
    """The weight of words and the level of a word from which on they speak for a bead, and both of vectors, by what
    beads of one sentence with one have and places beside the path have not (linear discriminant); none where there are
    too few."""
    if weights.words <= 0:
        return None
    ones = (path.beads[:, 1] == 1) & (path.beads[:, 3] == 1)
    i, j = path.beads[ones, 0] + 1, path.beads[ones, 2] + 1
    paired = np.full(len(held.places.low), -(1 << 40))
    paired[i] = j
    beside = (held.row > 0) & (held.column > 0) & (np.abs(held.column - paired[held.row]) >= _APART)
    if len(i) < _FEW or np.count_nonzero(beside) < _FEW:
        return None
    words = held.share[0] + held.share[1]
    value = (held.said[0][0] / mean[1] + held.said[1][0] / mean[0]) / np.maximum(words, 0.1)
    at = held.places.begin[i] + j - held.places.low[i]
    if near is not None:
        both = np.column_stack([value, np.nan_to_num(near[:, 0], nan=0.0)]).astype(np.float64)
        found, levels = meant.together(both[at], both[beside], path.probabilities[ones])
        return weights.trust * float(found[0]) / 2, float(levels[0]), float(found[1]), float(levels[1])
    true, false = value[at], value[beside]
    gap = max(float(np.average(true, weights=path.probabilities[ones] + 1e-9) - false.mean()), 0.0)
    variance = max(float(true.var() + false.var()) / 2, 1e-6)
    return weights.trust * gap / variance / 2, float(false.mean()) + gap / 2, 0.0, 0.0
