"""How well the words of two texts translate each other, by a lexicon of both directions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.decode import item
from weft.text.ibm1 import Cells
from weft.text.jit import F32_2, F32_IN, I32_2, I32_IN, I64_IN, U32, U32_IN, U64, U64_IN, kernel, part, types

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_GOLDEN, _SIXTEEN = np.uint32(0x9E3779B1), np.uint32(16)
_ONE = float(1 << 31)
_MINE, _BACKGROUND = np.float32(0.9), np.float32(0.1)
COVERED = np.float32(0.05)
"""A word is covered when a word of the other text translates into it with at least this probability."""
ALIKE = np.float32(0.05)
"""Probability of an unknown word that sounds like one of the other text."""
FEATURES = ("llr", "covered", "uncovered_run", "covered_end", "unknown")
"""Of one direction: mean log-likelihood ratio of the target's words, share of them that are covered, the longest run
that is not as a share of the text, share covered of the last third, share that neither lexicon nor source knows."""


@part
def _place(word: Any) -> int:
    mixed = np.uint32(word) * _GOLDEN
    return int(mixed ^ (mixed >> _SIXTEEN))


@kernel(types.void(I64_IN, I32_IN, I32_IN, U64_IN, U32, U64))
def _fill(rows: Any, given: Any, made: Any, held: Any, keys: Any, values: Any) -> None:
    """Each cell to a place of its row: word `given[n]` made `made[n]`. A key of 0 is free."""
    for n in range(len(given)):
        first = rows[given[n]]
        last = rows[given[n] + 1] - first - 1
        at = _place(made[n]) & last
        while keys[first + at] != 0:
            at = (at + 1) & last
        keys[first + at], values[first + at] = np.uint32(made[n]), held[n]


@part
def cell(keys: Any, values: Any, first: int, last: int, word: Any) -> Any:
    """t(f|e) << 32 | t(e|f), each times 2**31, of a row that begins at `first`; 0 where neither lexicon has it."""
    at = _place(word) & last
    while True:
        held = item(keys, first + at)
        if held == word:
            return item(values, first + at)
        if held == 0:
            return np.uint64(0)
        at = (at + 1) & last


class Table(NamedTuple):
    """Cells of two directions by source word, those of NULL by word, and what is expected anywhere.

    Source word `e` has the places `rows[e]` to `rows[e + 1]` of a hash table of its own, none or a power of two, with
    open addressing: those of frequent words stay in the processor's cache. `keys` are target words (0: free).
    `usual[n]` is the probability of word n of a language in any text, `usual[0]` that of a word that was never met.
    """

    rows: Longs
    keys: npt.NDArray[np.uint32]
    values: npt.NDArray[np.uint64]
    null_target: npt.NDArray[np.float32]
    null_source: npt.NDArray[np.float32]
    usual_target: npt.NDArray[np.float32]
    usual_source: npt.NDArray[np.float32]


def table(forward: Cells, backward: Cells, usual_target: Any, usual_source: Any) -> Table:
    """The table of t(f|e) (`forward`) and t(e|f); words are numbered from 1, NULL is 0 on the given side."""
    pairs, held, nulls = [], [], []
    for cells, shift, size in ((forward, 32, len(usual_target)), (backward, 0, len(usual_source))):
        given = np.repeat(np.arange(len(cells.starts) - 1), np.diff(cells.starts)).astype(np.uint64)
        null = np.zeros(size, np.float32)
        first = cells.starts[1] if len(cells.starts) > 1 else 0
        null[cells.target[:first]] = cells.value[:first]
        nulls.append(null)
        made = cells.target[first:].astype(np.uint64)
        one, other = (given[first:], made) if shift else (made, given[first:])
        pairs.append(one << _HALF | other)
        held.append(np.round(cells.value[first:].astype(np.float64) * _ONE).astype(np.uint64) << np.uint64(shift))
    found, place = np.unique(np.concatenate(pairs), return_inverse=True)
    both = np.zeros(len(found), np.uint64)
    for own, of in zip(held, np.split(place, [len(held[0])]), strict=True):
        both[of] |= own
    source, target = (found >> _HALF).astype(np.int32), (found & _LOW).astype(np.int32)
    counts = np.bincount(source, minlength=len(usual_source))
    # Two thirds full at most, so that a word that is not there is soon known not to be.
    sizes = np.where(counts > 0, 1 << np.ceil(np.log2(1.5 * counts + 1)).astype(np.int64), 0)
    rows = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    keys, values = np.zeros(max(rows[-1], 1), np.uint32), np.zeros(max(rows[-1], 1), np.uint64)
    _fill(rows, source, target, both, keys, values)
    return Table(rows, keys, values, nulls[0], nulls[1], np.asarray(usual_target), np.asarray(usual_source))


class Side(NamedTuple):
    """Words of texts by number (0: not in the vocabulary), by hash and by sound; of text `n` from `starts[n]` on.

    `sounds` is 0 where a word is not told by it (`cognates.sounds`).
    """

    starts: Longs
    words: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    sounds: npt.NDArray[np.uint64]


SIDE = types.Tuple((I64_IN, I32_IN, U64_IN, U64_IN))
TABLE = types.Tuple((I64_IN, U32_IN, U64_IN, F32_IN, F32_IN, F32_IN, F32_IN))
LINKS = types.Tuple((I32_2, F32_2))
"""Two rows each, a column for each link: places in the source and the target, and t(f|e) and t(e|f)."""


@part
def _same(hashes: Any, sounds: Any, at: int, other_hashes: Any, other_sounds: Any, other: int) -> Any:
    """1 where two words are the same, ALIKE where they have the same sound, 0 otherwise."""
    if item(hashes, at) == item(other_hashes, other):
        return np.float32(1.0)
    sound = item(sounds, at)
    return ALIKE if sound != 0 and sound == item(other_sounds, other) else np.float32(0.0)


@part
def meet(held: Any, source: Any, target: Any, n: int, m: int, found: Any, best: Any, links: Any) -> int:
    """Sums and the highest of t(f|e) for the target's words, then of t(e|f) for the source's, without NULL.

    A word that no vocabulary has, or that nothing covers, is covered where the other text has it as it is; one that
    no vocabulary has also where the other text has one of the same sound that none has: names and loans. Returns the
    number of links: two words of which the lexicon holds something, or that are the same where it knows only one.
    """
    cells, keys, values = held[0], held[1], held[2]
    place, value = links
    count = 0
    from_starts, from_words, from_hashes, from_sounds = source
    to_starts, to_words, to_hashes, to_sounds = target
    first, begin = from_starts[n], to_starts[m]
    rows, columns = from_starts[n + 1] - first, to_starts[m + 1] - begin
    for k in range(rows + columns):
        found[k] = best[k] = np.float32(0.0)
    for i in range(rows):
        e = item(from_words, first + i)
        at = item(cells, e)
        last = item(cells, e + 1) - at - 1
        if last < 0:
            continue
        sum_back, best_back = np.float32(0.0), np.float32(0.0)
        for j in range(columns):
            f = item(to_words, begin + j)
            if f == 0:
                continue
            known = cell(keys, values, at, last, f)
            if known == 0:
                continue
            there = np.float32(known >> _HALF) / np.float32(_ONE)
            back = np.float32(known & _LOW) / np.float32(_ONE)
            found[j] += there
            best[j] = max(best[j], there)
            sum_back += back
            best_back = max(best_back, back)
            place[0, count], place[1, count], value[0, count], value[1, count] = i, j, there, back
            count += 1
        found[columns + i], best[columns + i] = sum_back, best_back
    for j in range(columns):
        if item(to_words, begin + j) == 0 or best[j] < COVERED:
            for i in range(rows):
                there = _same(from_hashes, from_sounds, first + i, to_hashes, to_sounds, begin + j)
                if there > 0:
                    found[j] += there * np.float32(item(to_words, begin + j) == 0)
                    best[j] = np.float32(1.0)
                    if item(to_words, begin + j) == 0:
                        place[0, count], place[1, count], value[0, count], value[1, count] = i, j, there, there
                        count += 1
    for i in range(rows):
        if item(from_words, first + i) == 0 or best[columns + i] < COVERED:
            for j in range(columns):
                there = _same(from_hashes, from_sounds, first + i, to_hashes, to_sounds, begin + j)
                if there > 0:
                    found[columns + i] += there * np.float32(item(from_words, first + i) == 0)
                    best[columns + i] = np.float32(1.0)
                    if item(from_words, first + i) == 0 and item(to_words, begin + j) != 0:
                        place[0, count], place[1, count], value[0, count], value[1, count] = i, j, 1.0, 1.0
                        count += 1
    return count


@part
def summed(
    words: Any, first: int, size: int, others: int, null: Any, usual: Any, found: Any, best: Any, out: Any
) -> None:
    """FEATURES of one side's words: `found` and `best` are what the other side's give them."""
    for k in range(5):
        out[k] = np.float32(0.0)
    if size == 0 or others == 0:
        return
    share = np.float32(1.0) / np.float32(others + 1)
    total, covered, run, longest, unknown, tail = np.float32(0.0), 0, 0, 0, 0, 0
    third = size - max(1, (size + 2) // 3)
    for j in range(size):
        word = words[first + j]
        expected = usual[word]
        mine = (found[j] + (null[word] if word > 0 else np.float32(0.0))) * share
        total += np.log((_MINE * mine + _BACKGROUND * expected) / expected)
        if best[j] >= COVERED:
            covered += 1
            run = 0
            tail += j >= third
        else:
            unknown += word == 0
            run += 1
            longest = max(longest, run)
    out[0] = total / np.float32(size)
    out[1] = np.float32(covered) / np.float32(size)
    out[2] = np.float32(longest) / np.float32(size)
    out[3] = np.float32(tail) / np.float32(size - third)
    out[4] = np.float32(unknown) / np.float32(size)


@kernel(types.void(TABLE, SIDE, SIDE, I64_IN, I64_IN, F32_2, LINKS, F32_2))
def _score(held: Any, source: Any, target: Any, rows: Any, columns: Any, room: Any, links: Any, out: Any) -> None:
    _, _, _, null_target, null_source, usual_target, usual_source = held
    found, best = room[0], room[1]
    for k in range(len(rows)):
        n, m = rows[k], columns[k]
        size, others = target[0][m + 1] - target[0][m], source[0][n + 1] - source[0][n]
        meet(held, source, target, n, m, found, best, links)
        summed(target[1], target[0][m], size, others, null_target, usual_target, found, best, out[k, :5])
        summed(source[1], source[0][n], others, size, null_source, usual_source, found[size:], best[size:], out[k, 5:])


def score(held: Table, source: Side, target: Side, rows: Longs, columns: Longs) -> npt.NDArray[np.float32]:
    """FEATURES of both directions, (pairs, 10): texts `rows[k]` of the source and `columns[k]` of the target."""
    out = np.empty((len(rows), 2 * len(FEATURES)), np.float32)
    room, links = scratch(source, target, 2)
    _score(tuple(held), tuple(source), tuple(target), rows, columns, room, links, out)
    return out


def scratch(source: Side, target: Side, rows: int) -> tuple[Any, tuple[Any, Any]]:
    """Room for `rows` numbers of every word of a pair, and for its links."""
    sizes = [max(int(np.diff(side.starts).max(initial=0)), 1) for side in (source, target)]
    most = sizes[0] * sizes[1]
    return np.empty((rows, sum(sizes)), np.float32), (np.empty((2, most), np.int32), np.empty((2, most), np.float32))
