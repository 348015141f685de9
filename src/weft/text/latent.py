"""Latent semantic indexing over sparse counts: a truncated decomposition, and what texts are in it.

Every sum is taken in a fixed order and no other library is called, so that the same texts give the same numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.cosine import SCALE
from weft.text.jit import F32, F32_2, I32_IN, I64_IN, kernel, part, types
from weft.text.vectors import add_scaled, product

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int16]
_F64_2 = types.float64[:, ::1]
_F64_IN = types.Array(types.float64, 1, "C", readonly=True)
_I16_2 = types.int16[:, ::1]
_FIRST_DRAW = 6
_OVER = 1e-9


class Counts(NamedTuple):
    """Terms of texts and their weights: text `n` has `terms[starts[n]:starts[n + 1]]`, numbered below `width`."""

    starts: Longs
    terms: npt.NDArray[np.int32]
    weights: Numbers
    width: int


@kernel(types.void(I64_IN, I32_IN, _F64_IN, _F64_2, _F64_2))
def _down(starts: Any, terms: Any, weights: Any, table: Any, out: Any) -> None:
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            add_scaled(out[terms[at]], table[row], weights[at])


@kernel(types.void(I64_IN, I32_IN, _F64_IN, _F64_2, _F64_2))
def _across(starts: Any, terms: Any, weights: Any, table: Any, out: Any) -> None:
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            add_scaled(out[row], table[terms[at]], weights[at])


@kernel(types.void(_F64_2, _F64_2, _F64_2))
def _inner(one: Any, other: Any, out: Any) -> None:
    for row in range(one.shape[0]):
        for n in range(one.shape[1]):
            add_scaled(out[n], other[row], one[row, n])


@kernel(types.void(_F64_2, _F64_2, _F64_2))
def _times(one: Any, other: Any, out: Any) -> None:
    for row in range(one.shape[0]):
        for n in range(one.shape[1]):
            add_scaled(out[row], other[n], one[row, n])


@kernel(types.void(_F64_2, _F64_2))
def _root(held: Any, inverse: Any) -> None:
    """`held` becomes its Cholesky factor L (lower triangle), `inverse`, which is zeros, becomes L to the power -T."""
    size = held.shape[0]
    for n in range(size):
        for m in range(n + 1):
            total = held[n, m]
            for k in range(m):
                total -= held[n, k] * held[m, k]
            held[n, m] = np.sqrt(max(total, _OVER)) if n == m else total / held[m, m]
    for n in range(size):
        inverse[n, n] = 1.0 / held[n, n]
        for m in range(n):
            total = 0.0
            for k in range(m, n):
                total -= held[n, k] * inverse[m, k]
            inverse[m, n] = total / held[n, n]


def _descended(side: Counts, table: Numbers) -> Numbers:
    out = np.zeros((side.width, table.shape[1]))
    _down(side.starts, side.terms, side.weights, table, out)
    return out


def _compared(sides: tuple[Counts, ...], table: Numbers) -> Numbers:
    """The products of all texts with all, both sides added, times `table`."""
    out = np.zeros(table.shape)
    for side in sides:
        _across(side.starts, side.terms, side.weights, _descended(side, table), out)
    return out


def decomposed(sides: tuple[Counts, ...], width: int) -> tuple[Numbers, ...]:
    """Vectors of the terms of each side, (terms, width), of texts that stand side by side: row `n` is one of each side.

    The right singular vectors of the rows, times any rotation, which no cosine of projected texts sees (Halko,
    Martinsson and Tropp 2011, with one power iteration from a seeded draw).
    """
    size = len(sides[0].starts) - 1
    table = _compared(sides, np.random.default_rng(_FIRST_DRAW).standard_normal((size, width)))
    table = np.ascontiguousarray(table / np.sqrt(np.maximum((table * table).sum(0), _OVER)))
    # Of rows X and a basis B, X'B (B'XX'B)^(-1/2) has orthonormal columns that span what X'B spans.
    products, inverse = np.zeros((width, width)), np.zeros((width, width))
    _inner(table, _compared(sides, table), products)
    _root(products, inverse)
    basis = np.zeros(table.shape)
    _times(table, inverse, basis)
    return tuple(_descended(side, basis) for side in sides)


@part
def _whole(values: Any, length: Any, out: Any) -> None:
    share = np.float32(SCALE) / length
    for n in range(len(values)):
        out[n] = np.int16(np.floor(values[n] * share + np.float32(0.5)))


@kernel(types.void(I64_IN, I32_IN, F32_2, F32, _I16_2))
def _projected(starts: Any, terms: Any, table: Any, room: Any, out: Any) -> None:
    for row in range(len(starts) - 1):
        room[:] = np.float32(0.0)
        for at in range(starts[row], starts[row + 1]):
            if terms[at] >= 0:
                add_scaled(room, table[terms[at]], np.float32(1.0))
        length = np.sqrt(product(room, room))
        if length > np.float32(0.0):
            _whole(room, length, out[row])


def projected(starts: Longs, terms: npt.NDArray[np.int32], table: npt.NDArray[np.float32]) -> Whole:
    """The direction of the sum of the terms of each text, SCALE whole numbers to a length of one; 0 of no known term.

    Terms are rows of `table`, -1 an unknown one.
    """
    out = np.zeros((len(starts) - 1, table.shape[1]), np.int16)
    _projected(starts, terms, table, np.empty(table.shape[1], np.float32), out)
    return out


@kernel(types.void(_I16_2, _I16_2, I64_IN, I64_IN, F32))
def _cosines(one: Any, other: Any, rows: Any, columns: Any, out: Any) -> None:
    for k in range(len(rows)):
        n, m, total = rows[k], columns[k], 0
        for d in range(one.shape[1]):
            total += int(one[n, d]) * int(other[m, d])
        out[k] = np.float32(total) / np.float32(SCALE * SCALE)


def whole_cosines(one: Whole, other: Whole, rows: Longs, columns: Longs) -> npt.NDArray[np.float32]:
    """The cosine of row `rows[k]` of `one` with row `columns[k]` of `other`, as `projected` gives them."""
    out = np.empty(len(rows), np.float32)
    _cosines(one, other, rows, columns, out)
    return out
