"""A linear classifier over the mean of hashed feature embeddings (Joulin et al. 2017, fastText), trained on one thread.

Training is a fixed sequence of floating-point operations: the same draws give the same weights, bit for bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.hashing import mix
from weft.text.jit import F32, F32_2, I32, I32_IN, I64_IN, U8_IN, U32, U32_IN, U64_IN, kernel, part, types
from weft.text.ngrams import WIDEST, features, letters, read_letters, shift_for
from weft.text.vectors import add_scaled, product, softmax

MOST_LETTERS = 600
"""Letters of a training text that are read at most."""
SMOOTHING = 0.05
"""Label smoothing (Szegedy et al. 2016): without it, probabilities of unseen languages are as high as of seen ones."""
EMBEDDING_RATE = 3.0
_GAMMA = np.uint64(0x9E3779B97F4A7C15)


@part
def _next(state: Any) -> tuple[Any, Any]:
    """SplitMix64: the next state, and a number of 64 bits."""
    state = state + _GAMMA
    return state, mix(state)


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
def _project(weights: Any, gradient: Any, first: int, last: int, out: Any) -> None:
    """`out[d] = sum(weights[d, n] * gradient[n])` over the labels from `first` to `last`."""
    own = gradient[first:last]
    for d in range(len(out)):
        out[d] = product(weights[d, first:last], own)


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
    own = scores[first:last]
    own[:] = 0.0
    for d in range(width):
        add_scaled(own, output[d, first:last], hidden[d])
    softmax(own)


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
    own, squares = gradient[first:last], seen[first:last]
    for n in range(len(own)):
        squares[n] += own[n] * own[n] * length
        own[n] *= rate / np.sqrt(squares[n] + np.float32(1e-8))
    for d in range(len(hidden)):
        add_scaled(output[d, first:last], own, -hidden[d])


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
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
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
    return float(_train(texts, rivals, draws, letters(), shift_for(weights.embedding), tuple(weights), pace, scratch))
