"""Clusters of documents from certain and verified pairs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Pairs = Iterable[tuple[Numbers, Numbers]]
"""Batches of the first and the second ends of pairs."""

KINDS = (None, "exact", "page", "near", "script", "pair")
"""What holds a cluster together, by the number that stands for it: nothing (one document), at most the same text, at
most the same page, similar text too, the same text in another script too, or sides of pairs that are the same."""
_EXACT, _PAGE, _NEAR, _SCRIPT, _PAIR = 1, 2, 3, 4, 5


def cluster_table(
    rows: int, exact: Pairs, page: Pairs, near: Pairs, script: Pairs, pair: Pairs
) -> tuple[Numbers, Numbers, npt.NDArray[np.int8]]:
    """For each of `rows` documents: the smallest member of its cluster, the cluster's size, and its place in KINDS.

    `exact`, `page`, `near`, `script` and `pair` are pairs with the same folded text, of the same page, of similar text,
    of the same text in two scripts, and with the same sides. What has the same text is `exact`, whatever else it
    shares. Each is read once, in this order, and a batch is not kept.
    """
    from weft.text.components import Forest

    forest = Forest(rows)
    kind = np.zeros(rows, np.int8)
    for first, second in exact:
        forest.join(first, second)
    copies: Numbers | None = None
    told = ((_PAGE, page), (_NEAR, near), (_SCRIPT, script), (_PAIR, pair))
    for number, pairs in told:
        for first, second in pairs:
            if copies is None:
                copies = forest.roots().copy()
            differ = copies[first] != copies[second] if number in (_PAGE, _PAIR) else slice(None)
            kind[first[differ]] = number
            forest.join(first, second)
    size = forest.tally(kind)
    np.maximum(kind, _EXACT, out=kind)
    kind[size == 1] = 0
    return forest.roots(), size, kind
