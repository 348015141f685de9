"""Links of words from the probabilities of both directions."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import F32, F32_IN, I32, I64_IN, kernel, part, types

Method = Literal["mean", "product", "intersection", "union", "grow-diag-final-and"]
METHODS: tuple[str, ...] = get_args(Method)
_MEAN, _PRODUCT, _INTERSECTION, _UNION, _GROW = range(5)
_FORWARD, _BACKWARD, _TAKEN = np.uint8(1), np.uint8(2), np.uint8(4)
_BOTH = np.uint8(3)


class Links(NamedTuple):
    """Links of pair `n` are from `starts[n]` to `starts[n + 1]`: places of both words, and the mean probability."""

    starts: Longs
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    probability: npt.NDArray[np.float32]


@part
def _best(forward: Any, backward: Any, place: int, size: int, count: int, least: float, held: Any) -> None:
    """Mark the likeliest source word of each target word, and the other way round, where it has `least`."""
    held[: size * count] = 0
    for j in range(count):
        best = 0
        for i in range(size):
            if forward[place + j * size + i] > forward[place + j * size + best]:
                best = i
        if forward[place + j * size + best] >= least:
            held[j * size + best] |= _FORWARD
    for i in range(size):
        best = 0
        for j in range(count):
            if backward[place + j * size + i] > backward[place + best * size + i]:
                best = j
        if backward[place + best * size + i] >= least:
            held[best * size + i] |= _BACKWARD


@part
def _grow(size: int, count: int, held: Any, taken: Any) -> None:
    """grow-diag-final-and (Koehn et al. 2003): from links of both directions to their neighbours of either."""
    taken[: size + count] = 0
    for at in range(size * count):
        if held[at] == _BOTH:
            held[at] |= _TAKEN
            taken[at % size] = taken[size + at // size] = 1
    added = True
    while added:
        added = False
        for at in range(size * count):
            if held[at] & _TAKEN == 0:
                continue
            for k in range(9):
                i, j = at % size + k % 3 - 1, at // size + k // 3 - 1
                if i < 0 or j < 0 or i >= size or j >= count:
                    continue
                one = held[j * size + i]
                if one & _BOTH and not one & _TAKEN and not (taken[i] and taken[size + j]):
                    held[j * size + i] |= _TAKEN
                    taken[i] = taken[size + j] = 1
                    added = True
    for side in (_FORWARD, _BACKWARD):
        for at in range(size * count):
            if held[at] & side and not taken[at % size] and not taken[size + at // size]:
                held[at] |= _TAKEN
                taken[at % size] = taken[size + at // size] = 1


@part
def _wanted(method: int, one: float, other: float, held: int, least: float) -> bool:
    if method == _MEAN:
        return (one + other) / 2 >= least
    if method == _PRODUCT:
        return bool(np.sqrt(one * other) >= least)
    if method == _INTERSECTION:
        return held & 3 == 3
    if method == _UNION:
        return held & 3 != 0
    return held & 4 != 0


_U8 = types.uint8[::1]


@kernel(
    types.int64(
        types.Tuple((I64_IN, I64_IN)), F32_IN, F32_IN, types.int64, types.float64,
        types.Tuple((types.int64[::1], I32, I32, F32)), types.Tuple((_U8, _U8)),
    )
)  # fmt: skip
def _links(starts: Any, forward: Any, backward: Any, method: int, least: float, out: Any, room: Any) -> int:
    source, target = starts
    begins, first, second, probability = out
    held, taken = room
    place, found = 0, 0
    for n in range(len(source) - 1):
        size, count = source[n + 1] - source[n], target[n + 1] - target[n]
        begins[n] = found
        if size and method >= _INTERSECTION:
            _best(forward, backward, place, size, count, least, held)
            if method == _GROW:
                _grow(size, count, held, taken)
        for i in range(size):
            for j in range(count):
                at = j * size + i
                one, other = forward[place + at], backward[place + at]
                marks = held[at] if method >= _INTERSECTION else 0
                if _wanted(method, one, other, marks, least):
                    if len(first):
                        first[found], second[found] = i, j
                        probability[found] = (one + other) / np.float32(2.0)
                    found += 1
        place += size * count
    begins[len(source) - 1] = found
    return found


def links(source: Longs, target: Longs, forward: Any, backward: Any, method: Method, least: float) -> Links:
    """Links in order of source, then target words.

    `forward` and `backward` are probabilities by place of the same grid (`alignment_sampler.Grid`). `least`: of `mean`
    and `product` what the mean or the geometric mean must reach; of the others, each direction's likeliest link.
    """
    widths = np.diff(source) * np.diff(target)
    room = (
        np.zeros(int(widths.max(initial=0)), np.uint8),
        np.zeros(int((np.diff(source) + np.diff(target)).max(initial=0)), np.uint8),
    )
    begins = np.zeros(len(source), np.int64)
    given = ((source, target), forward, backward, METHODS.index(method), least)
    none = (begins, np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))
    size = _links(*given, none, room)
    out = (begins, np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.float32))
    if size:
        _links(*given, out, room)
    return Links(*out)
