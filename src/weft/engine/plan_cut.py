"""The node that takes repeated passages out: which spans go, and what is left of each document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.engine.graph import Node, State
from weft.engine.keys import digest
from weft.engine.work import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weft.engine.plan import Compiler

COUNTING = "label.signals"
"""The label that counts words: those of a text that was cut are counted again."""


def short_names(cut: Iterable[str]) -> list[str]:
    """The names of `construct.cut` without their room, which are those of labels and of the nodes that write them."""
    return [name.partition(".")[2] for name in cut]


def cut_node(compiler: Compiler, cuts: dict[str, str], name: str = "cut") -> Node:
    """One task for each shard; `cuts` names the labels whose spans are cut, and the node that wrote each."""

    def plan(state: State, shard: int) -> list[Task]:
        from weft.engine.plan import call, needs

        steps = compiler.labels()
        counted = any(step.operator == COUNTING for step in steps)
        run, columns, beside = needs(compiler, [COUNTING]) if counted else (set(), ["id", "source", "locator"], [])
        entries = {compiler.registry.get(name).short: None for name in beside}
        labels = [e for e in state.entries["label"][shard] if str(e.files[0]["path"]).split("/")[1] in entries]
        document, spans = state.one("documents", shard), [state.one(node, shard) for node in cuts.values()]
        arguments = {
            "documents": document.files[0]["path"],
            "columns": sorted({*columns, "text"}),
            "labels": {str(n): str(e.files[0]["path"]) for n, e in enumerate([*labels, *spans])},
            "cuts": list(cuts),
            "chain": [call(step) for step in steps if step.operator in run],
        }
        identity = [compiler.identity(step) for step in steps if step.operator in run]
        key = digest("cut", identity, document.key, [e.key for e in (*labels, *spans)], list(cuts))
        return [Task(name, shard, "cut", key, {}, arguments, int(document.counts.get("text_bytes", 0)))]

    return Node(name, "construct", ("documents", "label", *cuts.values()), "shard", plan)
