"""Clusters of documents that are all in memory, as the tasks of a build find them a range at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.engine.clustering import Pairs, clustered
from weft.engine.parts import Ranges


def cluster_table(
    rows: int, exact: Pairs, page: Pairs, near: Pairs, script: Pairs, pair: Pairs, meaning: Pairs
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """For each document the first of its cluster, the cluster's size, and the place in KINDS of what holds it."""
    root, size, kind = np.arange(rows), np.ones(rows, np.int64), np.zeros(rows, np.int8)
    every: list[Any] = [exact, page, near, script, pair, meaning]
    for table in clustered(Ranges(np.array([0, rows])), *every):
        document = table["document"].to_numpy()
        root[document], size[document], kind[document] = (table[name].to_numpy() for name in ("root", "size", "kind"))
    return root, size, kind
