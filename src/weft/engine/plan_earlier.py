"""The nodes that look a build up in an index of earlier releases: keys meet, what met is compared, every row told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.deduplicate.index_contents import Segment
from weft.engine.graph import Node, State
from weft.engine.keys import digest
from weft.engine.known import earlier_releases
from weft.engine.plan_deduplicate import Verifying, destinations, identity, shingle_node
from weft.engine.work import Call, Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler
    from weft.recipe import Step

_COMPARING = Verifying("earlier_", "deduplicate.shingle_sets", "deduplicate.verify")


def earlier_nodes(compiler: Compiler, step: Step) -> list[Node]:
    """Six nodes; the last one, `earlier`, writes the label."""
    index = _Index(compiler, Path(step.params["index"]))
    return [
        _met(compiler, step, index),
        _wanted(compiler, index),
        shingle_node(compiler, _COMPARING),
        _verify(compiler, index),
        _found(index),
        _label(),
    ]


class _Index:
    """The releases of an index that are earlier than a build."""

    def __init__(self, compiler: Compiler, folder: Path) -> None:
        self._compiler, self._folder = compiler, folder

    def earlier(self, state: State) -> tuple[Segment, ...]:
        """As the index is now, or as it was kept where a build is read: what is added afterwards changes no key."""
        kept = self._compiler.known.get("earlier")
        if kept is not None:
            return tuple(Segment(**segment) for segment in kept)
        return earlier_releases(self._folder, self._compiler.recipe, state)

    def arguments(self, state: State) -> tuple[dict[str, Any], list[str]]:
        """What tasks need to know of these releases, and their digests for the keys of tasks."""
        held = self.earlier(state)
        folders = [str(self._folder / segment.folder) for segment in held]
        return {"index": folders, "releases": [s.release for s in held]}, [s.digest for s in held]


def _met(compiler: Compiler, step: Step, index: _Index) -> Node:
    spec = compiler.registry.get(step.operator)
    call = Call(spec.name, dict(step.params)).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        held, digests = index.arguments(state)
        files, keys = state.files("bands"), state.keys("bands")
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            key = digest("earlier_met", [spec.name, spec.version], digests, keys, group)
            arguments = held | {"call": call, "files": files, "destinations": group}
            tasks.append(Task("earlier_met", number, "earlier_met", key, {}, arguments))
        return tasks

    return Node("earlier_met", "deduplicate", ("documents", "bands"), "all", plan)


def _wanted(compiler: Compiler, index: _Index) -> Node:
    compared = compiler.relation("minhash") is not None

    def plan(state: State, shard: int) -> list[Task]:
        held, digests = index.arguments(state)
        key = digest("earlier_components", digests, compared, state.keys("earlier_met"))
        arguments = held | {"files": state.files("earlier_met"), "compared": compared}
        return [Task("earlier_components", 0, "earlier_components", key, {}, arguments)]

    return Node("earlier_components", "deduplicate", ("documents", "earlier_met"), "all", plan)


def _verify(compiler: Compiler, index: _Index) -> Node:
    of_verify, call = identity(compiler, "deduplicate.verify")

    def plan(state: State, shard: int) -> list[Task]:
        held, digests = index.arguments(state)
        files, keys = state.files("earlier_shingles"), state.keys("earlier_shingles")
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            key = digest("earlier_verify", of_verify, digests, keys, group)
            arguments = held | {"call": call, "files": files, "destinations": group}
            tasks.append(Task("earlier_verify", number, "earlier_verify", key, {}, arguments))
        return tasks

    return Node("earlier_verify", "deduplicate", ("documents", "earlier_shingles"), "all", plan)


def _found(index: _Index) -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        held, digests = index.arguments(state)
        arguments = held | {
            "certain": state.path("earlier_components", 0, 1),
            "verified": state.files("earlier_verify"),
            "clusters": state.path("clusters", 0),
            "rows": state.rows(),
        }
        keys = [state.keys(node) for node in ("earlier_components", "earlier_verify", "clusters")]
        return [Task("earlier_found", 0, "earlier_found", digest("earlier_found", digests, keys), {}, arguments)]

    before = ("documents", "earlier_components", "earlier_verify", "clusters")
    return Node("earlier_found", "deduplicate", before, "all", plan)


def _label() -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        key = digest("earlier", document.key, state.keys("earlier_found"))
        arguments = {"documents": document.files[0]["path"], "found": state.path("earlier_found", 0)}
        return [Task("earlier", shard, "earlier_label", key, {}, arguments)]

    # A shard whose keys or shingles failed has met nobody: it stays out of the corpus until they are there.
    before = ("documents", "bands", "earlier_shingles", "earlier_found")
    return Node("earlier", "deduplicate", before, "shard", plan)
