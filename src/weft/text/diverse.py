"""How alike texts are by the terms they have in common, and choices among them that are not all alike.

Likeness is the weight of the terms that two texts share over that of the terms that either has (weighted Jaccard).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.decode import item, put
from weft.text.jit import F32, F32_2, F32_IN, I32, I32_2, I32_IN, I64_IN, kernel, part, types
from weft.text.postings import Ints, Postings

Floats = npt.NDArray[np.float32]
_BY_TEXT = types.Tuple((I64_IN, I32_IN))


@part
def _mark(terms: Any, begin: int, end: int, weights: Any, unknown: Any, marks: Any, mark: int) -> Any:
    """Mark terms; gives the weight of those that are different. An unknown term counts each time, as `unknown`."""
    total = np.float64(0)
    for at in range(begin, end):
        term = item(terms, at)
        if term < 0:
            total += unknown
        elif item(marks, term) != mark:
            put(marks, term, mark)
            total += item(weights, term)
    return total


@part
def _likeness(by_text: Any, text: int, weights: Any, marks: Any, mark: int, marked: Any) -> Any:
    starts, terms = by_text
    own, shared = np.float64(0), np.float64(0)
    for at in range(item(starts, text), item(starts, text + 1)):
        term = item(terms, at)
        own += item(weights, term)
        if item(marks, term) == mark:
            shared += item(weights, term)
    either = own + marked - shared
    return np.float32(shared / either) if either > 0 else np.float32(0)


@kernel(types.void(_BY_TEXT, F32_IN, types.float32, I64_IN, I32_IN, I32_2, I32, F32_2))
def _alike(by_text: Any, weights: Any, unknown: Any, starts: Any, terms: Any, ids: Any, marks: Any, out: Any) -> None:
    for row in range(len(starts) - 1):
        marked = _mark(terms, starts[row], starts[row + 1], weights, unknown, marks, row + 1)
        for n in range(ids.shape[1]):
            out[row, n] = 0
            if ids[row, n] >= 0:
                out[row, n] = _likeness(by_text, ids[row, n], weights, marks, row + 1, marked)


def alike(by_text: Postings, weights: Floats, starts: Longs, terms: Ints, ids: Ints) -> Floats:
    """How alike each query is to the texts `ids` (queries, texts); 0 for an id of -1.

    A query's terms are from `starts[n]` to `starts[n + 1]`; of a term that no text has (-1) the weight is the greatest.
    """
    out, most = np.empty(ids.shape, np.float32), np.float32(weights.max(initial=0))
    marks = np.zeros(len(weights) + 1, np.int32)
    given = np.ascontiguousarray(ids, np.int32).copy()
    _alike((by_text.starts, by_text.others), weights, most, starts, terms, given, marks, out)
    return out


@kernel(types.void(_BY_TEXT, F32_IN, I32_2, F32_2, types.float32, I32, F32, I32_2))
def _diverse(by_text: Any, weights: Any, ids: Any, scores: Any, share: Any, marks: Any, nearest: Any, out: Any) -> None:
    mark = 0
    for row in range(ids.shape[0]):
        nearest[:] = 0
        for chosen in range(out.shape[1]):
            best, value = -1, np.float32(-3.0e38)
            for n in range(ids.shape[1]):
                if ids[row, n] >= 0 and nearest[n] >= 0:
                    found = share * scores[row, n] - (np.float32(1) - share) * nearest[n]
                    if found > value:
                        best, value = n, found
            out[row, chosen] = best
            if best < 0 or chosen + 1 == out.shape[1]:
                continue
            nearest[best] = -1
            mark += 1
            first, last = by_text[0][ids[row, best]], by_text[0][ids[row, best] + 1]
            marked = _mark(by_text[1], first, last, weights, np.float32(0), marks, mark)
            for n in range(ids.shape[1]):
                if ids[row, n] >= 0 and nearest[n] >= 0:
                    found = _likeness(by_text, ids[row, n], weights, marks, mark, marked)
                    nearest[n] = max(nearest[n], found)


def diverse(by_text: Postings, weights: Floats, ids: Ints, scores: Floats, wanted: int, share: float) -> Ints:
    """Places among `ids` of the texts that are chosen for each query, (queries, wanted), first chosen first; -1: none.

    Maximal marginal relevance (Carbonell and Goldstein 1998): each time the text of which `share` times its score less
    1 - `share` times its likeness to the most alike that was chosen is highest, of equal ones the first. Scores are
    from 0 to 1; an id of -1 is no text.
    """
    out = np.full((len(ids), wanted), -1, np.int32)
    marks, nearest = np.zeros(len(weights) + 1, np.int32), np.zeros(ids.shape[1], np.float32)
    given = (np.ascontiguousarray(ids, np.int32).copy(), np.ascontiguousarray(scores, np.float32).copy())
    _diverse((by_text.starts, by_text.others), weights, *given, np.float32(share), marks, nearest, out)
    return out
