"""The nodes of construction: thresholds, decisions, election and selection, before what writes the release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.plan_export import export_nodes, places, splits
from weft.engine.plan_mixture import drawing, mixture_nodes, records
from weft.engine.plan_order import ordering
from weft.engine.plan_shared import joint_plan
from weft.engine.plan_staying import last_cut, staying_nodes
from weft.engine.work import Task
from weft.model.tables import DOCUMENT
from weft.recipe.schema import SIGNATURES, VECTORS

if TYPE_CHECKING:
    from weft.engine.plan import Compiler

OPERATOR = "construct.thresholds"
_DECIDE, _SELECT = 4, 5
"""Raised when these tasks write other files for the same answers."""
_SHARED = 2
"""Raised when what a joint plan says enters the election in another way."""


def construct_nodes(compiler: Compiler, related: tuple[str, ...]) -> list[Node]:
    """All nodes of the construct stage; `related` names the nodes that wrote labels after those of single rows."""
    labels = ("documents", "label", *related)
    cut, mixed = bool(compiler.recipe.construct.cut), compiler.recipe.construct.mixture is not None
    return [
        _threshold_part(compiler, labels),
        _thresholds(compiler),
        _decide(compiler, (*labels, *(["split_unit"] if compiler.recipe.grouped() else []))),
        _elect(),
        *(staying_nodes(compiler, drawn=False) if cut else []),
        *mixture_nodes(compiler, _judged_by(compiler, labels, drawn=False), _paths),
        *(staying_nodes(compiler, drawn=True) if cut and mixed else []),
        _select(compiler, _judged_by(compiler, labels, drawn=True)),
        *export_nodes(compiler),
    ]


def _judged_by(compiler: Compiler, labels: tuple[str, ...], *, drawn: bool) -> tuple[str, ...]:
    """The nodes of labels, with what is cut between the documents that stay."""
    return tuple(last_cut(compiler, drawn=drawn) if name == "cut" else name for name in labels)


def _paths(state: State, labels: tuple[str, ...], shard: int) -> tuple[list[str], list[str]]:
    """Side tables of a shard and the keys of their answers; signatures and vectors are left out, no rule reads them."""
    paths = [(path, key) for node in labels[1:] for key, path in state.outputs(node, shard)]
    wanted = sorted(p for p in paths if p[0].split("/")[1] not in (*SIGNATURES, *VECTORS))
    return [path for path, _ in wanted], [state.key("documents", shard), *(key for _, key in wanted)]


def _call(compiler: Compiler) -> tuple[list[object], dict[str, Any]]:
    spec = compiler.registry.get(OPERATOR)
    parameters = dict(compiler.recipe.construct.thresholds)
    identity = operator_identity(spec, parameters, None)
    return identity, {"operator": OPERATOR, "parameters": parameters, "where": None}


def _threshold_part(compiler: Compiler, labels: tuple[str, ...]) -> Node:
    identity, call = _call(compiler)

    def plan(state: State, shard: int) -> list[Task]:
        paths, keys = _paths(state, labels, shard)
        arguments = {"call": call, "documents": state.path("documents", shard), "labels": paths} | records(compiler)
        return [
            Task("threshold_part", shard, "threshold_part", digest("threshold_part", identity, keys), {}, arguments)
        ]

    return Node("threshold_part", "construct", labels, "shard", plan)


def _thresholds(compiler: Compiler) -> Node:
    identity, call = _call(compiler)
    joint = joint_plan(compiler)

    def plan(state: State, shard: int) -> list[Task]:
        if joint is not None:
            key = digest("shared_thresholds", identity, joint.key())
            return [Task("thresholds", 0, "shared_thresholds", key, {}, joint.arguments(state))]
        files = state.paths("threshold_part")
        key = digest("thresholds", identity, state.keys("threshold_part"))
        return [Task("thresholds", 0, "thresholds", key, {}, {"call": call, "files": files})]

    return Node("thresholds", "construct", ("threshold_part",), "all", plan)


def _decide(compiler: Compiler, labels: tuple[str, ...]) -> Node:
    held = compiler.recipe.construct
    settings = {
        "rules": held.all_rules(),
        "redistributable_only": held.redistributable_only,
        "split": held.split.model_dump(),
        "seed": compiler.recipe.settings.seed,
        "priorities": {source.name: source.priority for source in compiler.recipe.acquire},
        "columns": [name for name in DOCUMENT.names if name != "text"],
    } | records(compiler)
    step = compiler.relation("shared")
    if step is not None:
        settings |= {"holder": step.params["holder"], "candidates": _SHARED}
    if compiler.recipe.grouped():
        settings |= {"least_characters": held.groups.least_characters}

    def plan(state: State, shard: int) -> list[Task]:
        paths, keys = _paths(state, labels, shard)
        arguments = settings | {
            "documents": state.path("documents", shard),
            "labels": paths,
            "thresholds": state.path("thresholds", 0),
        }
        key = digest("decide", _DECIDE, settings, keys, state.key("thresholds", 0))
        return [Task("decide", shard, "decide", key, {}, arguments)]

    return Node("decide", "construct", (*labels, "thresholds"), "shard", plan)


def _elect() -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        arguments: dict[str, Any] = {"files": [], "borders": [], "rows": {}}
        for number, decided in state.done("decide").items():
            for file in decided[0].files:
                if file["path"].startswith("selection/candidates/"):
                    arguments["files"].append(file["path"])
                    arguments["rows"][number] = file["rows"]
                elif file["path"].startswith("selection/borders/"):
                    arguments["borders"].append(file["path"])
        return [Task("elect", 0, "elect", digest("elect", state.keys("decide")), {}, arguments)]

    return Node("elect", "construct", ("decide",), "all", plan)


def _select(compiler: Compiler, labels: tuple[str, ...]) -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        paths, keys = _paths(state, labels, shard)
        languages = places(state)
        seed = compiler.recipe.settings.seed
        arguments = {
            "documents": state.path("documents", shard),
            "documents_path": state.path("documents", shard),
            "labels": paths,
            "decisions": state.path("decide", shard),
            "elected": [state.path("elect", 0)],
            "languages": languages,
            "splits": splits(compiler),
            "seed": seed,
        }
        made = {"made": True} if compiler.recipe.synthetic() else {}
        arguments |= records(compiler) | made
        drawn, drawn_keys = drawing(compiler, state, shard)
        size = int(state.one("documents", shard).counts.get("text_bytes", 0))
        held = [keys, state.key("decide", shard), state.key("elect", 0), languages, seed]
        ordered, order_keys = ordering(compiler, state)
        key = digest("select", _SELECT, *held, *drawn_keys, *order_keys, *made)
        return [Task("select", shard, "select", key, {}, arguments | drawn | ordered, size)]

    mixed = ("mix_part", "mix") if compiler.recipe.construct.mixture is not None else ()
    return Node("select", "construct", (*labels, "decide", "elect", *mixed), "shard", plan)
