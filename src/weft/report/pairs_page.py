"""The report page of pairs: what rules refuse and what is beside them, scores, and which languages meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft import __version__
from weft.report import plots
from weft.report.markup import esc, number, percent, section, sorted_by, table
from weft.report.page import packaged
from weft.report.pairs_borders import border, shown
from weft.report.pairs_parts import RULES, Part, code, field, folded, named, plain, share, short
from weft.report.pairs_plots import Cell, Shares, heat, shares
from weft.report.pairs_scores import coverage, scores
from weft.report.pairs_words import of_signal

_NAV = (
    ("languages", "Languages"), ("rules", "Rules"), ("profiles", "Profiles"), ("borders", "Borders"),
    ("scores", "Scores"), ("coverage", "Coverage"),
)  # fmt: skip
_REASONS = 3
"""Rules of a profile that are named."""


def page(title: str, figures: dict[str, Any]) -> str:
    """One HTML document without anything from elsewhere, of what `weft.engine.pair_report` found."""
    parts = figures["pairs"]
    body = [_totals(parts), _languages(parts), _rules(parts), _profiles(parts), _borders(parts), scores(parts)]
    whole = "".join([*body, coverage(figures)])
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in _NAV if f'<section id="{anchor}"' in whole)
    style = "".join(packaged(file) for file in ("style.css", "plots.css", "pairs.css"))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{esc(title)}: pairs</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><header><h1>{esc(title)}</h1>"
        "<p>Pairs of texts that should translate each other: what rules and a scorer make of them. "
        f'Made by weft {esc(__version__)}.</p><nav aria-label="Sections">{nav}</nav></header>'
        f"<main>{whole}</main><script>{packaged('script.js')}</script></body></html>\n"
    )


def _totals(parts: Sequence[Part]) -> str:
    read = sum(part["read"] for part in parts)
    learnt = [part for part in parts if RULES in part["sets"]]
    kept, of = (
        (sum(values) for values in zip(*(_kept_of(part, RULES) for part in learnt), strict=True)) if learnt else (0, 0)
    )
    cells = [
        (number(read), "pairs read"),
        (number(len({code(part) for part in parts})), "language pairs"),
        (number(sum(part["unreadable"] for part in parts)), "rows that are no pair"),
    ]
    if learnt:
        cells.append((percent(kept, of), "pass their rules"))
    scored = [part for part in parts if "scores" in part]
    if scored:
        passed = sum(part["scores"]["passes"]["pairs"] for part in scored)
        cells.append((percent(passed, sum(part["judged"] for part in scored)), "pass the scorer"))
    return '<div class="totals">' + "".join(f"<div><b>{a}</b><span>{b}</span></div>" for a, b in cells) + "</div>"


def _kept_of(part: Part, name_: str) -> tuple[int, int]:
    return part["sets"][name_]["passes"]["pairs"], part["judged"]


def _sets(parts: Sequence[Part]) -> list[str]:
    """Every set of rules, the learnt ones first."""
    found = dict.fromkeys(name_ for part in parts for name_ in part["sets"])
    return sorted(found, key=lambda name_: name_ != RULES)


def _languages(parts: Sequence[Part]) -> str:
    names = _sets(parts)
    scored = any("scores" in part for part in parts)
    head = [("languages", False), ("pairs", True), ("no pair", True)]
    head += [(f"pass {name_}", True) for name_ in names]
    head += [("pass scorer", True), ("pass both", True)] if scored else []
    head += [("file", False)]
    rows = []
    for part in parts:
        held = [part["sets"].get(name_, {}).get("passes") for name_ in names]
        if scored:
            held += [part.get("scores", {}).get(key) for key in ("passes", "passes_rules_too")]
        counts = (sorted_by(part[key], number(part[key])) for key in ("read", "unreadable"))
        file = part["file"].replace("\\", "/").rpartition("/")[2]
        rows.append(
            [named(part), *counts, *map(share, held),
             f'<span class="soft file" title="{esc(part["file"])}">{esc(file)}</span>']
        )  # fmt: skip
    note = (
        "Of each two languages: how many pairs pass all rules of a set, with 95 % intervals (Wilson's score). Profiles "
        "are other tools' defaults: where they pass far less than the learnt rules, they do not fit the language."
    )
    caption = "Pairs by language, and the share that passes"
    names_of = [f"{code(part)} {plain(part)}" for part in parts]
    body = field("#languages tbody tr", parts) + table(
        head, rows, sortable=True, names=names_of, caption=caption
    )  # fmt: skip
    return section("languages", "Languages", note, _dots(parts, names) + body)


def _dots(parts: Sequence[Part], names: Sequence[str]) -> str:
    """Shares that pass, by language and set."""
    held = [part for part in parts if part["judged"]]
    if not held:
        return ""
    series = [*names, *(["scorer"] if any("scores" in part for part in held) else [])]
    rows = []
    for part in held:
        found = [part["sets"].get(name_, {}).get("passes") for name_ in names]
        found += [part.get("scores", {}).get("passes")] if len(series) > len(names) else []
        rows.append(Shares(short(part, held), [one and (one["share"], one["low"], one["high"]) for one in found]))
    across = plots.axis("", 0.0, 1.0, 5, "{:.0%}")
    drawn = shares("Share that passes, by language", series, rows, across)
    return f"<figure>{plots.legend(series)}{drawn}</figure>"


def _shown_sets(part: Part) -> list[str]:
    """The learnt rules where there are some; else the profiles."""
    return [RULES] if RULES in part["sets"] else list(part["sets"])


def _rules(parts: Sequence[Part]) -> str:
    heats = "".join(_heat_of(parts, name_) for name_ in _sets(parts)) if len(parts) > 1 else ""
    body = f'<div class="heats">{heats}</div>' if heats else ""
    body += folded(parts, "rules", lambda part: "".join(_table_of(part, name_) for name_ in part["sets"]))
    note = (
        "What each rule refuses, whatever the others say, and what it alone refuses: without it these pairs would "
        "pass. A rule that refuses much in one language only does not fit the language, or shows a fault of its data."
    )
    return section("rules", "Rules", note, body)


def _heat_of(parts: Sequence[Part], set_: str) -> str:
    """Rules by language: the share that each refuses; a rule that refuses nothing anywhere is left out."""
    held = [part for part in parts if set_ in part["sets"] and part["judged"]]
    found = [{rule["rule"]: rule for rule in part["sets"][set_]["rules"]} for part in held]
    order = dict.fromkeys(rule for one in found for rule in one)
    shares_ = {
        rule: [
            one[rule]["refused"] / part["judged"] if rule in one else None
            for one, part in zip(found, held, strict=True)
        ]
        for rule in order
    }
    rows = [rule for rule, row in shares_.items() if any(row)]
    if len(held) < 2 or not rows:
        return ""
    rows.sort(key=lambda rule: -sum(share or 0 for share in shares_[rule]))
    cells = [
        [
            Cell("·" if not share else _percent(share), min(1.0, (share or 0) * 5) ** 0.5, _said(part, rule, found[n]))
            for n, (share, part) in enumerate(zip(shares_[rule], held, strict=True))
        ]
        for rule in rows
    ]
    columns = [esc(short(part, held)) for part in held]
    caption = f"{set_}: percent of the pairs that each rule refuses, by language; deepest from 20 on"
    return heat(caption, [f"<code>{esc(rule)}</code>" for rule in rows], columns, cells)


def _said(part: Part, rule: str, found: dict[str, Any]) -> str:
    if rule not in found:
        return f"{plain(part)}: no {rule}"
    held = found[rule]
    return f"{plain(part)}, {rule}: {held['refused']:,} of {part['judged']:,} refused, {held['alone']:,} by it alone"


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.05 else "<.1"


def _table_of(part: Part, set_: str) -> str:
    held = part["sets"][set_]
    head = [("rule", False), ("what it judges", False), ("from", True), ("to", True), ("refused", True)]
    head += [("passes", True), ("it alone", True)]
    rows = []
    for rule in sorted(held["rules"], key=lambda one: -one["refused"]):
        limits = ("" if rule[key] is None else esc(shown(rule[key])) for key in ("from", "to"))
        rows.append(
            [f"<code>{esc(rule['rule'])}</code>", esc(of_signal(rule["signal"])), *limits,
             sorted_by(rule["refused"], number(rule["refused"])), share(rule["passes"]),
             sorted_by(rule["alone"], number(rule["alone"]))]
        )  # fmt: skip
    caption = f"{set_}: {held['passes']['pairs']:,} of {part['judged']:,} pairs pass all of these rules"
    made = table(head, rows, sortable=True, caption=caption)
    if set_ in _shown_sets(part):
        return made
    return f"<details><summary>{esc(set_)}</summary>{made}</details>"


def _profiles(parts: Sequence[Part]) -> str:
    held = [(part, name_, one) for part in parts for name_, one in part.get("beside", {}).items()]
    if not held:
        return ""
    head = [("languages", False), ("profile", False), ("both keep", True), ("only the rules", True)]
    head += [("only the profile", True), ("neither", True), ("lost of what the rules keep", True), ("by", False)]
    rows = []
    for part, name_, one in held:
        kept = one["both"] + one["rules_only"]
        worst = sorted(one["refuses_of_kept"].items(), key=lambda item: (-item[1], item[0]))[:_REASONS]
        counts = (sorted_by(one[key], number(one[key])) for key in ("both", "rules_only", "profile_only", "neither"))
        lost = one["rules_only"] / max(kept, 1)
        reasons = ", ".join(f"{rule} {count:,}" for rule, count in worst)
        rows.append(
            [
                named(part),
                esc(name_),
                *counts,
                sorted_by(lost, f"{100 * lost:.1f} %"),
                f'<span class="file">{esc(reasons)}</span>',
            ]
        )
    note = (
        "The learnt rules beside the defaults of other tools, on the same pairs. What only the rules keep is what a "
        "default would cost; the last column says which of its rules do it."
    )
    caption = "Pairs that the learnt rules and a profile keep"
    return section("profiles", "Beside common defaults", note, table(head, rows, sortable=True, caption=caption))


def _borders(parts: Sequence[Part]) -> str:
    def one(part: Part) -> str:
        made = []
        for set_ in _shown_sets(part):
            edges = [edge for edge in part["borders"] if edge["set"] == set_]
            title = f"<h3>{esc(set_)}</h3>" if len(_shown_sets(part)) > 1 and edges else ""
            refusing = {edge["rule"] for edge in edges}
            quiet = [rule["rule"] for rule in part["sets"][set_]["rules"] if rule["rule"] not in refusing]
            nothing = f'<p class="note">{esc(set_)}: {esc(", ".join(quiet))} refuse nothing here.</p>' if quiet else ""
            made.append(title + "".join(border(edge, part["languages"]) for edge in edges) + nothing)
        return "".join(made)

    note = (
        "Of each rule the pairs nearest to its threshold: those that it still refuses, and those that all rules keep. "
        "If the refused ones are good, move the threshold; if the kept ones are bad, move it the other way. Of pairs "
        "with the same value some are drawn, the same for the same seed."
    )
    return section("borders", "At the threshold", note, folded(parts, "borders", one))
