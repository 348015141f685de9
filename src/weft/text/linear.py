"""A linear classifier over the mean of hashed feature embeddings (Joulin et al. 2017, fastText), trained on one thread.

Training is a fixed sequence of floating-point operations: the same draws give the same weights, bit for bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.jit import F32, F32_2, I32, I32_IN, I64_IN, U8_IN, U32, U32_IN, U64_IN, kernel, part, types
from weft.text.ngrams import WIDEST, features, letters, read_letters

MOST_LETTERS = 600
"""Letters of a training text that are read at most."""
SMOOTHING = 0.05
"""Label smoothing (Szegedy et al. 2016): without it, probabilities of unseen languages are as high as of seen ones."""
EMBEDDING_RATE = 3.0
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xBF58476D1CE4E5B9)
_C = np.uint64(0x94D049BB133111EB)


@part
def _next(state: Any) -> tuple[Any, Any]:
    """SplitMix64: the next state, and a number of 64 bits."""
    state = state + _GAMMA
    value = (state ^ (state >> np.uint64(30))) * _B
    value = (value ^ (value >> np.uint64(27))) * _C
    return state, value ^ (value >> np.uint64(31))


@part
def _window(text: Any, size: int, wanted: int, chance: Any, out: Any) -> int:
    """A stretch of about `wanted` letters of `text` into `out`, spaces at both ends; all of it where it is shorter."""
    if wanted <= 0 or size - 2 <= wanted:
        for n in range(size):
            out[n] = text[n]
        return size
    start = 1 + np.int64(chance % np.uint64(size - 1 - wanted))
    out[0] = 32
    place = 1
    for n in range(start, start + wanted):
        if text[n] == 32 and out[place - 1] == 32:
            continue
        out[place] = text[n]
        place += 1
    if out[place - 1] != 32:
        out[place] = 32
        place += 1
    return place


@part
def _softmax(scores: Any, first: int, last: int) -> None:
    highest = scores[first]
    for n in range(first, last):
        highest = max(highest, scores[n])
    total = np.float32(0.0)
    for n in range(first, last):
        scores[n] = np.exp(scores[n] - highest)
        total += scores[n]
    for n in range(first, last):
        scores[n] /= total


@part
def _project(weights: Any, gradient: Any, first: int, last: int, out: Any) -> None:
    """`out[d] = sum(weights[d, n] * gradient[n])`, in eight partial sums: a fixed order that still vectorizes."""
    whole = first + (last - first) // 8 * 8
    for d in range(weights.shape[0]):
        a = b = c = e = f = g = h = i = np.float32(0.0)
        for n in range(first, whole, 8):
            a += weights[d, n] * gradient[n]
            b += weights[d, n + 1] * gradient[n + 1]
            c += weights[d, n + 2] * gradient[n + 2]
            e += weights[d, n + 3] * gradient[n + 3]
            f += weights[d, n + 4] * gradient[n + 4]
            g += weights[d, n + 5] * gradient[n + 5]
            h += weights[d, n + 6] * gradient[n + 6]
            i += weights[d, n + 7] * gradient[n + 7]
        rest = np.float32(0.0)
        for n in range(whole, last):
            rest += weights[d, n] * gradient[n]
        out[d] = ((a + b) + (c + e)) + ((f + g) + (h + i)) + rest


@part
def _forward(
    numbers: Any, kept: int, embedding: Any, output: Any, first: int, last: int, hidden: Any, scores: Any
) -> None:
    """Mean embedding of the features, and the probabilities of the labels from `first` to `last`."""
    width = embedding.shape[1]
    hidden[:] = 0.0
    for n in range(kept):
        for d in range(width):
            hidden[d] += embedding[numbers[n], d]
    share = np.float32(1.0) / np.float32(kept)
    for d in range(width):
        hidden[d] *= share
    scores[first:last] = 0.0
    for d in range(width):
        value = hidden[d]
        for n in range(first, last):
            scores[n] += value * output[d, n]
    _softmax(scores, first, last)


@part
def _square(values: Any) -> Any:
    """Mean square."""
    total = np.float32(0.0)
    for n in range(len(values)):
        total += values[n] * values[n]
    return total / np.float32(len(values))


@part
def _move_output(output: Any, seen: Any, gradient: Any, hidden: Any, first: int, last: int, rate: Any) -> None:
    """A step of Adagrad (Duchi et al. 2011) with one sum of squares for each label."""
    length = _square(hidden)
    for n in range(first, last):
        seen[n] += gradient[n] * gradient[n] * length
        gradient[n] *= rate / np.sqrt(seen[n] + np.float32(1e-8))
    for d in range(len(hidden)):
        value = hidden[d]
        for n in range(first, last):
            output[d, n] -= value * gradient[n]


@part
def _move_embedding(embedding: Any, seen: Any, numbers: Any, kept: int, back: Any, rate: Any) -> None:
    """A step of Adagrad with one sum of squares for each feature."""
    share = np.float32(1.0) / np.float32(kept)
    for d in range(len(back)):
        back[d] *= share
    length = _square(back)
    for n in range(kept):
        place = numbers[n]
        seen[place] += length
        pace = rate * np.float32(EMBEDDING_RATE) / np.sqrt(seen[place] + np.float32(1e-12))
        for d in range(len(back)):
            embedding[place, d] -= pace * back[d]


@part
def _some(numbers: Any, found: int, limit: Any, state: Any) -> int:
    """Keep each feature by chance, in order; returns how many are left."""
    kept = 0
    for n in range(found):
        state, chance = _next(state)
        if chance >> np.uint64(32) < limit:
            numbers[kept] = numbers[n]
            kept += 1
    return kept


_TEXTS = types.Tuple((U8_IN, I64_IN, I32_IN))
_DRAWS = types.Tuple((I32_IN, I32_IN, U64_IN))
_WEIGHTS = types.Tuple((F32_2, F32_2, F32, F32))
_RATES = types.Tuple((types.float32, types.float32, types.float32))
_SCRATCH = types.Tuple((U32, U32, I32, F32, F32, F32))


@kernel(types.float64(_TEXTS, I64_IN, _DRAWS, U32_IN, types.uint64, _WEIGHTS, _RATES, _SCRATCH))
def _train(
    texts: Any, rivals: Any, draws: Any, table: Any, shift: Any, weights: Any, rates: Any, scratch: Any
) -> float:  # fmt: skip
    """One step for each draw, the rate falling from `rates[0]` to `rates[1]`; returns the summed loss."""
    data, offsets, labels = texts
    chosen, cuts, seeds = draws
    embedding, output, seen_embedding, seen_output = weights
    read, window, numbers, hidden, scores, back = scratch
    limit = np.uint64(rates[2] * np.float32(4294967296.0))
    loss = 0.0
    for step in range(len(chosen)):
        rate = rates[0] + (rates[1] - rates[0]) * np.float32(step) / np.float32(len(chosen))
        row = chosen[step]
        label = labels[row]
        first, last = rivals[2 * label], rivals[2 * label + 1]
        state, chance = _next(seeds[step])
        size, _, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        size = _window(read, size, cuts[step], chance, window)
        kept = _some(numbers, features(window, size, shift, numbers), limit, state)
        if kept == 0:
            continue
        _forward(numbers, kept, embedding, output, first, last, hidden, scores)
        loss -= np.log(max(scores[label], np.float32(1e-9)))
        smooth = np.float32(SMOOTHING) / np.float32(last - first)
        for n in range(first, last):
            scores[n] -= smooth
        scores[label] -= np.float32(1.0 - SMOOTHING)
        _project(output, scores, first, last, back)
        _move_output(output, seen_output, scores, hidden, first, last, rate)
        _move_embedding(embedding, seen_embedding, numbers, kept, back, rate)
    return loss


class Weights(NamedTuple):
    """What training moves: `embedding` (features, width), `output` (width, labels), and Adagrad's sums of squares."""

    embedding: npt.NDArray[np.float32]
    output: npt.NDArray[np.float32]
    seen_embedding: npt.NDArray[np.float32]
    seen_output: npt.NDArray[np.float32]

    @classmethod
    def start(cls, features: int, width: int, labels: int, random: np.random.Generator) -> Weights:
        """Small even random embeddings, as fastText begins, and an output of zeros."""
        embedding = random.uniform(-1 / width, 1 / width, (features, width)).astype(np.float32)
        zeros = (np.zeros(features, np.float32), np.zeros(labels, np.float32))
        return cls(embedding, np.zeros((width, labels), np.float32), *zeros)


