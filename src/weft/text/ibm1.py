"""IBM Model 1 (Brown et al. 1993): the probability that a word is translated by another, learnt from pairs alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import F32, F32_IN, I32, I32_IN, I64, I64_IN, kernel, types

F64 = types.float64[::1]
NULL = 0
"""The source word that stands in every sentence; the others are numbered from 1."""


class Bitext(NamedTuple):
    """Sentences of two languages: words of sentence `n` are `words[starts[n]:starts[n + 1]]`, from 1 on."""

    source_starts: Longs
    source: npt.NDArray[np.int32]
    target_starts: Longs
    target: npt.NDArray[np.int32]


class Cells(NamedTuple):
    """t(f|e): those of source word `e` are from `starts[e]` to `starts[e + 1]`, by target word."""

    starts: Longs
    target: npt.NDArray[np.int32]
    value: npt.NDArray[np.float32]


@kernel(types.void(I64_IN, I32_IN, I64, I32))
def _occurrences(starts: Any, words: Any, places: Any, sentence: Any) -> None:
    """Sentences of every word, in order and as often as it stands in them; `places` holds where each begins."""
    for n in range(len(starts) - 1):
        for at in range(starts[n], starts[n + 1]):
            word = words[at]
            sentence[places[word]] = n
            places[word] += 1


@kernel(types.int64(I64_IN, I32_IN, I64_IN, I32_IN, I32, I64, I32))
def _cells(begin: Any, sentences: Any, starts: Any, words: Any, seen: Any, cells: Any, target: Any) -> int:
    """Target words that stand with each source word; counts them where `target` is empty."""
    count = 0
    for e in range(len(begin) - 1):
        cells[e] = count
        before = -1
        for k in range(begin[e], begin[e + 1]):
            n = sentences[k]
            if n == before:
                continue
            before = n
            for at in range(starts[n], starts[n + 1]):
                f = words[at]
                if seen[f] != e + 1:
                    seen[f] = e + 1
                    if len(target):
                        target[count] = f
                    count += 1
    cells[len(begin) - 1] = count
    return count


_GIVEN = types.Tuple((I64_IN, I32_IN, I64_IN, I32_IN, I64_IN, I32_IN))


@kernel(types.void(_GIVEN, F32_IN, F32, F32))
def _add_up(given: Any, value: Any, row: Any, sums: Any) -> None:
    """What each word of the target sentences has of all words of its source sentence.

    Source word by source word: `row` holds its probabilities by target word, so that no cell is looked for.
    """
    begin, sentences, starts, words, cells, target = given
    sums[:] = 0.0
    for e in range(len(begin) - 1):
        for c in range(cells[e], cells[e + 1]):
            row[target[c]] = value[c]
        for k in range(begin[e], begin[e + 1]):
            n = sentences[k]
            for at in range(starts[n], starts[n + 1]):
                sums[at] += row[words[at]]


@kernel(types.void(_GIVEN, F32, F32, F32_IN, F64))
def _update(given: Any, value: Any, row: Any, sums: Any, counts: Any) -> None:
    """t(f|e) anew: the expected counts of each source word (E step), divided by their sum (M step)."""
    begin, sentences, starts, words, cells, target = given
    for e in range(len(begin) - 1):
        first, last = cells[e], cells[e + 1]
        for c in range(first, last):
            row[target[c]] = value[c]
            counts[target[c]] = 0.0
        for k in range(begin[e], begin[e + 1]):
            n = sentences[k]
            for at in range(starts[n], starts[n + 1]):
                f = words[at]
                counts[f] += row[f] / sums[at]
        total = 0.0
        for c in range(first, last):
            total += counts[target[c]]
        for c in range(first, last):
            value[c] = counts[target[c]] / total


def train(bitext: Bitext, iterations: int = 5, least: float = 1e-3) -> Cells:
    """t(f|e) after so many iterations of EM from a uniform start; cells of less than `least` are left out at the end.

    The NULL word stands once in every source sentence. Memory: 16 bytes for each two words that stand in one pair.
    """
    sentences = len(bitext.source_starts) - 1
    sizes = np.bincount(bitext.source, minlength=1)
    begin = np.concatenate([[0, sentences], sentences + np.cumsum(sizes[1:])]).astype(np.int64)
    where = np.empty(begin[-1], np.int32)
    where[:sentences] = np.arange(sentences)
    _occurrences(bitext.source_starts, bitext.source, begin[:-1].copy(), where)
    words = int(bitext.target.max(initial=0)) + 1
    cells = np.empty(len(begin), np.int64)
    layout = (begin, where, bitext.target_starts, bitext.target)
    size = _cells(*layout, np.zeros(words, np.int32), cells, np.empty(0, np.int32))
    target = np.empty(size, np.int32)
    if size:
        _cells(*layout, np.zeros(words, np.int32), cells, target)
    value = np.ones(size, np.float32)
    row, sums, counts = np.empty(words, np.float32), np.empty(len(bitext.target), np.float32), np.empty(words)
    given = (*layout, cells, target)
    for _ in range(iterations):
        _add_up(given, value, row, sums)
        _update(given, value, row, sums, counts)
    return pruned(Cells(cells, target, value), least)


def pruned(cells: Cells, least: float) -> Cells:
    """The cells of `least` and more, of each source word by target word."""
    kept = np.flatnonzero(cells.value >= least)
    source = np.repeat(np.arange(len(cells.starts) - 1), np.diff(cells.starts))[kept]
    order = np.lexsort((cells.target[kept], source))
    starts = np.searchsorted(source, np.arange(len(cells.starts))).astype(np.int64)
    return Cells(starts, cells.target[kept][order], cells.value[kept][order])
