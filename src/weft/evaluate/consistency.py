"""Whether a model says the same in two languages: rankings of candidates, answers, and vectors of sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError

Doubles = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Weights = Literal["softmax", "linear", "squared"]


@dataclass(frozen=True)
class RankConsistency:
    """RankC of two languages, 0 to 1; `corrected` is 0 at chance and 1 where all rankings are the same."""

    value: float
    chance: float
    corrected: float
    queries: int


def rank_consistency(first: Any, second: Any, weights: Weights = "softmax") -> RankConsistency:
    """RankC (Qi, Fernández and Bisazza 2023, arXiv 2310.10378), corrected for chance.

    `first` and `second` are scores (queries, candidates), larger is better, aligned by position, NaN beyond a query's
    candidates. Of a query with N candidates P@j is the share of the j best of one language that are among those of the
    other, and RankC is the sum over j of w_j P@j, w_j = softmax(N - j + 1) or in proportion to it or to its square. As
    P@N is always 1, rankings by lot have the sum of w_j j / N: .63 of two candidates. Equal scores are ranked in the
    order of the candidates. A query with fewer than two candidates is left out. Raises WeftError when shapes differ,
    where a candidate has a score in one language alone, and with no query left.
    """
    held = [np.asarray(side, np.float64) for side in (first, second)]
    if held[0].ndim != 2 or held[0].shape != held[1].shape:
        raise WeftError(f"scores of shapes {held[0].shape} and {held[1].shape}; expected one, (queries, candidates)")
    there = ~np.isnan(held[0])
    differ = np.flatnonzero((there != ~np.isnan(held[1])).any(axis=1))
    if len(differ):
        raise WeftError(f"scores, query {differ[0] + 1}: a candidate has one in one language alone; expected in both")
    counts = there.sum(axis=1)
    values, chances = [], []
    for count in np.unique(counts[counts > 1]):
        rows = counts == count
        ranks = [_ranks(side[rows], there[rows], int(count)) for side in held]
        weight = _weights(int(count), weights)
        # A candidate is among the j best of both from the worse of its two ranks on.
        worse = np.maximum(*ranks)
        places = np.arange(1, count + 1)
        both = (worse[:, None, :] < places[None, :, None]).sum(axis=2)
        values.append((weight * both / places).sum(axis=1))
        chances.append(np.full(int(rows.sum()), float((weight * places / count).sum())))
    if not values:
        raise WeftError("scores: no query has two candidates; expected some")
    value, chance = float(np.concatenate(values).mean()), float(np.concatenate(chances).mean())
    return RankConsistency(value, chance, (value - chance) / (1 - chance), sum(map(len, values)))


def _ranks(scores: Doubles, there: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.int64]:
    """Rank of each candidate from 0, the best; (queries, count)."""
    held = scores[there].reshape(-1, count)
    order = np.argsort(-held, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(count)[None, :], axis=1)
    return ranks


def _weights(count: int, kind: Weights) -> Doubles:
    rising = np.arange(count, 0, -1, dtype=np.float64)
    held = {"softmax": np.exp(rising - count), "linear": rising, "squared": rising**2}[kind]
    found: Doubles = held / held.sum()
    return found


@dataclass(frozen=True)
class Agreement:
    """Answers of two languages to the same items."""

    same: float
    """MLC (MuBench, arXiv 2506.19468): the share of items with the same answer, right or wrong."""
    kappa: float
    """Cohen's kappa (1960): agreement beyond what both would have by how often they give each answer."""
    same_wrong: float
    """Share of items whose answers are the same and wrong: agreement that nobody wants."""
    items: int
    unanswered: int
    """Items that one language at least gave no answer to; they are left out."""


