"""Clusters of documents from certain and verified pairs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Pairs = Iterable[tuple[Numbers, Numbers]]
"""Batches of the first and the second ends of pairs."""

KINDS = (None, "exact", "page", "near", "script", "pair", "semantic")
"""What holds a cluster together, by the number that stands for it: nothing (one document), at most the same text, at
most the same page, similar text too, the same text in another script too, sides of pairs that are the same, or what
says the same too."""
_EXACT, _PAGE, _NEAR, _SCRIPT, _PAIR, _SEMANTIC = 1, 2, 3, 4, 5, 6


def cluster_table(
    rows: int, exact: Pairs, page: Pairs, near: Pairs, script: Pairs, pair: Pairs, meaning: Pairs
) -> tuple[Numbers, Numbers, npt.NDArray[np.int8]]:
    """For each of `rows` documents: the smallest member of its cluster, the cluster's size, and its place in KINDS.

    `exact`, `page`, `near`, `script`, `pair` and `meaning` are pairs with the same folded text, of the same page, of
    similar text, of the same text in two scripts, with the same sides, and with similar vectors. What has the same text
    is `exact`, whatever else it shares; vectors of copies are similar too, and only pairs that nothing else holds
    together make a cluster semantic. Each is read once, in this order, and a batch is not kept.
    """
    from weft.text.components import Forest

    forest = Forest(rows)
    kind = np.zeros(rows, np.int8)
    for first, second in exact:
        forest.join(first, second)
    known: dict[int, Numbers] = {}
    told = ((_PAGE, page), (_NEAR, near), (_SCRIPT, script), (_PAIR, pair), (_SEMANTIC, meaning))
    for number, pairs in told:
        for first, second in pairs:
            if not known:
                known = dict.fromkeys((_PAGE, _PAIR), forest.roots().copy())
            if number == _SEMANTIC and number not in known:
                known[number] = forest.roots().copy()
            before = known.get(number)
            news = slice(None) if before is None else before[first] != before[second]
            kind[first[news]] = number
            forest.join(first, second)
    size = forest.tally(kind)
    np.maximum(kind, _EXACT, out=kind)
    kind[size == 1] = 0
    return forest.roots(), size, kind
