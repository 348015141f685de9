"""Unigram pieces: chosen from the pieces of a larger byte-pair encoding by what each is worth (Kudo 2018).

The library's own trainer adds up in the order of a hash table that differs from run to run; here the same words give
the same pieces and scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.unigram import Floats, Points, expected, others, points_of, trie_of
from weft.tokenizer.bpe import divided, learn_merges, room, runs
from weft.tokenizer.pieces import BYTES, UNKNOWN, unigram_model, with_unknown
from weft.tokenizer.words import Weights

Places = npt.NDArray[np.int64]
SEEDS = 4
"""Candidates for each piece that is wanted: fewer leave more of the choice to byte-pair encoding.

With 2, 3, 4 and 8, held-out text of 42 languages had 2.37, 2.38, 2.39 and 2.39 tokens by word (16,000 pieces, SIB-200).
"""
_SHRINK, _ROUNDS = 0.75, 2
_RARE = 0.5
NEVER = -1_000.0
"""Score of pieces that text must not be divided into: any division into characters beats it."""


def train_unigram(
    weights: Weights, seen: Weights, vocabulary: int, special: Sequence[str], coverage: float
) -> dict[str, object]:
    """A unigram model of `vocabulary` ids at most: special pieces, 256 bytes, then characters and pieces by score.

    `seen` is how often the words occur before they are weighed.
    Raises WeftError where so few ids leave no room for pieces.
    """
    first = [*with_unknown(special), *BYTES]
    symbols = room(weights, vocabulary, len(first), coverage)
    wanted = vocabulary - len(first) - len(symbols)
    candidates = [*symbols, *longer(weights, symbols, SEEDS * wanted, {*first, *symbols})]
    words = flat(weights, seen, symbols)
    fixed = np.zeros(len(candidates), np.bool_)
    chosen, scores = fit(words, candidates, fixed, np.zeros(len(candidates)), len(symbols), wanted)
    order = np.lexsort((chosen, -scores))
    pieces = [*first, *(candidates[chosen[n]] for n in order)]
    held = [*[NEVER] * len(first), *(round(float(scores[n]), 6) for n in order)]
    return unigram_model(pieces, held, first.index(UNKNOWN))


def longer(weights: Weights, symbols: Sequence[str], number: int, without: set[str]) -> list[str]:
    """Up to `number` candidates of two characters and more."""
    found: dict[str, None] = {}
    for left, right in learn_merges(divided(weights, symbols), number):
        piece = "".join(symbols[n] for n in (*left, *right))
        if piece not in without:
            found[piece] = None
    return list(found)


class Words(NamedTuple):
    """Runs of characters that have pieces, their weights, and how often they occur."""

    points: Points
    weights: Floats
    seen: Floats


def flat(weights: Weights, seen: Weights, symbols: Sequence[str]) -> Words:
    """Words as runs of characters that have pieces."""
    place = {symbol: number for number, symbol in enumerate(symbols)}
    found: dict[str, list[float]] = {}
    for word, weight in weights.items():
        numbers = [place.get(character, -1) for character in word]
        parts = [word] if min(numbers) >= 0 else ["".join(symbols[n] for n in run) for run in runs(numbers)]
        for run in parts:
            both = found.setdefault(run, [0.0, 0.0])
            both[0] += weight
            both[1] += seen[word]
    values = np.array(list(found.values()), np.float64).reshape(-1, 2)
    return Words(points_of(list(found)), values[:, 0].copy(), values[:, 1].copy())


def fit(
    words: Words,
    candidates: Sequence[str],
    fixed: npt.NDArray[np.bool_],
    scores: Floats,
    kept: int,
    wanted: int,
    share: float = 1.0,
) -> tuple[Places, Floats]:
    """Places of the candidates that are chosen, in order, and their scores.

    Of those not `fixed` (whose scores stay), the first `kept` always stay and `wanted` others; these have `share` of
    the probability. Expectation and maximisation in turn; then the quarter goes whose loss makes the words least
    improbable, one occurrence of each being left out: what a small text has once says nothing of other text, however
    much the text weighs.
    """
    places: Places = np.arange(len(candidates))
    free = ~fixed
    safe = fixed | (np.cumsum(free) <= kept)
    start = np.log(share / max(int(free.sum()), 1))
    scores = np.where(fixed, scores, start)
    while True:
        held = points_of([candidates[n] for n in places])
        trie = trie_of(held)
        for _ in range(_ROUNDS):
            counts, _likelihood = expected(words.points, words.weights, trie, scores)
            scores = np.where(fixed[places], scores, _scores(counts, share))
        most = int((~safe[places]).sum())
        if most <= wanted:
            return places, scores
        seen, _likelihood = expected(words.points, words.seen, trie, scores)
        again = np.maximum(seen - 1, 0.0) / np.maximum(seen, 1.0)
        loss = np.where(safe[places], np.inf, again * _loss(counts, *others(held, trie, scores)))
        drop = min(most - wanted, max(int(most * (1 - _SHRINK)), 1))
        order = np.lexsort((-places, loss))  # of equals the later candidate goes
        left = np.sort(order[drop:])
        places, scores = places[left], scores[left]


def _scores(counts: Floats, share: float) -> Floats:
    """Logarithms of probabilities that expect a prior to take from rare pieces (digamma in place of the logarithm)."""
    floored = np.maximum(counts, _RARE)
    return np.asarray(_digamma(floored) - _digamma(floored.sum(keepdims=True)) + np.log(share))


def _digamma(x: Floats) -> Floats:
    """The derivative of log Γ for x > 0, within 1e-9: six steps up, then its asymptotic series."""
    taken = sum(1 / (x + n) for n in range(6))
    y = x + 6
    square = 1 / (y * y)
    return np.asarray(np.log(y) - 0.5 / y - square * (1 / 12 - square * (1 / 120 - square / 252)) - taken)


def _loss(counts: Floats, flat_others: npt.NDArray[np.int32], offsets: Places) -> Floats:
    """What the log likelihood loses when a piece goes and its occurrences are divided otherwise.

    As SentencePiece estimates it: the other pieces take over its count. The most where there is no other division.
    """
    sizes = np.diff(offsets)
    counts = np.maximum(counts, 1e-9)
    total = counts.sum()
    owner = np.repeat(np.arange(len(counts)), sizes)
    grown = np.log(counts[flat_others] + counts[owner])
    after = np.bincount(owner, grown, len(counts)) - sizes * np.log(total + counts * (sizes - 1))
    lost = counts * (np.log(counts / total) - after)
    return np.asarray(np.where(sizes > 0, lost, np.finfo(np.float64).max))