def agreement(first: Sequence[int | None], second: Sequence[int | None], right: Sequence[int]) -> Agreement:
    """How far answers agree; `right` are the right ones. All NaN with no item that both answered.

    Raises WeftError when lengths differ.
    """
    if not len(first) == len(second) == len(right):
        raise WeftError(f"answers: {len(first)} and {len(second)} to {len(right)} items; expected as many")
    rows = [(a, b, c) for a, b, c in zip(first, second, right, strict=True) if a is not None and b is not None]
    left = len(right) - len(rows)
    if not rows:
        return Agreement(float("nan"), float("nan"), float("nan"), 0, left)
    a, b, c = (np.array(column) for column in zip(*rows, strict=True))
    same = float((a == b).mean())
    by_chance = sum(float((a == one).mean() * (b == one).mean()) for one in np.union1d(a, b))
    kappa = (same - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")
    return Agreement(same, kappa, float(((a == b) & (a != c)).mean()), len(rows), left)


@dataclass(frozen=True)
class Found:
    """Of each source: how many targets are at least as good as its translation, that one apart; 0: it is found."""

    by_margin: Longs
    by_cosine: Longs
    nearest: Longs
    """The target with the best margin; of equal ones the first."""


@dataclass(frozen=True)
class Retrieval:
    """How often a sentence's translation is not, or is, found by its vector."""

    xsim: float
    """Share of sources whose best translation by margin is not theirs (Heffernan et al. 2022)."""
    cosine: float
    """The same by cosine alone."""
    recall: dict[int, float]
    """By margin: share of sources whose translation is among the best k."""
    items: int


NEIGHBOURS = 4
RANKS = (1, 5, 10)
_ROWS = 1_024
"""Sources whose cosines with all targets are held at once."""


def retrieval(source: Any, target: Any, *, neighbours: int = NEIGHBOURS, ranks: Sequence[int] = RANKS) -> Retrieval:
    """Of vectors (items, numbers) of sentences and of their translations, row by row, as `found_among` has them."""
    above = found_among(source, target, neighbours=neighbours)
    return Retrieval(
        float((above.by_margin > 0).mean()),
        float((above.by_cosine > 0).mean()),
        {k: float((above.by_margin < k).mean()) for k in ranks},
        len(above.by_margin),
    )


def found_among(source: Any, target: Any, *, neighbours: int = NEIGHBOURS) -> Found:
    """Where the translation of each source stands among all targets; vectors are (items, numbers), row by row.

    The margin is a ratio (Artetxe and Schwenk 2019): cos(x, y) / (the mean of cosines of x to its k nearest of y, and
    of y to its k nearest of x). A tie is no find. Of vectors of whole numbers, as `encoding.directed` makes them, all
    products are exact. Raises WeftError for shapes that differ and for vectors of no length.
    """
    sides = [np.asarray(side, np.float64) for side in (source, target)]
    if sides[0].ndim != 2 or sides[0].shape != sides[1].shape or not len(sides[0]):
        raise WeftError(f"vectors of shapes {sides[0].shape} and {sides[1].shape}; expected one, (items, numbers)")
    lengths = [np.linalg.norm(side, axis=1) for side in sides]
    for side, length in zip(("source", "target"), lengths, strict=True):
        if not np.isfinite(length).all() or not (length > 0).all():
            raise WeftError(f"vectors of the {side}: one is of no length, or not finite; expected a direction")
    both = list(zip(sides, lengths, strict=True))
    mine, theirs = _usual(both[0], both[1], neighbours), _usual(both[1], both[0], neighbours)
    by_margin, by_cosine, nearest = np.empty((3, len(mine)), np.int64)
    for first, cosine in _cosines(both[0], both[1]):
        rows = np.arange(first, first + len(cosine))
        by_cosine[rows] = _above(cosine, rows)
        margin = cosine / ((mine[rows, None] + theirs[None, :]) / 2)
        by_margin[rows], nearest[rows] = _above(margin, rows), margin.argmax(axis=1)
    return Found(by_margin, by_cosine, nearest)


def _cosines(first: tuple[Doubles, Doubles], second: tuple[Doubles, Doubles]) -> Iterator[tuple[int, Doubles]]:
    """Cosines of some rows of the first, from a number on, with all of the second."""
    for start in range(0, len(first[0]), _ROWS):
        stop = start + _ROWS
        yield start, (first[0][start:stop] @ second[0].T) / first[1][start:stop, None] / second[1][None, :]


def _usual(rows: tuple[Doubles, Doubles], there: tuple[Doubles, Doubles], neighbours: int) -> Doubles:
    """The mean cosine of each row with its nearest vectors there."""
    near = min(neighbours, len(there[0]))
    # Sorted, so that a mean does not depend on the order in which a partition leaves them.
    held = [np.sort(-np.partition(-part, near - 1, axis=1)[:, :near], axis=1) for _, part in _cosines(rows, there)]
    found: Doubles = np.concatenate(held).mean(axis=1)
    return found


def _above(scores: Doubles, right: Longs) -> Longs:
    """How many columns are at least as good as the right one of each row, that one apart: a tie is no find."""
    own = scores[np.arange(len(scores)), right][:, None]
    above: Longs = (scores >= own).sum(axis=1) - 1
    return above


@dataclass(frozen=True)
class Likeness:
    """How much nearer a sentence's state is to that of its translation than to those of other sentences."""

    value: float
    """The mean cosine with the translation less that with other sentences, over items and layers."""
    cosine: float
    """The mean cosine with the translation, which is high where all states point one way."""
    layers: Doubles
    """`value` of each layer."""
    each: Doubles
    """What each item gives to `value`, which is their mean; to resample items is to resample both sides of it."""
    cosines: Doubles
    """What each item gives to `cosine`."""


def likeness(first: Any, second: Any) -> Likeness:
    """Language Ranker (Li et al. 2024, arXiv 2404.11553), less what shuffled pairs have.

    `first` and `second` are the states of a model's last token for sentences and their translations, row by row,
    (items, layers, numbers). What shuffled pairs have is the mean over all pairs of two items, and so of no one
    shuffle. An item stands in as many of them as source and as target: its share in that mean counts double, less the
    mean, as the jackknife of a mean over pairs has it. Raises WeftError for shapes that differ, fewer than two items,
    and states of no length.
    """
    sides = [np.asarray(side) for side in (first, second)]
    if sides[0].ndim != 3 or sides[0].shape != sides[1].shape or not sides[0].shape[1]:
        raise WeftError(
            f"states of shapes {sides[0].shape} and {sides[1].shape}; expected one, (items, layers, numbers)"
        )
    items, layers, _ = sides[0].shape
    if items < 2:
        raise WeftError(f"states of {items} items; expected two at least, of which pairs can be shuffled")
    matched, others = np.empty((layers, items)), np.empty((layers, items))
    for layer in range(layers):
        x, y = (_directions(side[:, layer].astype(np.float64), layer) for side in sides)
        matched[layer] = (x * y).sum(axis=1)
        others[layer] = ((x @ y.sum(axis=0) + y @ x.sum(axis=0)) / 2 - matched[layer]) / (items - 1)
    by_chance = 2 * others - others.mean(axis=1, keepdims=True)
    each, cosines = (matched - by_chance).mean(axis=0), matched.mean(axis=0)
    return Likeness(float(each.mean()), float(cosines.mean()), (matched - by_chance).mean(axis=1), each, cosines)


def _directions(states: Doubles, layer: int) -> Doubles:
    lengths = np.linalg.norm(states, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise WeftError(f"states of layer {layer + 1}: one is of no length, or not finite; expected a direction")
    found: Doubles = states / lengths
    return found
