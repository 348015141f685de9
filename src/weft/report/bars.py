"""Bars and intervals of text and boxes, which fit any width: `bars.css` lays them out."""

from __future__ import annotations

from collections.abc import Sequence

from weft.report.markup import esc
from weft.report.plots import Axis, Interval


def stacked(label: str, rows: Sequence[tuple[str, Sequence[tuple[str, int]], str]]) -> str:
    """A bar for each (name, parts as (kind, amount), text beside it), on a common scale."""
    most = max([1, *(sum(amount for _, amount in parts) for _, parts, _ in rows)])
    made = []
    for name, parts, told in rows:
        boxes = "".join(
            f'<i class="{kind}" style="width:{100 * amount / most:.2f}%" title="{amount:,}"></i>'
            for kind, amount in parts
            if amount
        )
        made.append(f'<li><span>{esc(name)}</span><span class="track">{boxes}</span><span>{esc(told)}</span></li>')
    return f'<ul class="bars" aria-label="{esc(label)}">{"".join(made)}</ul>'


def intervals(label: str, rows: Sequence[Interval], across: Axis) -> str:
    """A mark and its bounds for each row, above the ticks of the axis."""
    made = []
    for row in rows:
        low, value, high = (100 * across.share(each) for each in (row.low, row.value, row.high))
        title = f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
        drawn = (
            f'<i class="span" style="left:{low:.2f}%;width:{high - low:.2f}%"></i>'
            f'<i class="point" style="left:{value:.2f}%"></i>'
        )
        track = f'<span class="track" title="{title}">{_lines(across)}{drawn}</span>'
        made.append(f"<li><span>{esc(row.label)}</span>{track}<span>{row.value:.3f}</span></li>")
    ticks = "".join(f'<b style="left:{100 * across.share(value):.2f}%">{esc(text)}</b>' for value, text in across.ticks)
    axis = f'<li class="ticks" aria-hidden="true"><span></span><span class="track">{ticks}</span><span></span></li>'
    return f'<ul class="bars" aria-label="{esc(label)}">{"".join(made)}{axis}</ul>'


def _lines(across: Axis) -> str:
    return "".join(f'<u style="left:{100 * across.share(value):.2f}%"></u>' for value, _ in across.ticks)
