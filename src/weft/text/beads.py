"""The cheapest way to divide two documents into beads, sentences that translate each other, by dynamic programming.

Gale and Church (1993), with what the words say beside the lengths; probabilities of beads from all ways (forward and
backward sums) in the same band.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.agreement import Band, Floats
from weft.text.buffers import Longs
from weft.text.jit import F32_2, I8, I64, I64_IN, kernel, part, types

F64 = types.float64[::1]
F64_IN = types.Array(types.float64, 1, "C", readonly=True)
I64_2 = types.Array(types.int64, 2, "C", readonly=True)
F32_2_IN = types.Array(types.float32, 2, "C", readonly=True)
_BAND = types.Tuple((I64_IN, I64_IN, I64_IN))
_FAR = 38.0
"""A cost of lengths at most: where the normal distribution has nothing left in doubles."""


class Sizes(NamedTuple):
    """Sums of what stands before each sentence, and before the end: lengths in characters, and paragraphs begun."""

    lengths: npt.NDArray[np.float64]
    paragraphs: Longs


class Costs(NamedTuple):
    """`shapes` (kinds, 2): sentences of the first and second side; `priors` their costs; characters of the second side
    for one of the first, and the variance of that for each; weights of lengths and of words, each way; the cost of a
    bead that runs into another paragraph."""

    shapes: Longs
    priors: npt.NDArray[np.float64]
    ratio: float
    variance: float
    length: float
    forward: float
    backward: float
    paragraph: float


@part
def _unlike(first: float, second: float, ratio: float, variance: float) -> float:
    """-log of the probability of lengths that differ at least as much (Gale and Church 1993, section 2.3)."""
    mean = (first + second / ratio) / 2
    if mean <= 0:
        return 0.0
    z = abs(second - ratio * first) / math.sqrt(variance * mean)
    return min(-math.log(max(math.erfc(z / math.sqrt(2.0)), 1e-300)), 38.0)


_COSTS = types.Tuple((I64_2, F64_IN, *(types.float64,) * 6))
_SIZES = types.Tuple((F64_IN, I64_IN))


@kernel(types.void(_COSTS, _SIZES, _SIZES, _BAND, F32_2_IN, F32_2_IN, F32_2))
def _price(costs: Any, one: Any, other: Any, places: Any, forward: Any, backward: Any, out: Any) -> None:
    shapes, priors, ratio, variance, by_length, by_forward, by_backward, paragraph = costs
    low, high, begin = places
    for i in range(len(low)):
        for j in range(low[i], high[i] + 1):
            cell = begin[i] + j - low[i]
            for k in range(len(shapes)):
                a, b = shapes[k, 0], shapes[k, 1]
                out[cell, k] = np.inf
                if i < a or j < b or j - b < low[i - a] or j - b > high[i - a]:
                    continue
                cost = priors[k]
                if a > 0 and b > 0:
                    if j - b + 1 < low[i] or j > high[i - a + 1]:
                        continue
                    first, second = one[0][i] - one[0][i - a], other[0][j] - other[0][j - b]
                    cost += by_length * _unlike(first, second, ratio, variance)
                    words = 0.0
                    for n in range(b):
                        words += by_forward * forward[a - 1, cell - n]
                    for n in range(a):
                        words += by_backward * backward[b - 1, begin[i - n] + j - low[i - n]]
                    cost -= words
                if a > 0 and one[1][i] != one[1][i - a + 1]:
                    cost += paragraph
                if b > 0 and other[1][j] != other[1][j - b + 1]:
                    cost += paragraph
                out[cell, k] = cost


def priced(costs: Costs, one: Sizes, other: Sizes, places: Band, forward: Floats, backward: Floats) -> Floats:
    """(places, kinds): the cost of the bead of each kind that ends at each place; infinite where there is none.

    `forward` and `backward` are those of `agreement`, as deep as the longest run of a bead.
    """
    out = np.empty((places.size, len(costs.shapes)), np.float32)
    _price(tuple(costs), tuple(one), tuple(other), tuple(places), forward, backward, out)
    return out


@kernel(types.void(I64_2, _BAND, F32_2_IN, F64, I8))
def _cheapest(shapes: Any, places: Any, prices: Any, best: Any, back: Any) -> None:
    low, high, begin = places
    for i in range(len(low)):
        for j in range(low[i], high[i] + 1):
            cell = begin[i] + j - low[i]
            best[cell], back[cell] = (0.0, -1) if i == 0 and j == 0 else (np.inf, -1)
            for k in range(len(shapes)):
                if prices[cell, k] == np.inf:
                    continue
                row = i - shapes[k, 0]
                cost = best[begin[row] + j - shapes[k, 1] - low[row]] + prices[cell, k]
                if cost < best[cell]:
                    best[cell], back[cell] = cost, k


@kernel(types.void(I64_2, _BAND, F32_2_IN, types.float64, F64, F64))
def _sums(shapes: Any, places: Any, prices: Any, heat: float, before: Any, behind: Any) -> None:
    """Logarithms of the sums over all ways to each place, and from it to the end."""
    low, high, begin = places
    before[:] = -np.inf
    behind[:] = -np.inf
    before[0], behind[-1] = 0.0, 0.0
    for i in range(len(low)):
        for j in range(low[i], high[i] + 1):
            cell = begin[i] + j - low[i]
            for k in range(len(shapes)):
                if prices[cell, k] != np.inf:
                    row = i - shapes[k, 0]
                    way = before[begin[row] + j - shapes[k, 1] - low[row]] - prices[cell, k] / heat
                    before[cell] = np.logaddexp(before[cell], way)
    for i in range(len(low) - 1, -1, -1):
        for j in range(high[i], low[i] - 1, -1):
            cell = begin[i] + j - low[i]
            for k in range(len(shapes)):
                if prices[cell, k] != np.inf:
                    row = i - shapes[k, 0]
                    from_ = begin[row] + j - shapes[k, 1] - low[row]
                    behind[from_] = np.logaddexp(behind[from_], behind[cell] - prices[cell, k] / heat)


class Path(NamedTuple):
    """Beads in order, (beads, 4): first sentence and sentences of the first side, then of the second; the probability
    of each among all ways, and the cost of the whole."""

    beads: Longs
    probabilities: npt.NDArray[np.float64]
    cost: float


@kernel(types.int64(I64_2, _BAND, F32_2_IN, I8, types.int64[:, ::1], I64))
def _traced(shapes: Any, places: Any, prices: Any, back: Any, out: Any, cells: Any) -> int:
    low, high, begin = places
    i, count = len(low) - 1, 0
    j = high[i]
    while i > 0 or j > 0:
        cell = begin[i] + j - low[i]
        k = back[cell]
        if k < 0:
            return -1
        i, j = i - shapes[k, 0], j - shapes[k, 1]
        out[count, 0], out[count, 1], out[count, 2], out[count, 3] = i, shapes[k, 0], j, shapes[k, 1]
        cells[count] = cell
        count += 1
    return count


def cheapest(shapes: Longs, places: Band, prices: Floats, heat: float) -> Path:
    """The way of least cost; `heat` divides costs where they become probabilities.

    Raises ValueError where the band has no way from its first place to its last.
    """
    best, back = np.empty(places.size), np.empty(places.size, np.int8)
    _cheapest(shapes, tuple(places), prices, best, back)
    most = len(places.low) + int(places.high[-1])
    beads, cells = np.empty((most, 4), np.int64), np.empty(most, np.int64)
    count = _traced(shapes, tuple(places), prices, back, beads, cells)
    if count < 0:
        raise ValueError("the band is broken: no way leads from its first place to its last")
    beads, cells = beads[:count][::-1], cells[:count][::-1]
    if heat <= 0:
        return Path(np.ascontiguousarray(beads), np.ones(count), float(best[-1]))
    before, behind = np.empty(places.size), np.empty(places.size)
    _sums(shapes, tuple(places), prices, heat, before, behind)
    from_ = places.begin[beads[:, 0]] + beads[:, 2] - places.low[beads[:, 0]]
    kinds = back[cells].astype(np.int64)
    ways = before[from_] - prices[cells, kinds] / heat + behind[cells]
    return Path(np.ascontiguousarray(beads), np.exp(np.minimum(ways - before[-1], 0.0)), float(best[-1]))
