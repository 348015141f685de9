"""A scorer that learns more words from pairs that nobody checked, of which it is sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from weft.errors import WeftError
from weft.parallel.encoder_trial import Trial
from weft.parallel.evidence import PLACE
from weft.parallel.lexicon import Folding
from weft.parallel.negatives import FOLDS
from weft.parallel.scorer import (
    KEPT,
    LEAST_PAIRS,
    Parts,
    Scorer,
    crossed,
    encoded,
    pair_keys,
    parts,
    put_together,
    without,
)

SURE = 0.8
"""Probability from which on a pair is learnt from, if it passes every head."""
MOST = 4
"""Pairs that are added at most for each of the seed."""
WEIGHT = 2
"""A pair of the seed counts as much as so many that were added."""
MOST_READ = 200_000
"""Raw pairs that are looked at: all scorers of all folds score them in every round."""
_SLACK = 1e-4
Sides = tuple[Sequence[str], Sequence[str]]
Tell = Callable[[int, int], None]
"""Told the round that begins and how many there are."""


def bootstrapped(
    seed: Sides,
    raw: Sides,
    languages: tuple[str, str],
    foldings: tuple[Folding, Folding] = (Folding(), Folding()),
    *,
    rounds: int,
    kept: float = KEPT,
    draw: int = 1,
    trial: Trial | None = None,
    tell: Tell = lambda number, of: None,
) -> Scorer:
    """The scorer of the seed after up to `rounds` rounds over the raw pairs.

    In each round the scorers of all folds, and that of the whole seed, choose pairs of their own and learn again; heads
    are calibrated on the pairs of the seed that were held out, as ever. A round that lowers the mean AUC of the kinds
    of mistakes, or the share of the held-out words that are covered, is undone and is the last. `facts["rounds"]` says
    what each did. The encoder of a `trial` is tried in the end, as `scorer.train` does it. Raises WeftError for a seed
    of fewer than 100 pairs.
    """
    if len(seed[0]) < LEAST_PAIRS:
        raise WeftError(f"a seed of {len(seed[0])} pairs; expected {LEAST_PAIRS} at least, better 2,000")
    raw = _others(seed, raw)
    given = [without(*seed, fold) for fold in range(FOLDS)] + [(list(seed[0]), list(seed[1]))]
    learnt = [parts(*sides, languages, foldings) for sides in given]
    facts = {"pairs": len(seed[0]), "kept": kept, "seed": draw}
    found = crossed(learnt[:FOLDS], *seed, draw)
    best = put_together(learnt[FOLDS], *found, kept, facts)
    reached, told = _reached(best, found[0]), []
    added: Any = np.empty(0, np.int64)
    for number in range(rounds):
        tell(number + 1, rounds)
        chosen = [_chosen(best, known, raw, MOST * len(sides[0])) for known, sides in zip(learnt, given, strict=True)]
        grown = [
            parts(*_added(sides, raw, rows), languages, foldings) for sides, rows in zip(given, chosen, strict=True)
        ]
        held = crossed(grown[:FOLDS], *seed, draw)
        made = put_together(grown[FOLDS], *held, kept, facts)
        now = _reached(made, held[0])
        better = all(new >= old - _SLACK for new, old in zip(now, reached, strict=True))
        told.append({"added": len(chosen[FOLDS]), "auc": now[0], "covered": now[1], "taken": better})
        if not better:
            break
        best, learnt, reached, found, added = made, grown, now, held, chosen[FOLDS]
    seen = np.unique(pair_keys(*([*side, *(raw[n][row] for row in added)] for n, side in enumerate(seed))))
    best = replace(best, facts={**best.facts, "rounds": told}, seen=seen)
    return best if trial is None else encoded(best, trial, seed, *found, kept, draw)


def _others(seed: Sides, raw: Sides) -> tuple[list[str], list[str]]:
    """Raw pairs of which no side stands in the seed: what is held out of it must not come back; each pair once."""
    known = [set(side) for side in seed]
    rows = dict.fromkeys(zip(*raw, strict=True))
    rows_left = [(one, other) for one, other in rows if one not in known[0] and other not in known[1]]
    return [one for one, _ in rows_left], [other for _, other in rows_left]


def _chosen(scorer: Scorer, known: Parts, raw: Sides, most: int) -> Any:
    """Rows of the raw pairs of which a scorer with these parts is surest, in their order."""
    if not raw[0]:
        return np.empty(0, np.int64)
    found = Scorer(*known, scorer.heads, scorer.weights).score(list(raw[0]), list(raw[1]))
    sure = np.flatnonzero(found["keep"].to_numpy() & (found["probability"].to_numpy() >= SURE))
    order = np.argsort(-found["score"].to_numpy()[sure], kind="stable")
    return np.sort(sure[order[:most]])


def _added(sides: Sides, raw: Sides, rows: Any) -> tuple[list[str], list[str]]:
    one, other = ([*list(side) * WEIGHT, *(raw[n][row] for row in rows)] for n, side in enumerate(sides))
    return one, other


def _reached(scorer: Scorer, right: Any) -> tuple[float, float]:
    """The mean AUC of all kinds of mistakes, and the share of the held-out right pairs' words that are covered."""
    covered = right[:, [PLACE["covered_forward"], PLACE["covered_backward"]]].mean()
    return float(np.mean(list(scorer.facts["auc"].values()))), float(covered)
