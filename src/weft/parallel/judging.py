"""Which candidate pairs are translations: a logistic model over what is known of a pair, and a threshold.

Both are learnt from pairs that the lexicon was not trained on, among texts that have no translation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.parallel.candidates import Pairs
from weft.parallel.lexicon import Lexicon, Side
from weft.text.buffers import Longs
from weft.text.inverted import one_to_one
from weft.text.translated import FEATURES

Numbers = npt.NDArray[np.float64]
_ROUNDS, _PENALTY = 25, 1.0


def features(pairs: Pairs, lexicon: Lexicon, sides: tuple[Side, Side], usual: float) -> Numbers:
    """What the model sees of each pair, (pairs, features); `usual` is the mean log ratio of words (target, source)."""
    found = lexicon.features(*sides, pairs.rows, pairs.columns).astype(np.float64)
    sizes = [np.maximum(np.diff(side.tokens.starts), 1) for side in sides]
    lengths = [np.log(size[at]) for size, at in zip(sizes, (pairs.rows, pairs.columns), strict=True)]
    off = np.abs(lengths[1] - lengths[0] - usual)
    short = np.minimum(*lengths)
    width = len(FEATURES)
    columns = (
        *(pairs.margin, pairs.score, pairs.lead, pairs.lead_back, off, short),
        *(pairs.margin * np.exp(short / 2), pairs.score * np.exp(short / 2), off * np.exp(short / 2)),
        *(found[:, k] for n in (0, width) for k in (n, n + 1, n + 2, n + 4)),
    )
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)


@dataclass(frozen=True)
class Judge:
    """A logistic model: probability that a pair is a translation, where half of the texts have none."""

    mean: Numbers
    scale: Numbers
    weights: Numbers

    def probability(self, seen: Numbers) -> Numbers:
        """Of each row of `features`."""
        put = np.concatenate([(seen - self.mean) / self.scale, np.ones((len(seen), 1))], axis=1)
        return np.asarray(1 / (1 + np.exp(-np.clip((put * self.weights).sum(1), -30, 30))))


def judge(seen: Numbers, true: npt.NDArray[np.bool_]) -> Judge:
    """The model of pairs that are known (Newton's method, ridge penalty); sums in a fixed order."""
    mean, scale = seen.mean(0), np.maximum(seen.std(0), 1e-6)
    put = np.concatenate([(seen - mean) / scale, np.ones((len(seen), 1))], axis=1)
    weights = np.zeros(put.shape[1])
    penalty = np.full(put.shape[1], _PENALTY)
    penalty[-1] = 1e-6
    for _ in range(_ROUNDS):
        expected = 1 / (1 + np.exp(-np.clip((put * weights).sum(1), -30, 30)))
        slope = (put * (true - expected)[:, None]).sum(0) - penalty * weights
        spread = expected * (1 - expected)
        bend = np.stack([(put * (put[:, k] * spread)[:, None]).sum(0) for k in range(put.shape[1])])
        weights = weights + np.linalg.solve(bend + np.diag(penalty), slope)
    return Judge(mean, scale, weights)


def matched(pairs: Pairs, value: Numbers, sizes: tuple[int, int]) -> Longs:
    """Places of the pairs that stay one-to-one, highest value first; of equal ones the first row, then column."""
    order = np.lexsort((pairs.columns, pairs.rows, -value))
    return np.asarray(order[one_to_one(pairs.rows[order], pairs.columns[order], sizes)])


def threshold(value: Numbers, true: npt.NDArray[np.bool_], precision: float, paired: float = 0.5) -> float:
    """The least value from which on this share of the pairs is true; infinite where it is nowhere reached.

    The pairs are from texts of which half have a partner; `paired` is the share among those that the value is for.
    Fewer than twenty pairs above it say nothing.
    """
    order = np.argsort(-value, kind="stable")
    good = np.cumsum(true[order])
    wrong = np.cumsum(~true[order]) * ((1 - paired) / paired)
    last = np.append(value[order][1:] != value[order][:-1], True)
    reached = np.flatnonzero((good >= precision * (good + wrong)) & last & (np.arange(len(order)) >= 19))
    return float(value[order][reached[-1]]) if len(reached) else float("inf")


def shifted(value: Numbers, paired: float) -> Numbers:
    """Probabilities for corpora in which this share of the texts has a partner, from those for a half."""
    high, low = value * paired, (1 - value) * (1 - paired)
    return np.asarray(high / np.maximum(high + low, 1e-12))
