"""How the words of two languages are best compared: with or without marks, whole or by their beginnings."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from weft.parallel.candidates import Floats, Tell, candidate_pairs, neighbours
from weft.parallel.lexicon import Folding, tokenised, train
from weft.text.buffers import Longs

PREFIXES = (4, 5, 6)
LEAST_GAIN = 0.01
"""Share of held-out sentences more whose translation is found, for which another folding is taken."""
HELD, MOST_TRAINED = 500, 4_000
AMONG = 500
"""Sentences that held-out ones of a small seed are looked for among: of some sixty each is found too easily."""
FOLDS, FEW = 5, 500
"""Each fold of a seed of fewer pairs than FEW is held out once; of a larger one a fold tells enough."""


def chosen(
    source: Any, target: Any, languages: tuple[str, str], tell: Tell = lambda *_: None
) -> tuple[Folding, Folding]:
    """The foldings by which most translations of held-out pairs are found (P@1): with fewer than FEW pairs
    each fold among AMONG sentences, else one fold of HELD among itself.

    From whole words without marks on, one side and one choice after the other: prefixes of the target, of the source,
    marks of the target, of the source. `source[n]` and `target[n]` translate each other; with fewer than 100 pairs
    nothing is tried.
    """
    texts = tuple(pl.Series(list(side) if not isinstance(side, pl.Series) else side) for side in (source, target))
    size = len(texts[0])
    best = [Folding(), Folding()]
    if size < 100:
        return best[0], best[1]
    place = np.arange(size)
    step = max(FOLDS, size // HELD)
    parts = []
    for fold in range(FOLDS if size < FEW else 1):
        held, rest = np.flatnonzero(place % step == fold), np.flatnonzero(place % step != fold)[:MOST_TRAINED]
        parts.append([(side.gather(held), side.gather(rest)) for side in texts])
    reached = _found(parts, (best[0], best[1]), languages)
    for side in (1, 0):
        for what in ("prefix", "marks"):
            tell(f"choose how words of {languages[side]} are compared", 0, None)
            if what == "prefix":
                options = [best[side]._replace(prefix=prefix) for prefix in PREFIXES]
            else:
                options = [best[side]._replace(fold_marks=False)] if _has_marks(texts[side]) else []
            for folding in options:
                value = _found(parts, (folding, best[1]) if side == 0 else (best[0], folding), languages)
                # The later options must beat the best so far, and the first ones what there was before.
                if value >= reached + (LEAST_GAIN if best[side] not in options else 0.001):
                    reached, best[side] = value, folding
    return best[0], best[1]


def _has_marks(texts: pl.Series) -> bool:
    """Whether folding marks changes any word."""
    folded, whole = (tokenised(texts, Folding(marks)).hashes for marks in (True, False))
    return not np.array_equal(folded, whole)


Part = list[tuple[pl.Series, pl.Series]]
"""Of each side held-out sentences and those of the other folds."""


def _found(parts: list[Part], foldings: tuple[Folding, Folding], languages: tuple[str, str]) -> float:
    """Share of held-out sources, of small seeds targets too, whose translation has the highest margin."""
    return sum(_share(part, foldings, languages) * len(part[0][0]) for part in parts) / sum(len(p[0][0]) for p in parts)


def _share(part: Part, foldings: tuple[Folding, Folding], languages: tuple[str, str]) -> float:
    lexicon = train(part[0][1], part[1][1], languages, foldings)
    size, rest = len(part[0][0]), len(part[0][1])
    small = size + rest < FEW
    more = min(AMONG - size, rest) if small else 0
    among = np.arange(more) * rest // max(more, 1)
    texts = [pl.concat([own, others.gather(among)]) for own, others in part]
    sides = (lexicon.side(0, texts[0]), lexicon.side(1, texts[1]))
    pairs = candidate_pairs(*neighbours(lexicon, sides, 1, lambda *_: None), 4, each=1)
    ways = ((pairs.rows, pairs.columns), (pairs.columns, pairs.rows))[: 1 + small]
    return float(np.mean([_hits(*way, pairs.margin, size) for way in ways])) / size


def _hits(own: Longs, other: Longs, margin: Floats, size: int) -> int:
    """How many of the first `size` texts have their highest margin with their own translation."""
    order = np.lexsort((other, -margin, own))
    first = order[np.unique(own[order], return_index=True)[1]]
    return int(((own[first] < size) & (own[first] == other[first])).sum())
