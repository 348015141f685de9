"""The nodes of deduplication: keys, candidates, components, verification, clusters, and the label of every row."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from weft.engine import exchange
from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.plan_semantic import semantic_nodes
from weft.engine.work import Call, Task
from weft.model.tables import DOCUMENT

if TYPE_CHECKING:
    from weft.engine.plan import Compiler

ROWS_PER_REDUCE = 10_000
"""Documents per task on the far side of an exchange: more documents, more tasks, up to one per destination."""


def deduplicate_nodes(compiler: Compiler) -> list[Node]:
    """Seven nodes, with no near-duplicate step the three that verify have nothing to do.

    Across scripts there are three more, and by meaning three.
    """
    verifying = [Verifying("", "deduplicate.shingle_sets", "deduplicate.verify")]
    if compiler.relation("romanized") is not None:
        verifying.append(Verifying("romanized_", "deduplicate.romanized_sets", "deduplicate.verify_romanized"))
    nodes = [_bands(compiler), _reduce(compiler, "candidates", "bands", "candidates", "deduplicate.candidates")]
    for one in verifying:
        nodes += [_components(one), shingle_node(compiler, one)]
        nodes.append(_reduce(compiler, f"{one.prefix}verify", f"{one.prefix}shingles", "verify", one.verify))
    meaning = compiler.relation("semantic")
    if meaning is not None:
        nodes += semantic_nodes(compiler, meaning)
    prefixes = tuple(one.prefix for one in verifying)
    return [*nodes, _clusters(prefixes, meaning is not None), _label(compiler, prefixes, meaning is not None)]


class Verifying(NamedTuple):
    """What verifies pairs of one kind: the start of its nodes' names, the operators."""

    prefix: str
    sets: str
    verify: str


_MADE_OF = {"deduplicate.shingle_sets": "minhash", "deduplicate.romanized_sets": "romanized"}
"""Which signature was made of the shingles of these operators."""


def identity(compiler: Compiler, name: str) -> tuple[list[object], dict[str, Any]]:
    """What of an operator of this stage changes its answer, with the recipe's parameters or defaults; and its call."""
    step = compiler.relation(name.partition(".")[2])
    parameters = dict(step.params) if step is not None else compiler.registry.defaults(name)
    signature = compiler.relation(_MADE_OF[name]) if name in _MADE_OF else None
    if step is None and signature is not None:
        # What is verified are the shingles that the signatures were made of.
        parameters = {key: signature.params[key] for key in parameters}
    called = Call(name, parameters)
    return operator_identity(compiler.registry.get(name), parameters, None), called.__dict__


def _bands(compiler: Compiler) -> Node:
    own, call = identity(compiler, "deduplicate.band_keys")
    reads = compiler.registry.get("deduplicate.band_keys").reads

    def plan(state: State, shard: int) -> list[Task]:
        outputs = [(key, path) for key, path in state.outputs("label", shard) if _column(path) in reads]
        key = digest("bands", own, sorted(key for key, _ in outputs), shard)
        arguments = {"call": call, "labels": sorted(path for _, path in outputs)}
        return [Task("bands", shard, "bands", key, {}, arguments)]

    return Node("bands", "deduplicate", ("label",), "shard", plan)


def _column(path: str) -> str:
    return path.split("/")[1]


