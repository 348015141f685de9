"""Sums of piecewise linear functions of several columns and of their products, in one order whatever else is in a
batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.jit import I64_IN, kernel, types

Floats = npt.NDArray[np.float64]
_F64_IN = types.Array(types.float64, 1, "C", readonly=True)
_F64_2 = types.float64[:, ::1]
_F64_2_IN = types.Array(types.float64, 2, "C", readonly=True)
_THIRD = 1.0 / 3.0
"""Products of columns of five deviations stay as large as what lies above a knot: one penalty serves both."""


@kernel(types.void(_F64_2_IN, I64_IN, _F64_IN, _F64_IN, types.float64, _F64_2))
def _standardised(seen: Any, columns: Any, middle: Any, spread: Any, farthest: Any, out: Any) -> None:
    for row in range(len(out)):
        for n in range(len(columns)):
            value = (seen[row, columns[n]] - middle[n]) / spread[n]
            out[row, n] = min(max(value, -farthest), farthest)


def standardised(seen: Any, columns: tuple[int, ...], middle: Any, spread: Any, farthest: float) -> Floats:
    """(rows, columns): these columns of `seen` in units of `spread` from `middle`, cut at `farthest` either way."""
    out = np.empty((len(seen), len(columns)))
    usual, unit = np.asarray(middle, np.float64), np.asarray(spread, np.float64)
    _standardised(np.ascontiguousarray(seen, np.float64), np.asarray(columns, np.int64), usual, unit, farthest, out)
    return out


def basis(held: Floats, knots: tuple[float, ...], products: bool) -> Floats:
    """What `sums` is linear in: (rows, 1 + columns x (1 + knots)), and one more for each two columns if `products`.

    Ones, then of each column itself and what it has above each knot, then a third of the product of each two columns.
    """
    parts = [held, *(np.maximum(held - knot, 0) for knot in knots)]
    every = [np.ones((len(held), 1)), np.stack(parts, axis=2).reshape(len(held), -1)]
    if products:
        one, other = np.triu_indices(held.shape[1], 1)
        every.append(held[:, one] * held[:, other] * _THIRD)
    return np.concatenate(every, axis=1)


@kernel(types.void(_F64_2, _F64_IN, types.boolean, _F64_IN, types.float64[::1]))
def _sums(held: Any, knots: Any, products: bool, weights: Any, out: Any) -> None:
    for row in range(len(out)):
        total, at = weights[0], 1
        for n in range(held.shape[1]):
            value = held[row, n]
            total += value * weights[at]
            for k in range(len(knots)):
                if value > knots[k]:
                    total += (value - knots[k]) * weights[at + 1 + k]
            at += 1 + len(knots)
        if products:
            for n in range(held.shape[1]):
                for m in range(n + 1, held.shape[1]):
                    total += held[row, n] * held[row, m] * _THIRD * weights[at]
                    at += 1
        out[row] = total


def sums(held: Floats, knots: tuple[float, ...], products: bool, weights: tuple[float, ...]) -> Floats:
    """`basis(held, knots, products) @ weights`: (rows)."""
    out = np.empty(len(held))
    _sums(held, np.asarray(knots, np.float64), products, np.asarray(weights, np.float64), out)
    return out
