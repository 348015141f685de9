"""Ridge regression on the rows of a sparse matrix, by conjugate gradients (Hestenes and Stiefel 1952)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.hashed_grams import Rows
from weft.text.jit import F32_IN, I32_IN, I64_IN, kernel, types

Doubles = npt.NDArray[np.float64]
_F64 = types.float64[::1]
_F64_IN = types.Array(types.float64, 1, "C", readonly=True)
_ROWS = types.Tuple((I64_IN, I32_IN, F32_IN))


@kernel(types.void(_ROWS, _F64_IN, _F64))
def _times(held: Any, weights: Any, out: Any) -> None:
    starts, columns, values = held
    for row in range(len(out)):
        total = 0.0
        for at in range(starts[row], starts[row + 1]):
            total += values[at] * weights[columns[at]]
        out[row] = total


@kernel(types.void(_ROWS, _F64_IN, _F64))
def _back(held: Any, given: Any, out: Any) -> None:
    starts, columns, values = held
    out[:] = 0.0
    for row in range(len(given)):
        one = given[row]
        for at in range(starts[row], starts[row + 1]):
            out[columns[at]] += values[at] * one


def product(held: Rows, weights: Doubles) -> Doubles:
    """Each row times the weights."""
    out = np.empty(len(held.starts) - 1)
    _times(tuple(held), np.ascontiguousarray(weights, np.float64), out)
    return out


@kernel(types.void(_ROWS, _F64_IN, types.float64, types.int64, types.float64, _F64, _F64, _F64, _F64, _F64))
def _solve(
    held: Any, wanted: Any, penalty: float, steps: int, least: float, dual: Any, rest: Any, way: Any, moved: Any,
    wide: Any,
) -> None:  # fmt: skip
    """(X X' + penalty) dual = wanted, every sum in one order."""
    starts, columns, values = held
    size = 0.0
    for row in range(len(wanted)):
        dual[row] = 0.0
        rest[row] = way[row] = wanted[row]
        size += wanted[row] * wanted[row]
    first = size
    for _ in range(steps):
        if size <= least * first:
            return
        wide[:] = 0.0
        for row in range(len(way)):
            one = way[row]
            for at in range(starts[row], starts[row + 1]):
                wide[columns[at]] += values[at] * one
        along = 0.0
        for row in range(len(way)):
            total = penalty * way[row]
            for at in range(starts[row], starts[row + 1]):
                total += values[at] * wide[columns[at]]
            moved[row] = total
            along += total * way[row]
        step = size / along
        after = 0.0
        for row in range(len(way)):
            dual[row] += step * way[row]
            rest[row] -= step * moved[row]
            after += rest[row] * rest[row]
        turn = after / size
        for row in range(len(way)):
            way[row] = rest[row] + turn * way[row]
        size = after


def fitted(held: Rows, wanted: Any, penalty: float, columns: int, steps: int = 60, least: float = 1e-6) -> Doubles:
    """Weights (columns) that make the least of |X w - wanted|^2 + penalty |w|^2.

    The dual is solved, (X X' + penalty) a = wanted and w = X' a, until the square of the rest is `least` of the first,
    at most so many steps.
    """
    goal = np.ascontiguousarray(wanted, np.float64)
    dual, rest, way, moved = (np.empty(len(goal)) for _ in range(4))
    wide = np.empty(columns)
    _solve(tuple(held), goal, float(penalty), steps, least, dual, rest, way, moved, wide)
    _back(tuple(held), dual, wide)
    return wide
