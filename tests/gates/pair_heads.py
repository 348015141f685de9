"""How well the heads of a scorer tell wrong pairs from right ones: a table for each language and kind of mistake."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from tests.gates.pair_sets import PairSet

from weft.parallel.choosing import chosen
from weft.parallel.heads import HEADS
from weft.parallel.lexicon import Folding
from weft.parallel.negatives import KINDS, Wrong
from weft.parallel.scorer import Scorer, auc, train

SEED = 2_000
OUT_OF_STEP = {("tico19", "som_Latn"), ("oldi_seed", "mni_Beng")}
"""Sets whose later lines are no translations of each other: a scorer would be judged by their faults."""


@dataclass(frozen=True)
class Told:
    """AUC of the head that is there for a kind of mistake, with a 95 % interval, and the share that does not pass."""

    kind: str
    count: int
    auc: float
    low: float
    high: float
    refused: float


def interval(value: float, right: int, wrong: int) -> tuple[float, float]:
    """95 % interval of an AUC (Hanley and McNeil 1982)."""
    if not right or not wrong:
        return 0.0, 1.0
    one, two = value / (2 - value), 2 * value * value / (1 + value)
    spread = value * (1 - value) + (right - 1) * (one - value**2) + (wrong - 1) * (two - value**2)
    reach = 1.96 * math.sqrt(max(spread, 0.0) / (right * wrong))
    return max(0.0, value - reach), min(1.0, value + reach)


def split(held: PairSet) -> tuple[list[list[str]], list[list[str]]]:
    """Sides of the seed, the first 2,000 pairs or two thirds of small sets, and those of the rest."""
    filled = pl.DataFrame({"source": held.source, "target": held.target}).filter(
        (pl.col("source").str.strip_chars() != "") & (pl.col("target").str.strip_chars() != "")
    )
    size = min(SEED, filled.height * 6 // 7)
    sides = [filled["source"].to_list(), filled["target"].to_list()]
    return [side[:size] for side in sides], [side[size:] for side in sides]


def scorer(held: PairSet, *, choose: bool) -> tuple[Scorer, list[list[str]]]:
    """What `weft train pairs` learns from the seed, or the same with whole words; and the other pairs."""
    seed, rest = split(held)
    foldings = chosen(seed[0], seed[1], held.languages) if choose else (Folding(), Folding())
    return train(seed[0], seed[1], held.languages, foldings), rest


def over_folds(parts: list[tuple[float, list[Told]]]) -> tuple[float, list[Told]]:
    """What was told of several scorers of one language: means by the number of mistakes, which no two tested alike."""
    rows = []
    for found in zip(*(rows for _, rows in parts), strict=True):
        count = sum(row.count for row in found)
        value, refused = (
            sum(row.count * number for row, number in zip(found, numbers, strict=True)) / max(count, 1)
            for numbers in ([row.auc for row in found], [row.refused for row in found])
        )
        right = sum(max(row.count for row in rows) for _, rows in parts)
        rows.append(Told(found[0].kind, count, value, *interval(value, right, max(count, 1)), refused))
    return sum(passed for passed, _ in parts) / len(parts), rows


def head_of(kind: str) -> str:
    """The head that is there for a kind of mistake."""
    if kind in ("language", "adjacent"):
        return "fluency_target" if kind == "language" else "mismatch"
    return next(name for name in HEADS if kind.startswith(name))


def told(made: Scorer, rest: list[list[str]], other: list[str] | None) -> tuple[float, list[Told]]:
    """The share of right pairs that pass, and a row for each kind; `other`: as many texts in another language."""
    source, target = rest
    right = made.score(source, target)
    rows = []
    kinds = [(name, make(source, target, np.random.default_rng(zlib.crc32(name.encode())))) for name, make in KINDS]
    if other is not None:
        size = min(len(source), len(other))
        kinds.append(("language", Wrong("language", list(range(size)), source[:size], other[:size])))
    for name, wrong in kinds:
        found, head = made.score(wrong.source, wrong.target), head_of(name)
        value = auc(right[head].to_numpy(), found[head].to_numpy())
        refused = 1 - float(found["keep"].mean() or 0.0)  # type: ignore[arg-type]
        rows.append(Told(name, found.height, value, *interval(value, right.height, found.height), refused))
    return float(right["keep"].mean() or 0.0), rows  # type: ignore[arg-type]
