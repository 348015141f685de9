"""From what a head says to the scale of the ratings, and how far ratings lie from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
LEVEL = 0.9
"""Share of ratings that lie in their interval."""
OFFSET_ROWS, SLOPE_ROWS, WIDTH_ROWS = 50, 200, 100
"""Ratings of a domain from which it has an offset, a line and an interval of its own."""
_KNOTS = 20
_PULL = 25.0
"""An offset of a domain is drawn towards 0 as by so many ratings without one."""
Line = tuple[float, float]


@dataclass(frozen=True)
class Calibration:
    """`y` at `x`, straight in between and on both ends; then of a domain `constant + slope * value`.

    The interval is from `low` below to `high` above; domains may have their own. `bounds` are those of the scale.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: float
    high: float
    bounds: tuple[float, float]
    lines: Mapping[str, Line] = field(default_factory=dict)
    widths: Mapping[str, Line] = field(default_factory=dict)

    def scores(self, values: Doubles, domains: Sequence[str | None] | None = None) -> tuple[Doubles, Doubles, Doubles]:
        """Score, and the ends of its interval."""
        made = straight(self.x, self.y, values)
        low, high = np.full(len(made), self.low), np.full(len(made), self.high)
        if domains is not None and (self.lines or self.widths):
            held = np.asarray([str(name) for name in domains])
            for name, (constant, slope) in self.lines.items():
                made = np.where(held == name, constant + slope * made, made)
            for name, (below, above) in self.widths.items():
                low, high = np.where(held == name, below, low), np.where(held == name, above, high)
        made = np.clip(made, *self.bounds)
        return made, np.clip(made - low, *self.bounds), np.clip(made + high, *self.bounds)

    def to_json(self) -> dict[str, Any]:
        return {
            "x": list(self.x), "y": list(self.y), "low": self.low, "high": self.high,
            "bounds": [None if np.isinf(bound) else bound for bound in self.bounds],
            "lines": {name: list(line) for name, line in self.lines.items()},
            "widths": {name: list(line) for name, line in self.widths.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Calibration:
        least, most = told["bounds"]
        bounds = -np.inf if least is None else float(least), np.inf if most is None else float(most)
        pairs = [{str(k): (float(v[0]), float(v[1])) for k, v in told[name].items()} for name in ("lines", "widths")]
        x, y = (tuple(float(value) for value in told[name]) for name in ("x", "y"))
        return cls(x, y, float(told["low"]), float(told["high"]), bounds, pairs[0], pairs[1])


def straight(x: Any, y: Any, values: Doubles) -> Doubles:
    """Between the points straight, beyond them as between the last two."""
    at, to = np.asarray(x), np.asarray(y)
    found = np.interp(values, at, to)
    first, last = (to[1] - to[0]) / (at[1] - at[0]), (to[-1] - to[-2]) / (at[-1] - at[-2])
    found = np.where(values < at[0], to[0] + first * (values - at[0]), found)
    return np.asarray(np.where(values > at[-1], to[-1] + last * (values - at[-1]), found))


def line(values: Doubles, scores: Doubles) -> Line:
    """Constant and slope of least squares; a slope of 0 where more would be less."""
    about = values - values.mean()
    slope = max(float((about * scores).sum() / max(float((about * about).sum()), 1e-12)), 0.0)
    return float(scores.mean() - slope * values.mean()), slope


def _linear(values: Doubles, scores: Doubles) -> tuple[Doubles, Doubles]:
    constant, slope = line(values, scores)
    ends = np.array([values.min(), max(values.max(), values.min() + 1e-6)])
    return ends, constant + slope * ends


def isotonic(values: Doubles, scores: Doubles) -> tuple[Doubles, Doubles]:
    """Points of a curve that never falls: means of groups of as many values, put together where they fall.

    Pool adjacent violators (Ayer et al. 1955) over 20 groups, joined by straight lines, so that no two values tie.
    """
    order = np.argsort(values, kind="stable")
    blocks: list[list[float]] = []
    for part in np.array_split(order, min(_KNOTS, max(len(order) // 10, 2))):
        blocks.append([float(values[part].sum()), float(scores[part].sum()), float(len(part))])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    held = np.asarray(blocks)
    x, y = held[:, 0] / held[:, 2], held[:, 1] / held[:, 2]
    return (x, y) if len(x) > 1 and (np.diff(x) > 0).all() else _linear(values, scores)


def curve(values: Doubles, scores: Doubles, folds: npt.NDArray[np.int64]) -> tuple[Doubles, Doubles]:
    """The straight line, or the isotonic curve where that is nearer to folds that it has not seen."""
    ways = (_linear, isotonic)
    lost = [float(((crossed(values, scores, folds, way) - scores) ** 2).sum()) for way in ways]
    return ways[int(np.argmin(lost))](values, scores)


def crossed(values: Doubles, scores: Doubles, folds: npt.NDArray[np.int64], way: Any) -> Doubles:
    """What curves of the other folds make of the values of each."""
    made = np.empty(len(values))
    for fold in np.unique(folds):
        own = folds == fold
        x, y = way(values[~own], scores[~own])
        made[own] = straight(x, y, values[own])
    return made


def width(residuals: Doubles, level: float = LEVEL) -> Line:
    """How far below and above what is said `level` of ratings lie, as many on each side outside.

    Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): quantiles of (n + 1) of residuals that no head saw.
    """
    held = np.sort(residuals)
    outside = int(np.floor((1 - level) / 2 * (len(held) + 1)))
    low, high = (held[0], held[-1]) if outside < 1 else (held[outside - 1], held[-outside])
    return float(-low), float(high)


def calibrate(
    values: Doubles,
    scores: Doubles,
    folds: npt.NDArray[np.int64],
    bounds: tuple[float, float],
    domains: Sequence[str | None] | None = None,
) -> Calibration:
    """The curve, the interval, and for domains with enough ratings their own lines and intervals.

    `values` are those of heads that had not seen the pair.
    """
    x, y = curve(values, scores, folds)
    made = straight(x, y, values)
    lines: dict[str, Line] = {}
    widths: dict[str, Line] = {}
    if domains is not None:
        held = np.asarray([str(name) for name in domains])
        for name in sorted({str(name) for name in domains if name is not None}):
            own = held == name
            lines |= _own_line(name, made[own], scores[own], folds[own])
        for name, (constant, slope) in lines.items():
            made = np.where(held == name, constant + slope * made, made)
        for name in lines:
            if int((held == name).sum()) >= WIDTH_ROWS:
                widths[name] = width(scores[held == name] - made[held == name])
    points = tuple(map(float, x)), tuple(map(float, y))
    return Calibration(*points, *width(scores - made), bounds, lines, widths)


def _own_line(name: str, made: Doubles, scores: Doubles, folds: npt.NDArray[np.int64]) -> dict[str, Line]:
    """A line of a domain where it brings folds that it has not seen nearer; an offset alone where ratings are few."""
    if len(made) < OFFSET_ROWS or len(np.unique(folds)) < 2:
        return {}
    fitting = line if len(made) >= SLOPE_ROWS else _offset
    there = np.empty(len(made))
    for fold in np.unique(folds):
        own = folds == fold
        constant, slope = fitting(made[~own], scores[~own])
        there[own] = constant + slope * made[own]
    better = float(((there - scores) ** 2).sum()) < float(((made - scores) ** 2).sum())
    return {name: fitting(made, scores)} if better else {}


def _offset(made: Doubles, scores: Doubles) -> Line:
    return float((scores - made).sum() / (len(made) + _PULL)), 1.0
