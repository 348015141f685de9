"""How much of each sentence of a text is in the text of another language: all, a part, or nothing.

Of every sentence numbers are taken: how sure its alignment is; how well the words of its bead, of the most alike of the
sentences nearby and of runs of these explain it and are explained by it; and how long they are. Two logistic models,
learnt from documents that are made of a seed, weigh them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError
from weft.language.logistic import logistic
from weft.parallel.alignment import PRIORS, Document, Lengths, align, document, lengths_of
from weft.parallel.alignment_passes import joined
from weft.parallel.alignment_words import numbered
from weft.parallel.divergence_examples import LABELS, NEW, SAME, Rates, comparable
from weft.parallel.lexicon import Folding, Lexicon, train
from weft.text.agreement import Table, Words, agreement, band
from weft.text.beads import Path
from weft.text.buffers import Longs

Floats = npt.NDArray[np.float64]
NEAR, RUN = 5, 3
"""Sentences before and after the place of a sentence that are looked at one by one, and together."""
_GIVEN = 0.3
FOLDS = 5
LEAST_PAIRS = 300
LINES = 60
"""Lines of a document that is learnt from."""
APART = {**PRIORS, (1, 0): 0.15, (0, 1): 0.15}
"""Kinds of beads: of documents that say partly the same more sentences have no translation."""


class Found(NamedTuple):
    """Of each sentence of one side: the probability that it is the same and that it is new, its label, and the first
    sentence of the other side that is aligned with it and how many (0: none)."""

    same: Floats
    new: Floats
    label: Longs
    begin: Longs
    size: Longs


@dataclass(frozen=True)
class Divergence:
    """What was learnt of two languages: a lexicon, lengths, and of either side weights and thresholds.

    `weights[side]` (2, inputs): of the same and of the new; `least[side]`: of the same. `confusion[side]` (3, 3):
    labels by what they are and what they were called, of parts of the seed that were not learnt from.
    """

    lexicon: Lexicon
    lengths: Lengths
    weights: tuple[Floats, Floats]
    least: tuple[float, float]
    confusion: tuple[Longs, Longs]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What was learnt from: `pairs`, `keep`, `seed`."""

    def label(self, one: Document, other: Document) -> tuple[Found, Found]:
        """Labels of the sentences of both documents."""
        path = align(one, other, self.lexicon, self.lengths, priors=APART)
        seen = evidence(self.lexicon, (one, other), path, self.lengths.ratio)
        return tuple(self._labelled(side, seen[side], path) for side in range(2))  # type: ignore[return-value]

    def _labelled(self, side: int, seen: Floats, path: Path) -> Found:
        same, new = (chances(seen, weights) for weights in self.weights[side])
        own, other = 2 * side, 2 * (1 - side)
        beads = np.repeat(path.beads, path.beads[:, own + 1], axis=0)
        return Found(same, new, called(same, new, self.least[side]), beads[:, other], beads[:, other + 1])


def chances(seen: Floats, weights: Floats) -> Floats:
    """Probabilities of a logistic model."""
    return np.asarray(1 / (1 + np.exp(-np.clip(seen @ weights, -30, 30))))


def called(same: Floats, new: Floats, least: float) -> Longs:
    """The label of each sentence: SAME from `least` on, else NEW where that is more probable than not."""
    return np.where(same >= least, SAME, np.where(new >= 0.5, NEW, 1)).astype(np.int64)


def evidence(lexicon: Lexicon, pair: tuple[Document, Document], path: Path, ratio: float) -> tuple[Floats, Floats]:
    """(sentences, inputs) of either side, the first input 1; `ratio`: characters of the second for one of the first."""
    turned = Lexicon(lexicon.languages[::-1], lexicon.foldings[::-1], lexicon.vocabularies[::-1], lexicon.cells[::-1])
    back = path._replace(beads=path.beads[:, [2, 3, 0, 1]])
    return _evidence(lexicon, pair, path, ratio), _evidence(turned, pair[::-1], back, 1 / ratio)


