"""Word alignment of one direction by sampling: a Bayesian hidden Markov model with fertility.

A collapsed Gibbs sampler with Dirichlet priors (Östling and Tiedemann 2016) over jumps (Vogel et al. 1996), weighed
by the distance from the diagonal (Dyer et al. 2013). What comes out are means of the sampling probabilities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.hashing import mix
from weft.text.ibm1 import Bitext
from weft.text.jit import F32, F32_IN, I32, I32_IN, I64_IN, U64, kernel, part, types

Floats = npt.NDArray[np.float32]
F64 = types.float64[::1]
F64_2 = types.float64[:, ::1]
WIDEST = 8
"""Jumps of more words than these are counted together, as if they were _FAR kinds of jumps."""
_JUMPS, _FAR = 2 * WIDEST + 1, 5.0
MOST_FERTILE = 5
_NULL, _SMOOTHED = 1e-3, 5.0
_STEP, _S11 = np.uint64(0x9E3779B97F4A7C15), np.uint64(11)
_UNKNOWN = np.int32(-2)


class Grid(NamedTuple):
    """Every two words of a pair: `cells[place]` is the number of theirs, `near[place]` a weight of the two places.

    A pair of I source and J target words has I * J places, all those of the first target word first.
    """

    cells: npt.NDArray[np.int32]
    near: Floats


class Prior(NamedTuple):
    """Pseudo-counts of each cell and, of each source word, of all target words together; share of NULL."""

    cells: Floats
    words: npt.NDArray[np.float64]
    null: float


class Sweeps(NamedTuple):
    """How often all words are drawn: without jumps, with them, and with fertility; by how many samplers."""

    plain: int
    jumps: int
    fertility: int
    samplers: int = 2


class Sampled(NamedTuple):
    """Probability of each link by place of the grid, and expected counts of cells."""

    links: Floats
    cells: npt.NDArray[np.float64]


@part
def _uniform(state: Any) -> float:
    state[0] += _STEP
    return float(mix(state[0]) >> _S11) * (1.0 / 9007199254740992.0)


@part
def _bucket(distance: int) -> int:
    return min(max(distance, -WIDEST), WIDEST) + WIDEST


@part
def _weigh(given: Any, words: Any, at: int, previous: int, following: int, stage: int, out: Any) -> float:
    """Weights of the links of one target word to each source word in `out`; returns their sum."""
    cells, near, prior, held, totals, masses, jumps, fertility, degree = given
    total = 0.0
    for i in range(len(words)):
        cell, e = cells[at + i], words[i]
        p = (held[cell] + prior[cell]) / (totals[e] + masses[e]) * near[at + i]
        if stage >= 1:
            p *= jumps[_bucket(i - previous)]
            if following >= 0:
                p *= jumps[_bucket(following - i)]
        if stage >= 2:
            known = min(degree[i], MOST_FERTILE - 1)
            p *= fertility[e, known + 1] / fertility[e, known]
        out[i] = p
        total += p
    return total


@part
def _pick(weights: Any, size: int, drawn: float) -> int:
    for i in range(size):
        drawn -= weights[i]
        if drawn < 0:
            return i
    return -1


@part
def _next_linked(links: Any, first: int, last: int) -> int:
    for k in range(first, last):
        if links[k] >= 0:
            return int(links[k])
    return -1


_BITEXT = types.Tuple((I64_IN, I32_IN, I64_IN, I32_IN))
_GIVEN = types.Tuple((I32_IN, F32_IN, F32_IN, F64))
_STATE = types.Tuple((F64, F64, F64, I32, U64))
_TABLES = types.Tuple((F64, F64_2, F64, F64_2))
_ROOM = types.Tuple((F64, I32))


@kernel(types.void(_BITEXT, _GIVEN, _STATE, _TABLES, types.float64, types.int64, _ROOM, F32))
def _sweep(bitext: Any, given: Any, state: Any, tables: Any, null: float, stage: int, room: Any, sums: Any) -> None:
    """Draw the link of every target word anew, given all others; adds the probabilities to `sums` where it has room."""
    from_starts, from_words, to_starts, to_words = bitext
    cells, near, prior, masses = given
    held, totals, nulls, links, random = state
    jumps, fertility, jumped, borne = tables
    weights, degree = room
    kinds, place = len(nulls) - 1, 0
    for n in range(len(from_starts) - 1):
        begin, end = to_starts[n], to_starts[n + 1]
        words = from_words[from_starts[n] : from_starts[n + 1]]
        size = len(words)
        degree[:size] = 0
        for j in range(begin, end):
            if links[j] >= 0:
                degree[links[j]] += 1
        previous = -1
        for j in range(begin, end if size else begin):
            f, old = to_words[j], links[j]
            if old >= 0:
                held[cells[place + old]] -= 1.0
                totals[words[old]] -= 1.0
                degree[old] -= 1
            elif old == -1:
                nulls[f] -= 1.0
                nulls[0] -= 1.0
            following = _next_linked(links, j + 1, end)
            known = (cells, near, prior, held, totals, masses, jumps, fertility, degree)
            total = _weigh(known, words, place, previous, following, stage, weights)
            nothing = null * (nulls[f] + _NULL) / (nulls[0] + _NULL * kinds)
            if stage >= 1 and following >= 0:
                nothing *= jumps[_bucket(following - previous)]
            total += nothing
            new = _pick(weights, size, _uniform(random) * total)
            if len(sums):
                for i in range(size):
                    sums[place + i] += np.float32(weights[i] / total)
            links[j] = new
            if new >= 0:
                held[cells[place + new]] += 1.0
                totals[words[new]] += 1.0
                degree[new] += 1
                jumped[_bucket(new - previous)] += 1.0
                previous = new
            else:
                nulls[f] += 1.0
                nulls[0] += 1.0
            place += size
        for i in range(size):
            borne[words[i], min(degree[i], MOST_FERTILE)] += 1.0


def sample(bitext: Bitext, grid: Grid, prior: Prior, sweeps: Sweeps, seed: int) -> Sampled:
    """Probabilities that target words come from source words, from so many sweeps; the same for the same seed."""
    sums = np.zeros(len(grid.cells), np.float32)
    kept = 0
    for sampler in range(sweeps.samplers):
        kept += _run(bitext, grid, prior, sweeps, np.array([seed * 1000 + sampler], np.uint64), sums)
    links = sums / np.float32(max(kept, 1))
    return Sampled(links, np.bincount(grid.cells, links, len(prior.cells)).astype(np.float64))


def _run(bitext: Bitext, grid: Grid, prior: Prior, sweeps: Sweeps, random: npt.NDArray[np.uint64], sums: Floats) -> int:
    """One sampler; adds the probabilities of the last two thirds of its last stage, and returns of how many sweeps."""
    kinds = (len(prior.words), int(bitext.target.max(initial=0)) + 1)
    longest = int(np.diff(bitext.source_starts).max(initial=0)) + 1
    links = np.full(len(bitext.target), _UNKNOWN, np.int32)
    state = (np.zeros(len(prior.cells)), np.zeros(kinds[0]), np.zeros(kinds[1]), links, random)
    given = (grid.cells, grid.near, prior.cells, prior.words)
    room = (np.zeros(longest), np.zeros(longest, np.int32))
    jumps, fertility = np.full(_JUMPS, 1 / _JUMPS), np.ones((kinds[0], MOST_FERTILE + 1))
    stages = [stage for stage, count in enumerate(sweeps[:3]) for _ in range(count)]
    first = len(stages) - (2 * stages.count(stages[-1]) + 2) // 3
    for number, stage in enumerate(stages):
        jumped, borne = np.zeros(_JUMPS), np.zeros((kinds[0], MOST_FERTILE + 1))
        wanted = sums if number >= first else sums[:0]
        _sweep(tuple(bitext), given, state, (jumps, fertility, jumped, borne), prior.null, stage, room, wanted)
        jumps, fertility = _tables(jumped, borne)
    return len(stages) - first


def _tables(jumped: npt.NDArray[np.float64], borne: npt.NDArray[np.float64]) -> tuple[Any, Any]:
    """Probabilities of jumps, and of how many words each source word gives (drawn to those of all words)."""
    jumps = jumped + 1.0
    jumps[[0, -1]] /= _FAR
    usual = borne.sum(0) + 1.0
    fertility = borne + _SMOOTHED * usual / usual.sum()
    return jumps / jumps.sum(), fertility / fertility.sum(1, keepdims=True)


@kernel(types.void(I64_IN, I64_IN, F32_IN, F32))
def _transpose(source: Any, target: Any, given: Any, out: Any) -> None:
    place = 0
    for n in range(len(source) - 1):
        size, count = source[n + 1] - source[n], target[n + 1] - target[n]
        for j in range(count):
            for i in range(size):
                out[place + i * count + j] = given[place + j * size + i]
        place += size * count


def transposed(source: Longs, target: Longs, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values by place of a grid, by place of the grid of the other direction (32-bit values)."""
    out = np.empty(len(values), np.float32)
    _transpose(source, target, np.ascontiguousarray(values).view(np.float32), out)
    return out.view(values.dtype)


