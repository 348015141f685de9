"""The work of each node, one file per stage; `run` maps a task's name to its function."""

from __future__ import annotations

from weft.engine.tasks import construct, cut, deduplicate, documents, labels, lines, mixing, semantic, substrings
from weft.engine.work import TaskFunction

FUNCTIONS: dict[str, TaskFunction] = {
    "documents": documents.run,
    "labels": labels.run,
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
    "line_keys": lines.keys,
    "learn_lines": lines.learn,
    "line_spans": lines.spans,
    "fingerprints": substrings.fingerprints,
    "passage_pairs": substrings.pairs,
    "passage_texts": substrings.texts,
    "substring_label": substrings.label,
    "cut": cut.run,
    "threshold_part": construct.threshold_part,
    "thresholds": construct.thresholds,
    "decide": construct.decide,
    "elect": construct.elect,
    "mix_part": mixing.mix_part,
    "mix": mixing.mix,
    "select": construct.select,
    "export": construct.export,
    "release": construct.release,
}
