"""Examples for a prompt: texts of a pool that are like a text and unlike each other, from one ranking or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from weft.errors import WeftError
from weft.parallel.retrieval import Floats, Index
from weft.parallel.vector_candidates import by_cosine
from weft.text.cosine import lengths
from weft.text.diverse import diverse
from weft.text.postings import Ints

Order = Literal["similar_last", "similar_first"]
MOST_ALIKE = 0.8
"""From this likeness on a text of the pool is a copy, which would give the answer away."""
SHARE = 0.7
"""What likeness to the text counts in maximal marginal relevance; the rest is unlikeness to the other shots."""


def candidates(k: int) -> int:
    """How many texts to rank so that `k` can be chosen of them."""
    return max(3 * k, k + 20)


def choose(
    index: Index,
    queries: Any,
    ids: Ints,
    scores: Floats,
    k: int,
    *,
    share: float = SHARE,
    below: float = MOST_ALIKE,
    order: Order = "similar_last",
) -> Ints:
    """Numbers of `k` shots for each query, (queries, k), of candidates `ids` with `scores` above 0, best first.

    Candidates whose likeness to the query (`Index.alike`) is `below` or more are left out: the text itself, copies of
    it. Of the others are taken those that `text.diverse` chooses, with scores as shares of the best one; -1, at the
    end, where there are fewer. With `similar_last` the best candidate is the last one that is shown.
    """
    held = np.where(index.alike(queries, ids) >= below, np.int32(-1), ids)
    best = np.where(held >= 0, scores, 0).max(axis=1, initial=0)
    shares = np.where(held >= 0, scores, 0) / np.where(best > 0, best, 1)[:, None]
    places = diverse(index.by_text, index.rarity, held, shares.astype(np.float32), k, share)
    last = np.int32(np.iinfo(np.int32).max)
    keys = np.where(places < 0, last, -places if order == "similar_last" else places)
    places = np.take_along_axis(places, np.argsort(keys, axis=1, kind="stable"), 1)
    chosen = np.take_along_axis(held, np.maximum(places, 0).astype(np.int64), 1) if held.shape[1] else places
    return np.where(places < 0, np.int32(-1), chosen)


def retrieve(
    index: Index,
    queries: Any,
    k: int,
    *,
    share: float = SHARE,
    below: float = MOST_ALIKE,
    order: Order = "similar_last",
) -> Ints:
    """`choose` among the candidates that BM25 finds."""
    ids, scores = index.search(queries, candidates(k))
    return choose(index, queries, ids, scores, k, share=share, below=below, order=order)


def nearest(pool: Floats, queries: Floats, k: int) -> tuple[Ints, Floats]:
    """Numbers and cosines of the `k` vectors of the pool nearest to each query, (queries, k), best first; -1: no more.

    Of equal cosines the lower number is first. Raises WeftError for vectors of different lengths, or without direction.
    """
    if pool.ndim != 2 or queries.ndim != 2 or pool.shape[1] != queries.shape[1]:
        raise WeftError(f"vectors of shapes {pool.shape} and {queries.shape}; expected rows of one length")
    sides = [np.ascontiguousarray(side, np.float32) for side in (queries, pool)]
    for name, side in zip(("query", "text of the pool"), sides, strict=True):
        size = lengths(side)
        bad = np.flatnonzero(~np.isfinite(size) | (size == 0))
        if len(bad):
            raise WeftError(f"the vector of {name} {bad[0]} has no direction; expected numbers that are not all 0")
        side /= size[:, None]
    found = by_cosine(sides[0], sides[1], k)
    return found.texts, found.scores


def borda(rankings: Sequence[Ints], k: int) -> tuple[Ints, Floats]:
    """One ranking of several, (queries, k), and the points of each text (Borda count); -1: no more.

    In a ranking of n places the first text gets n points, the last one 1, and what is not in it none. Of equal points
    the lower number is first.
    """
    frames = []
    for ids in rankings:
        queries, places = np.indices(ids.shape)
        told = {"query": queries.ravel(), "text": ids.ravel(), "points": (ids.shape[1] - places).ravel()}
        frames.append(pl.DataFrame(told).filter(pl.col("text") >= 0))
    merged = pl.concat(frames).group_by("query", "text").agg(pl.col("points").sum())
    merged = merged.sort("query", "points", "text", descending=[False, True, False])
    merged = merged.with_columns(place=pl.int_range(pl.len()).over("query")).filter(pl.col("place") < k)
    rows, columns = merged["query"].to_numpy(), merged["place"].to_numpy()
    found, points = np.full((len(rankings[0]), k), -1, np.int32), np.zeros((len(rankings[0]), k), np.float32)
    found[rows, columns], points[rows, columns] = merged["text"].to_numpy(), merged["points"].to_numpy()
    return found, points
