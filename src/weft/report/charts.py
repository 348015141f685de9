"""Charts as inline SVG whose text stays text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weft.report.markup import esc, number

_LONGEST = 40
"""Characters of a label at the left of a bar."""


@dataclass(frozen=True)
class Funnel:
    """Documents of one language: kept, left out as copies, left out by a rule."""

    label: str
    kept: int
    copies: int
    rejected: int


def funnels(rows: Sequence[Funnel], title: str = "Documents kept by language") -> str:
    """One bar per language, or what else they are of, on a common scale, with its numbers."""
    most = max([1, *(row.kept + row.copies + row.rejected for row in rows)])
    left, width, step = _margin(row.label for row in rows), 560, 24
    parts = []
    for place, row in enumerate(rows):
        top, at = place * step + 4, float(left)
        parts.append(f'<text x="{left - 10}" y="{top + 13}" text-anchor="end">{_short(row.label)}</text>')
        for kind, value in (("keep", row.kept), ("dup", row.copies), ("drop", row.rejected)):
            wide = width * value / most
            if value:
                place_and_size = f'x="{at:.1f}" y="{top}" width="{max(wide, 1):.1f}" height="16"'
                parts.append(f'<rect class="{kind}" {place_and_size}><title>{value:,}</title></rect>')
            at += wide
        total = row.kept + row.copies + row.rejected
        parts.append(f'<text class="s" x="{at + 8:.1f}" y="{top + 12}">{row.kept:,} of {total:,}</text>')
    height = len(rows) * step + 8
    return f'<div class="chart">{_svg(left + width + 130, height, title, parts)}</div>'


def bars(rows: Sequence[tuple[str, int]], *, kind: str = "drop") -> str:
    """Labelled horizontal bars."""
    most = max([1, *(value for _, value in rows)])
    left, width, step = _margin(label for label, _ in rows), 520, 24
    parts = []
    for place, (label, value) in enumerate(rows):
        top, wide = place * step + 4, width * value / most
        parts.append(f'<text x="{left - 10}" y="{top + 13}" text-anchor="end">{_short(label)}</text>')
        parts.append(f'<rect class="{kind}" x="{left}" y="{top}" width="{max(wide, 1):.1f}" height="16"/>')
        parts.append(f'<text class="s" x="{left + wide + 8:.1f}" y="{top + 12}">{value:,}</text>')
    height = len(rows) * step + 8
    return f'<div class="chart">{_svg(left + width + 130, height, "Counts", parts)}</div>'


def _margin(labels: Iterable[str]) -> int:
    """Room for the longest label at the left of bars, so that narrow screens are not filled with nothing."""
    return 18 + 7 * min(_LONGEST, max((len(label) for label in labels), default=14))


def _short(label: str) -> str:
    """A label that fits its margin; what is cut is in the tooltip."""
    if len(label) <= _LONGEST:
        return esc(label)
    return f"{esc(label[: _LONGEST - 1])}…<title>{esc(label)}</title>"


def histogram(title: str, bins: Sequence[tuple[float, float, int]]) -> str:
    """A small histogram: (low edge, high edge, count) of each bin, in order of the edges."""
    if not bins:
        return ""
    most = max(count for _, _, count in bins)
    low, high = bins[0][0], bins[-1][1]
    width, tall, parts = 240, 70, []
    each = width / len(bins)
    for place, (begin, end, count) in enumerate(bins):
        height = tall * count / most
        parts.append(
            f'<rect class="bar" x="{place * each:.1f}" y="{tall + 18 - height:.1f}" width="{max(each - 1, 1):.1f}" '
            f'height="{height:.1f}"><title>{number(begin)} to {number(end)}: {count:,}</title></rect>'
        )
    parts.append(f'<text x="0" y="12">{esc(title)}</text>')
    parts.append(f'<text class="s" x="0" y="{tall + 32}">{number(low)}</text>')
    parts.append(f'<text class="s" x="{width}" y="{tall + 32}" text-anchor="end">{number(high)}</text>')
    return _svg(width, tall + 38, title, parts)


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    frame = f'viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{esc(label)}"'
    return f"<svg {frame}>{''.join(parts)}</svg>"
