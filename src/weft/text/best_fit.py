"""Best-fit decreasing bin packing of whole numbers, in time O(n log capacity) and memory O(n + capacity).

Which free space some bin has is kept in a binary tree over the spaces 0 … capacity, so that the smallest space that
an item fits in is found by one way up and one down; Ding et al. 2024 (arXiv 2404.10830) pack documents so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.jit import I64, I64_IN, kernel, types

Integers = npt.NDArray[np.int64]


def best_fit(sizes: Integers, capacity: int) -> Integers:
    """(items,) bin of each item, from 0 in the order in which bins are opened.

    `sizes` (items,) must fall or stay, from 1 to `capacity`; each item goes into the fullest bin that it fits in, among
    equal ones that which was last filled, and into a new one where there is none. Raises ValueError for other sizes.
    """
    held = np.ascontiguousarray(sizes, np.int64)
    if held.size and (held[0] > capacity or held[-1] < 1 or np.any(np.diff(held) > 0)):
        raise ValueError(f"sizes must fall from at most {capacity} to at least 1")
    leaves = 1 << max(int(capacity).bit_length(), 1)
    bins = np.empty(held.size, np.int64)
    last, below = np.full(leaves, -1, np.int64), np.empty(held.size, np.int64)
    _place(held, np.int64(capacity), np.zeros(2 * leaves, np.int64), last, below, bins)
    return bins


@kernel(types.void(I64_IN, types.int64, I64, I64, I64, I64))
def _place(sizes: Any, capacity: Any, tree: Any, last: Any, below: Any, bins: Any) -> None:
    """`tree`: number of bins under each node; `last` of each free space: a bin; `below`: the next one of that space."""
    leaves = last.shape[0]
    opened = 0
    for item in range(sizes.shape[0]):
        size = sizes[item]
        node = leaves + size
        if tree[node] == 0:
            while node > 1 and (node & 1 or tree[node + 1] == 0):
                node >>= 1
            if node > 1:
                node += 1
                while node < leaves:
                    node <<= 1
                    if tree[node] == 0:
                        node += 1
        if node > 1:
            space = node - leaves
            chosen = last[space]
            last[space] = below[chosen]
            while node > 0:
                tree[node] -= 1
                node >>= 1
        else:
            space, chosen = capacity, opened
            opened += 1
        bins[item] = chosen
        left = space - size
        if left > 0:
            below[chosen] = last[left]
            last[left] = chosen
            node = leaves + left
            while node > 0:
                tree[node] += 1
                node >>= 1
