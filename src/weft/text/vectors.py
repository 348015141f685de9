"""Parts of kernels that work on numbers in a row: every sum in a fixed order, so that answers are the same everywhere.

They take slices that begin at 0: of a loop that begins elsewhere numba cannot know that no index is negative, and one
that may be is not made into vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.jit import part

_LOWEST = np.float32(-16.0)
_ONE, _T2, _T3 = np.float32(1.0), np.float32(1 / 2), np.float32(1 / 6)
_T4, _T5, _T6, _T7 = np.float32(1 / 24), np.float32(1 / 120), np.float32(1 / 720), np.float32(1 / 5040)


@part
def sum_of(values: Any) -> Any:
    """In eight partial sums: a fixed order that a processor need not wait for."""
    a = b = c = d = e = f = g = h = np.float32(0.0)
    whole = len(values) // 8 * 8
    for n in range(0, whole, 8):
        a += values[n]
        b += values[n + 1]
        c += values[n + 2]
        d += values[n + 3]
        e += values[n + 4]
        f += values[n + 5]
        g += values[n + 6]
        h += values[n + 7]
    for n in range(whole, len(values)):
        a += values[n]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@part
def softmax(scores: Any) -> None:
    """Scores to probabilities; one more than _LOWEST below the highest counts as that far.

    exp(x) is the sixteenth power of the Taylor sum of exp(x / 16) up to the seventh power: exact to 1e-6 where x > -8,
    the same on every machine, and without branches, unlike a library's.
    """
    highest = scores[0]
    for n in range(len(scores)):
        highest = max(highest, scores[n])
    for n in range(len(scores)):
        x = max(scores[n] - highest, _LOWEST) * np.float32(1 / 16)
        power = _T7
        power = power * x + _T6
        power = power * x + _T5
        power = power * x + _T4
        power = power * x + _T3
        power = power * x + _T2
        power = power * x + _ONE
        power = power * x + _ONE
        power *= power
        power *= power
        power *= power
        power *= power
        scores[n] = power
    share = _ONE / sum_of(scores)
    for n in range(len(scores)):
        scores[n] *= share


@part
def product(weights: Any, values: Any) -> Any:
    """In eight partial sums, like `sum_of`."""
    a = b = c = d = e = f = g = h = np.float32(0.0)
    whole = len(values) // 8 * 8
    for n in range(0, whole, 8):
        a += weights[n] * values[n]
        b += weights[n + 1] * values[n + 1]
        c += weights[n + 2] * values[n + 2]
        d += weights[n + 3] * values[n + 3]
        e += weights[n + 4] * values[n + 4]
        f += weights[n + 5] * values[n + 5]
        g += weights[n + 6] * values[n + 6]
        h += weights[n + 7] * values[n + 7]
    for n in range(whole, len(values)):
        a += weights[n] * values[n]
    return ((a + b) + (c + d)) + ((e + f) + (g + h))


@part
def add_scaled(scores: Any, weights: Any, value: Any) -> None:
    """`scores += value * weights`."""
    for n in range(len(scores)):
        scores[n] += value * weights[n]
