"""Connected components by union-find with path halving; the root of a component is its smallest member."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import I32, I32_IN, I64, I64_IN, kernel, part, types

Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64]
_NARROW = 2**31


@part
def _root(parents: Any, item: int) -> int:
    while parents[item] != item:
        parents[item] = parents[parents[item]]
        item = parents[item]
    return item


@part
def _join(parents: Any, first: Any, second: Any) -> None:
    for n in range(len(first)):
        a, b = _root(parents, first[n]), _root(parents, second[n])
        # The smaller number becomes the root: the answer does not depend on the order of the edges.
        if a < b:
            parents[b] = a
        else:
            parents[a] = b


@part
def _flatten(parents: Any) -> None:
    for n in range(len(parents)):
        parents[n] = parents[parents[n]]  # a parent has a smaller number, so it is flat already


@kernel(types.void(I32, I32_IN, I32_IN))
def _join_narrow(parents: Any, first: Any, second: Any) -> None:
    _join(parents, first, second)


@kernel(types.void(I64, I64_IN, I64_IN))
def _join_wide(parents: Any, first: Any, second: Any) -> None:
    _join(parents, first, second)


@kernel(types.void(I32))
def _flatten_narrow(parents: Any) -> None:
    _flatten(parents)


@kernel(types.void(I64))
def _flatten_wide(parents: Any) -> None:
    _flatten(parents)


class Forest:
    """The components of `size` items, to which edges are added as they are read: none is kept.

    Four bytes for each item, eight from 2^31 items on.
    """

    def __init__(self, size: int) -> None:
        self._narrow = size < _NARROW
        self._kind: type[np.int32] | type[np.int64] = np.int32 if self._narrow else np.int64
        self._parents: Numbers = np.arange(size, dtype=np.int32) if self._narrow else np.arange(size, dtype=np.int64)

    def join(self, first: Numbers, second: Numbers) -> None:
        """Add edges, given the two ends of each."""
        ends = (np.ascontiguousarray(end, self._kind) for end in (first, second))
        (_join_narrow if self._narrow else _join_wide)(self._parents, *ends)

    def roots(self) -> Numbers:
        """Smallest member of the component of each item; further edges change the array."""
        (_flatten_narrow if self._narrow else _flatten_wide)(self._parents)
        return self._parents


def components(size: int, first: Longs, second: Longs) -> Longs:
    """Smallest member of the component of each of `size` items, given the ends of all edges."""
    forest = Forest(size)
    forest.join(first, second)
    return forest.roots().astype(np.int64)
