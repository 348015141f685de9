"""Functions of a few numbers that are piecewise linear in each of them and in each two of them together.

A number lies between two knots and belongs to both in part (tent functions: B-splines of first order, de Boor 1978). A
score adds up a weight for each part and for each product of the parts of two numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Knots = Sequence[Sequence[float]]
"""Of each number its knots, ascending; what lies outside counts as the nearest."""


def bounds_of(knots: Knots) -> list[int]:
    """Where the parts of each number begin, after the constant at place 0; at last, how many places there are."""
    return list(itertools.accumulate((len(own) for own in knots), initial=1))


def score(values: Floats, knots: Knots, weights: Floats) -> Floats:
    """(rows,): the score of each row of `values` (rows, numbers) by `weights` (places, places), upper triangle.

    Sums run in the same order for every row, whatever rows are beside it.
    """
    first = bounds_of(knots)
    total = np.full(len(values), weights[0, 0])
    before: list[tuple[npt.NDArray[np.int64], Floats]] = []
    for number, own in enumerate(knots):
        at = _positions(values[:, number], own)
        low = np.minimum(at.astype(np.int64), len(own) - 2)
        parts = [(first[number] + low, 1 - (at - low)), (first[number] + low + 1, at - low)]
        for place, part in parts:
            total += weights[0, place] * part
            for other, its in before:
                total += weights[other, place] * its * part
        before += parts
    return total


def products(values: Floats, knots: Knots) -> tuple[Floats, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """What a score is linear in: (rows, pairs), and the places in its weights, to learn these. The first is 1."""
    first = bounds_of(knots)
    dense = np.ones((len(values), first[-1]))
    for number, own in enumerate(knots):
        at = _positions(values[:, number], own)[:, None]
        dense[:, first[number] : first[number + 1]] = np.maximum(0, 1 - np.abs(at - np.arange(len(own))))
    number_of = np.repeat(np.arange(len(first)), [1, *(len(own) for own in knots)])
    one, other = np.nonzero(number_of[:, None] < number_of)
    one, other = np.append(0, one), np.append(0, other)
    return dense[:, one] * dense[:, other], (one, other)


def linear(slopes: Sequence[float], constant: float, knots: Knots) -> Floats:
    """The weights of a function that is linear between the outermost knots."""
    first = bounds_of(knots)
    weights = np.zeros((first[-1], first[-1]))
    weights[0, 0] = constant
    for number, (slope, own) in enumerate(zip(slopes, knots, strict=True)):
        weights[0, first[number] : first[number + 1]] = slope * np.array(own)
    return weights


def _positions(values: Floats, knots: Sequence[float]) -> Floats:
    """How many knots lie before each value, with the share of the way to the next."""
    return np.interp(values, knots, np.arange(len(knots)))
