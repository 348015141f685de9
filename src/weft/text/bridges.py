"""Texts that may translate each other: candidates from an inverted index over translations, scored in full.

The score is the log-likelihood ratio of `translated.py`, mean of both directions. A word `f` of the other text that
some word of this one translates into adds to it what it lifts the ratio by; sums of these lifts over the lists of
texts that hold each `f` find the candidates, and the ratio itself ranks them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.decode import item
from weft.text.inverted import Texts, index
from weft.text.jit import F32, F32_2, F32_IN, I32, I32_2, I32_IN, I64, I64_IN, kernel, part, types

_NONE = np.float32(-1e30)
_STEPS = 256
MOST_POSTINGS = 20_000
"""Places in the lists of texts that one text looks at, those of the words that say most first."""
LEAST_LIFT = np.float32(1e-6)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


class Bridge(NamedTuple):
    """Cells from each word of one language into the other: `there` is t(f|e), `back` t(e|f), 0 where there is none.

    `null` and `background` are of the words `f`, `own_null` and `own_background` of the words `e`.
    """

    starts: Longs
    word: Ints
    there: Floats
    back: Floats
    null: Floats
    background: Floats
    own_null: Floats
    own_background: Floats


_TEXTS = types.Tuple((I64_IN, I32_IN))
_LENGTHS = np.array([2, 4, 8, 16, 32, 64], np.int64)
"""Of a text with about so many words: what the ratio of another text is with it where no word is translated."""


@kernel(types.void(_TEXTS, F32_IN, F32_IN, types.float32, I64_IN, F32_2))
def _bases(target: Any, null: Any, background: Any, mine: Any, lengths: Any, out: Any) -> None:
    starts, words = target
    usually = np.float32(1.0) - mine
    for step in range(len(lengths)):
        share = np.float32(1.0) / np.float32(lengths[step] + 1)
        for y in range(len(starts) - 1):
            total = np.float32(0.0)
            for at in range(starts[y], starts[y + 1]):
                f = words[at]
                if f == 0:
                    total += np.log(usually)
                else:
                    total += np.log(usually + mine * null[f] * share / background[f])
            out[step, y] = total / np.float32(max(starts[y + 1] - starts[y], 1))


_BRIDGE = types.Tuple((I64_IN, I32_IN, F32_IN, F32_IN, F32_IN, F32_IN, F32_IN, F32_IN))
_WORDS = types.Tuple((F32, F32, F32, F32, I32, I32, I32))
_CHAINS = types.Tuple((I32, I32, F32))
_PLACES = types.Tuple((I32, F32, F32))
_FOUND = types.Tuple((F32, I32, I32))


@part
def _own_words(source: Any, row: int, places: Any) -> int:
    """Different words of a text and how often it has each; gives how many there are."""
    starts, words = source
    own, often, _ = places
    count = 0
    for at in range(starts[row], starts[row + 1]):
        word = words[at]
        if word == 0:
            continue
        k = 0
        while k < count and own[k] != word:
            k += 1
        if k == count:
            own[k], often[k] = word, np.float32(0.0)
            count += 1
        often[k] += np.float32(1.0)
    return count


@part
def _spread(bridge: Any, row: int, places: Any, count: int, share: Any, words: Any, chains: Any, mine: Any) -> int:
    """What the other language may have for the words of a text: `lift` there and back, chains of what comes back.

    Gives how many words of the other language were met.
    """
    starts, other, there, back, null, background, own_null, own_background = bridge
    gain, plain, lift, lift_back, stamp, head, met = words
    link, origin, chance = chains
    own, often, _ = places
    size, nodes = 0, 0
    usually = np.float32(1.0) - mine
    for k in range(count):
        e = own[k]
        for c in range(starts[e], starts[e + 1]):
            f = item(other, c)
            if stamp[f] != row:
                stamp[f], head[f], gain[f], lift_back[f] = row, -1, np.float32(0.0), np.float32(0.0)
                met[size] = f
                size += 1
            gain[f] += there[c] * often[k]
            if back[c] > 0 and nodes < len(link):
                link[nodes], origin[nodes], chance[nodes] = head[f], k, back[c]
                head[f] = nodes
                nodes += 1
                usual = usually * own_background[e] + mine * own_null[e] * share
                lift_back[f] += often[k] * np.log((usual + mine * back[c] * share) / usual)
    for n in range(size):
        f = met[n]
        usual = usually * background[f]
        plain[f] = np.log((usual + mine * null[f] * share) / background[f])
        gain[f] = np.log((usual + mine * (gain[f] + null[f]) * share) / background[f])
        lift[f] = gain[f] - plain[f]
    return size


@part
def _chosen_words(words: Any, size: int, posted: Any, most: int, histogram: Any) -> Any:
    """The lift from which on all words' lists together have at most `most` places."""
    _, _, lift, lift_back, _, _, met = words
    top = np.float32(0.0)
    for n in range(size):
        top = max(top, lift[met[n]] + lift_back[met[n]])
    if top <= LEAST_LIFT:
        return np.float32(1e30), top
    for s in range(_STEPS):
        histogram[s] = 0
    scale = np.float32(_STEPS - 1) / top
    for n in range(size):
        f = met[n]
        histogram[int((lift[f] + lift_back[f]) * scale)] += posted[f + 1] - posted[f]
    total, step = 0, _STEPS
    while step > 1 and (total + histogram[step - 1] <= most or total == 0):
        step -= 1
        total += histogram[step]
    return np.float32(step) / scale, top


