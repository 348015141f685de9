"""Sections of a report on pairs: scores beside those of mismatches, and which languages meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft.model.languages import name
from weft.report.markup import esc, number, section, sorted_by, table
from weft.report.pairs_parts import Part, folded
from weft.report.pairs_plots import Cell, heat, overlaid, two
from weft.report.pairs_words import HEADS

_KEYS = ("pairs", "mismatches")
_BINS = 50
"""Bars of a histogram."""


def scores(parts: Sequence[Part]) -> str:
    held = [part for part in parts if "scores" in part]
    if not held:
        return ""
    note = (
        "Pairs beside mismatches: the same sources with targets of other pairs of like length. The further both are "
        "apart, the more a score says; pairs under the mismatches are likely mismatches themselves. Heights are "
        "square roots of shares. AUC: how often a pair has more than a mismatch (0.5 is chance)."
    )
    return section("scores", "Scores", note, folded(held, "scores", _scores_of))


def _scores_of(part: Part) -> str:
    held = part["scores"]
    made = ""
    for key in ("score", "probability"):
        drawn = overlaid(key, _merged(held[key]), _KEYS)
        caption = f"AUC {held['auc'][key]:.3f}" if "auc" in held else "no mismatches could be made"
        made += f"<figure>{two(_KEYS)}{drawn}<figcaption>{esc(caption)}</figcaption></figure>" if drawn else ""
    of = {"pairs": part["judged"], "mismatches": held["mismatches"]["pairs"]}
    head = [("reason", False), ("which says", False), ("pairs", True), ("share", True), ("mismatches", True)]
    head += [("share of them", True)]
    rows = []
    for reason, counts in held["reasons"].items():
        cells = []
        for key in _KEYS:
            share = counts[key] / max(of[key], 1)
            cells += [sorted_by(counts[key], number(counts[key])), sorted_by(share, f"{100 * share:.1f} %")]
        rows.append([f"<code>{esc(reason)}</code>", esc(HEADS.get(reason, "")), *cells])
    turned = held["languages"] != part["languages"]
    passes, wrong = held["passes"], held["mismatches"]["passes"]
    caption = (
        f"Why pairs do not pass: {passes['pairs']:,} of {of['pairs']:,} pairs pass all heads, "
        f"and {wrong['pairs']:,} of {of['mismatches']:,} mismatches"
        + (f"; the scorer's source is {name(held['languages'][0])}" if turned else "")
    )
    return f'<div class="plots">{made}</div>{table(head, rows, sortable=True, caption=caption)}'


def _merged(bins: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most so many bins that each is seen: neighbours together."""
    each = -(-len(bins) // _BINS) or 1
    made = []
    for first in range(0, len(bins), each):
        some = bins[first : first + each]
        sums = {key: sum(one[key] for one in some) for key in _KEYS}
        made.append({"from": some[0]["from"], "to": some[-1]["to"], **sums})
    return made


def coverage(figures: dict[str, Any]) -> str:
    codes, counts = figures["coverage"]["languages"], figures["coverage"]["matrix"]
    if len(codes) < 3:
        return ""
    order = sorted(range(len(codes)), key=lambda n: (-counts[n][n], codes[n]))
    most = max(max(row) for row in counts) or 1
    cells = [
        [
            Cell(
                _count(counts[a][b]),
                (counts[a][b] / most) ** 0.5,
                f"{name(codes[a])}: {counts[a][a]:,} texts"
                if a == b
                else f"{name(codes[a])} and {name(codes[b])}: {counts[a][b]:,}",
            )
            for b in order
        ]
        for a in order
    ]
    rows = [f"{esc(name(codes[n]))} <code>{esc(codes[n])}</code>" for n in order]
    columns = [f"<code>{esc(codes[n])}</code>" for n in order]
    note = (
        "Rows that have a text in both languages; on the diagonal those with one in the language and in any other. "
        "Depth is the square root of the share of the largest count. Languages that meet little need a "
        "pivot between them."
    )
    lost = [one for one in figures["groups"] if one["unreadable"] or one["unknown"]]
    said = "".join(
        f"<p>{esc(one['file'])}: {one['unreadable']:,} rows without {esc(one['column'])}, "
        f"{one['unknown']:,} texts in no language that is known.</p>"
        for one in lost
    )
    return section(
        "coverage", "Coverage", note, heat("Rows with a text in both languages", rows, columns, cells) + said
    )


def _count(value: int) -> str:
    """A count in four characters at most."""
    for limit, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= limit:
            scaled = value / limit
            return f"{scaled:.0f}{unit}" if scaled >= 9.95 else f"{scaled:.1f}{unit}"
    return str(value) if value else "·"
