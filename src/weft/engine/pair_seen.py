"""What a block of pairs adds to the figures of a report: counts, and few pairs; blocks add up in any order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.engine.pair_blocks import Pairs
from weft.parallel.borders import Edge, Near, edges, nearest, orders, together
from weft.parallel.rule_profiles import PROFILES
from weft.parallel.rules import Answered, Bound, Rules, judge, refused
from weft.parallel.scorer import Scorer
from weft.text.buffers import large_strings, string_buffers
from weft.text.fields import gathered
from weft.text.folded import plain_hashes
from weft.text.pair_signals import Texts

RULES = "rules"
"""The set of the learnt rules; others are named as their profiles."""
SCORES, CHANCES = np.linspace(-20, 20, 801), np.linspace(0, 1, 41)
"""Edges of the bins of scores and of probabilities; what lies outside counts at the end."""
Spot = tuple[str, Edge, str]
"""A set of rules, an edge of one, and `kept` or `refused`."""


@dataclass(frozen=True)
class Judges:
    """What judges pairs of two languages. Without `rules` there are only the profiles.

    `turned`: source and target of the file are the target and the source of the rules; `scored_turned` the same of the
    scorer, beside the rules. `borders` and `drawn`: pairs that are kept of each edge, and for mismatches.
    """

    languages: tuple[str, str]
    rules: Rules | None = None
    turned: bool = False
    scorer: Scorer | None = None
    scored_turned: bool = False
    answered: Answered | None = None
    borders: int = 3
    drawn: int = 5_000
    seed: int = 1

    @property
    def sets(self) -> dict[str, tuple[Bound, ...]]:
        """The bounds of every set of rules."""
        learnt = {} if self.rules is None else {RULES: self.rules.bounds}
        return learnt | PROFILES


@dataclass
class Seen:
    """Counts and pairs of blocks. `masks` of each set count pairs by the mask of rules that refuse them, `beside` the
    same among pairs that the learnt rules keep."""

    rows: int = 0
    unreadable: int = 0
    texts: int = 0
    """Rows with a text on both sides."""
    masks: dict[str, Counter[int]] = field(default_factory=dict)
    beside: dict[str, Counter[int]] = field(default_factory=dict)
    near: dict[Spot, list[Near]] = field(default_factory=dict)
    drawn: list[tuple[int, int, str, str]] = field(default_factory=list)
    scores: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(SCORES) - 1, np.int64))
    chances: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(CHANCES) - 1, np.int64))
    reasons: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    passed_both: int = 0

    def add(self, more: Seen, judges: Judges) -> None:
        """Take in the next block: rows of it come after those that are here."""
        first = self.rows
        self.rows += more.rows
        self.unreadable += more.unreadable
        self.texts += more.texts
        for mine, theirs in ((self.masks, more.masks), (self.beside, more.beside)):
            for name, counted in theirs.items():
                mine.setdefault(name, Counter()).update(counted)
        for spot, found in more.near.items():
            moved = [one._replace(row=one.row + first) for one in found]
            self.near[spot] = together(self.near.get(spot, ()), moved, judges.borders)
        drawn = {one[0]: (one[0], one[1] + first, one[2], one[3]) for one in more.drawn}
        drawn |= {one[0]: one for one in self.drawn}
        self.drawn = sorted(drawn.values())[: judges.drawn]
        self.scores += more.scores
        self.chances += more.chances
        self.reasons.update(more.reasons)
        self.passed += more.passed
        self.passed_both += more.passed_both


def seen(pairs: Pairs, judges: Judges) -> Seen:
    """What one block adds."""
    good = np.flatnonzero(~pairs.unreadable)
    sides = [Texts(one.data, one.begins[good], one.ends[good]) for one in (pairs.source, pairs.target)]
    if judges.turned:
        sides.reverse()
    made = Seen(rows=len(pairs.unreadable), unreadable=len(pairs.unreadable) - len(good))
    there = [side.ends > side.begins for side in sides]
    made.texts = int((there[0] & there[1]).sum())
    judged = judge(judges.rules or Rules(judges.languages, ()), *sides, answered=judges.answered)
    masks = {name: refused(bounds, judged.signals) for name, bounds in judges.sets.items()}
    kept = masks[RULES] == 0 if RULES in masks else np.ones(len(good), np.bool_)
    for name, held in masks.items():
        made.masks[name] = _counted(held)
        if RULES in masks and name != RULES:
            made.beside[name] = _counted(held[kept])
    strings = [large_strings(*gathered(*side)) for side in sides]
    hashes = [plain_hashes(string_buffers(held)) for held in strings]
    order = orders(hashes[0], hashes[1], judges.seed)
    apart = np.unique(order, return_index=True)[1]
    for name in (RULES,) if RULES in masks else tuple(masks):
        _borders(made, name, judges, judged.signals, masks[name], (order, apart), good, strings)
    if judges.scorer is not None:
        low = apart[: judges.drawn]
        texts = [held.take(pa.array(low)).to_pylist() for held in strings]
        made.drawn = list(zip(order[low].tolist(), good[low].tolist(), *texts, strict=True))
        _scored(made, judges.scorer, strings[::-1] if judges.scored_turned else strings, kept)
    return made


def _counted(masks: Any) -> Counter[int]:
    values, counts = np.unique(masks, return_counts=True)
    return Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))


def _borders(
    made: Seen, name: str, judges: Judges, signals: Any, masks: Any, drawn: tuple[Any, Any], good: Any, strings: Any
) -> None:
    """The pairs beside every edge of a set that refuses some pair of the block, and those that it keeps."""
    order, apart = drawn
    for edge in edges(judges.sets[name]):
        value = signals[edge.signal][apart]
        out, kept, distance = nearest(edge, value, masks[apart], order[apart], judges.borders)
        for kind, rows in (("refused", out), ("kept", kept)):
            at = apart[rows]
            texts = [held.take(pa.array(at)).to_pylist() for held in strings]
            columns = (distance[rows], np.bitwise_count(masks[at]), order[at], good[at], value[rows], masks[at])
            made.near[name, edge, kind] = [
                Near(*row) for row in zip(*(column.tolist() for column in columns), *texts, strict=True)
            ]


def _scored(made: Seen, scorer: Scorer, strings: Any, kept: Any) -> None:
    found = scorer.score(*strings)
    made.scores, made.chances = histograms(found)
    made.reasons = reasons_of(found)
    passed = found["keep"].to_numpy()
    made.passed, made.passed_both = int(passed.sum()), int((passed & kept).sum())


def histograms(found: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs in each bin of SCORES and of CHANCES."""
    score = np.clip(found["score"].to_numpy(), SCORES[0], SCORES[-1])
    chance = np.clip(found["probability"].to_numpy(), 0, 1)
    return np.histogram(score, SCORES)[0].astype(np.int64), np.histogram(chance, CHANCES)[0].astype(np.int64)


def reasons_of(found: pl.DataFrame) -> Counter[str]:
    """How many pairs fail each head."""
    counts = found["reasons"].explode().drop_nulls().value_counts()
    return Counter(dict(counts.iter_rows()))
