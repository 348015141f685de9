"""Whether two systems differ, told from their answers to the same items: paired bootstrap and paired permutation.

Both keep what an item has in common for the two systems, which tests of two independent samples throw away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError
from weft.statistics.percentiles import bounds
from weft.statistics.resampling import LEVEL, SAMPLES, Doubles, Finish, Product, clustered, mean, resampled

_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Difference:
    """Of the second system less the first, on the items that both have."""

    first: float
    second: float
    value: float
    low: float
    high: float
    bootstrap_p: float
    permutation_p: float
    items: int
    """Clusters: items, where none were named."""


_NAN = float("nan")
_NONE = Difference(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, 0)


def differences(
    statistics: Any,
    finish: Finish = mean,
    *,
    first: int = 0,
    ran: Any = None,
    clusters: Any = None,
    samples: int = SAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Difference]:
    """Each system against the one numbered `first`, which is left out of the list.

    `statistics` are (items, systems, sums); `ran` (items, systems) says what was run, all without it: two systems are
    compared on the items that both have. The interval is that of expanded percentiles of the resampled differences.
    `bootstrap_p` is two-sided: the share of resampled differences that are as far from their observed value as that is
    from 0 (Koehn 2004, corrected by Riezler and Maxwell 2005). `permutation_p` is the share of random swaps of the two
    systems' answers, cluster by cluster, whose difference is as large (Noreen 1989). Both count the observed one:
    (c + 1) / (samples + 1), so none is 0; of so few clusters that all swaps can be tried, their share is exact. With no
    item that both have all figures are NaN. Raises WeftError for bad shapes.
    """
    held = np.asarray(statistics, np.float64)
    systems = held.shape[1] if held.ndim == 3 else 0
    if not 0 <= first < systems:
        raise WeftError(f"system {first} of {systems}; expected one from 0 to {systems - 1}")
    there = np.ones(held.shape[:2], np.bool_) if ran is None else np.asarray(ran, np.bool_)
    if there.shape != held.shape[:2]:
        raise WeftError(f"what was run is of shape {there.shape}; expected (items, systems), {held.shape[:2]}")
    both = there & there[:, [first]]
    alike: dict[bytes, list[int]] = {}
    for system in range(systems):
        if system != first:
            alike.setdefault(both[:, system].tobytes(), []).append(system)
    found: dict[int, Difference] = {}
    for others in alike.values():
        rows = np.flatnonzero(both[:, others[0]])
        names = None if clusters is None else np.asarray(clusters)[rows]
        some = held[rows][:, [first, *others]]
        told = _against(some, finish, names, samples, seed, level) if len(rows) else [_NONE] * len(others)
        found.update(zip(others, told, strict=True))
    return [found[system] for system in sorted(found)]


def _against(
    statistics: Doubles, finish: Finish, clusters: Any, samples: int, seed: int, level: float
) -> list[Difference]:
    """Of systems that were all run on these items, the first of which is that to compare with."""
    sums = clustered(statistics, clusters)
    whole = finish(sums.sum(axis=0))
    drawn = np.concatenate([finish(block) for block in resampled(sums, samples, seed)])
    swapped, exact = permuted(sums, finish, samples, seed), 2 ** min(len(sums), 62) <= samples
    found = []
    for place in range(1, len(whole)):
        value = float(whole[place] - whole[0])
        moved = drawn[:, place] - drawn[:, 0]
        moved = moved[~np.isnan(moved)]
        low, high = bounds(moved, len(sums), level)
        far = np.abs(moved - value) >= abs(value) - _rest(value)
        large = np.abs(swapped[:, place - 1]) >= abs(value) - _rest(value)
        # All swaps there are hold the observed one; of drawn ones it is counted beside.
        p = _share(far, len(moved)), float(large.mean()) if exact else _share(large, samples)
        found.append(Difference(float(whole[0]), float(whole[place]), value, low, high, *p, len(sums)))
    return found


def permuted(sums: Doubles, finish: Finish, samples: int, seed: int) -> npt.NDArray[np.float64]:
    """Differences (samples, systems - 1) from the first when each cluster's two answers are swapped or not, by coin.

    Where there are no more ways to swap than samples, each way is there once. The coins are the same for all systems.
    With swaps s in {0, 1}, the sums of the first are A + s (B - A), and those of the other B - s (B - A).
    """
    draws = np.random.Generator(np.random.PCG64([seed, 1]))
    count, block = len(sums), max(1, _AT_ONCE // max(len(sums), sums[:1].size, 1))
    total = sums.sum(axis=0)
    apart = sums[:, 1:] - sums[:, :1]
    product = Product(apart.reshape(count, -1), count)
    every = 2 ** min(count, 62) <= samples
    samples = 2**count if every else samples
    found = np.empty((samples, apart.shape[1]))
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        if every:
            coins = (np.arange(start, start + rows)[:, None] >> np.arange(count) & 1).astype(np.float64)
        else:
            coins = draws.integers(0, 2, (rows, count), dtype=np.int8).astype(np.float64)
        moved = product.of(coins).reshape(rows, *apart.shape[1:])
        found[start : start + rows] = finish(total[1:] - moved) - finish(total[0] + moved)
    return found


def _share(hits: npt.NDArray[np.bool_], of: int) -> float:
    return float((int(hits.sum()) + 1) / (of + 1))


def _rest(value: float) -> float:
    """Differences that are equal may differ in their last bits."""
    return 1e-12 * max(1.0, abs(value))
