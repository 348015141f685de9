"""Which label each word of a text has, where a text may be of several: word scores smoothed over the text.

A word's scores are those of the linear model for its features, and in part for those of its neighbours. The labels of
a block of words are found one by one: each next is the one that explains some of the words so much better that it pays
for its own cost and for the changes from word to word (two-part code; Viterbi 1967 for the path).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Bytes, Longs
from weft.text.jit import F32, F32_2, F32_IN, I32, I32_IN, I64_IN, U8_IN, U32, U32_IN, kernel, part, types
from weft.text.ngrams import LONGEST_WORD, WIDEST, features, letters, read_letters, shift_for
from weft.text.vectors import add_scaled, softmax

BLOCK = 256
"""Words that are looked at together; more are divided into blocks of equal size."""
NONE, OTHER = -1, -2
"""A word that no label competes for; one of a language that is not among those allowed."""
_READ = 2 * LONGEST_WORD
"""Letters of a word that are read at most; a word is shorter but for marks."""
_NEVER = np.float32(-1e30)


class Settings(NamedTuple):
    """What a change costs, in natural logarithms of probabilities; `other` below 0: words of other languages too.

    `change`: to another label at the next word; `label`: a further label in a block. `floor`: the least of a word's
    log probability. `context`: weight of each neighbour's features. `other`: log probability taken from them.
    """

    change: float
    label: float
    floor: float
    context: float
    usual: float
    other: float


@part
def _read(data: Any, begin: Any, end: Any, reading: Any, embedding: Any, scratch: Any) -> None:
    """Summed embeddings of the features of each word, and their number."""
    read, numbers, totals, counts = scratch
    table, shift = reading
    width = embedding.shape[1]
    for n in range(len(begin)):
        size, _ = read_letters(data, begin[n], end[n], table, read, _READ)
        found = features(read, size, shift, numbers)
        counts[n] = found
        own = totals[n]
        own[:] = 0
        for k in range(found):
            row = embedding[numbers[k]]
            for d in range(width):
                own[d] += row[d]


@part
def _score(at: int, size: int, first: int, model: Any, sums: Any, scores: Any, context: Any, usual: Any) -> None:
    """Scores of labels from `first` on for word `at` of `size`, by its features and those of its neighbours."""
    _, output, bias = model
    totals, counts = sums
    before = context if at > 0 else np.float32(0.0)
    after = context if at + 1 < size else np.float32(0.0)
    early, late = max(at - 1, 0), min(at + 1, size - 1)
    found = np.float32(counts[at]) + before * np.float32(counts[early]) + after * np.float32(counts[late])
    scale = np.sqrt(np.float32(counts[at]) / usual) / max(found, np.float32(1.0))
    last = first + len(scores)
    added = bias[first:last]
    for n in range(len(scores)):
        scores[n] = added[n]
    for d in range(output.shape[0]):
        value = np.float32(totals[at, d]) + before * np.float32(totals[early, d]) + after * np.float32(totals[late, d])
        add_scaled(scores, output[d, first:last], value * scale)


@part
def _emit(scores: Any, allowed: Any, floor: Any, other: Any, own: Any) -> None:
    """Log probabilities of the labels into `own`; its last place is that of all labels that are not allowed."""
    labels = len(scores)
    highest = scores[0]
    for n in range(labels):
        highest = max(highest, scores[n])
        own[n] = scores[n]
    softmax(scores)
    rest, top = np.float32(0.0), np.float32(0.0)
    for n in range(labels):
        top = max(top, scores[n])
        rest += scores[n] * np.float32(1 - allowed[n])
    top = np.log(top) - highest
    for n in range(labels):
        own[n] = max(own[n] + top, floor) if allowed[n] else _NEVER
    own[labels] = max(np.log(max(rest, np.float32(1e-12))) + other, floor) if other < 0 else _NEVER


@part
def _gains(emitted: Any, path: Any, change: Any, stay: Any, leave: Any) -> None:
    """For each label, how much better words are explained if some stretches of them have it: into `stay`."""
    stay[:], leave[:] = 0.0, 0.0
    for n in range(len(path)):
        own = emitted[n, : len(stay)]
        held = own[path[n]]
        for k in range(len(own)):
            inside = max(leave[k], stay[k] - change) + (own[k] - held)
            stay[k] = max(stay[k], leave[k] - change)
            leave[k] = inside
    for k in range(len(stay)):
        stay[k] = max(stay[k], leave[k])


@part
def _walk(emitted: Any, chosen: Any, change: Any, sums: Any, back: Any, path: Any) -> None:
    """The best labels of the words among those chosen (Viterbi), into `path`."""
    for n in range(len(path)):
        best = 0
        for k in range(1, len(chosen)):
            if sums[k] > sums[best]:
                best = k
        top = sums[best] if n else np.float32(0.0)
        for k in range(len(chosen)):
            came = sums[k] - top if n else np.float32(0.0)
            back[n, k] = k
            if came < -change:
                back[n, k], came = best, -change
            sums[k] = came + emitted[n, chosen[k]]
    at = 0
    for k in range(1, len(chosen)):
        if sums[k] > sums[at]:
            at = k
    for n in range(len(path) - 1, -1, -1):
        path[n] = chosen[at]
        at = back[n, at]


@part
def _sure(emitted: Any, chosen: Any, stays: Any, path: Any, forward: Any, sums: Any, out: Any) -> None:
    """How probable the label of each word is among those chosen (forward-backward; Baum et al. 1970).

    `stays` is the probability of no change, the rest is divided among the other labels.
    """
    size, count = len(path), len(chosen)
    moves = (np.float32(1.0) - stays) / np.float32(max(count - 1, 1))
    for n in range(size):
        own = forward[n, :count]
        for k in range(count):
            sums[k] = emitted[n, chosen[k]]
        softmax(sums[:count])
        total = np.float32(0.0)
        for k in range(count):
            came = moves + (stays - moves) * forward[n - 1, k] if n else np.float32(1.0)
            own[k] = sums[k] * came
            total += own[k]
        for k in range(count):
            own[k] /= total
    sums[:count] = 1.0
    for n in range(size - 1, -1, -1):
        own = forward[n, :count]
        total, held = np.float32(0.0), np.float32(0.0)
        for k in range(count):
            total += own[k] * sums[k]
            if chosen[k] == path[n]:
                held = own[k] * sums[k]
        out[n] = held / total
        _step_back(emitted[n], chosen, stays, moves, sums[:count])


@part
def _step_back(emitted: Any, chosen: Any, stays: Any, moves: Any, sums: Any) -> None:
    """The backward probabilities of the word before."""
    highest = emitted[chosen[0]]
    for k in range(1, len(chosen)):
        highest = max(highest, emitted[chosen[k]])
    total = np.float32(0.0)
    for k in range(len(chosen)):
        sums[k] *= np.exp(max(emitted[chosen[k]] - highest, np.float32(-16.0)))
        total += sums[k]
    for k in range(len(chosen)):
        sums[k] = (moves * total + (stays - moves) * sums[k]) / total


@part
def _best(stay: Any, chosen: Any, first: int, relatives: Any, cost: Any) -> int:
    """The label of the highest gain above its cost that is none of those chosen, -1 where there is none."""
    best, most = -1, np.float32(0.0)
    for n in range(len(stay)):
        gain = stay[n] - cost
        if gain > most:
            for k in range(len(chosen)):
                other = chosen[k]
                if n == other:
                    gain = np.float32(-1.0)
                elif n + 1 < len(stay) and other + 1 < len(stay):
                    gain -= cost * relatives[first + n, first + other]
            if gain > most:
                best, most = n, gain
    return best


@part
def _block(emitted: Any, first: int, relatives: Any, settings: Any, most: int, scratch: Any, path: Any) -> int:
    """Choose labels one by one, and give each word one of them; returns how many labels there are."""
    stay, leave, chosen, sums, back = scratch
    change, cost = settings[0], settings[1]
    stay[:] = 0.0
    for n in range(len(path)):
        own = emitted[n, : len(stay)]
        for k in range(len(stay)):
            stay[k] += own[k]
    chosen[0] = np.argmax(stay)
    path[:] = chosen[0]
    found = 1
    while found < most:
        _gains(emitted, path, change, stay, leave)
        best = _best(stay, chosen[:found], first, relatives, cost)
        if best < 0:
            break
        chosen[found] = best
        found += 1
        _walk(emitted, chosen[:found], change, sums, back, path)
    return found


_MODEL = types.Tuple(
    (types.Array(types.int8, 2, "C", readonly=True), types.Array(types.float32, 2, "C", readonly=True), F32_IN)
)
_RANGES = types.Tuple((I64_IN, F32_2, U8_IN))
_SETTINGS = types.UniTuple(types.float32, 6)
_I32_2 = types.int32[:, ::1]
_SPACE = types.Tuple((U32, I32, _I32_2, I32, F32_2, F32, F32, I32, F32, _I32_2, F32_2))


@kernel(
    types.void(
        U8_IN, I64_IN, I64_IN, types.Tuple((I64_IN, I32_IN)), _RANGES, types.Tuple((U32_IN, types.uint64)), _MODEL,
        _SETTINGS, types.int64, _SPACE, I32, F32,
    )
)  # fmt: skip
def _label(
    data: Any, begin: Any, end: Any, blocks: Any, ranges: Any, reading: Any, model: Any, settings: Any, most: int,
    scratch: Any, out: Any, sure: Any,
) -> None:  # fmt: skip
    """The label of each word and its probability; block `b` has the words from `starts[b]` to `starts[b + 1]`."""
    starts, groups = blocks
    bounds, relatives, allowed = ranges
    read, numbers, totals, counts, emitted, scores, other, chosen, sums, back, forward = scratch
    stays = np.float32(1.0) / (np.float32(1.0) + np.exp(-settings[0]))
    for block in range(len(groups)):
        start, stop = starts[block], starts[block + 1]
        first, last = bounds[2 * groups[block]], bounds[2 * groups[block] + 1]
        size, labels = stop - start, last - first
        possible = 0
        for n in range(first, last):
            possible += allowed[n]
        if possible == 0:
            out[start:stop], sure[start:stop] = OTHER if settings[5] < 0 else NONE, 1.0
            continue
        _read(data, begin[start:stop], end[start:stop], reading, model[0], (read, numbers, totals, counts))
        for n in range(size):
            _score(n, size, first, model, (totals, counts), scores[:labels], settings[3], settings[4])
            _emit(scores[:labels], allowed[first:last], settings[2], settings[5], emitted[n, : labels + 1])
        path = out[start:stop]
        own = (scores[: labels + 1], other[: labels + 1], chosen, sums, back)
        found = _block(emitted, first, relatives, settings, most, own, path)
        _sure(emitted, chosen[:found], stays, path, forward, sums, sure[start:stop])
        for n in range(size):
            path[n] = OTHER if path[n] == labels else path[n] + first


class Contest(NamedTuple):
    """Who competes: labels `bounds[2 * g]` to `bounds[2 * g + 1]` (exclusive) of a script's group `g`, if `allowed`.

    A further label costs once more `relatives[label, other]` times its cost beside each other label of the block.
    """

    bounds: Longs
    relatives: npt.NDArray[np.float32]
    allowed: npt.NDArray[np.uint8]


Parts = tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""A model: embedding, output, and what is added to the score of each label."""


