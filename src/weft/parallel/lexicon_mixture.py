"""Two lexicons of the same languages as one: what was learnt before, and what new texts add."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.parallel.lexicon import LEAST, Lexicon, Vocabulary
from weft.text.ibm1 import Cells

_Ints = npt.NDArray[np.int32]


def mixed(one: Lexicon, other: Lexicon) -> Lexicon:
    """The lexicon whose t(f|e) is the mean of both, by how often each has met e; words that one has count as its own.

    Counts are added. Raises ValueError where languages differ, or how words are folded.
    """
    if (one.languages, one.foldings) != (other.languages, other.foldings):
        raise ValueError(f"{one.languages}, {one.foldings} and {other.languages}, {other.foldings}; expected the same")
    both = (one, other)
    words = [_together(one.vocabularies[n], other.vocabularies[n]) for n in range(2)]
    places = [[_places(words[n], held.vocabularies[n]) for n in range(2)] for held in both]
    cells = []
    for n in range(2):
        weights = [np.concatenate([[held.vocabularies[n].counts.sum()], held.vocabularies[n].counts]) for held in both]
        whole = np.zeros(len(words[n].hashes) + 1)
        for own, weight in zip(places, weights, strict=True):
            whole[own[n]] += weight
        parts = [
            _shares(held.cells[n], (own[n], own[1 - n]), weight / np.maximum(whole[own[n]], 1))
            for held, own, weight in zip(both, places, weights, strict=True)
        ]
        cells.append(_summed(parts, len(words[n].hashes) + 1))
    return Lexicon(one.languages, one.foldings, (words[0], words[1]), (cells[0], cells[1]))


def _together(one: Vocabulary, other: Vocabulary) -> Vocabulary:
    hashes, first = np.unique(np.concatenate([one.hashes, other.hashes]), return_index=True)
    counts = np.zeros(len(hashes), np.int64)
    for held in (one, other):
        counts[np.searchsorted(hashes, held.hashes)] += held.counts
    forms = pa.chunked_array([one.forms, other.forms], pa.large_string()).take(pa.array(first)).combine_chunks()
    return Vocabulary(hashes, counts, forms)


def _places(words: Vocabulary, own: Vocabulary) -> _Ints:
    """Number in `words` of each number of `own`; NULL stays NULL."""
    return np.concatenate([np.zeros(1, np.int32), words.numbers(own.hashes)])


def _shares(cells: Cells, places: tuple[_Ints, _Ints], share: Any) -> tuple[_Ints, _Ints, Any]:
    """New numbers of the given words and their translations, and what each cell adds."""
    given = np.repeat(np.arange(len(cells.starts) - 1), np.diff(cells.starts))
    return places[0][given], places[1][cells.target], cells.value * share[given]


def _summed(parts: list[tuple[_Ints, _Ints, Any]], size: int) -> Cells:
    given, target, value = (np.concatenate([part[n] for part in parts]) for n in range(3))
    order = np.lexsort((target, given))
    given, target, value = given[order], target[order], value[order]
    new = np.ones(len(given), np.bool_)
    new[1:] = (given[1:] != given[:-1]) | (target[1:] != target[:-1])
    first = np.flatnonzero(new)
    summed = np.add.reduceat(value, first) if len(first) else np.empty(0)
    kept = summed >= LEAST
    given, target = given[first][kept], target[first][kept]
    return Cells(np.searchsorted(given, np.arange(size + 1)), target.astype(np.int32), summed[kept].astype(np.float32))
