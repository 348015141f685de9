"""How well a metric ranks translations as people do: pairwise accuracy with ties, and soft pairwise accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError

Doubles = npt.NDArray[np.float64]
_PERMUTATIONS = 1_000


@dataclass(frozen=True)
class TieAccuracy:
    """Of a metric at one `epsilon`: how often it says of two translations what people say, a tie among the answers."""

    accuracy: float
    epsilon: float
    all_ties: float
    """What a metric has that calls every pair a tie: a metric is worth what it has above it."""
    items: int
    pairs: int


class _Pairs:
    """Pairs of systems on each item that has at least one: human order, metric's difference, and their weight."""

    def __init__(self, human: Any, metric: Any) -> None:
        h, m = np.asarray(human, np.float64), np.asarray(metric, np.float64)
        if h.ndim != 2 or h.shape != m.shape:
            raise WeftError(f"scores of shapes {h.shape} and {m.shape}; expected one shape (items, systems)")
        first, second = np.triu_indices(h.shape[1], 1)
        order, apart = h[:, first] - h[:, second], m[:, first] - m[:, second]
        there = ~(np.isnan(order) | np.isnan(apart))
        counts = there.sum(axis=1)
        self.items = int((counts > 0).sum())
        if not self.items:
            raise WeftError("scores: no item has two systems that both people and the metric scored; expected some")
        self.order = np.sign(order[there])
        self.apart = apart[there]
        self.weight = np.repeat(1.0 / np.maximum(counts, 1), counts) / self.items

    def accuracy(self, epsilon: float) -> float:
        said = np.where(np.abs(self.apart) <= epsilon, 0.0, np.sign(self.apart))
        return float(self.weight[said == self.order].sum())

    @property
    def all_ties(self) -> float:
        return float(self.weight[self.order == 0].sum())


def tie_accuracy(human: Any, metric: Any, epsilon: float = 0.0) -> TieAccuracy:
    """acc_eq of Deutsch, Foster and Freitag (2023, arXiv 2305.14324), grouped by item.

    (C + T_hm) / (C + D + T_h + T_m + T_hm) over the pairs of systems of each item, and the mean over items. `human` and
    `metric` are scores (items, systems), larger is better, NaN where there is none; pairs whose metric scores differ by
    at most `epsilon` are ties of the metric. Raises WeftError when no item has two systems that both scored.
    """
    pairs = _Pairs(human, metric)
    return TieAccuracy(pairs.accuracy(epsilon), epsilon, pairs.all_ties, pairs.items, len(pairs.order))


def tie_accuracies(human: Any, metric: Any, epsilon: float = 0.0) -> Doubles:
    """What `tie_accuracy` has of each item, (items,): NaN where no two systems have both scores."""
    h, m = np.asarray(human, np.float64), np.asarray(metric, np.float64)
    first, second = np.triu_indices(h.shape[1], 1)
    order, apart = h[:, first] - h[:, second], m[:, first] - m[:, second]
    there = ~(np.isnan(order) | np.isnan(apart))
    said = np.where(np.abs(apart) <= epsilon, 0.0, np.sign(apart))
    with np.errstate(invalid="ignore"):
        found: Doubles = ((said == np.sign(order)) & there).sum(axis=1) / there.sum(axis=1)
    return found


def calibrated_epsilon(human: Any, metric: Any) -> float:
    """The threshold of ties at which `tie_accuracy` is highest, the smallest of those; of 0 and all differences seen.

    To be chosen on other items than those it is told of: on few levels of human scores the best may be to call
    everything a tie, which the baseline `all_ties` shows. Raises WeftError as `tie_accuracy`.
    """
    pairs = _Pairs(human, metric)
    size = np.abs(pairs.apart)
    order = np.argsort(size, kind="stable")
    size = size[order]
    right = np.where(np.sign(pairs.apart) == pairs.order, pairs.weight, 0.0)[order]
    tie = np.where(pairs.order == 0, pairs.weight, 0.0)[order]
    # Up to each difference all are ties; those above are judged by their sign.
    as_ties, as_judged = np.cumsum(tie), right.sum() - np.cumsum(right)
    last = np.flatnonzero(np.append(np.diff(size) > 0, True))
    epsilons, found = size[last], (as_ties + as_judged)[last]
    if epsilons[0] > 0:
        epsilons, found = np.append(0.0, epsilons), np.append(right.sum(), found)
    best = found.max()
    return float(epsilons[np.flatnonzero(found >= best - 1e-12)[0]])


def soft_pairwise_accuracy(human: Any, metric: Any, *, permutations: int = _PERMUTATIONS, seed: int = 0) -> float:
    """SPA of Thompson, Mathur, Deutsch and Khayrallah (2024, arXiv 2409.09598).

    mean over pairs of systems i < j of 1 - |p_human(i, j) - p_metric(i, j)|, with p the share of paired permutations
    (signs of an item's difference turned by coin) whose mean difference is at least the observed one. `human` and
    `metric` are scores (items, systems); each has its own items where the other has none, but a system that is NaN in
    an item leaves that item out for all. The coins are the same for all pairs. Raises WeftError for fewer than two
    systems or no items.
    """
    return float(1.0 - np.abs(p_values(human, permutations, seed) - p_values(metric, permutations, seed)).mean())


def pairwise_accuracy(human: Any, metric: Any) -> float:
    """The share of pairs of systems that a metric orders as people do (Kocmi et al. 2021, arXiv 2107.10821).

    Of means over the items that all systems have of both; pairs that people hold equal do not count, and those that
    the metric does are wrong. NaN where people tell no two apart.
    """
    h, m = np.asarray(human, np.float64), np.asarray(metric, np.float64)
    there = ~(np.isnan(h) | np.isnan(m)).any(axis=1)
    first, second = np.triu_indices(h.shape[1], 1)
    means = [held[there].mean(axis=0) for held in (h, m)]
    wanted, said = (np.sign(np.round(one[first] - one[second], 12)) for one in means)
    return float((said == wanted)[wanted != 0].mean()) if (wanted != 0).any() else float("nan")


def coins(items: int, permutations: int = _PERMUTATIONS, seed: int = 0) -> Doubles:
    """Signs (permutations, items) that turn an item's difference or not, for `p_values` of these items."""
    draws = np.random.Generator(np.random.PCG64(seed))
    return (draws.integers(0, 2, (permutations, items), dtype=np.int8) * 2 - 1).astype(np.float64)


def p_values(scores: Any, permutations: int = _PERMUTATIONS, seed: int = 0, signs: Doubles | None = None) -> Doubles:
    """Of every two systems i < j how probable a difference as large as that seen is by chance, as SPA has it.

    `signs` are `coins` of these items, or of more, of which the first ones count. Raises WeftError as SPA.
    """
    held = np.asarray(scores, np.float64)
    if held.ndim != 2 or held.shape[1] < 2:
        raise WeftError(f"scores of shape {held.shape}; expected (items, systems) with two systems at least")
    held = held[~np.isnan(held).any(axis=1)]
    if not len(held):
        raise WeftError("scores: no item that all systems have; expected some")
    first, second = np.triu_indices(held.shape[1], 1)
    turned = (coins(len(held), permutations, seed) if signs is None else signs[:, : len(held)]) @ held
    observed = held.sum(axis=0)
    null = turned[:, first] - turned[:, second]
    wanted = observed[first] - observed[second]
    # Differences that are equal but for their last bits count as equal.
    found: Doubles = (null >= wanted - 1e-9 * np.maximum(1.0, np.abs(wanted))).mean(axis=0)
    return found
