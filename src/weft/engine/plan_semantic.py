"""The nodes of semantic deduplication: centres are drawn, documents visit the cells near them, pairs are verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weft.deduplicate.cells import cell_count
from weft.deduplicate.semantic import probes_of
from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.work import Call, Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler
    from weft.recipe import Step

VISITS_TOGETHER = 1 << 17
"""Visits of a destination, about: 100 MB of vectors of 384 numbers."""


def semantic_nodes(compiler: Compiler, step: Step) -> list[Node]:
    """Three nodes; `semantic` gives the pairs, `cells` those of documents of one shard that have the same vector."""
    return [_centres(step), _cells(step), _pairs(compiler, step)]


def _probes(step: Step) -> int:
    return probes_of(step.params["threshold"], step.params["probes"])


def _labels(state: State, shard: int, name: str) -> tuple[str, str]:
    """Path and key of a stored label of a shard."""
    for entry in state.entries["label"][shard]:
        path = str(entry.files[0]["path"])
        if path.split("/")[1] == name:
            return path, entry.key
    raise KeyError(name)


def _centres(step: Step) -> Node:
    vectors, probes = str(step.params["vectors"]), _probes(step)

    def plan(state: State, shard: int) -> list[Task]:
        rows = state.rows()
        held = {number: _labels(state, number, vectors) for number in sorted(rows)}
        arguments: dict[str, Any] = {
            "rows": rows,
            "labels": {number: path for number, (path, _) in held.items()},
            "column": vectors,
            "cells": cell_count(sum(rows.values()), probes),
        }
        key = digest("centres", sorted(rows.items()), [key for _, key in held.values()], arguments["cells"])
        return [Task("centres", 0, "centres", key, {}, arguments)]

    return Node("centres", "deduplicate", ("documents", "label"), "all", plan)


def destination_count(rows: int, probes: int) -> int:
    """Destinations of the exchange of visits: a function of the corpus alone."""
    return max(1, -(-rows * min(probes, cell_count(rows, probes)) // VISITS_TOGETHER))


def _cells(step: Step) -> Node:
    vectors, probes, within = str(step.params["vectors"]), _probes(step), str(step.params["within"])

    def plan(state: State, shard: int) -> list[Task]:
        held = [_labels(state, shard, vectors)]
        if within == "language":
            held.append(_labels(state, shard, "lid"))
        destinations = destination_count(sum(state.rows().values()), probes)
        arguments = {
            "labels": [path for path, _ in held],
            "column": vectors,
            "centres": state.path("centres", 0),
            "probes": probes,
            "destinations": destinations,
        }
        facts = [[key for _, key in held], state.keys("centres"), probes, destinations, shard]
        return [Task("cells", shard, "cells", digest("cells", facts), {}, arguments)]

    return Node("cells", "deduplicate", ("label", "centres"), "shard", plan)


def _pairs(compiler: Compiler, step: Step) -> Node:
    spec = compiler.registry.get(step.operator)
    identity = operator_identity(spec, step.params, None)
    call = Call(spec.name, dict(step.params)).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        keys = state.keys("cells")
        files = state.files("cells")
        tasks = []
        for number in range(destination_count(sum(state.rows().values()), _probes(step))):
            arguments = {"call": call, "files": files, "destinations": [number]}
            tasks.append(
                Task("semantic", number, "semantic", digest("semantic", identity, keys, number), {}, arguments)
            )
        return tasks

    return Node("semantic", "deduplicate", ("cells",), "all", plan)