def train(
    strings: Strings,
    labels: npt.NDArray[np.int32],
    rivals: Longs,
    draws: tuple[npt.NDArray[Any], ...],
    weights: Weights,
    rates: tuple[float, ...],
    keep: float,
) -> float:
    """Move `weights` by one step for each draw (row, letters of the window or 0, seed); returns the summed loss.

    A text of label `l` competes among labels `rivals[2 * l]` to `rivals[2 * l + 1]` (exclusive). `keep` is the share of
    features that a step sees.
    """
    size, width = MOST_LETTERS + 8, weights.embedding.shape[1]
    scratch = (
        np.empty(size, np.uint32),
        np.empty(size, np.uint32),
        np.empty(size * (WIDEST + 1), np.int32),
        np.empty(width, np.float32),
        np.empty(weights.output.shape[1], np.float32),
        np.empty(width, np.float32),
    )
    texts = (strings.data, strings.offsets, labels)
    pace = tuple(np.float32(value) for value in (*rates, keep))
    return float(_train(texts, rivals, draws, letters(), _shift(weights.embedding), tuple(weights), pace, scratch))


def _shift(embedding: npt.NDArray[Any]) -> np.uint64:
    return np.uint64(64 - (len(embedding).bit_length() - 1))


_MODEL = types.Tuple(
    (types.Array(types.int8, 2, "C", readonly=True), types.Array(types.float32, 2, "C", readonly=True))
)
_RANGES = types.Tuple((I32_IN, I64_IN, I32_IN, U8_IN))
_SPACE = types.Tuple((U32, I32, I32, F32))


