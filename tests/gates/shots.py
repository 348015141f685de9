"""What translations of retrieved texts are worth beside those of random ones, by chrF with the true translation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from weft.parallel.retrieval import Index
from weft.parallel.shots import retrieve
from weft.text.chrf import counts, scores

POOL, DEV = 1_500, 1_800
"""Lines of a collection that are the pool, and up to which those are on which anything was chosen; the rest is test."""
SHOTS = 10
Ways = dict[str, np.ndarray]


class Compared(NamedTuple):
    """chrF of a corpus for both ways, their difference and its interval of 95 % (paired bootstrap over texts)."""

    retrieved: float
    random: float
    more: float
    low: float
    high: float


def parts(source: pl.Series, target: pl.Series, test: bool) -> tuple[list[pl.Series], list[pl.Series]]:
    """Sources and targets of the pool, and of what is translated."""
    asked = slice(DEV, None) if test else slice(POOL, DEV)
    return [source[:POOL], target[:POOL]], [source[asked], target[asked]]


def compare(
    pool: list[pl.Series], asked: list[pl.Series], units: Any = "auto", seed: int = 1, k: int = SHOTS
) -> dict[str, Compared]:
    """`first`: the translation of the most similar text, or of a random one. `best`: the one of `k` shots that is most
    like the true translation, which says what there is to copy from."""
    index = Index.build(pool[0], units)
    draw = np.random.default_rng(seed)
    found = retrieve(index, asked[0], k, order="similar_first")
    other = np.stack([draw.choice(len(pool[0]), k, replace=False) for _ in range(len(asked[0]))])
    found = np.where(found < 0, other, found)  # where nothing is like a text, any text must do
    counted = [_counted(pool[1], asked[1], ids) for ids in (found, other)]
    weights = draw.multinomial(len(asked[0]), np.full(len(asked[0]), 1 / len(asked[0])), 1_000)
    first = [each[:, 0] for each in counted]
    best = [each[np.arange(len(each)), _best(each)] for each in counted]
    return {name: _compared(*both, weights) for name, both in (("first", first), ("best", best))}


def _counted(targets: pl.Series, references: pl.Series, ids: np.ndarray) -> np.ndarray:
    """Counts of n-grams of every shot with the true translation: (texts, shots, counts)."""
    said = pa.array(targets.gather(ids.ravel()).to_list())
    true = pa.array(references.gather(np.repeat(np.arange(len(ids)), ids.shape[1])).to_list())
    return counts(said, true).reshape(*ids.shape, -1)


def _best(counted: np.ndarray) -> np.ndarray:
    return scores(counted.reshape(-1, counted.shape[2])).reshape(counted.shape[:2]).argmax(axis=1)


def _compared(retrieved: np.ndarray, random: np.ndarray, weights: np.ndarray) -> Compared:
    whole = [float(scores(each.sum(axis=0, keepdims=True))[0]) for each in (retrieved, random)]
    drawn = scores(weights @ retrieved) - scores(weights @ random)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Compared(whole[0], whole[1], whole[0] - whole[1], float(low), float(high))