@part
def _gather(words: Any, size: int, inverted: Any, sizes: Any, share: Any, cut: Any, found: Any) -> int:
    """Lifts summed by text; gives how many texts were met."""
    posted, texts = inverted
    _, _, lift, lift_back, _, _, met = words
    sums, marked, _ = found
    count = 0
    for n in range(size):
        f = met[n]
        if lift[f] + lift_back[f] < cut:
            continue
        forth, back = lift[f], lift_back[f] * share
        for at in range(posted[f], posted[f + 1]):
            y = item(texts, at)
            if sums[y] == 0:
                marked[count] = y
                count += 1
            sums[y] += forth * sizes[y] + back
    return count


@part
def _step(lengths: Any, size: int) -> int:
    """The place of the first of `lengths` that is at least three quarters of the size; else the last."""
    for step in range(len(lengths)):
        if 4 * lengths[step] >= 3 * size:
            return step
    return len(lengths) - 1


@part
def _best(found: Any, count: int, wanted: int, base: Any, histogram: Any) -> int:
    """The texts of the highest sums into the third of `found`; the sums are set to zero again."""
    sums, marked, kept = found
    top, low = _NONE, -_NONE
    for n in range(count):
        sums[marked[n]] += base[marked[n]]
        top, low = max(top, sums[marked[n]]), min(low, sums[marked[n]])
    for s in range(_STEPS):
        histogram[s] = 0
    scale = np.float32(_STEPS - 1) / max(top - low, LEAST_LIFT)
    for n in range(count):
        histogram[int((sums[marked[n]] - low) * scale)] += 1
    total, step = 0, _STEPS
    while step > 0 and total < wanted:
        step -= 1
        total += histogram[step]
    room = wanted - (total - histogram[step])
    held = 0
    for n in range(count):
        y = marked[n]
        bucket = int((sums[y] - low) * scale)
        sums[y] = np.float32(0.0)
        if bucket > step or (bucket == step and room > 0):
            if bucket == step:
                room -= 1
            kept[held] = y
            held += 1
    return held


@part
def _ratio(
    bridge: Any, source: Any, target: Any, row: int, y: int, places: Any, count: int, words: Any, chains: Any, mine: Any
) -> Any:
    """The mean of both directions' log-likelihood ratios of text `row` and text `y`."""
    _, _, _, _, null, background, own_null, own_background = bridge
    gain, _, _, _, stamp, head, _ = words
    link, origin, chance = chains
    own, often, sums = places
    starts, others = target
    first, last = starts[y], starts[y + 1]
    long, short = np.float32(last - first), np.float32(source[0][row + 1] - source[0][row])
    share, other_share = np.float32(1.0) / (short + np.float32(1.0)), np.float32(1.0) / (long + np.float32(1.0))
    for k in range(count):
        sums[k] = own_null[own[k]]
    total = np.float32(0.0)
    usually = np.float32(1.0) - mine
    nothing = np.log(usually)
    for at in range(first, last):
        f = item(others, at)
        if f == 0:
            total += nothing
        elif item(stamp, f) != row:
            total += np.log((usually * background[f] + mine * null[f] * share) / background[f])
        else:
            total += gain[f]
            node = head[f]
            while node >= 0:
                sums[origin[node]] += chance[node]
                node = link[node]
    returned = np.float32(0.0)
    known = np.float32(0.0)
    for k in range(count):
        usual = own_background[own[k]]
        returned += often[k] * np.log((usually * usual + mine * sums[k] * other_share) / usual)
        known += often[k]
    returned += (short - known) * nothing
    return (total / long + returned / short) / np.float32(2.0)