@kernel(
    types.void(
        U8_IN,
        I64_IN,
        _RANGES,
        U32_IN,
        types.uint64,
        types.int64,
        _MODEL,
        _SPACE,
        types.int32[:, ::1],
        F32_2,
        F32,
        types.int32[:, ::1],
    )
)
def _score(
    data: Any, offsets: Any, ranges: Any, table: Any, shift: Any, most: int, model: Any, scratch: Any, best: Any,
    chance: Any, mass: Any, counts: Any,
) -> None:  # fmt: skip
    """The `best.shape[1]` most probable labels of each text and their probabilities; -1 where there are fewer.

    A text competes among the allowed labels from `bounds[2 * group]` to `bounds[2 * group + 1]` of its script's group
    (-1: none). `mass` gets the probability of all labels of the best one's family, `counts` the letters and features.
    """
    group, bounds, family, allowed = ranges
    embedding, output = model
    read, numbers, total, scores = scratch
    width, top = embedding.shape[1], best.shape[1]
    for row in range(len(offsets) - 1):
        best[row, :], chance[row, :], counts[row, :], mass[row] = -1, 0.0, 0, 0.0
        if group[row] < 0:
            continue
        first, last = bounds[2 * group[row]], bounds[2 * group[row] + 1]
        size, letters_read, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, most)
        found = features(read, size, shift, numbers)
        counts[row, 0], counts[row, 1] = letters_read, found
        possible = 0
        for n in range(first, last):
            possible += allowed[n]
        if found == 0 or possible == 0:
            continue
        total[:] = 0
        for n in range(found):
            place = numbers[n]
            for d in range(width):
                total[d] += embedding[place, d]
        scores[first:last] = 0.0
        share = np.float32(1.0) / np.float32(found)
        for d in range(width):
            value = np.float32(total[d]) * share
            for n in range(first, last):
                scores[n] += value * output[d, n]
        for n in range(first, last):
            if not allowed[n]:
                scores[n] = np.float32(-1e30)
        _softmax(scores, first, last)
        for k in range(min(top, possible)):
            place = first
            for n in range(first + 1, last):
                if scores[n] > scores[place]:
                    place = n
            best[row, k], chance[row, k] = place, scores[place]
            if k == 0:
                for n in range(first, last):
                    if n == place or (family[n] >= 0 and family[n] == family[place]):
                        mass[row] += scores[n]
            scores[place] = -1.0


class Classified(NamedTuple):
    """One row per text: labels and probabilities (texts, top); that of the best one's family; letters; features."""

    label: npt.NDArray[np.int32]
    chance: npt.NDArray[np.float32]
    mass: npt.NDArray[np.float32]
    letters: npt.NDArray[np.int32]
    features: npt.NDArray[np.int32]


class Rivals(NamedTuple):
    """Who competes: labels `bounds[2 * g]` to `bounds[2 * g + 1]` (exclusive) of a script's group `g`, if `allowed`.

    `family` numbers labels that are told apart badly, -1: none.
    """

    bounds: Longs
    family: npt.NDArray[np.int32]
    allowed: npt.NDArray[np.uint8]


def classify(
    strings: Strings,
    group: npt.NDArray[np.int32],
    rivals: Rivals,
    embedding: npt.NDArray[np.int8],
    output: npt.NDArray[np.float32],
    top: int,
    most_letters: int,
) -> Classified:
    """The most probable labels of texts whose script's group is known."""
    rows, size = len(strings.offsets) - 1, most_letters + 8
    best, chance = np.empty((rows, top), np.int32), np.empty((rows, top), np.float32)
    mass, counts = np.empty(rows, np.float32), np.empty((rows, 2), np.int32)
    scratch = (
        np.empty(size, np.uint32),
        np.empty(size * (WIDEST + 1), np.int32),
        np.empty(embedding.shape[1], np.int32),
        np.empty(output.shape[1], np.float32),
    )
    given = (strings.data, strings.offsets, (group, *rivals), letters(), _shift(embedding), most_letters)
    _score(*given, (embedding, output), scratch, best, chance, mass, counts)
    return Classified(best, chance, mass, counts[:, 0], counts[:, 1])