def destinations(rows: int) -> list[list[int]]:
    """Groups of exchange destinations, one group per task: a function of the corpus alone."""
    tasks = max(1, min(exchange.PARTITIONS, -(-rows // ROWS_PER_REDUCE)))
    bounds = [exchange.PARTITIONS * n // tasks for n in range(tasks + 1)]
    return [list(range(a, b)) for a, b in itertools.pairwise(bounds)]


def _reduce(compiler: Compiler, node: str, before: str, run: str, operator: str) -> Node:
    own, call = identity(compiler, operator)

    def plan(state: State, shard: int) -> list[Task]:
        keys = state.keys(before)
        files = state.files(before)
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            arguments = {"call": call, "files": files, "destinations": group}
            tasks.append(Task(node, number, run, digest(node, own, keys, group), {}, arguments))
        return tasks

    return Node(node, "deduplicate", (before,), "all", plan)


def _components(verifying: Verifying) -> Node:
    node = f"{verifying.prefix}components"

    def plan(state: State, shard: int) -> list[Task]:
        files = state.paths("candidates")
        arguments = {"files": files, "rows": state.rows(), "script": bool(verifying.prefix)}
        key = digest(node, state.keys("candidates"), sorted(state.rows().items()))
        return [Task(node, 0, "components", key, {}, arguments)]

    return Node(node, "deduplicate", ("candidates",), "all", plan)


def shingle_node(compiler: Compiler, verifying: Verifying) -> Node:
    """The shingle sets of the rows that the node before it names, sent to where they are compared."""
    own, call = identity(compiler, verifying.sets)
    node, members = f"{verifying.prefix}shingles", f"{verifying.prefix}components"

    def plan(state: State, shard: int) -> list[Task]:
        from weft.engine.plan import call as called
        from weft.engine.plan import needs

        spec = compiler.registry.get(verifying.sets)
        steps = [s for s in compiler.labels() if set(compiler.registry.get(s.operator).writes) & set(spec.reads)]
        run, held, _ = needs(compiler, [s.operator for s in steps])
        columns = [name for name in DOCUMENT.names if name in {*held, *spec.reads}]
        chain = [s for s in compiler.labels() if s.operator in run]
        document = state.key("documents", shard)
        key = digest(node, own, [compiler.identity(s) for s in chain], document, state.keys(members))
        arguments = {
            "call": call,
            "chain": [called(s) for s in chain],
            "columns": columns,
            "documents": state.path("documents", shard),
            "members": state.path(members, 0),
        }
        return [Task(node, shard, "shingles", key, {}, arguments)]

    return Node(node, "deduplicate", ("documents", members), "shard", plan)


def _clusters(prefixes: tuple[str, ...], meaning: bool) -> Node:
    verified = tuple(f"{prefix}verify" for prefix in prefixes)
    alike = ("cells", "semantic") if meaning else ()

    def plan(state: State, shard: int) -> list[Task]:
        arguments = {
            "candidates": state.paths("candidates"),
            "verified": state.paths("verify"),
            "romanized": [path for node in verified[1:] for path in state.paths(node)],
            # The last file: of `cells` that of equal vectors, of `semantic` the only one.
            "semantic": [str(e[0].files[-1]["path"]) for node in alike for e in state.done(node).values()],
            "documents": {shard: state.path("documents", shard) for shard in state.done("documents")},
            "rows": state.rows(),
        }
        keys = [
            *state.keys("candidates"),
            *(k for node in (*verified, *alike) for k in state.keys(node)),
            *state.keys("documents"),
        ]
        return [Task("clusters", 0, "clusters", digest("clusters", keys), {}, arguments)]

    return Node("clusters", "deduplicate", (*verified, *alike, "candidates", "documents"), "all", plan)


def clusters_node(compiler: Compiler) -> str:
    """The node that has the clusters of all rows: over all holders where a joint plan says which these are."""
    return "clusters" if compiler.relation("shared") is None else "shared_clusters"


def _label(compiler: Compiler, prefixes: tuple[str, ...], meaning: bool) -> Node:
    node = clusters_node(compiler)
    met = ("bands", *(f"{prefix}shingles" for prefix in prefixes), *(("cells",) if meaning else ()))

    def plan(state: State, shard: int) -> list[Task]:
        key = digest("deduplicate", state.key("documents", shard), state.keys(node))
        arguments = {"documents": state.path("documents", shard), "clusters": state.path(node, 0)}
        return [Task("deduplicate", shard, "cluster_label", key, {}, arguments)]

    # A shard whose keys, shingles or cells failed has met nobody: it stays out of the corpus until they are there.
    return Node("deduplicate", "deduplicate", ("documents", *met, node), "shard", plan)
