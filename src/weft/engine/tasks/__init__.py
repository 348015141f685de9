"""The work of each node, one file per stage; `run` maps a task's name to its function."""

from __future__ import annotations

import importlib

from weft.engine.ledger import Entry
from weft.engine.tasks import (
    construct,
    cut,
    deduplicate,
    documents,
    earlier,
    earlier_found,
    exporting,
    groups,
    labels,
    lines,
    making,
    mixing,
    semantic,
    served,
    shared,
    staying,
    substrings,
)
from weft.engine.work import SERVED, Context, Task, TaskFunction


def _later(module: str, name: str) -> TaskFunction:
    """A function of a module that is imported with its first task: gates load libraries that builds do without."""

    def run(task: Task, context: Context) -> list[Entry]:
        found: TaskFunction = getattr(importlib.import_module(f"weft.engine.tasks.{module}"), name)
        return found(task, context)

    return run


FUNCTIONS: dict[str, TaskFunction] = {
    "documents": documents.run,
    "labels": labels.run,
    SERVED: served.run,
    "bands": deduplicate.bands,
    "candidates": deduplicate.candidates,
    "components": deduplicate.components,
    "shingles": deduplicate.shingles,
    "verify": deduplicate.verify,
    "centres": semantic.centres,
    "cells": semantic.cells,
    "semantic": semantic.semantic,
    "clusters": deduplicate.clusters,
    "cluster_label": deduplicate.label,
    "earlier_met": earlier.met,
    "earlier_components": earlier.wanted,
    "earlier_verify": earlier.verify,
    "earlier_found": earlier_found.found,
    "earlier_label": earlier.label,
    "shared_clusters": shared.clusters,
    "shared_label": shared.label,
    "shared_thresholds": shared.thresholds,
    "line_keys": lines.keys,
    "learn_lines": lines.learn,
    "line_spans": lines.spans,
    "fingerprints": substrings.fingerprints,
    "passage_pairs": substrings.pairs,
    "passage_texts": substrings.texts,
    "substring_label": substrings.label,
    "cut": cut.run,
    "group_keys": groups.keys,
    "group_links": groups.links,
    "units": groups.units,
    "split_unit": groups.label,
    "threshold_part": construct.threshold_part,
    "thresholds": construct.thresholds,
    "decide": construct.decide,
    "elect": construct.elect,
    "staying": staying.staying,
    "line_keepers": staying.keepers,
    "staying_lines": staying.lines,
    "mix_part": mixing.mix_part,
    "mix": mixing.mix,
    "select": construct.select,
    "files": exporting.files,
    "export": exporting.export,
    "release": construct.release,
    "make": making.run,
    "allowed": _later("gating", "allowed"),
    "trusted": _later("gating", "trusted_texts"),
    "calibrate": _later("gating", "calibration"),
    "gate": _later("gating", "gate"),
    "choose": _later("choosing", "choose"),
    "synthesis_release": _later("releasing", "release"),
}