def _reading_space(width: int) -> tuple[npt.NDArray[Any], ...]:
    return (
        np.empty(_READ + 8, np.uint32),
        np.empty((_READ + 8) * (WIDEST + 1), np.int32),
        np.empty((BLOCK, width), np.int32),
        np.empty(BLOCK, np.int32),
    )


def label_words(
    data: Bytes,
    places: tuple[Longs, Longs],
    blocks: tuple[Longs, npt.NDArray[np.int32]],
    rivals: Contest,
    model: Parts,
    settings: Settings,
    most: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Label of each word that begins and ends at `places` in `data`, or NONE, or OTHER; its probability in its block.

    `blocks` are places in the list of words at which blocks begin (and the end of the last), and their groups of
    labels. A block has at most `most` labels.
    """
    embedding, output, _ = model
    labels = output.shape[1] + 1
    scratch = (
        *_reading_space(embedding.shape[1]),
        np.empty((BLOCK, labels), np.float32),
        np.empty(labels, np.float32),
        np.empty(labels, np.float32),
        np.empty(most, np.int32),
        np.empty(most, np.float32),
        np.empty((BLOCK, most), np.int32),
        np.empty((BLOCK, most), np.float32),
    )
    out, sure = np.empty(len(places[0]), np.int32), np.empty(len(places[0]), np.float32)
    reading = (letters(), shift_for(embedding))
    given = tuple(np.float32(value) for value in settings)
    _label(data, *places, blocks, tuple(rivals), reading, model, given, most, scratch, out, sure)
    return out, sure


@kernel(types.void(U8_IN, I64_IN, I64_IN, I64_IN, types.Tuple((U32_IN, types.uint64)), _MODEL, _SETTINGS,
                   types.Tuple((U32, I32, _I32_2, I32)), F32_2))  # fmt: skip
def _raw(
    data: Any, begin: Any, end: Any, starts: Any, reading: Any, model: Any, settings: Any, scratch: Any, out: Any
) -> None:  # fmt: skip
    _, _, totals, counts = scratch
    for block in range(len(starts) - 1):
        start, stop = starts[block], starts[block + 1]
        _read(data, begin[start:stop], end[start:stop], reading, model[0], scratch)
        for n in range(stop - start):
            _score(n, stop - start, 0, model, (totals, counts), out[start + n], settings[3], settings[4])


def score_words(
    data: Bytes, places: tuple[Longs, Longs], starts: Longs, model: Parts, settings: Settings
) -> npt.NDArray[np.float32]:
    """(words, labels): the scores of all labels of `model` for each word, beside its neighbours in its block."""
    embedding, output, _ = model
    out = np.empty((len(places[0]), output.shape[1]), np.float32)
    scratch = _reading_space(embedding.shape[1])
    reading = (letters(), shift_for(embedding))
    _raw(data, *places, starts, reading, model, tuple(np.float32(value) for value in settings), scratch, out)
    return out
