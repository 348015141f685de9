"""The node that takes repeated passages out: which spans go, and what is left of each document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.engine.graph import Node, State
from weft.engine.keys import digest
from weft.engine.work import Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler

COUNTING = "label.signals"
"""The label that counts words: those of a text that was cut are counted again."""


def cut_node(compiler: Compiler, cuts: tuple[str, ...]) -> Node:
    """One task for each shard; `cuts` names the nodes whose spans are cut."""

    def plan(state: State, shard: int) -> list[Task]:
        from weft.engine.plan import call, needs

        steps = compiler.labels()
        counted = any(step.operator == COUNTING for step in steps)
        run, columns, beside = needs(compiler, [COUNTING]) if counted else (set(), ["id", "source", "locator"], [])
        entries = {compiler.registry.get(name).short: None for name in beside}
        labels = [e for e in state.entries["label"][shard] if str(e.files[0]["path"]).split("/")[1] in entries]
        document, spans = state.one("documents", shard), [state.one(name, shard) for name in cuts]
        arguments = {
            "documents": document.files[0]["path"],
            "columns": sorted({*columns, "text"}),
            "labels": {str(n): str(e.files[0]["path"]) for n, e in enumerate([*labels, *spans])},
            "cuts": list(cuts),
            "chain": [call(step) for step in steps if step.operator in run],
        }
        identity = [compiler.identity(step) for step in steps if step.operator in run]
        key = digest("cut", identity, document.key, [e.key for e in (*labels, *spans)], cuts)
        return [Task("cut", shard, "cut", key, {}, arguments, int(document.counts.get("text_bytes", 0)))]

    return Node("cut", "construct", ("documents", "label", *cuts), "shard", plan)
