"""Pictures of a report on pairs: shares with intervals, two histograms on one scale, counts by two names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft.report.markup import captioned, esc, number, scrolled
from weft.report.plots import Axis, mark, svg

_WIDE, _TALL, _STEP = 400, 150, 20
_SHARES = 270
"""Width of the scale of shares: with names at its left it fits a phone."""
_LEFT, _TOP, _UNDER = 46, 16, 40


@dataclass(frozen=True)
class Shares:
    """A row: (share, low, high) of each series, or None where it has none."""

    label: str
    shares: Sequence[tuple[float, float, float] | None]


def shares(label: str, names: Sequence[str], rows: Sequence[Shares], across: Axis) -> str:
    """A mark with its interval for each series of each row; marks of a row stand under one another."""
    left = 18 + 7.2 * max(len(row.label) for row in rows)
    step = _STEP + 6 * (len(names) - 1)
    tall, parts = step * len(rows) + 6, []
    for value, text in across.ticks:
        x = left + _SHARES * across.share(value)
        parts.append(f'<path class="grid-line" d="M{x:.1f} 2V{tall}"/>')
        parts.append(f'<text class="s" x="{x:.1f}" y="{tall + 14}" text-anchor="middle">{esc(text)}</text>')
    for place, row in enumerate(rows):
        top = place * step
        parts.append(
            f'<text x="{left - 10:.0f}" y="{top + step / 2 + 4:.0f}" text-anchor="end">{esc(row.label)}</text>'
        )
        for series, held in enumerate(row.shares):
            if held is None:
                continue
            y = top + step / 2 + 7 * (series - (len(names) - 1) / 2)
            at, low, high = (left + _SHARES * across.share(value) for value in held)
            said = f"{row.label}, {names[series]}: {held[0]:.2%} ({held[1]:.2%} to {held[2]:.2%})"
            parts.append(f'<path class="line k{series} whole" d="M{low:.1f} {y:.1f}H{high:.1f}"/>')
            parts.append(mark(series, at, y, said))
    return svg(left + _SHARES + 30, tall + 20, label, parts)


def overlaid(title: str, bins: Sequence[Any], names: tuple[str, str]) -> str:
    """Pairs as bars, mismatches as a line with a hatched ground, each as shares of its own count.

    `bins` have `from`, `to`, `pairs`, `mismatches`. Heights are square roots, so that rare values are seen.
    """
    if not bins:
        return ""
    counts = [sum(one[key] for one in bins) or 1 for key in ("pairs", "mismatches")]
    most = max(one[key] / counts[n] for one in bins for n, key in enumerate(("pairs", "mismatches"))) or 1.0
    each, foot, parts = _WIDE / len(bins), _TOP + _TALL, []

    def height(share: float) -> float:
        return _TALL * math.sqrt(share / most)

    for share in _ticks(most):
        y = foot - height(share)
        parts.append(f'<path class="grid-line" d="M{_LEFT} {y:.1f}h{_WIDE}"/>')
        text = f"{share:.0%}" if share >= 0.01 or share == 0 else f"{share:.1%}"
        parts.append(f'<text class="s" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    line = f"M{_LEFT} {foot}"
    for place, one in enumerate(bins):
        x = _LEFT + place * each
        ours, theirs = (one[key] / counts[n] for n, key in enumerate(("pairs", "mismatches")))
        line += f"V{foot - height(theirs):.1f}H{x + each:.1f}"
        tall = height(ours)
        said = (
            f"{number(one['from'])} to {number(one['to'])}: {one['pairs']:,} {names[0]} ({ours:.2%}), "
            f"{one['mismatches']:,} {names[1]} ({theirs:.2%})"
        )
        parts.append(
            f'<g><rect class="ours" x="{x:.1f}" y="{foot - tall:.1f}" width="{max(each - 0.6, 0.6):.1f}" '
            f'height="{tall:.1f}"/><rect class="over" x="{x:.1f}" y="{_TOP}" width="{each:.1f}" height="{_TALL}"/>'
            f"<title>{esc(said)}</title></g>"
        )
    parts.append(f'<path class="theirs" d="{line}V{foot}"/>')
    ends = ((bins[0]["from"], "start", _LEFT), (bins[-1]["to"], "end", _LEFT + _WIDE))
    parts += [
        f'<text class="s" x="{x}" y="{foot + 16}" text-anchor="{anchor}">{number(value)}</text>'
        for value, anchor, x in ends
    ]
    parts.append(f'<text class="s" x="{_LEFT + _WIDE / 2}" y="{foot + 32}" text-anchor="middle">{esc(title)}</text>')
    return svg(_LEFT + _WIDE + 12, foot + _UNDER, f"Histogram of {title}", parts)


def _ticks(most: float) -> list[float]:
    return [share for share in (0.0, 0.001, 0.01, 0.05, 0.2, 0.5, 1.0) if share <= most][-4:]


def two(names: tuple[str, str]) -> str:
    """What bars and line are."""
    bar = '<svg viewBox="0 0 22 12" width="22" aria-hidden="true"><rect class="ours" width="22" height="12"/></svg>'
    line = '<svg viewBox="0 0 22 12" width="22" aria-hidden="true"><path class="theirs" d="M0 11V2H22V11"/></svg>'
    return f'<div class="legend"><span>{bar}{esc(names[0])}</span><span>{line}{esc(names[1])}</span></div>'


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, how deep it is coloured (0 to 1), and what is said of it."""

    text: str
    depth: float
    title: str


def heat(caption: str, rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[Cell]]) -> str:
    """A table whose cells are coloured; names (HTML) of columns stand upright. Text stays text, at any size."""
    small = " small" if len(columns) > _MANY else ""
    heads = "".join(f'<th scope="col"><span>{name}</span></th>' for name in columns)
    body = []
    for name, row in zip(rows, cells, strict=True):
        drawn = "".join(_cell(cell) for cell in row)
        body.append(f'<tr><th scope="row">{name}</th>{drawn}</tr>')
    whole = f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f'{scrolled(caption)}<table class="heat{small}">{captioned(caption)}{whole}</table></div>'


_MANY = 16
"""Columns from which on cells are narrow."""


_DEPTHS = (("deep", 0.58), ("deeper", 0.82))
"""From which depth on text is in the other colour, in the dark and in the light: contrast is 4.4 at least."""


def _cell(cell: Cell) -> str:
    depth = min(max(cell.depth, 0.0), 1.0)
    name = next((name for name, least in reversed(_DEPTHS) if depth > least), "")
    kind = f' class="{name}"' if name else ""
    return f'<td{kind} style="--d:{depth:.2f}" title="{esc(cell.title)}">{esc(cell.text)}</td>'
