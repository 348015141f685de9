"""Fixed pseudo-random numbers of document ids: the same in every build, on every machine and version."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def draw(ids: pl.Series, seed: int = 0) -> npt.NDArray[np.uint64]:
    """A uniform 64-bit number per id: the id's first 16 hex digits and the seed, mixed (splitmix64).

    Ids that are not hexadecimal are hashed with xxh3 first.
    """
    head = ids.str.slice(0, 16)
    plain = head.str.contains(r"^[0-9a-f]{16}$").fill_null(False)
    safe = pl.select(pl.when(plain).then(head).otherwise(pl.lit("0")).alias("head"))["head"]
    values = safe.str.to_integer(base=16, dtype=pl.UInt64).to_numpy().copy()
    other = np.flatnonzero(~plain.to_numpy())
    if len(other):
        named = ids.gather(other).fill_null("").to_list()
        values[other] = np.array([xxhash.xxh3_64_intdigest(name.encode()) for name in named], np.uint64)
    return mixed(values, seed)


def mixed(values: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    """Uniform numbers of numbers and a seed (splitmix64)."""
    with np.errstate(over="ignore"):
        number = values + np.uint64((seed + 1) & 0xFFFFFFFFFFFFFFFF) * _GOLDEN
        number = (number ^ (number >> np.uint64(30))) * _FIRST
        number = (number ^ (number >> np.uint64(27))) * _SECOND
        mixed: npt.NDArray[np.uint64] = number ^ (number >> np.uint64(31))
        return mixed
