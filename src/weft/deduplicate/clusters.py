"""Clusters of documents from certain and verified pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]

EXACT, NEAR = 1, 2


def cluster_table(
    rows: int, exact_a: Longs, exact_b: Longs, near_a: Longs, near_b: Longs
) -> tuple[Longs, Longs, npt.NDArray[np.int8]]:
    """For each of `rows` documents: the smallest member of its cluster, the cluster's size, and its kind.

    Kind 1: all members have the same folded text; 2: some pair is only near; 0: alone.
    """
    from weft.text.components import components

    # Two passes, so that the edges, hundreds of millions of them, are never copied.
    copies = components(rows, exact_a, exact_b)
    root = components(rows, copies[near_a], copies[near_b])[copies]
    counts = np.bincount(root, minlength=rows) if rows else np.empty(0, np.int64)
    size = counts[root].astype(np.int64)
    near = np.zeros(rows, np.bool_)
    near[root[near_a]] = True
    kind = np.where(size == 1, 0, np.where(near[root], NEAR, EXACT)).astype(np.int8)
    return root, size, kind
