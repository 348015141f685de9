"""The page of an evaluation: what a model can do in each language, how sure that is, and where it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from weft import __version__
from weft.evaluate.comparison import compare
from weft.evaluate.reading_runs import read_outcomes, read_scores, tasks_with_items
from weft.evaluate.slices import worst
from weft.own_file import whole
from weft.report import evaluation_parts as parts
from weft.report.evaluation_heat import heat
from weft.report.evaluation_samples import samples
from weft.report.markup import esc, number
from weft.report.page import packaged

PAGE, FIGURES = "report/evaluation.html", "report/evaluation.json"
_NAV = (
    ("heat", "Languages and skills"), ("means", "Means"), ("composites", "Composites"), ("gated", "Gated"),
    ("differences", "Differences"), ("slices", "Worst slices"), ("consistency", "Consistency"),
    ("samples", "What went wrong"), ("not_run", "Not run"), ("scores", "All scores"),
)  # fmt: skip


def write(run: Path, against: Path | None = None) -> tuple[Path, dict[str, Any]]:
    """Write the page of a run and what it says as JSON; where the page is, and the latter.

    `against` is the run of the model that it is compared with. Raises WeftError for folders that hold no evaluation,
    and for two without a task in common.
    """
    held = read_scores(run)
    outcomes = read_outcomes(run, tasks_with_items(held))
    compared = None if against is None else compare(against, run)
    found = worst(held, outcomes)
    figures = {"version": 1, "slices": found, "differences": compared}
    for name, content in (
        (FIGURES, json.dumps(figures, ensure_ascii=False, indent=1) + "\n"),
        (PAGE, page(held, outcomes, found, compared)),
    ):
        file = run / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as place:
            # Halves of a pair of letters that a model's server cut are in no UTF-8.
            place.write_bytes(content.encode("utf-8", "replace"))
    return run / PAGE, figures


def page(
    held: Mapping[str, Any],
    outcomes: Mapping[str, pl.DataFrame],
    found: list[dict[str, Any]],
    compared: Mapping[str, Any] | None,
) -> str:
    """One HTML document without anything from elsewhere."""
    body = [
        _totals(held),
        heat(held),
        parts.averages(held),
        parts.composites(held),
        parts.gated(held),
        parts.differences(compared) if compared else "",
        parts.slices(found, held),
        parts.consistency(held),
        samples(held, outcomes),
        parts.not_run(held),
        parts.scores(held),
    ]
    whole_body = "".join(body)
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in _NAV if f'id="{anchor}"' in whole_body)
    style = "".join(packaged(file) for file in ("style.css", "plots.css", "bars.css", "evaluation.css"))
    model = str(held["model"].get("name", held["model"].get("kind", "a model")))
    title = f"{model} on {held['suite']}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{esc(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><header><h1>{esc(title)}</h1>"
        f"<p>Suite {esc(held['suite'])}, version {held['suite_version']}; asked by weft {esc(held['weft'])}, "
        f'page by weft {esc(__version__)}.</p><nav aria-label="Sections">{nav}</nav></header>'
        f"<main>{whole_body}</main><script>{packaged('script.js')}</script></body></html>\n"
    )


def _totals(held: Mapping[str, Any]) -> str:
    primary = [one for one in held["scores"] if one["primary"] and one["slice"] is None]
    languages = {one["language"] for one in primary}
    cells = [
        (number(len(languages)), "languages that ran"),
        (number(len({one["task"] for one in primary})), "tasks"),
        (number(sum(one["items"] for one in primary)), "items answered"),
        (number(sum(one["not_run"] for one in primary)), "items asked and not answered"),
        (number(len(held["not_run"])), "tasks and languages not run"),
    ]
    seen = held.get("contamination")
    if seen is not None:
        hit, sought = (sum(row[name] for row in seen["items"]) for name in ("found", "sought"))
        cells.append((f"{hit:,} of {sought:,}", "items seen in training"))
    made = "".join(f"<div><b>{a}</b><span>{b}</span></div>" for a, b in cells)
    note = "" if seen is not None else "<p>Whether the model was trained on these items was not looked at.</p>"
    return f'<div class="totals">{made}</div>{note}'
