"""How the words of two languages are best compared: with or without marks, whole or by their beginnings."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from weft.parallel.candidates import Tell, candidate_pairs, neighbours
from weft.parallel.lexicon import Folding, tokenised, train

PREFIXES = (4, 5, 6)
LEAST_GAIN = 0.01
"""Share of held-out sentences more whose translation is found, for which another folding is taken."""
HELD, MOST_TRAINED = 500, 4_000


def chosen(
    source: Any, target: Any, languages: tuple[str, str], tell: Tell = lambda *_: None
) -> tuple[Folding, Folding]:
    """The foldings by which most translations of held-out pairs are found among the held-out sentences (P@1).

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
    step = max(5, size // HELD)
    held, rest = np.flatnonzero(place % step == 0), np.flatnonzero(place % step != 0)[:MOST_TRAINED]
    parts = [(side.gather(held), side.gather(rest)) for side in texts]
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


def _found(
    parts: list[tuple[pl.Series, pl.Series]], foldings: tuple[Folding, Folding], languages: tuple[str, str]
) -> float:
    """Share of held-out sources whose target has the highest margin of all held-out targets."""
    lexicon = train(parts[0][1], parts[1][1], languages, foldings)
    sides = (lexicon.side(0, parts[0][0]), lexicon.side(1, parts[1][0]))
    pairs = candidate_pairs(*neighbours(lexicon, sides, 1, lambda *_: None), 4, each=1)
    order = np.lexsort((pairs.columns, -pairs.margin, pairs.rows))
    first = order[np.unique(pairs.rows[order], return_index=True)[1]]
    return float((pairs.rows[first] == pairs.columns[first]).sum() / len(sides[0]))
