"""Which texts hold the terms of a query, and how much each counts: an inverted index that ranks.

Terms are numbered from 0; a text has a whole number for each of its terms, its impact, so that sums are the same in
any order. Of texts that score the same the first one is first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.decode import item, put
from weft.text.jit import I32, I32_2, I32_IN, I64, I64_IN, U8, U16_IN, kernel, part, types

Ints = npt.NDArray[np.int32]
Impacts = npt.NDArray[np.uint16]
MOST_TERMS = 4_096
"""Terms that are read of a query: so many impacts never pass the bounds of a sum."""
_U16 = types.uint16[::1]
_U32 = types.uint32[::1]
_FILTER = 0xFFFF
_BLOCK = 32_768
"""Texts whose sums a processor holds near it."""
_RUN = 64
"""Sums of which the greatest is found at once; a block has a whole number of them."""
_SCAN = 16_384
"""Postings between two looks at all sums of a block."""
_DEARER = 32
"""By how much more must be left to read by terms than of the texts that are left, for these to be summed up whole."""
_LOOK = 32_000
"""Postings by which those are found that lead at first."""
_LEADERS = 512
"""So many of those are summed up whole, or as many as are wanted."""
_TERM, _LOW = np.int64(32), np.int64(0xFFFFFFFF)


class Postings(NamedTuple):
    """Pairs of a term and a text, in the order of one and then the other: those of `n` from `starts[n]` on.

    Of an index by terms `others` are texts, of one by texts they are terms; ascending either way.
    """

    starts: Longs
    others: Ints
    impacts: Impacts


@kernel(types.void(I64_IN, I32_IN, I32, I64))
def _sizes(starts: Any, terms: Any, last: Any, sizes: Any) -> None:
    for n in range(len(starts) - 1):
        for at in range(starts[n], starts[n + 1]):
            term = item(terms, at)
            if item(last, term) != n:
                put(last, term, n)
                put(sizes, term, item(sizes, term) + 1)


@kernel(types.void(I64_IN, I32_IN, I32, I64, I32, _U16))
def _post(starts: Any, terms: Any, last: Any, places: Any, texts: Any, counts: Any) -> None:
    for n in range(len(starts) - 1):
        for at in range(starts[n], starts[n + 1]):
            term = item(terms, at)
            if item(last, term) != n:
                put(last, term, n)
                put(texts, item(places, term), n)
                put(places, term, item(places, term) + 1)
            place = item(places, term) - 1
            if item(counts, place) < 65535:
                put(counts, place, item(counts, place) + 1)


@kernel(types.void(I64_IN, I32_IN, U16_IN, I64, I32, _U16))
def _turn(starts: Any, others: Any, impacts: Any, places: Any, turned: Any, out: Any) -> None:
    for n in range(len(starts) - 1):
        for at in range(starts[n], starts[n + 1]):
            place = item(places, item(others, at))
            put(turned, place, n)
            put(out, place, item(impacts, at))
            put(places, item(others, at), place + 1)


def post(starts: Longs, terms: Ints, count: int) -> Postings:
    """Texts of each of `count` terms, with how often each has it where impacts will be.

    The terms of text `n` are from `starts[n]` to `starts[n + 1]`, in any order, with repeats.
    """
    sizes = np.zeros(count, np.int64)
    _sizes(starts, terms, np.full(count, -1, np.int32), sizes)
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    texts, counts = np.empty(begins[-1], np.int32), np.zeros(begins[-1], np.uint16)
    _post(starts, terms, np.full(count, -1, np.int32), begins[:-1].copy(), texts, counts)
    return Postings(begins, texts, counts)


def turned(postings: Postings, count: int) -> Postings:
    """The same pairs by the other of the two, of which there are `count`."""
    sizes = np.bincount(postings.others, minlength=count)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    others, impacts = np.empty(len(postings.others), np.int32), np.empty(len(postings.others), np.uint16)
    _turn(*postings, starts[:-1].copy(), others, impacts)
    return Postings(starts, others, impacts)


@part
def _read(terms: Any, begin: int, end: int, maxima: Any, often: Any, distinct: Any, bounds: Any) -> int:
    """The distinct terms of a query, those that can add most first; how many there are. `often` counts each."""
    size = 0
    for at in range(begin, min(end, begin + MOST_TERMS)):
        term = item(terms, at)
        if term >= 0:
            if item(often, term) == 0:
                put(distinct, size, np.int64(term))
                size += 1
            put(often, term, item(often, term) + 1)
    for n in range(size):
        term = item(distinct, n)
        # The greatest sum first, of equal ones the lower number: one key, sorted downwards.
        bound = np.int64(item(maxima, term)) * np.int64(item(often, term))
        put(distinct, n, (bound << _TERM) | (_LOW - term))
    _downwards(distinct, size)
    total = np.int64(0)
    for back in range(size):
        n = size - 1 - back
        key = item(distinct, n)
        total += key >> _TERM
        put(bounds, n, total)
        put(distinct, n, _LOW - (key & _LOW))
    return size


@part
def _sink(keys: Any, at: int, size: int) -> None:
    key = item(keys, at)
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and item(keys, child + 1) < item(keys, child):
            child += 1
        if item(keys, child) >= key:
            break
        put(keys, at, item(keys, child))
        at = child
    put(keys, at, key)


@part
def _downwards(keys: Any, size: int) -> None:
    """Sort keys in place, the highest first (heapsort: numba's own sort makes arrays)."""
    for back in range(size // 2):
        _sink(keys, size // 2 - 1 - back, size)
    for back in range(size - 1):
        last = size - 1 - back
        low, high = item(keys, 0), item(keys, last)
        put(keys, 0, high)
        put(keys, last, low)
        _sink(keys, 0, last)


@part
def _keep(ids: Any, scores: Any, held: int, text: int, score: Any) -> int:
    """Put a text among the best, which are in order; how many there are."""
    wanted = len(ids)
    if held == wanted:
        last = item(scores, held - 1)
        if score < last or (score == last and text > item(ids, held - 1)):
            return held
        at = held - 1
    else:
        at = held
        held += 1
    while at > 0 and (item(scores, at - 1) < score or (item(scores, at - 1) == score and item(ids, at - 1) > text)):
        put(ids, at, item(ids, at - 1))
        put(scores, at, item(scores, at - 1))
        at -= 1
    put(ids, at, text)
    put(scores, at, score)
    return held


@part
def _whole(by_text: Any, text: int, often: Any, filtered: Any) -> Any:
    """The score of a text, by its own terms; of many terms most are none of the query's, which a small filter tells."""
    starts, terms, impacts = by_text
    total = np.int32(0)
    if len(often) <= _FILTER:
        # So few are near the processor, and a branch that cannot be foreseen costs more than what it saves.
        for at in range(item(starts, text), item(starts, text + 1)):
            total += np.int32(item(impacts, at)) * item(often, item(terms, at))
        return total
    for at in range(item(starts, text), item(starts, text + 1)):
        term = item(terms, at)
        if item(filtered, term & _FILTER):
            total += np.int32(item(impacts, at)) * item(often, term)
    return total


@part
def _least(by_text: Any, often: Any, filtered: Any, sums: Any, touched: Any, seen: int, leads: Any, k: int) -> Any:
    """What the last of the best scores at least: of the texts that lead so far the `k`-th whole score; 0 of fewer."""
    ids, scores = leads
    held = 0
    for n in range(seen):
        text = item(touched, n)
        held = _keep(ids, scores, held, text, item(sums, text))
    if held < k:
        return np.int64(0)
    best = 0
    for n in range(held):
        text = item(ids, n)
        # Those that were read are before `n`: the better ones of them are kept there, in order.
        best = _keep(ids[: n + 1], scores[: n + 1], best, text, _whole(by_text, text, often, filtered))
    return np.int64(item(scores, k - 1))


@part
def _above(sums: Any, size: int, least: Any, found: Any) -> int:
    """Put the places of sums of `least` (above 0) or more into `found`; how many they are."""
    count = 0
    for first in range(0, size, _RUN):
        # Most runs have none, which is counted without a branch, several at once.
        hits = np.int32(0)
        for at in range(_RUN):
            hits += np.int32(sums[np.uint64(first + at)] >= least)
        if hits:
            for at in range(first, first + _RUN):
                put(found, count, np.int32(at))
                count += item(sums, at) >= least
    return count


@part
def _from(texts: Any, at: int, stop: int, first: int) -> int:
    """The first place from `at` on of a text of `first` or more; it is near, mostly."""
    step = 1
    while at + step < stop and item(texts, at + step) < first:
        at += step
        step *= 2
    high = min(at + step, stop)
    while at < high:
        middle = (at + high) // 2
        if item(texts, middle) < first:
            at = middle + 1
        else:
            high = middle
    return at


@part
def _lead(by_term: Any, by_text: Any, size: int, rooms: Any, leads: Any, k: int) -> Any:
    """A bound for the last of the best: the whole scores of those that lead by the terms that tell most."""
    often, filtered, _, every, touched, distinct, _, _ = rooms
    seen = read = 0
    for n in range(size):
        term = item(distinct, n)
        begin, end = item(by_term[0], term), item(by_term[0], term + 1)
        if seen >= k and read + end - begin > _LOOK:
            break
        factor = item(often, term)
        for at in range(begin, end):
            text = item(by_term[1], at)
            before = item(every, text)
            # Whether a text was met is as good as random: a branch would cost more than what it saves.
            put(touched, seen, text)
            seen += before == 0
            put(every, text, before + np.int32(item(by_term[2], at)) * factor)
        read += end - begin
    least = _least(by_text, often, filtered, every, touched, seen, leads, k)
    for n in range(seen):
        put(every, item(touched, n), 0)
    return least


_POSTINGS = types.Tuple((I64_IN, I32_IN, U16_IN))
_ROOMS = types.Tuple((I32, U8, I32, I32, I32, I64, I64, I64))
_LEADS = types.Tuple((I32, I32))


@part
def _block(
    by_term: Any, by_text: Any, block: Any, size: int, least: Any, rooms: Any, ids: Any, scores: Any, held: int
) -> tuple[int, int]:
    """Put the texts of a block among the best; how many these are, and how many postings were read.

    `block` is the first text, the last one and the share of the postings that a block has.
    """
    often, filtered, sums, _, touched, distinct, bounds, cursors = rooms
    _, texts, impacts = by_term
    first, last, share, usual, rest = block
    read, since, more, whole = 0, _BLOCK, np.int64(0), False
    for n in range(size):
        term, more = item(distinct, n), item(bounds, n)
        stop = item(by_term[0], term + 1)
        if more < least and since >= _SCAN:
            # No text without a sum can be among the best any more, and of the others few.
            since = 0
            seen = _above(sums, last - first, np.int32(least - more), touched) if read else 0
            if _DEARER * seen * usual <= rest * share:
                whole = True
                break
        begin = _from(texts, item(cursors, n), stop, first)
        end, factor = begin, item(often, term)
        while end < stop and item(texts, end) < last:
            place = item(texts, end) - first
            put(sums, place, item(sums, place) + np.int32(item(impacts, end)) * factor)
            end += 1
        put(cursors, n, end)
        read += end - begin
        since += end - begin
        rest -= stop - item(by_term[0], term)
    if not whole:
        seen = _above(sums, last - first, np.int32(max(least, 1)), touched) if read else 0
    for n in range(seen):
        text, score = first + item(touched, n), item(sums, item(touched, n))
        if whole and (held < len(ids) or score + more >= item(scores, held - 1)):
            score = _whole(by_text, text, often, filtered)
        held = _keep(ids, scores, held, text, score)
    if read:
        sums[: last - first] = 0
    return held, read


@kernel(types.int64(_POSTINGS, _POSTINGS, U16_IN, I64_IN, I32_IN, _ROOMS, _LEADS, I32_2, I32_2))
def _search(
    by_term: Any, by_text: Any, maxima: Any, starts: Any, terms: Any, rooms: Any, leads: Any, ids: Any, scores: Any
) -> int:
    """The texts that score highest for each query; the number of postings that were read."""
    often, filtered, _, every, _, distinct, bounds, cursors = rooms
    texts, work = len(every), 0
    usual, share = len(by_term[1]) // max(texts, 1) + 1, min(_BLOCK / max(texts, 1), 1.0)
    for row in range(len(starts) - 1):
        size = _read(terms, starts[row], starts[row + 1], maxima, often, distinct, bounds)
        postings = 0
        for n in range(size):
            term = item(distinct, n)
            put(filtered, term & _FILTER, 1)
            put(cursors, n, item(by_term[0], term))
            postings += item(by_term[0], term + 1) - item(by_term[0], term)
        least = _lead(by_term, by_text, size, rooms, leads, ids.shape[1])
        held = 0
        for first in range(0, texts, _BLOCK):
            block = (first, min(first + _BLOCK, texts), share, usual, postings)
            held, read = _block(by_term, by_text, block, size, least, rooms, ids[row], scores[row], held)
            work += read
            if held == ids.shape[1]:
                least = max(least, np.int64(scores[row, held - 1]))
        for n in range(held, ids.shape[1]):
            ids[row, n], scores[row, n] = -1, 0
        for n in range(size):
            put(often, item(distinct, n), 0)
            put(filtered, item(distinct, n) & _FILTER, 0)
    return work


class Rooms(NamedTuple):
    """What a search writes to, all zero before and after; nobody else may use it meanwhile."""

    often: Ints
    filtered: npt.NDArray[np.uint8]
    sums: Ints
    every: Ints
    touched: Ints
    distinct: Longs
    bounds: Longs
    cursors: Longs


def rooms_for(texts: int, terms: int) -> Rooms:
    """Rooms to search an index of so many texts and terms; making them costs more than many a search."""
    block = -(-min(texts, _BLOCK) // _RUN) * _RUN
    sizes = (terms + 1, block, texts, max(texts, block) + 1)
    often, sums, every, touched = (np.zeros(size, np.int32) for size in sizes)
    distinct, bounds, cursors = (np.zeros(MOST_TERMS + 1, np.int64) for _ in range(3))
    return Rooms(often, np.zeros(_FILTER + 1, np.uint8), sums, every, touched, distinct, bounds, cursors)


def search(
    by_term: Postings, by_text: Postings, maxima: Impacts, starts: Longs, terms: Ints, wanted: int, rooms: Rooms
) -> tuple[Ints, Ints, int]:
    """Texts and sums of impacts, (queries, wanted), best first, and how many postings were read; -1: no more texts.

    A query's terms are from `starts[n]` to `starts[n + 1]`, repeats count again, -1 is a term that no text has, and
    of more than MOST_TERMS the first ones count. Exact, block of texts by block: terms are read in the order of what
    they can add at most (`maxima` of each). When what is left can lift no text among the best that has not enough
    already (MaxScore, Turtle and Flood 1995), and few texts have, these are summed up by their own terms.
    """
    queries = len(starts) - 1
    ids, scores = np.empty((queries, wanted), np.int32), np.empty((queries, wanted), np.int32)
    leaders = max(wanted, min(4 * wanted, _LEADERS))
    leads = np.empty(leaders, np.int32), np.empty(leaders, np.int32)
    work = _search(tuple(by_term), tuple(by_text), maxima, starts, terms, tuple(rooms), leads, ids, scores)
    return ids, scores, int(work)
