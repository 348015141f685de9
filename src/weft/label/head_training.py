"""A linear head over vectors, from labels that people gave: logistic regression, or ridge for scores.

Both minimise the mean loss plus half of `penalty` times the squared weights over standardised numbers; the penalty is
the one that does best in a cross-validation of five parts. Numbers are float64, and the draw of the parts is by a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from weft.label.answers import Doubles, activated
from weft.text.buffers import Longs

PENALTIES = (1.0, 0.1, 0.01, 0.001, 0.0001)
_PARTS, _STEPS, _MEMORY = 5, 300, 10
Fit = Callable[[Doubles, Any, float], tuple[Doubles, Doubles]]


class Trained(NamedTuple):
    """Weight (outputs, inputs) and bias over vectors as they are, and the penalty that was chosen."""

    weight: Doubles
    bias: Doubles
    penalty: float


def classifier(vectors: Doubles, labels: Longs, count: int, seed: int) -> Trained:
    """A logistic regression with an output for each of `count` labels; a rare label counts as much as any."""
    weights = len(labels) / np.maximum(np.bincount(labels, minlength=count), 1) / count

    def fit(held: Doubles, own: Longs, penalty: float) -> tuple[Doubles, Doubles]:
        return _logistic(held, own, weights[own], count, penalty)

    def loss(scores: Doubles, own: Longs) -> float:
        share = activated(scores, "single_label_classification")[np.arange(len(own)), own]
        return float(-(weights[own] * np.log(np.maximum(share, 1e-300))).mean())

    return _chosen(vectors, labels, fit, loss, seed)


def regression(vectors: Doubles, scores: Doubles, seed: int) -> Trained:
    """A ridge regression with one output."""

    def fit(held: Doubles, own: Doubles, penalty: float) -> tuple[Doubles, Doubles]:
        middle = own.mean()
        left = held.T @ held / len(held) + penalty * np.eye(held.shape[1])
        return np.linalg.solve(left, held.T @ (own - middle) / len(held))[None, :], np.array([middle])

    return _chosen(vectors, scores, fit, lambda found, own: float(((found[:, 0] - own) ** 2).mean()), seed)


def _chosen(vectors: Doubles, own: Any, fit: Fit, loss: Callable[[Doubles, Any], float], seed: int) -> Trained:
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    held = (vectors - mean) / spread
    part = np.random.Generator(np.random.PCG64(seed)).permutation(len(held)) % _PARTS
    losses = []
    for penalty in PENALTIES:
        found = []
        for number in range(_PARTS):
            inside = part != number
            weight, bias = fit(held[inside], own[inside], penalty)
            found.append(loss(held[~inside] @ weight.T + bias, own[~inside]))
        losses.append(np.mean(found))
    penalty = PENALTIES[int(np.argmin(losses))]
    weight, bias = fit(held, own, penalty)
    return Trained(weight / spread, bias - (weight / spread) @ mean, penalty)


def _logistic(held: Doubles, own: Longs, each: Doubles, count: int, penalty: float) -> tuple[Doubles, Doubles]:
    rows, width = held.shape
    wanted = np.eye(count)[own]

    def value(flat: Doubles) -> tuple[float, Doubles]:
        weight, bias = flat[: count * width].reshape(count, width), flat[count * width :]
        share = activated(held @ weight.T + bias, "single_label_classification")
        off = each[:, None] * (share - wanted) / rows
        lost = -(each * np.log(np.maximum(share[np.arange(rows), own], 1e-300))).mean()
        slope = np.concatenate([(off.T @ held + penalty * weight).ravel(), off.sum(axis=0)])
        return float(lost + penalty / 2 * (weight**2).sum()), slope

    flat = _least(value, np.zeros(count * width + count))
    return flat[: count * width].reshape(count, width), flat[count * width :]


def _least(value: Callable[[Doubles], tuple[float, Doubles]], start: Doubles) -> Doubles:
    """Where a convex function is least, by L-BFGS (Nocedal and Wright 2006, algorithm 7.4) with halved steps."""
    at, (now, slope) = start, value(start)
    moves: list[tuple[Doubles, Doubles]] = []
    for _ in range(_STEPS):
        if np.abs(slope).max() < 1e-6:
            break
        way, shares = slope.copy(), []
        for move, turn in reversed(moves):
            share = move @ way / (move @ turn)
            shares.append(share)
            way -= share * turn
        if moves:
            way *= moves[-1][0] @ moves[-1][1] / (moves[-1][1] @ moves[-1][1])
        for (move, turn), share in zip(moves, reversed(shares), strict=True):
            way += (share - turn @ way / (move @ turn)) * move
        size = 1.0
        while True:
            there = at - size * way
            then, steep = value(there)
            if then <= now - 1e-4 * size * (slope @ way) or size < 1e-10:
                break
            size /= 2
        if (there - at) @ (steep - slope) > 1e-12:
            moves = [*moves, (there - at, steep - slope)][-_MEMORY:]
        if now - then < 1e-10 * max(abs(now), 1.0):
            at = there
            break
        at, now, slope = there, then, steep
    return at
