"""Connected components by union-find with path halving; the root of a component is its smallest member."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import I64, I64_IN, kernel, part, types


@part
def _root(parents: Any, item: int) -> int:
    while parents[item] != item:
        parents[item] = parents[parents[item]]
        item = parents[item]
    return item


@kernel(types.void(I64, I64_IN, I64_IN))
def _join(parents: Any, first: Any, second: Any) -> None:
    for n in range(len(first)):
        a, b = _root(parents, first[n]), _root(parents, second[n])
        # The smaller number becomes the root: the answer does not depend on the order of the edges.
        if a < b:
            parents[b] = a
        else:
            parents[a] = b


@kernel(types.void(I64))
def _flatten(parents: Any) -> None:
    for n in range(len(parents)):
        parents[n] = parents[parents[n]]  # a parent has a smaller number, so it is flat already


def components(size: int, first: Longs, second: Longs) -> npt.NDArray[np.int64]:
    """Smallest member of the component of each of `size` items, given the ends of all edges."""
    parents = np.arange(size, dtype=np.int64)
    _join(parents, np.ascontiguousarray(first, np.int64), np.ascontiguousarray(second, np.int64))
    _flatten(parents)
    return parents
