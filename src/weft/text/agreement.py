"""How well each sentence of a document translates runs of sentences of another, in a band about a path.

A run of sentences translates a word with the mean of what its words do (IBM Model 1), so that what a longer run gives
is a sum: every pair of sentences is looked at once for runs of all lengths.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.jit import F32_2, F32_IN, I32_IN, I64, I64_IN, kernel, part, types

Floats = npt.NDArray[np.float32]
LONGEST = 8
"""Sentences of a run at most."""


class Band(NamedTuple):
    """Places between sentences that are looked at: of row `i` columns `low[i]` to `high[i]`, both inclusive and none
    below that of an earlier row; place (i, j) is number `begin[i] + j - low[i]`."""

    low: Longs
    high: Longs
    begin: Longs

    @property
    def size(self) -> int:
        return int(self.begin[-1])


class Words(NamedTuple):
    """Words of sentences: those of sentence `n` are `words[starts[n]:starts[n + 1]]`.

    `words` are rows of what translates them, `told` (as many) are columns of what they translate, `same` is the column
    of the very same word in the other language, or -1.
    """

    starts: Longs
    words: npt.NDArray[np.int32]
    told: npt.NDArray[np.int32]
    same: npt.NDArray[np.int32]


class Table(NamedTuple):
    """t(f|e) of row `e` in `target` and `value` from `starts[e]` on; of every `f` what NULL gives it, its probability
    anywhere, and how far the table is believed where it does not have it (0 to 1)."""

    starts: Longs
    target: npt.NDArray[np.int32]
    value: Floats
    null: Floats
    usual: Floats
    belief: Floats


def band(low: Longs, high: Longs) -> Band:
    """A band from the first and last column of each row."""
    return Band(low, high, np.concatenate([[0], np.cumsum(high - low + 1)]).astype(np.int64))


_BAND = types.Tuple((I64_IN, I64_IN, I64_IN))
_WORDS = types.Tuple((I64_IN, I32_IN, I32_IN, I32_IN))
_TABLE = types.Tuple((I64_IN, I32_IN, F32_IN, F32_IN, F32_IN, F32_IN))


@part
def _spread(table: Any, words: Any, n: int, sums: Any, sign: Any) -> None:
    """What the words of sentence `n` give to words of the other language is added to, or cleared from, `sums`."""
    begin, target, value = table[0], table[1], table[2]
    starts, own, same = words[0], words[1], words[3]
    for at in range(starts[n], starts[n + 1]):
        e = own[at]
        if e >= 0:
            for c in range(begin[e], begin[e + 1]):
                f = target[c]
                sums[f] = sums[f] + value[c] if sign else np.float32(0.0)
        if same[at] >= 0:
            sums[same[at]] = sums[same[at]] + np.float32(1.0) if sign else np.float32(0.0)


@kernel(types.void(_TABLE, _WORDS, _WORDS, _BAND, types.boolean, F32_2, F32_2, I64, I64))
def _agree(
    table: Any, given: Any, told: Any, places: Any, across: bool, sums: Any, out: Any, first: Any, last: Any
) -> None:
    low, _high, begin = places
    null, usual, belief = table[3], table[4], table[5]
    depth = len(sums)
    starts, to_starts, to_words = given[0], told[0], told[2]
    for n in range(len(starts) - 1):
        slot = n % depth
        if n >= depth:
            _spread(table, given, n - depth, sums[slot], False)
        _spread(table, given, n, sums[slot], True)
        for m in range(max(first[n + 1], 1) - 1, last[n + 1]):
            cell = begin[m + 1] + n + 1 - low[m + 1] if across else begin[n + 1] + m + 1 - low[n + 1]
            for at in range(to_starts[m], to_starts[m + 1]):
                f = to_words[at]
                found = null[f]
                trust = belief[f]
                for k in range(min(depth, n + 1)):
                    found += sums[(n - k) % depth, f]
                    size = np.float32(starts[n + 1] - starts[n - k] + 1)
                    out[k, cell] += np.log(trust * found / size / usual[f] + np.float32(1.0) - trust)


def agreement(table: Table, given: Words, told: Words, places: Band, depth: int, *, across: bool) -> Floats:
    """(depth, places): the sum over the words of a sentence told of log(p(word | run) / p(word)).

    At place (i, j), for runs of 1 to `depth` sentences that end there: sentence j given those up to i, or, `across`,
    sentence i given those up to j. Natural logarithms; 0 where i or j is 0.
    """
    out = np.zeros((depth, places.size), np.float32)
    sums = np.zeros((depth, len(table.usual)), np.float32)
    first, last = (places.low, places.high) if not across else _turned(places, len(given.starts))
    _agree(tuple(table), tuple(given), tuple(told), tuple(places), across, sums, out, first, last)
    return out


def _turned(places: Band, columns: int) -> tuple[Longs, Longs]:
    """Of every column its first and last row."""
    every = np.arange(columns)
    first = np.searchsorted(places.high, every, "left")
    last = np.searchsorted(places.low, every, "right") - 1
    return first.astype(np.int64), last.astype(np.int64)
