"""The nodes of line deduplication: lines meet by site, boilerplate is learnt, every shard gets its spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.plan_deduplicate import destinations
from weft.engine.work import Call, Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler
    from weft.recipe import Step


def line_nodes(compiler: Compiler, step: Step) -> list[Node]:
    """Three nodes; the last one, `lines`, writes the label."""
    return [_keys(compiler), _learn(compiler, step), _spans(compiler)]


def _keys(compiler: Compiler) -> Node:
    spec = compiler.registry.get("deduplicate.line_keys")
    identity, call = operator_identity(spec, {}, None), Call(spec.name, {}).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        arguments = {"call": call, "documents": document.files[0]["path"]}
        size = int(document.counts.get("text_bytes", 0))
        return [Task("line_keys", shard, "line_keys", digest("line_keys", identity, document.key), {}, arguments, size)]

    return Node("line_keys", "deduplicate", ("documents",), "shard", plan)


def _learn(compiler: Compiler, step: Step) -> Node:
    spec = compiler.registry.get(step.operator)
    identity = operator_identity(spec, step.params, None)
    call = Call(spec.name, dict(step.params)).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        keys = state.keys("line_keys")
        files = state.files("line_keys")
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            arguments = {"call": call, "files": files, "destinations": group}
            key = digest("learn_lines", identity, keys, group)
            tasks.append(Task("learn_lines", number, "learn_lines", key, {}, arguments))
        return tasks

    return Node("learn_lines", "deduplicate", ("line_keys",), "all", plan)


def _spans(compiler: Compiler) -> Node:
    spec = compiler.registry.get("deduplicate.line_spans")
    identity, call = operator_identity(spec, {}, None), Call(spec.name, {}).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        files = state.files("learn_lines")
        arguments = {"call": call, "documents": document.files[0]["path"], "files": files}
        key = digest("lines", identity, document.key, state.keys("learn_lines"))
        return [Task("lines", shard, "line_spans", key, {}, arguments, int(document.counts.get("text_bytes", 0)))]

    # A shard whose lines failed has met nobody: it stays out of the corpus until they are there.
    return Node("lines", "deduplicate", ("documents", "line_keys", "learn_lines"), "shard", plan)
