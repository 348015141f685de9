"""Pairs beside the thresholds of rules: those that are kept and those that are refused by least."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.parallel.rules import Bound, Masks

Rows = npt.NDArray[np.int64]
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Edge(NamedTuple):
    """One end of what a rule allows: `rule` is its bit, `limit` the last value that passes."""

    rule: int
    name: str
    signal: str
    side: Literal["low", "high"]
    limit: float


class Near(NamedTuple):
    """A pair beside an edge: how far its value is from it, how many rules refuse it, a number that orders equal ones,
    its row from 0, the value, the mask of all rules that refuse it, both texts."""

    distance: float
    refusing: int
    order: int
    row: int
    value: float
    mask: int
    source: str
    target: str


def edges(bounds: Sequence[Bound]) -> tuple[Edge, ...]:
    """Both ends of every rule that has them."""
    made: list[Edge] = []
    for place, bound in enumerate(bounds):
        if bound.low is not None:
            made.append(Edge(place, bound.name, bound.signal, "low", bound.low))
        if bound.high is not None:
            made.append(Edge(place, bound.name, bound.signal, "high", bound.high))
    return tuple(made)


def orders(source: Any, target: Any, seed: int) -> npt.NDArray[np.uint64]:
    """A number for each pair from the hashes of its texts: what sorts by it is a random draw, the same each time.

    It does not depend on where a pair stands, so samples are the same for any blocks and workers.
    """
    with np.errstate(over="ignore"):
        state = (source ^ (source >> np.uint64(31))) * _SPREAD + target + np.uint64(seed % 2**64) * _SPREAD
        state = (state ^ (state >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        return np.asarray(state ^ (state >> np.uint64(32)), np.uint64)


def nearest(
    edge: Edge, value: Any, masks: Masks, order: npt.NDArray[np.uint64], most: int
) -> tuple[Rows, Rows, npt.NDArray[np.float64]]:
    """Rows of the pairs nearest to an edge: refused by it; kept by every rule; and the distance of each pair.

    Of equal distance those that fewest rules refuse come first, then the lowest `order`. NaN is no value.
    """
    limit = np.float32(edge.limit)
    with np.errstate(invalid="ignore"):
        distance = np.abs(value.astype(np.float64) - np.float64(limit))
        out = value < limit if edge.side == "low" else value > limit
    kept = (masks == 0) & ~np.isnan(value)
    refusing = np.bitwise_count(masks)
    found = [_first(np.flatnonzero(held), distance, (order, refusing), most) for held in (out, kept)]
    return found[0], found[1], distance


def _first(rows: Rows, distance: Any, ties: tuple[Any, ...], most: int) -> Rows:
    if len(rows) > most:
        far = np.partition(distance[rows], most - 1)[most - 1]
        rows = rows[distance[rows] <= far]
    return rows[np.lexsort((*(held[rows] for held in ties), distance[rows]))][:most]


def together(held: Iterable[Near], more: Iterable[Near], most: int) -> list[Near]:
    """The nearest of both; a pair that comes twice counts once."""
    found: dict[int, Near] = {}
    for near in sorted([*held, *more], key=lambda one: one[:4]):
        found.setdefault(near.order, near)
    return list(found.values())[:most]
