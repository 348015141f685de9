"""The nodes of substring deduplication: fingerprints, places to compare, texts that travel, the label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.plan_deduplicate import destinations
from weft.engine.work import Call, Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler
    from weft.recipe import Step


def substring_nodes(compiler: Compiler, step: Step) -> list[Node]:
    """Four nodes; the last one, `substrings`, writes the label."""
    return [_fingerprints(compiler, step), _pairs(compiler), _texts(), _label(step)]


def _fingerprints(compiler: Compiler, step: Step) -> Node:
    identity = operator_identity(compiler.registry.get(step.operator), step.params, None)
    call = Call(step.operator, dict(step.params)).__dict__
    priorities = {source.name: source.priority for source in compiler.recipe.acquire}

    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        priority = priorities[compiler.manifest.shards[shard].source]
        key = digest("spread fingerprints", identity, document.key, shard, priority)
        arguments = {"call": call, "documents": document.files[0]["path"], "priority": priority}
        size = int(document.counts.get("text_bytes", 0))
        return [Task("fingerprints", shard, "fingerprints", key, {}, arguments, size)]

    return Node("fingerprints", "deduplicate", ("documents",), "shard", plan)


def _pairs(compiler: Compiler) -> Node:
    spec = compiler.registry.get("deduplicate.passage_pairs")
    identity, call = operator_identity(spec, {}, None), Call(spec.name, {}).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        keys = state.keys("fingerprints")
        files = state.files("fingerprints")
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            arguments = {"call": call, "files": files, "destinations": group}
            key = digest("passage_pairs", identity, keys, group)
            tasks.append(Task("passage_pairs", number, "passage_pairs", key, {}, arguments))
        return tasks

    return Node("passage_pairs", "deduplicate", ("fingerprints",), "all", plan)


def _texts() -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        requests = state.files("passage_pairs", 1)
        tasks = []
        for number, entries in state.done("documents").items():
            arguments = {"documents": entries[0].files[0]["path"], "requests": requests}
            key = digest("passage_texts", entries[0].key, number, state.keys("passage_pairs"))
            tasks.append(Task("passage_texts", number, "passage_texts", key, {}, arguments))
        return tasks

    # One node over all shards, as every shard has to wait for the texts of all others.
    return Node("passage_texts", "deduplicate", ("documents", "passage_pairs"), "all", plan)


def _label(step: Step) -> Node:
    least = {name: int(step.params[name]) for name in ("words", "chars")}

    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        found, texts = state.files("passage_pairs"), state.files("passage_texts")
        arguments = least | {"documents": document.files[0]["path"], "pairs": found, "texts": texts}
        key = digest("substrings", least, document.key, shard, state.keys("passage_pairs"), state.keys("passage_texts"))
        size = int(document.counts.get("text_bytes", 0))
        return [Task("substrings", shard, "substring_label", key, {}, arguments, size)]

    # A shard whose fingerprints failed has met nobody: it stays out of the corpus until they are there.
    return Node("substrings", "deduplicate", ("documents", "fingerprints", "passage_texts"), "shard", plan)
