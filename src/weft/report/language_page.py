"""The report page of a language model: how good it is where, and what it takes for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from weft import __version__
from weft.model.languages import name
from weft.report import plots
from weft.report.markup import esc, language, number, section, sorted_by, table
from weft.report.page import packaged

_NAV = (
    ("sources", "Sources"), ("lengths", "Short texts"), ("confusions", "Confusions"), ("refusals", "Refusals"),
    ("scores", "Scores"), ("languages", "Languages"),
)  # fmt: skip
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_FEWEST = 20
"""Texts of a bin of scores from which it is drawn."""


def page(title: str, part: str, scores: Mapping[str, Any], learnt: Mapping[str, Any], languages: pl.DataFrame) -> str:
    """One HTML document without anything from elsewhere.

    `scores` are those of the sources, `learnt` holds `figures` and what was learnt of refusals, `languages` is the
    table of languages; `part` of the split gave them all.
    """
    figures = learnt["figures"]
    parts = [
        _totals(scores, learnt, languages),
        _sources(scores, learnt.get("without", {})),
        _lengths(figures["by_length"]),
        _confusions(figures["clusters"]),
        _refusals(figures["refusals"], learnt["refusal"]),
        _reliability(figures["reliability"]),
        _languages(languages),
    ]
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in _NAV)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{esc(title)}: language model</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{packaged('style.css')}{packaged('plots.css')}</style></head><body><header><h1>{esc(title)}</h1>"
        f"<p>How well this language model answers on the part {esc(part)} of its texts, which it was not trained on. "
        f'Made by weft {esc(__version__)}.</p><nav aria-label="Sections">{nav}</nav></header>'
        f"<main>{''.join(parts)}</main><script>{packaged('script.js')}</script></body></html>\n"
    )


def _totals(scores: Mapping[str, Any], learnt: Mapping[str, Any], languages: pl.DataFrame) -> str:
    held = languages.filter(pl.col("kind") == "language")
    refused = learnt["refusal"]["refused"]
    cells = [
        (number(held.height), "languages and scripts measured"),
        (number(sum(s["texts"] for s in scores.values())), "texts"),
        (f"{np.median(held['f1']):.3f}", "median F1"),
        (f"{learnt['purity']['median_expected_precision']:.2f}", "median expected precision of a corpus"),
        ("–" if refused is None else f"{refused:.0%}", "of texts in unknown languages refused"),
    ]
    return '<div class="totals">' + "".join(f"<div><b>{a}</b><span>{b}</span></div>" for a, b in cells) + "</div>"


def _figure(drawn: str, caption: str) -> str:
    return f"<figure>{drawn}<figcaption>{esc(caption)}</figcaption></figure>"


def _scale(title: str, values: list[float]) -> plots.Axis:
    """From a round number below all values to 1."""
    low = min(int(min(values, default=0.0) * 10) / 10, 0.8)
    return plots.axis(title, low, 1.0, round((1 - low) * 10))


def _sources(scores: Mapping[str, Any], left_out: Mapping[str, Any]) -> str:
    rows = [plots.Interval(k, s["low"], s["macro_f1"], s["high"], s["macro_f1_merged"]) for k, s in scores.items()]
    drawn = plots.intervals("Macro-F1 by source", rows, _scale("", [row.low for row in rows]))
    body = _figure(drawn, "Dot: macro-F1, with its 95 % interval. Ring: with the languages of a group counted as one.")
    unseen = {k: s for k, s in left_out.items() if s["texts"]}
    if unseen:
        rows = [plots.Interval(k, s["low"], s["macro_f1"], s["high"], s["macro_f1_merged"]) for k, s in unseen.items()]
        drawn = plots.intervals("Macro-F1 of sources left out", rows, _scale("", [row.low for row in rows]))
        body += _figure(drawn, "Sources that it was trained without, in languages that it knows from others.")
    note = "Each language of a source counts the same; any language that the model knows may be the answer."
    return section("sources", "By source", note, f'<div class="plots">{body}</div>')


def _lengths(held: Mapping[str, list[dict[str, Any]]]) -> str:
    if not held:
        return section("lengths", "Short texts", "No source has texts of two languages that are long enough.", "")
    across = plots.Axis(
        "first characters of the text",
        [(n, str(row["characters"] or "all")) for n, row in enumerate(next(iter(held.values())))],
    )
    series = []
    for source, rows in held.items():
        titles = [f"{r['characters'] or 'all'} characters: {r['macro_f1']:.3f}" for r in rows]
        points = [(float(n), r["macro_f1"]) for n, r in enumerate(rows)]
        series.append(plots.Line(source, points, titles, [(r["low"], r["high"]) for r in rows]))
    up = _scale("macro-F1", [row["low"] for rows in held.values() for row in rows])
    drawn = plots.lines("Macro-F1 by length", series, across, up)
    head = [("source", False), ("languages", True), ("texts", True), *((text, True) for _, text in across.ticks)]
    cells = [
        [esc(source), number(rows[0]["languages"]), number(rows[0]["texts"]), *(f"{r['macro_f1']:.3f}" for r in rows)]
        for source, rows in held.items()
    ]
    body = f'<div class="plots"><figure>{plots.legend(list(held))}{drawn}</figure></div>{table(head, cells)}'
    note = "Macro-F1 of the beginnings of texts: the same texts of 80 characters or more each time."
    return section("lengths", "Short texts", note, body)


def _confusions(held: list[dict[str, Any]]) -> str:
    if not held:
        return section("confusions", "Related languages", "No two languages are taken for one another.", "")
    made = []
    for cluster in held:
        codes = cluster["languages"]
        label = f"Confusions of {', '.join(codes)}"
        drawn = plots.heat(label, codes, cluster["shares"], cluster["elsewhere"])
        texts = f"{cluster['confused']} of {sum(cluster['texts']):,} texts confused"
        made.append(_figure(f'<div class="scroll">{drawn}</div>', f"{', '.join(map(name, codes))}: {texts}."))
    note = (
        "Languages that are taken for one another, found from the answers: 3 % and three texts of one, or more, have "
        "the other as the most probable language. Rows: what texts are; columns: what they are taken for, in percent "
        "of the row. Those with most confused texts come first."
    )
    return section("confusions", "Related languages", note, f'<div class="heats">{"".join(made)}</div>')


def _refusals(held: Mapping[str, Any], learnt: Mapping[str, Any]) -> str:
    series = []
    if learnt.get("curve"):
        name_of = f"texts in {learnt['languages']} unknown languages"
        series.append(_curve(name_of, learnt["curve"]))
    if held:
        series.append(_curve("wrong answers in known languages", held["wrong_answers"]))
    if not series:
        return section("refusals", "When it does not know", "No refusals were learnt, or no answer was wrong.", "")
    across = plots.Axis(
        "right answers refused, in the source that loses most",
        [(share / 100, f"{share} %") for share in (0, 5, 10, 15, 20)],
    )
    up = plots.Axis("refused", [(share, f"{share * 100:.0f} %") for share in _SHARES])
    names = [line.name for line in series]
    if held:
        at = (held["at"][0], held["at"][1])
        series.append(plots.Line("this model", [at], [f"{at[0]:.1%} of right and {at[1]:.0%} of wrong answers"]))
        names.append("where this model's threshold lies (wrong answers)")
    drawn = plots.lines("Refusals and their cost", series, across, up)
    note = (
        "What a stricter threshold refuses, and what it costs in right answers. Unknown languages are those that a "
        "second model was trained without; each counts the same, and none is judged by weights that saw it."
    )
    return section(
        "refusals",
        "When it does not know",
        note,
        f'<div class="plots"><figure>{plots.legend(names)}{drawn}</figure></div>',
    )


def _curve(name_of: str, points: list[tuple[float, float]]) -> plots.Line:
    titles = [f"{refused:.0%} refused at {cost:.1%} of right answers" for cost, refused in points]
    return plots.Line(name_of, [(cost, refused) for cost, refused in points], titles)


def _reliability(held: Mapping[str, Any]) -> str:
    names = {"best": "most probable language of every text", "answered": "answers that are given, groups included"}
    series = []
    for key, title in names.items():
        rows = [row for row in held[key]["bins"] if row["texts"] >= _FEWEST]
        titles = [f"score {r['score']:.2f}: {r['right']:.1%} right of {r['texts']:,}" for r in rows]
        points = [(r["score"], r["right"]) for r in rows]
        series.append(plots.Line(title, points, titles, [(r["low"], r["high"]) for r in rows]))
    across, up = (plots.Axis(t, [(s, f"{s:.1f}") for s in _SHARES]) for t in ("score of the answer", "share right"))
    drawn = plots.lines("Reliability of scores", series, across, up, even=True)
    errors = ", ".join(f"{title}: {held[key]['error']:.3f}" for key, title in names.items())
    note = (
        f"Answers by their score, in ten bins (of {_FEWEST} texts or more), with 95 % intervals. On the dotted "
        "line a score of 0.8 is right in 80 %; "
        "above it the score says too little, below it too much."
    )
    caption = f"Mean distance from the line (expected calibration error): {errors}."
    body = f'<div class="plots"><figure>{plots.legend(list(names.values()))}{drawn}<figcaption>{esc(caption)}'
    return section("scores", "What a score is worth", note, f"{body}</figcaption></figure></div>")


def _languages(held: pl.DataFrame) -> str:
    numbers = ("texts", "F1", "merged", "answered", "refused", "false positives", "expected precision", "at least")
    head = [("language", False), ("code", False), *((text, True) for text in numbers), ("most often taken for", False)]
    rows, names = [], []
    for row in held.filter(pl.col("kind") == "language").iter_rows(named=True):
        code = row["language"]
        shares = (row["f1"], row["f1_merged"], row["answered"], row["refused"])
        purity = (row["expected_precision"], row["expected_precision_at_least"])
        rows.append(
            [
                language(code), f"<code>{esc(code)}</code>", sorted_by(row["texts"], number(row["texts"])),
                *(sorted_by(share, f"{share:.3f}") for share in shares),
                sorted_by(row["false_positive_rate"], number(row["false_positives"])),
                *(sorted_by(share, f"{share:.2f}") for share in purity),
                f"<code>{esc(row['taken_for'] or '')}</code>",
            ]
        )  # fmt: skip
        names.append(f"{code} {name(code)}")
    field = (
        '<input type="search" data-filter="#languages tbody tr" aria-label="Filter by language" '
        'placeholder="Filter by language">'
    )
    note = (
        "Answered: share of its texts that get this one language. Expected precision: share of right texts in a corpus "
        "of all that gets this language, where one text in 10,000 is in it; at least: with the 95 % upper bound of the "
        "false-positive rate. languages.tsv has the rates, margins and groups."
    )
    return section("languages", "Languages", note, field + table(head, rows, sortable=True, names=names))
