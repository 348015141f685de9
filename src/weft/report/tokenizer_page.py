"""The report page of tokenizers: what each costs every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from weft import __version__
from weft.model.languages import name
from weft.report import plots
from weft.report.markup import esc, language, number, section, sorted_by, table
from weft.report.page import packaged

_RATIOS = (
    ("fertility", "tokens a word", "{:.2f}"), ("tokens_per_character", "tokens a character", "{:.3f}"),
    ("bytes_per_token", "bytes a token", "{:.2f}"), ("parity", "parity", "{:.2f}"),
    ("broken_share", "broken", "{:.1%}"), ("restored_share", "texts restored", "{:.1%}"),
)  # fmt: skip
_NAV = (("curves", "Curves"), ("summary", "Summary"), ("languages", "Languages"))


def page(title: str, measured: pl.DataFrame, summary: Mapping[str, Mapping[str, Any]]) -> str:
    """One HTML document without anything from elsewhere, of the table and summary of `weft.tokenizer.fertility`."""
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in _NAV)
    body = _curves(measured) + _summary(summary) + _languages(measured)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{esc(title)}: tokenizers</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{packaged('style.css')}{packaged('plots.css')}</style></head><body><header><h1>{esc(title)}</h1>"
        f"<p>What tokenizers cost each language. Made by weft {esc(__version__)}.</p>"
        f'<nav aria-label="Sections">{nav}</nav></header>'
        f"<main>{body}</main><script>{packaged('script.js')}</script></body></html>\n"
    )


def _curves(measured: pl.DataFrame) -> str:
    drawn = [
        _curve(measured, column, title)
        for column, title in (("parity", "tokens for one of the pivot"), ("fertility", "tokens a word"))
    ]
    note = (
        "A mark for each language, from the one that a tokenizer serves best to the one that it serves worst. A flat "
        "line treats all alike. Point at a mark to see its language."
    )
    return section("curves", "From best to worst", note, f'<div class="plots">{"".join(drawn)}</div>')


def _curve(measured: pl.DataFrame, column: str, title: str) -> str:
    known = measured.filter(pl.col(column).is_not_null())
    if not known.height:
        return ""
    series, most = [], 1
    for (held,), part in known.group_by("tokenizer", maintain_order=True):
        rows = part.sort(column, "language").select("language", column).rows()
        most = max(most, len(rows))
        titles = [f"{code} {name(code)}: {value:.2f}" for code, value in rows]
        series.append(plots.Line(str(held), [(float(n + 1), value) for n, (_, value) in enumerate(rows)], titles))
    top = float(known[column].max() or 1.0)  # type: ignore[arg-type]
    across = plots.Axis("languages", [(1.0, "1"), (max(most, 2), number(max(most, 2)))])
    up = plots.axis(title, 0.0, max(top, 1.0), 4, "{:.1f}")
    picture = plots.lines(title, series, across, up)
    return f"<figure>{plots.legend([line.name for line in series])}{picture}</figure>"


def _summary(summary: Mapping[str, Mapping[str, Any]]) -> str:
    head = [("tokenizer", False), ("languages", True), *((text, True) for _, text, _ in _RATIOS), ("Gini", True)]
    head += [("worst parity", False), ("worst tokens a word", False)]
    rows = []
    for held, row in summary.items():
        cells = [_cell(row[column], form) for column, _, form in _RATIOS]
        worst = [_worst(row["worst_parity"], "parity"), _worst(row["worst_fertility"], "fertility")]
        rows.append([esc(held), number(row["languages"]), *cells, _cell(row["gini"], "{:.3f}"), *worst])
    note = "Means over languages, each counting the same. Gini: 0 where all languages need as many tokens."
    return section("summary", "Summary", note, table(head, rows))


def _worst(held: Mapping[str, Any] | None, column: str) -> str:
    return "–" if held is None else f"{language(held['language'])} {held[column]:.2f}"


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else sorted_by(value, form.format(value))


def _languages(measured: pl.DataFrame) -> str:
    head = [("language", False), ("code", False), ("tokenizer", False), ("texts", True)]
    head += [(text, True) for _, text, _ in _RATIOS]
    rows, names = [], []
    for row in measured.iter_rows(named=True):
        code = row["language"]
        cells = [_cell(row[column], form) for column, _, form in _RATIOS]
        texts = sorted_by(row["texts"], number(row["texts"]))
        rows.append([language(code), f"<code>{esc(code)}</code>", esc(row["tokenizer"]), texts, *cells])
        names.append(f"{code} {name(code)}")
    field = (
        '<input type="search" data-filter="#languages tbody tr" aria-label="Filter by language" '
        'placeholder="Filter by language">'
    )
    note = (
        "Words are weft's; of scripts without spaces those of dictionaries. Parity: tokens for one token of the pivot, "
        "in translations of the same texts. Broken: of the tokens, the unknown one, single bytes, and pieces that end "
        "within a character. Texts restored: those that decoding gives back."
    )
    return section("languages", "Languages", note, field + table(head, rows, sortable=True, names=names))
