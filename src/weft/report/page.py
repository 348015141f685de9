"""The report page of a build."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from weft import __version__
from weft.report import mixture_section, sections
from weft.report.markup import esc

if TYPE_CHECKING:
    from weft.engine.reading import Build

PAGE, SUMMARY = "report/index.html", "report/summary.json"
_NAV = (
    ("stages", "Stages"), ("funnel", "Kept"), ("languages", "Languages"), ("mixture", "Mixture"), ("rules", "Rules"),
    ("labels", "Labels"), ("copies", "Copies"), ("evaluation", "Evaluation"), ("thresholds", "Thresholds"),
    ("samples", "Samples"),
    ("errors", "Errors"), ("recipe", "Recipe"),
)  # fmt: skip


def write(build: Build) -> Path | str:
    """Write `report/index.html` and `report/summary.json`; where the page is.

    Raises WeftError when the build has not come to its end.
    """
    summary = build.summary()
    build.storage.write_bytes(SUMMARY, (json.dumps(summary, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    build.storage.write_bytes(PAGE, page(build).encode("utf-8", "replace"))
    return build.storage.address(PAGE)


def page(build: Build) -> str:
    """The page as one HTML document without anything from elsewhere."""
    summary, counts = build.summary(), build.counts()
    recipe = json.dumps(build.recipe.answering(), indent=1, ensure_ascii=False)
    parts = [
        sections.totals(summary),
        sections.stages(summary),
        sections.funnel(summary),
        sections.languages(summary, counts),
        mixture_section.mixture(build.mixture()),
        sections.rules(counts, build.recipe.construct.all_rules()),
        sections.histograms(build.histograms()),
        sections.duplicates(build.clusters(), counts, build.largest_clusters()),
        sections.evaluation(build.table("benchmarks"), build.table("found")),
        sections.thresholds(build.thresholds()),
        sections.samples(build.samples()),
        sections.errors(build.errors()),
        f'<section id="recipe"><h2>Recipe</h2><p>Built by weft {esc(__version__)}.</p>'
        f"<details><summary>The recipe with all its defaults</summary><pre>{esc(recipe)}</pre></details></section>",
    ]
    body = "".join(parts)
    nav = "".join(f'<a href="#{anchor}">{title}</a>' for anchor, title in _NAV if f'id="{anchor}"' in body)
    title = esc(build.recipe.name)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: build report</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{packaged('style.css')}</style></head><body><header><h1>{title}</h1>"
        f'<p>What became of every record of this build.</p><nav aria-label="Sections">{nav}</nav></header>'
        f"<main>{body}</main><script>{packaged('script.js')}</script></body></html>\n"
    )


def packaged(name: str) -> str:
    """A file of this room: style or script."""
    return resources.files("weft.report").joinpath(name).read_text("utf-8")