def _evidence(lexicon: Lexicon, pair: tuple[Document, Document], path: Path, ratio: float) -> Floats:
    """Of the first document."""
    own, other = pair
    if not len(own) or not len(other):
        return np.tile(_NOTHING, (len(own), 1))
    sizes = [held.characters for held in pair]
    place = np.repeat(np.arange(len(path.beads)), path.beads[:, 1])
    whole = path.beads[place, 3] > 0
    sure = np.clip(np.where(whole, path.probabilities[place], 0), 1e-3, 1 - 1e-3)
    near, longer = _nearby(lexicon, pair, path.beads[place], ratio)
    run = [
        np.bincount(np.repeat(np.arange(len(path.beads)), path.beads[:, 2 * k + 1]), sizes[k], len(path.beads))
        for k in range(2)
    ]
    run_longer = np.where(whole, np.log((run[1][place] + 10) / (run[0][place] * ratio + 10)), longer)
    return np.column_stack(
        [np.ones(len(own)), whole, np.log(sure / (1 - sure)), longer, np.minimum(longer, 0), run_longer,
         np.minimum(run_longer, 0), near, _beads(lexicon, pair, path, place)]
    )  # fmt: skip


_NOTHING = np.concatenate([[1.0, 0.0, np.log(1e-3 / (1 - 1e-3))], np.zeros(4 + 12), [-1, 0, 1, 0, 1] * 4])
"""Evidence of a sentence beside which there is no text."""
INPUTS = len(_NOTHING)
"""Numbers of a sentence that the models weigh, the first of them 1."""


def _nearby(lexicon: Lexicon, pair: tuple[Document, Document], beads: Longs, ratio: float) -> tuple[Floats, Floats]:
    """(sentences, 12): how well the most alike sentence nearby, and runs of up to RUN of them, agree with each; and by
    how much that sentence is longer, as a logarithm. `beads` are those of each sentence."""
    size, count = len(pair[0]), len(pair[1])
    low = np.concatenate([[0], np.maximum(beads[:, 2] - NEAR, 0)])
    high = np.concatenate([[0], np.minimum(beads[:, 2] + beads[:, 3] + NEAR, count)])
    places = band(low.astype(np.int64), high.astype(np.int64))
    both = numbered(pair[0].sentences, pair[1].sentences, lexicon)
    said = agreement(both.tables[1], both.words[1], both.words[0], places, RUN, across=True)
    told = agreement(both.tables[0], both.words[0], both.words[1], places, 1, across=False)[0]
    row = np.repeat(np.arange(size + 1), places.high - places.low + 1) - 1
    column = np.arange(places.size) - places.begin[row + 1] + places.low[row + 1] - 1
    inside = (row >= 0) & (column >= 0)
    row, column, said, told = row[inside], column[inside], said[:, inside], told[inside]
    mine, theirs = (_scale(words, table) for words, table in zip(both.words, both.tables[::-1], strict=True))
    share, back = (said - mine.none[row]) / mine.span[row], (told - theirs.none[column]) / theirs.span[column]
    mean = said / np.maximum(mine.words[row], 1)
    best = _first(row, share[0] + back, size)
    longer = np.log((pair[1].characters[column] + 10) / (pair[0].characters[row] * ratio + 10))[best]
    found = [
        *(share[0][best], back[best], mean[0][best], told[best] / np.maximum(theirs.words[column[best]], 1)),
        *(held[_first(row, held, size)] for k in range(RUN) for held in (share[k], mean[k])),
        *(np.log(mine.words + 1), mine.span / np.maximum(mine.words, 1)),
    ]
    return np.column_stack(found), longer


def _beads(lexicon: Lexicon, pair: tuple[Document, Document], path: Path, place: Longs) -> Floats:
    """(sentences, 20): `translated.FEATURES` of each sentence and of its bead, with the other side of the bead; where
    that is empty, with the sentences before and after it."""
    first, count = path.beads[place, 2], path.beads[place, 3]
    low = np.where(count > 0, first, np.maximum(first - 1, 0))
    high = np.where(count > 0, first + count, np.minimum(first + 1, len(pair[1])))
    beads = joined(pair[0].sentences, path.beads[:, 0], path.beads[:, 1])
    texts = lexicon.side(0, pl.concat([pair[0].sentences, beads]))
    others = lexicon.side(1, joined(pair[1].sentences, low, high - low))
    every = np.arange(len(place))
    alone, whole = (lexicon.features(texts, others, own, every) for own in (every, len(place) + place))
    return np.column_stack([alone, whole]).astype(np.float64)


class _Scale(NamedTuple):
    """Of each sentence what agreement is where nothing of it is explained, how much more where all is, its words."""

    none: Floats
    span: Floats
    words: Floats


