"""Documents made of real parallel lines in which some are left out and of some a clause is left, and how well labels
of divergence tell which. Halves are clauses, at a punctuation mark, where what is learnt from has halves by count."""

from __future__ import annotations

import random

import numpy as np

from weft.parallel.alignment import document
from weft.parallel.choosing import chosen
from weft.parallel.divergence import Divergence, learn
from weft.parallel.lexicon import Folding

from .alignments import Pair, halves

SEED = 2_000
SAME, INFERABLE, NEW = range(3)


def comparable(pairs: list[Pair], draw: random.Random) -> tuple[list[list[str]], list[list[int]]]:
    """Sentences and labels of both sides: of a fourth of the lines one side is left out, of a fourth a clause of it is
    (where it has clauses), which stands alone or before the next sentence."""
    texts: list[list[str]] = [[], []]
    labels: list[list[int]] = [[], []]
    before = ["", ""]
    for pair in pairs:
        own, told, less, kind = list(pair), [SAME, SAME], draw.randrange(2), draw.random()
        parts = halves(own[less]) if 0.25 <= kind < 0.5 else None
        carried = False
        if kind < 0.25:
            own[less], told[1 - less] = "", NEW
        elif parts is not None:
            own[less], told[1 - less] = draw.choice(parts), INFERABLE
            carried = draw.random() < 0.5
        for side in range(2):
            text = f"{before[side]} {own[side]}".strip()
            label = INFERABLE if before[side] and told[side] == NEW else told[side]
            before[side] = ""
            if carried and side == less:
                before[side] = text
            elif text:
                texts[side].append(text)
                labels[side].append(label)
    for side in range(2):
        if before[side]:
            texts[side].append(before[side])
            labels[side].append(SAME)
    return texts, labels


def learnt(
    pairs: list[Pair], languages: tuple[str, str], keep: float = 0.9, foldings: tuple[Folding, Folding] | None = None
) -> Divergence:
    """What `weft pairs diverge` learns from the first lines; the foldings are chosen on them unless they are given."""
    source, target = ([pair[n] for pair in pairs[:SEED]] for n in range(2))
    return learn(source, target, languages, foldings or chosen(source, target, languages), keep)


def confusions(made: Divergence, pairs: list[Pair], size: int = 50) -> list[np.ndarray]:
    """(2, 3, 3) of each document of `size` of the other lines: sentences by side, label, and what was said."""
    found = []
    for begin in range(SEED, len(pairs), size):
        texts, labels = comparable(pairs[begin : begin + size], random.Random(begin))
        counts = np.zeros((2, 3, 3), np.int64)
        for side, said in enumerate(made.label(document(texts[0]), document(texts[1]))):
            np.add.at(counts[side], (np.array(labels[side]), said.label), 1)
        found.append(counts)
    return found


def scores(counts: np.ndarray) -> np.ndarray:
    """F1 of the three labels, their mean, and the accuracy, of (3, 3) counts."""
    right = np.diag(counts)
    each = 2 * right / np.maximum(counts.sum(0) + counts.sum(1), 1)
    return np.array([*each, each.mean(), right.sum() / counts.sum()])


def interval(found: list[np.ndarray], side: int) -> tuple[np.ndarray, np.ndarray]:
    """95 of 100 draws of documents, with replacement, have scores between these."""
    draw, held = np.random.default_rng(0), np.array(found)[:, side]
    drawn = [scores(held[draw.integers(0, len(held), len(held))].sum(0)) for _ in range(1000)]
    return np.quantile(drawn, 0.025, axis=0), np.quantile(drawn, 0.975, axis=0)
