"""Clusters of documents from certain and verified pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]

KINDS = (None, "exact", "page", "near", "script", "semantic")
"""What holds a cluster together, by the number that stands for it: nothing (one document), at most the same text, at
most the same page, similar text too, the same text in another script too, or what says the same too."""
_EXACT, _PAGE, _NEAR, _SCRIPT, _SEMANTIC = 1, 2, 3, 4, 5


def cluster_table(
    rows: int,
    exact: tuple[Longs, Longs],
    page: tuple[Longs, Longs],
    near: tuple[Longs, Longs],
    script: tuple[Longs, Longs],
    meaning: tuple[Longs, Longs],
) -> tuple[Longs, Longs, npt.NDArray[np.int8]]:
    """For each of `rows` documents: the smallest member of its cluster, the cluster's size, and its place in KINDS.

    `exact`, `page`, `near`, `script` and `meaning` are the ends of pairs with the same folded text, of the same page,
    of similar text, of the same text in two scripts, and with similar vectors.
    """
    from weft.text.components import components

    # One pass for each, so that the edges, hundreds of millions of them, are never copied.
    copies = components(rows, *exact)
    pages = components(rows, copies[page[0]], copies[page[1]])[copies]
    alike = components(rows, pages[near[0]], pages[near[1]])[pages]
    written = components(rows, alike[script[0]], alike[script[1]])[alike]
    root = components(rows, written[meaning[0]], written[meaning[1]])[written]
    counts = np.bincount(root, minlength=rows) if rows else np.empty(0, np.int64)
    size = counts[root].astype(np.int64)
    kind = np.full(rows, _EXACT, np.int8)
    differ = copies[page[0]] != copies[page[1]]
    kind[root[page[0][differ]]] = _PAGE
    kind[root[near[0]]] = _NEAR
    kind[root[script[0]]] = _SCRIPT
    # Vectors of copies are similar too: only pairs that nothing else holds together make a cluster semantic.
    only = written[meaning[0]] != written[meaning[1]]
    kind[root[meaning[0][only]]] = _SEMANTIC
    return root, size, np.where(size == 1, 0, kind[root]).astype(np.int8)
