"""Plots of measured values as inline SVG whose text stays text: intervals, lines, heat maps.

Series differ by mark and dash as well as by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weft.report.markup import esc

SERIES = 6
"""Kinds of lines that the style sheet has; a plot shows no more."""
_WIDTH, _TALL = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 14, 44
_CELL = 30


@dataclass(frozen=True)
class Interval:
    """A value with its bounds, and a second value (a ring) where there is one."""

    label: str
    low: float
    value: float
    high: float
    second: float | None = None


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with a text at each tick."""

    title: str
    ticks: Sequence[tuple[float, str]]

    @property
    def low(self) -> float:
        return self.ticks[0][0]

    @property
    def high(self) -> float:
        return self.ticks[-1][0]

    def share(self, value: float) -> float:
        """Where a value lies between both ends, 0 to 1; what lies outside is moved to the end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class Line:
    """Points (x, y) in order, with bounds of y where `bounds` has them; a title for each point."""

    name: str
    points: Sequence[tuple[float, float]]
    titles: Sequence[str]
    bounds: Sequence[tuple[float, float]] = ()


def axis(title: str, low: float, high: float, steps: int, form: str = "{:.1f}") -> Axis:
    """An axis with ticks at equal distances."""
    values = [low + (high - low) * n / steps for n in range(steps + 1)]
    return Axis(title, [(value, form.format(value)) for value in values])


def intervals(label: str, rows: Sequence[Interval], across: Axis, *, left: int = 92) -> str:
    """A dot and its bounds for each row; `left` is the room for labels, in pixels."""
    step, wide, right = 24, 320, 50
    tall = len(rows) * step + 10
    parts = []
    for value, text in across.ticks:
        x = left + wide * across.share(value)
        parts.append(f'<path class="grid-line" d="M{x:.1f} 4V{tall}"/>')
        parts.append(f'<text class="s" x="{x:.1f}" y="{tall + 14}" text-anchor="middle">{esc(text)}</text>')
    for place, row in enumerate(rows):
        y = place * step + 16
        low, value, high = (left + wide * across.share(each) for each in (row.low, row.value, row.high))
        said = f"{row.label}: {row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{esc(row.label)}</text>')
        parts.append(f'<path class="line k0" d="M{low:.1f} {y}H{high:.1f}"/>')
        if row.second is not None:
            said += f"; groups merged {row.second:.3f}"
            x = left + wide * across.share(row.second)
            parts.append(f'<circle class="ring" cx="{x:.1f}" cy="{y}" r="5.5"/>')
        parts.append(f'<circle class="mark k0" cx="{value:.1f}" cy="{y}" r="4"><title>{esc(said)}</title></circle>')
        shown = f'x="{left + wide + right}" y="{y + 4}" text-anchor="end"'
        parts.append(f'<text class="s" {shown}>{row.value:.3f}</text>')
    return svg(left + wide + right + 4, tall + 22, label, parts)


def lines(label: str, series: Sequence[Line], across: Axis, up: Axis, *, even: bool = False) -> str:
    """A mark for each point, joined by lines; `even` draws the line where both axes are equal."""
    width, tall = _WIDTH - _LEFT - _RIGHT, _TALL
    parts = _frame(across, up)
    if even:
        parts.append(f'<path class="even" d="M{_LEFT} {_TOP + tall}L{_LEFT + width} {_TOP}"/>')
    for number, line in enumerate(series[:SERIES]):
        at = [(_LEFT + width * across.share(x), _TOP + tall * (1 - up.share(y))) for x, y in line.points]
        for (x, _), (low, high) in zip(at, line.bounds, strict=False):
            ends = (_TOP + tall * (1 - up.share(value)) for value in (low, high))
            parts.append(f'<path class="bound k{number}" d="M{x:.1f} {next(ends):.1f}V{next(ends):.1f}"/>')
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        parts.append(f'<path class="line k{number}" d="M{path}"/>')
        for (x, y), title in zip(at, line.titles, strict=True):
            parts.append(mark(number, x, y, f"{line.name}: {title}"))
    return svg(_WIDTH, _TOP + tall + _BOTTOM, label, parts)


def _frame(across: Axis, up: Axis) -> list[str]:
    width, tall, parts = _WIDTH - _LEFT - _RIGHT, _TALL, []
    for value, text in up.ticks:
        y = _TOP + tall * (1 - up.share(value))
        parts.append(f'<path class="grid-line" d="M{_LEFT} {y:.1f}H{_LEFT + width}"/>')
        parts.append(f'<text class="s" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{esc(text)}</text>')
    for value, text in across.ticks:
        x = _LEFT + width * across.share(value)
        parts.append(f'<path class="grid-line" d="M{x:.1f} {_TOP}V{_TOP + tall}"/>')
        parts.append(f'<text class="s" x="{x:.1f}" y="{_TOP + tall + 16}" text-anchor="middle">{esc(text)}</text>')
    place = f'x="{_LEFT + width / 2:.0f}" y="{_TOP + tall + 36}" text-anchor="middle"'
    parts.append(f'<text class="s" {place}>{esc(across.title)}</text>')
    parts.append(f'<text class="s" x="{_LEFT}" y="9">{esc(up.title)}</text>')
    return parts


def mark(number: int, x: float, y: float, title: str) -> str:
    """A mark of the form that belongs to a series."""
    shapes = (
        f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
        f"M{x - 4:.1f} {y - 4:.1f}h8v8h-8Z",
        f"M{x:.1f} {y - 5:.1f}l5 9h-10Z",
        f"M{x:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5Z",
        f"M{x:.1f} {y + 5:.1f}l5 -9h-10Z",
        f"M{x - 5:.1f} {y - 1.5:.1f}h10v3h-10Z",
    )
    return f'<path class="mark k{number}" d="{shapes[number]}"><title>{esc(title)}</title></path>'


def legend(names: Sequence[str]) -> str:
    """The marks of series and their names, in HTML that breaks where it must."""
    parts = []
    for number, name in enumerate(names[:SERIES]):
        drawn = f'<path class="line k{number}" d="M0 8H30"/>{mark(number, 15, 8, name)}'
        parts.append(f'<span><svg viewBox="0 0 30 16" width="30" aria-hidden="true">{drawn}</svg>{esc(name)}</span>')
    return f'<div class="legend">{"".join(parts)}</div>'


def heat(label: str, names: Sequence[str], shares: Sequence[Sequence[float]], elsewhere: Sequence[float]) -> str:
    """Rows are what texts are, columns what they are taken for; a cell's depth is the share of its row."""
    left, top = 16 + 7 * max(len(name) for name in names), 74
    width, tall = left + _CELL * (len(names) + 1) + 46, top + _CELL * len(names) + 4
    parts = []
    for place, name in enumerate([*names, "elsewhere"]):
        x = left + _CELL * place + _CELL / 2 + 4
        turn = f'transform="translate({x:.0f} {top - 6}) rotate(-50)"'
        parts.append(f"<text {turn}>{esc(name)}</text>")
    for row, name in enumerate(names):
        y = top + _CELL * row
        parts.append(f'<text x="{left - 8}" y="{y + 19}" text-anchor="end">{esc(name)}</text>')
        for column, share in enumerate([*shares[row], elsewhere[row]]):
            kind = "keep" if row == column else "drop"
            taken = [*names, "a language outside"][column]
            title = f"{name} taken for {taken}: {share:.1%}"
            parts.append(_cell(left + _CELL * column, y, kind, share, title))
    return svg(width, tall, label, parts)


def _cell(x: float, y: float, kind: str, share: float, title: str) -> str:
    size = f'x="{x:.0f}" y="{y:.0f}" width="{_CELL - 2}" height="{_CELL - 2}"'
    drawn = f'<rect class="empty" {size}/><rect class="{kind}" fill-opacity="{share:.3f}" {size}/>'
    if share >= 0.005:
        on = " deep" if share > 0.55 else ""
        middle = f'x="{x + _CELL / 2 - 1:.0f}" y="{y + 18:.0f}" text-anchor="middle"'
        drawn += f'<text class="cell{on}" {middle}>{share * 100:.0f}</text>'
    return f"<g><title>{esc(title)}</title>{drawn}</g>"


def svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """A picture of these parts, with a label for those who do not see it."""
    frame = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" aria-label="{esc(label)}"'
    return f"<svg {frame}>{''.join(parts)}</svg>"
