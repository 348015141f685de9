"""Which texts hold a word, and one-to-one choices among pairs of texts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import I32, I32_IN, I64, I64_IN, kernel, types

Ints = npt.NDArray[np.int32]


class Texts(NamedTuple):
    """Words of texts by number from 1 on, 0 where a word can match nothing; text `n` has `starts[n]` and on."""

    starts: Longs
    words: Ints


class Index(NamedTuple):
    """Texts that hold each word, each once: those of word `f` are `texts[starts[f]:starts[f + 1]]`, ascending."""

    starts: Longs
    texts: Ints


@kernel(types.void(I64_IN, I32_IN, I32, I64))
def _count(starts: Any, words: Any, last: Any, sizes: Any) -> None:
    for n in range(len(starts) - 1):
        for at in range(starts[n], starts[n + 1]):
            word = words[at]
            if word > 0 and last[word] != n:
                last[word] = n
                sizes[word] += 1


@kernel(types.void(I64_IN, I32_IN, I32, I64, I32))
def _post(starts: Any, words: Any, last: Any, places: Any, texts: Any) -> None:
    for n in range(len(starts) - 1):
        for at in range(starts[n], starts[n + 1]):
            word = words[at]
            if word > 0 and last[word] != n:
                last[word] = n
                texts[places[word]] = n
                places[word] += 1


def index(texts: Texts, words: int) -> Index:
    """The index of texts whose words are numbered below `words`."""
    sizes = np.zeros(words, np.int64)
    _count(*texts, np.full(words, -1, np.int32), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    held = np.empty(starts[-1], np.int32)
    _post(*texts, np.full(words, -1, np.int32), starts[:-1].copy(), held)
    return Index(starts, held)


@kernel(types.int64(I64_IN, I64_IN, I32, I32, I64))
def _match(rows: Any, columns: Any, row_taken: Any, column_taken: Any, out: Any) -> int:
    count = 0
    for n in range(len(rows)):
        if row_taken[rows[n]] == 0 and column_taken[columns[n]] == 0:
            row_taken[rows[n]] = column_taken[columns[n]] = 1
            out[count] = n
            count += 1
    return count


def one_to_one(rows: Longs, columns: Longs, sizes: tuple[int, int]) -> Longs:
    """Places of the pairs that are taken when each row and each column may be in one: the first that come (greedy)."""
    out = np.empty(len(rows), np.int64)
    taken = (np.zeros(sizes[0], np.int32), np.zeros(sizes[1], np.int32))
    return out[: _match(rows, columns, taken[0], taken[1], out)]