@kernel(types.void(I64_IN, I64_IN, types.float64, F32))
def _diagonal(source: Any, target: Any, tension: float, out: Any) -> None:
    place = 0
    for n in range(len(source) - 1):
        size, count = source[n + 1] - source[n], target[n + 1] - target[n]
        for j in range(count):
            for i in range(size):
                out[place] = np.exp(-tension * abs((i + 0.5) / size - (j + 0.5) / count))
                place += 1


def diagonal(source: Longs, target: Longs, tension: float) -> Floats:
    """exp(-tension · |i/I - j/J|) of the middle of each word, by place of the grid (Dyer et al. 2013)."""
    out = np.empty(int((np.diff(source) * np.diff(target)).sum()), np.float32)
    _diagonal(source, target, tension, out)
    return out


@kernel(types.void(I64_IN, I32_IN, I64_IN, I32_IN, U64))
def _keys(source: Any, from_words: Any, target: Any, to_words: Any, out: Any) -> None:
    place = 0
    for n in range(len(source) - 1):
        for j in range(target[n], target[n + 1]):
            for i in range(source[n], source[n + 1]):
                out[place] = np.uint64(from_words[i]) << np.uint64(32) | np.uint64(to_words[j])
                place += 1


def grid_keys(bitext: Bitext) -> npt.NDArray[np.uint64]:
    """Source word << 32 | target word, by place of the grid."""
    sizes = np.diff(bitext.source_starts) * np.diff(bitext.target_starts)
    out = np.empty(int(sizes.sum()), np.uint64)
    _keys(*bitext, out)
    return out