def _scale(words: Words, table: Table) -> _Scale:
    # A word is explained where the other side gives it _GIVEN of its probability.
    nothing = np.log(np.maximum(1 - table.belief, 1e-3))[words.told]
    whole = np.log(table.belief * _GIVEN / table.usual + 1 - table.belief)[words.told]
    size = np.diff(words.starts).astype(np.int64)
    place = np.repeat(np.arange(len(size)), size)
    none, full = (np.asarray(np.bincount(place, held, len(size)), np.float64) for held in (nothing, whole))
    return _Scale(none, np.maximum(full - none, 0.1), size.astype(np.float64))


def _first(row: Longs, value: Floats, size: int) -> Longs:
    """The place of the highest value of each row."""
    order = np.lexsort((-value, row))
    return np.asarray(order[np.searchsorted(row[order], np.arange(size))])


def learn(
    source: Sequence[str],
    target: Sequence[str],
    languages: tuple[str, str],
    foldings: tuple[Folding, Folding] = (Folding(), Folding()),
    keep: float = 0.9,
    seed: int = 1,
    rates: Rates | None = None,
) -> Divergence:
    """Labels learnt from pairs that are right, in the order of their documents.

    Of documents made of a fifth of the seed the evidence comes from a lexicon of the rest. `keep` is the share of
    sentences that are the same of which that is said. Raises WeftError for fewer than LEAST_PAIRS pairs.
    """
    check_pairs(len(source))
    seen: tuple[list[Floats], list[Floats]] = ([], [])
    known: tuple[list[Longs], list[Longs]] = ([], [])
    folds: tuple[list[Longs], list[Longs]] = ([], [])
    lengths = lengths_of(pl.Series(source), pl.Series(target))
    for fold in range(FOLDS):
        first, last = len(source) * fold // FOLDS, len(source) * (fold + 1) // FOLDS
        rest = [[*side[:first], *side[last:]] for side in (source, target)]
        lexicon = train(rest[0], rest[1], languages, foldings)
        for begin in range(first, last, LINES):
            random = np.random.default_rng([seed, begin])
            end = min(begin + LINES, last)
            made = comparable(source[begin:end], target[begin:end], random, rates)
            pair = (document(made.texts[0]), document(made.texts[1]))
            path = align(*pair, lexicon, lengths, priors=APART)
            for side, rows in enumerate(evidence(lexicon, pair, path, lengths.ratio)):
                if len(rows):
                    seen[side].append(rows)
                    known[side].append(np.array(made.labels[side], np.int64))
                    folds[side].append(np.full(len(rows), fold))
    learnt = [
        _weighed(np.concatenate(seen[side]), np.concatenate(known[side]), np.concatenate(folds[side]), keep)
        for side in range(2)
    ]
    (one, least, confusion), (other, most, turned) = learnt
    whole = train(source, target, languages, foldings)
    facts = {"pairs": len(source), "keep": keep, "seed": seed}
    return Divergence(whole, lengths, (one, other), (least, most), (confusion, turned), facts)


def check_pairs(count: int) -> None:
    """Raises WeftError for too few pairs to learn from."""
    if count < LEAST_PAIRS:
        raise WeftError(f"a seed of {count} pairs; expected {LEAST_PAIRS} at least, better 2,000")


def _weighed(seen: Floats, known: Longs, folds: Longs, keep: float) -> tuple[Floats, float, Longs]:
    """Weights, the least probability of the same, and the confusion of folds that others were learnt from."""
    chance = np.empty((len(known), 2))
    for fold in range(FOLDS):
        rest, held = folds != fold, folds == fold
        for n, weights in enumerate(_models(seen[rest], known[rest])):
            chance[held, n] = chances(seen[held], weights)
    least = float(np.quantile(chance[known == SAME, 0], 1 - keep, method="lower"))
    told = called(chance[:, 0], chance[:, 1], least)
    confusion = np.bincount(known * len(LABELS) + told, minlength=len(LABELS) ** 2).reshape(len(LABELS), -1)
    return _models(seen, known), least, confusion


def _models(seen: Floats, known: Longs) -> Floats:
    """Of the same against the others, and of the new against what is said in part, every label weighted the same."""
    counts = np.maximum(np.bincount(known, minlength=len(LABELS)), 1)
    weight = 1 / counts[known] / len(LABELS)
    other = known != SAME
    same = logistic(seen, (known == SAME).astype(np.float64), weight, 1e-3)
    new = logistic(seen[other], (known[other] == NEW).astype(np.float64), weight[other], 1e-3)
    return np.vstack([same, new]).astype(np.float64)
