"""Bands: between which values of a measure trusted text lies, in each language and for each size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.synthesize.gates.pieces import SIZES

BANDS = {
    "gate": pl.String,
    "measure": pl.String,
    "language": pl.String,
    "other": pl.String,  # of the source, where pairs of these languages are trusted; else empty
    "size": pl.Int8,
    "low": pl.Float64,
    "high": pl.Float64,
    "texts": pl.Int64,
}
"""`texts` are those that the band is learnt from; null bounds are open."""
_BEYOND = 0.25
"""Where a share is less than one text, the bound is beyond the last one by this part of its distance to the middle."""


class Share(NamedTuple):
    """Of trusted text, what is to lie below the band and above it; None: the band is open there."""

    low: float | None = None
    high: float | None = None


def bound(values: npt.NDArray[Any], share: float) -> float:
    """The value below which `share` of values lie, so that of as many others no more is expected to."""
    held = np.sort(np.asarray(values, np.float64))
    place = int(share * (len(held) + 1))
    if place >= 1:
        return float(held[place - 1])
    return float(held[0] - _BEYOND * max(float(np.median(held)) - float(held[0]), 1e-3))


def learn(
    frame: pl.DataFrame, gate: str, shares: Mapping[str, Share], fewest: int, keys: tuple[str, ...] = ("language",)
) -> pl.DataFrame:
    """BANDS of the measures of trusted texts: `frame` has the keys (language, other), `size` and a column for each.

    Classes of size are put together until a share is two texts of them; `fewest` texts of a language are needed.
    Values that are null or no number are of texts that the measure says nothing of.
    """
    rows: list[dict[str, Any]] = []
    for key, own in frame.sort(*keys).group_by(*keys, maintain_order=True):
        named = dict(zip(keys, key, strict=True))
        for measure, share in shares.items():
            told = own.select("size", pl.col(measure).cast(pl.Float64).alias("value")).drop_nulls().drop_nans()
            if told.height < fewest:
                continue
            least = min(each for each in share if each is not None)
            enough = max(fewest, int(2 / max(least, 1e-4)))
            for sizes, values in _classes(told, enough):
                low = None if share.low is None else bound(values, share.low)
                high = None if share.high is None else -bound(-values, share.high)
                made = {"gate": gate, "measure": measure, "other": "", **named, "low": low, "high": high}
                rows += [made | {"size": size, "texts": len(values)} for size in sizes]
    return pl.DataFrame(rows, BANDS)


def _classes(told: pl.DataFrame, enough: int) -> Iterable[tuple[list[int], npt.NDArray[Any]]]:
    """Classes of size side by side with enough texts each, and their values; every class is in one."""
    value, size = told["value"].to_numpy(), told["size"].to_numpy()
    groups: list[list[int]] = [[]]
    for number in range(len(SIZES) + 1):
        groups[-1].append(number)
        if np.isin(size, groups[-1]).sum() >= enough:
            groups.append([])
    rest = groups.pop()
    if rest:
        if groups:
            groups[-1] += rest
        else:
            groups.append(rest)
    for sizes in groups:
        yield sizes, value[np.isin(size, sizes)]


def fixed(gate: str, measure: str, language: str, other: str = "", *, texts: int, high: float) -> dict[str, Any]:
    """A band of all sizes with a bound that is stated."""
    made = {"gate": gate, "measure": measure, "language": language, "other": other, "low": None, "high": high}
    return made | {"size": -1, "texts": texts}


def for_all_sizes(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """BANDS of rows of `fixed`, one for each class of size."""
    return pl.DataFrame([row | {"size": size} for row in rows for size in range(len(SIZES) + 1)], BANDS)
