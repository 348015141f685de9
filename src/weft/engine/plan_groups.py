"""The nodes of what belongs together: keys of groups and sides, links, units, and the unit of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.plan_deduplicate import destinations
from weft.engine.work import Call, Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler


def group_nodes(compiler: Compiler, *, clusters: bool) -> list[Node]:
    """Four nodes, the last one, `split_unit`, writes the label; none where no source has groups or pairs.

    With `clusters` a unit holds whole clusters too.
    """
    if not compiler.recipe.grouped():
        return []
    return [_keys(compiler), _links(compiler), _units(compiler, clusters), _label()]


def _keys(compiler: Compiler) -> Node:
    spec = compiler.registry.get("construct.group_keys")
    parameters = {"least_characters": compiler.recipe.construct.groups.least_characters}
    identity, call = operator_identity(spec, parameters, None), Call(spec.name, parameters).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        arguments = {"call": call, "documents": document.files[0]["path"]}
        key = digest("group_keys", identity, document.key, shard)
        size = int(document.counts.get("text_bytes", 0))
        return [Task("group_keys", shard, "group_keys", key, {}, arguments, size)]

    return Node("group_keys", "construct", ("documents",), "shard", plan)


def _links(compiler: Compiler) -> Node:
    spec = compiler.registry.get("construct.group_links")
    identity, call = operator_identity(spec, {}, None), Call(spec.name, {}).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        keys = state.keys("group_keys")
        files = state.files("group_keys")
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            arguments = {"call": call, "files": files, "destinations": group}
            key = digest("group_links", identity, keys, group)
            tasks.append(Task("group_links", number, "group_links", key, {}, arguments))
        return tasks

    return Node("group_links", "construct", ("group_keys",), "all", plan)


def _units(compiler: Compiler, clusters: bool) -> Node:
    largest = compiler.recipe.construct.groups.largest
    before = ("documents", "group_links", *(["clusters"] if clusters else []))

    def plan(state: State, shard: int) -> list[Task]:
        arguments = {
            "links": [str(e[0].files[0]["path"]) for e in state.done("group_links").values()],
            "clusters": state.path("clusters", 0) if clusters else None,
            "documents": {shard: state.path("documents", shard) for shard in state.done("documents")},
            "rows": state.rows(),
            "largest": largest,
        }
        key = digest("units", largest, [state.keys(node) for node in before])
        return [Task("units", 0, "units", key, {}, arguments)]

    return Node("units", "construct", before, "all", plan)


def _label() -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        key = digest("split_unit", document.key, state.keys("units"))
        arguments = {"documents": document.files[0]["path"], "units": state.path("units", 0)}
        return [Task("split_unit", shard, "split_unit", key, {}, arguments)]

    # A shard whose keys failed has met nobody: it stays out of the corpus until they are there.
    return Node("split_unit", "construct", ("documents", "group_keys", "units"), "shard", plan)
