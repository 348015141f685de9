"""What is cut from one document and in whose favour, and what stays although a label names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from weft.model.tables import CUTS

if TYPE_CHECKING:
    from weft.engine.reading import Build

_BOILERPLATE = "boilerplate of its site"
_KEPT_LINE = "one page keeps a copy of it, and now it is this one"


def last_round(build: Build, shard: int) -> str | None:
    """The name of the nodes that cut last between the documents of a shard that stay; None before that."""
    return next((n for n in ("drawn", "staying") if shard in build.state.entries.get(f"{n}_cut", {})), None)


def cut_story(build: Build, shard: int, row: int, columns: dict[str, Any]) -> dict[str, Any]:
    """`cut`: what goes and why. `stays`: what labels named and who was to have it, with what became of that one.

    Each is a list of `begin`, `end`, `because`; nothing for a document that does not stay, or a record: it stays whole.
    """
    if columns.get("record_kind", "text") != "text":
        return {}
    name = last_round(build, shard)
    if name is None or (columns["selection"]["rule"] not in (None, "nothing_left")):
        return {}
    goes: list[dict[str, Any]] = []
    stays: list[dict[str, Any]] = []
    for label in CUTS:
        if f"deduplicate.{label}" not in build.recipe.construct.cut:
            continue
        path = build.storage.path(build.state.path(f"{name}_{label}", shard))
        held = pl.scan_parquet(path).slice(row, 1).collect()[label].to_list()[0]
        spans = [] if held is None else held["spans"]
        for span in spans:
            why = f"document {span['id']} has it, about character {span['at']}" if "id" in span else _BOILERPLATE
            goes.append({"begin": span["begin"], "end": span["end"], "because": why})
        for span in _not_in((columns[label] or {}).get("spans") or [], spans):
            why = f"document {span['id']} {_outcome(build, span['id'])}" if "id" in span else _KEPT_LINE
            stays.append({"begin": span["begin"], "end": span["end"], "because": why})
    return {"cut": goes, "stays": stays}


def _not_in(label: list[dict[str, Any]], spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spans of a label that are not cut whole."""
    gone = {place for span in spans for place in range(span["begin"], span["end"])}
    return [span for span in label if not gone.issuperset(range(span["begin"], span["end"]))]


def _outcome(build: Build, name: str) -> str:
    """What became of the document that a label named as the keeper."""
    for shard, row, _ in build.places(name):
        frame = pl.scan_parquet(build.storage.path(build.state.path("select", shard))).slice(row, 1).collect()
        rule = frame["selection"].struct.field("rule")[0]
        return "has it no more: it is cut there as well" if rule is None else f"is not in the corpus: {rule}"
    return "is not in the build any more"
