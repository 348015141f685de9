"""Which texts of two corpora may translate each other: the best few of each text, by a lexicon or by vectors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from weft.parallel.bridging import bridged
from weft.parallel.lexicon import Lexicon, Side
from weft.text.bridges import MOST_POSTINGS, Search
from weft.text.buffers import Longs

CANDIDATES, KEPT = 100, 16
"""Texts that are scored for each text, and those of them that are kept."""
_BLOCK = 512
_OF_ONE = 3
"""Places in lists of texts that are looked at, for each text there is: in small corpora more mislead."""
_MINE = 0.7
"""Weight of the lexicon against the words' frequencies: of .3 to .97 the best P@1 on held-out TICO-19."""
Floats = npt.NDArray[np.float32]
Tell = Callable[[str, int, int | None], None]
Result = TypeVar("Result")


class Best(NamedTuple):
    """Of each text the best texts of the other side, (texts, KEPT), -1 where there are no more, and their scores."""

    texts: npt.NDArray[np.int32]
    scores: Floats


def neighbours(lexicon: Lexicon, sides: tuple[Side, Side], threads: int, tell: Tell) -> tuple[Best, Best]:
    """The best of each text of both sides by log-likelihood ratio; the same whatever the number of threads."""
    held = bridged(lexicon, sides)
    out = []
    for n, name in enumerate(("candidates forth", "candidates back")):
        source, target = held.texts[n], held.texts[1 - n]
        most = min(MOST_POSTINGS, _OF_ONE * max(len(sides[1 - n]), 1))
        search = Search(held.bridges[n], source, target, CANDIDATES, KEPT, _MINE, most)
        out.append(_all(search.rows, len(sides[n]), threads, name, tell))
    return out[0], out[1]


def _all(
    rows: Callable[[int, int], tuple[npt.NDArray[np.int32], Floats]], total: int, threads: int, name: str, tell: Tell
) -> Best:
    texts, scores = np.full((total, KEPT), -1, np.int32), np.full((total, KEPT), -1e30, np.float32)
    parts = [(first, min(first + _BLOCK, total)) for first in range(0, total, _BLOCK)]
    done = 0
    for (first, last), found in zip(parts, in_order(lambda part: rows(*part), parts, threads), strict=True):
        texts[first:last], scores[first:last] = found
        done += last - first
        tell(name, done, total)
    return Best(texts, scores)


def in_order(work: Callable[[tuple[int, int]], Result], parts: list[tuple[int, int]], threads: int) -> Iterator[Result]:
    """What `work` makes of the parts, in their order, from so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, parts)


def cores() -> int:
    """Threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pairs(NamedTuple):
    """Candidate pairs: which texts, their score, its margin over the neighbours, and the lead in row and column."""

    rows: Longs
    columns: Longs
    score: Floats
    margin: Floats
    lead: Floats
    lead_back: Floats

    def part(self, which: Any) -> Pairs:
        """Some of the pairs: a slice, places, or which of all."""
        return Pairs(
            self.rows[which], self.columns[which], self.score[which], self.margin[which], self.lead[which],
            self.lead_back[which],
        )  # fmt: skip


def candidate_pairs(forth: Best, back: Best, neighbours: int, ratio: bool = False, each: int = 2) -> Pairs:
    """The `each` pairs of best margin of every text of both sides, by row and column.

    The margin is the score less the mean of those of the `neighbours` best of either text, halved (`ratio`: divided by
    it; Artetxe and Schwenk 2019). The lead is the margin less the next one of that text.
    """
    means = [mean_of_best(one.scores, neighbours) for one in (forth, back)]
    found = []
    for n, one in enumerate((forth, back)):
        usual = (means[n][:, None] + means[1 - n][one.texts]) / np.float32(2)
        margin = one.scores / np.maximum(usual, np.float32(1e-6)) if ratio else one.scores - usual
        found.append(np.where(one.texts >= 0, margin, np.float32(-1e9)))
    keys = []
    for n, (one, margin) in enumerate(zip((forth, back), found, strict=True)):
        top = np.argsort(-margin, axis=1, kind="stable")[:, :each]
        own = np.repeat(np.arange(len(margin)), top.shape[1])
        other = np.take_along_axis(one.texts, top, 1).ravel().astype(np.int64)
        own, other = own[other >= 0], other[other >= 0]
        keys.append(own << 32 | other if n == 0 else other << 32 | own)
    every = np.unique(np.concatenate(keys))
    rows, columns = every >> 32, every & 0xFFFFFFFF
    sides = [_of_pairs(forth, found[0], rows, columns), _of_pairs(back, found[1], columns, rows)]
    score, margin = (np.where(sides[0][k] > -1e8, sides[0][k], sides[1][k]) for k in range(2))
    leads = [np.clip(margin - side[2], -1, 1).astype(np.float32) for side in sides]
    return Pairs(rows, columns, score, margin, leads[0], leads[1])


def mean_of_best(scores: Floats, count: int) -> Floats:
    """Mean of the best `count`; of those there are where there are fewer, and 0 of none."""
    best = scores[:, :count]
    there = best > -1e29
    return np.asarray(np.where(there, best, 0).sum(1) / np.maximum(there.sum(1), 1), np.float32)


def _of_pairs(best: Best, margin: Floats, own: Longs, other: Longs) -> tuple[Floats, Floats, Floats]:
    """Score and margin of each pair in one side's lists, -1e9 where it is not in them, and the best other margin."""
    mine = best.texts[own] == other[:, None]
    margins = margin[own]
    inside = mine.any(1)
    score = np.where(inside, np.where(mine, best.scores[own], -np.inf).max(1), np.float32(-1e9))
    held = np.where(inside, np.where(mine, margins, -np.inf).max(1), np.float32(-1e9))
    return score, held, np.where(mine, np.float32(-1e9), margins).max(1)