_SCRATCH = types.Tuple((_WORDS, _CHAINS, _PLACES, _FOUND, I64))
_SETTINGS = types.Tuple((types.int64, types.int64, types.int64, types.int64))


@kernel(
    types.void(_BRIDGE, _TEXTS, _TEXTS, _TEXTS, F32_IN, F32_2, I64_IN, types.float32, _SETTINGS, _SCRATCH, I32_2, F32_2)
)
def _search(
    bridge: Any,
    source: Any,
    target: Any,
    inverted: Any,
    sizes: Any,
    bases: Any,
    lengths: Any,
    mine: Any,
    settings: Any,
    scratch: Any,
    out: Any,
    score: Any,
) -> None:
    """Texts `first` to `last` of the source: their best texts of the target, best first, and the scores."""
    words, chains, places, found, histogram = scratch
    first, last, most, wanted = settings
    best = out.shape[1]
    for row in range(first, last):
        place = row - first
        for k in range(best):
            out[place, k], score[place, k] = -1, _NONE
        size = source[0][row + 1] - source[0][row]
        if size == 0:
            continue
        share = np.float32(1.0) / np.float32(size + 1)
        count = _own_words(source, row, places)
        met = _spread(bridge, row, places, count, share, words, chains, mine)
        cut, top = _chosen_words(words, met, inverted[0], most, histogram)
        if top <= LEAST_LIFT:
            continue
        held = _best(
            found,
            _gather(words, met, inverted, sizes, share, cut, found),
            wanted,
            bases[_step(lengths, size)],
            histogram,
        )
        for n in range(held):
            y = found[2][n]
            value = _ratio(bridge, source, target, row, y, places, count, words, chains, mine)
            at = best
            while at > 0 and (
                score[place, at - 1] < value or (score[place, at - 1] == value and out[place, at - 1] > y)
            ):
                at -= 1
            if at < best:
                for k in range(best - 1, at, -1):
                    out[place, k], score[place, k] = out[place, k - 1], score[place, k - 1]
                out[place, at], score[place, at] = y, value


class Search:
    """Looks for the texts of one side among those of the other; `rows` may be called on several threads at once."""

    def __init__(
        self, bridge: Bridge, source: Texts, target: Texts, wanted: int, best: int, mine: float, most: int
    ) -> None:
        self._bridge, self._source, self._target, self._best = bridge, source, target, best
        self._wanted, self._most, self._mine = wanted, most, np.float32(mine)
        self._index = index(target, len(bridge.null))
        sizes = np.diff(target.starts)
        self._sizes = np.where(sizes > 0, 1 / np.maximum(sizes, 1), 0).astype(np.float32)
        self._bases = np.empty((len(_LENGTHS), len(sizes)), np.float32)
        _bases(tuple(target), bridge.null, bridge.background, self._mine, _LENGTHS, self._bases)
        self._longest = int(np.diff(source.starts).max(initial=0)) + 1
        self._cells = int(np.diff(bridge.starts).max(initial=0)) + 1

    def rows(self, first: int, last: int) -> tuple[Ints, Floats]:
        """The best texts of the target for each of these texts, best first: (texts, best), -1 where there are no more.

        The scores beside them are mean log-likelihood ratios of both directions.
        """
        words, texts = len(self._bridge.null), len(self._sizes)
        nodes = min(self._longest * self._cells, 1 << 22)
        scratch = (
            (*(np.zeros(words, np.float32) for _ in range(4)), np.full(words, -1, np.int32), *_ints(words, words)),
            (*_ints(nodes, nodes), np.empty(nodes, np.float32)),
            (*_ints(self._longest), *(np.empty(self._longest, np.float32) for _ in range(2))),
            (np.zeros(texts, np.float32), *_ints(texts, self._wanted + 1)),
            np.empty(_STEPS, np.int64),
        )
        out = np.empty((last - first, self._best), np.int32)
        score = np.empty((last - first, self._best), np.float32)
        settings = (first, last, self._most, self._wanted)
        given = (tuple(self._bridge), tuple(self._source), tuple(self._target), tuple(self._index), self._sizes)
        _search(*given, self._bases, _LENGTHS, self._mine, settings, scratch, out, score)
        return out, score


def _ints(*sizes: int) -> list[Ints]:
    return [np.empty(size, np.int32) for size in sizes]
