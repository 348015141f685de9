"""The nodes of synthesis: rows that may be used, trusted text, records of each step, gates, choice, release."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from weft.engine.graph import Node, State
from weft.engine.keys import content_of, digest
from weft.engine.plan_lanes import names_in
from weft.engine.work import SERVED, Call, Task
from weft.model.tables import DOCUMENT
from weft.recipe import Recipe, Step

if TYPE_CHECKING:
    from weft.engine.ledger import Entry
    from weft.engine.plan import Compiler

STAGES = ("acquire", "parse", "standardize", "label", "synthesize", "gates", "release")
"""Stages of a recipe that makes records."""
_ALLOWED, _TRUSTED, _MAKE, _GATE, _JUDGE, _CHOOSE, _RELEASE = 1, 1, 2, 1, 2, 2, 2
"""Raised when these tasks give other answers to the same input."""
_TAKE_MADE = ("synthesize.back_translation_tags",)
"""Steps that are given records of earlier runs: they say which side a machine made. Others would call it a person's."""
UNASKED = "unasked"
"""Count of rows that a budget left unasked."""


def synthesis_nodes(compiler: Compiler) -> list[Node]:
    """Nodes after the labels: which rows may be used, what is made of them, what of it is released."""
    makes = [_make(compiler, number, step) for number, step in enumerate(compiler.recipe.synthesize)]
    gates = [_gate(compiler, number, step) for number, step in enumerate(compiler.recipe.synthesize)]
    dear = []
    if compiler.recipe.synthesis.dear():
        steps = enumerate(compiler.recipe.synthesize)
        dear = [_bounds(compiler), *(_judge(compiler, number, step) for number, step in steps)]
    return [
        _allowed(compiler),
        _trusted(compiler),
        _calibrate(compiler),
        *makes,
        *gates,
        *dear,
        _choose(compiler),
        _release(compiler),
    ]


def make_node(number: int, step: Step) -> str:
    """Name of the node that makes the records of a step."""
    return f"make_{number}_{step.operator.partition('.')[2]}"


def gate_node(number: int, step: Step) -> str:
    """Name of the node that judges the records of a step."""
    return f"gate_{number}_{step.operator.partition('.')[2]}"


def judge_node(number: int, step: Step) -> str:
    """Name of the node in which services judge the records of a step that passed the other gates."""
    return f"judge_{number}_{step.operator.partition('.')[2]}"


def nodes_with_errors(recipe: Recipe) -> list[str]:
    """Nodes whose tasks write down the rows that got no answer."""
    named = (make_node, judge_node) if recipe.synthesis.dear() else (make_node,)
    return [name(number, step) for name in named for number, step in enumerate(recipe.synthesize)]


def _by_people(recipe: Recipe) -> list[str]:
    """Sources that hold no records of earlier runs."""
    return [source.name for source in recipe.acquire if source.format != "synthetic"]


def _content(compiler: Compiler, file: str) -> object:
    """Digest of a file of the settings, as it was kept where a build is read."""
    kept = compiler.known.get("synthesis", {})
    return kept[file] if file in kept else content_of(file)


def _allowed(compiler: Compiler) -> Node:
    consents = compiler.recipe.synthesis.consents
    register = None if consents is None else _content(compiler, consents)

    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        arguments = {"documents": document.files[0]["path"], "consents": consents}
        key = digest("allowed", _ALLOWED, document.key, register)
        return [Task("allowed", shard, "allowed", key, {}, arguments)]

    return Node("allowed", "synthesize", ("documents",), "shard", plan)


def _labels(compiler: Compiler, state: State, shard: int, wanted: set[str]) -> tuple[dict[str, str], list[str]]:
    """Side tables and keys of the labels among `wanted` columns."""
    from weft.engine.plan import label_paths

    keys = compiler.column_keys(state.one("documents", shard).key)
    specs = [compiler.registry.get(step.operator) for step in compiler.labels()]
    read = [spec for spec in specs if not spec.transient and set(spec.writes) & wanted]
    return label_paths(compiler, shard, keys, read), [keys[spec.name] for spec in read]


def _trusted(compiler: Compiler) -> Node:
    settings = compiler.recipe.synthesis
    people = _by_people(compiler.recipe)
    sources = people if settings.trusted is None else [str(name) for name in settings.trusted]

    def plan(state: State, shard: int) -> list[Task]:
        labels, keys = _labels(compiler, state, shard, {"lid"})
        arguments = {
            "documents": state.path("documents", shard),
            "allowed": state.path("allowed", shard),
            "labels": labels,
            "sources": sources,
            "people": people,
            "most": settings.gates.trusted,
            "seed": settings.gates.seed,
            "unit": settings.balance.unit,
        }
        given = [sources, people, settings.gates.trusted, settings.gates.seed, settings.balance.unit]
        key = digest("trusted", _TRUSTED, state.key("documents", shard), state.key("allowed", shard), keys, given)
        return [Task("trusted", shard, "trusted", key, {}, arguments)]

    return Node("trusted", "gates", ("documents", "label", "allowed"), "shard", plan)


def _calibrate(compiler: Compiler) -> Node:
    settings = compiler.recipe.synthesis

    def plan(state: State, shard: int) -> list[Task]:
        gates = settings.gates.model_dump(mode="json")
        arguments = {"trusted": state.paths("trusted"), "most": settings.gates.trusted, "gates": gates}
        judged = {name: value for name, value in gates.items() if name != "held_out"}
        key = digest("calibrate", _GATE, state.keys("trusted"), settings.gates.trusted, judged)
        return [Task("calibrate", 0, "calibrate", key, {}, arguments)]

    return Node("calibrate", "gates", ("trusted",), "all", plan)


def sources_of(recipe: Recipe, step: Step) -> list[str]:
    """Names of the sources whose documents a step is given."""
    return [source.name for source in recipe.acquire] if step.operator in _TAKE_MADE else _by_people(recipe)


def _make(compiler: Compiler, number: int, step: Step) -> Node:
    spec = compiler.registry.get(step.operator)
    node = make_node(number, step)
    wanted = {*spec.reading(step.params), *names_in(step.where), "id", "source", "locator"}
    described = compiler.described(step)
    budget = compiler.recipe.synthesis.budget.model_dump(mode="json")
    sources = sources_of(compiler.recipe, step)

    def plan(state: State, shard: int) -> list[Task]:
        labels, keys = _labels(compiler, state, shard, wanted)
        document = state.one("documents", shard)
        arguments: dict[str, Any] = {
            "work": "make",
            "documents": document.files[0]["path"],
            "allowed": state.path("allowed", shard),
            "labels": labels,
            "columns": [name for name in DOCUMENT.names if name in wanted],
            "call": Call(step.operator, dict(step.params), step.where).__dict__,
            "folder": f"{number}-{spec.short}",
            "sources": sources,
        }
        key = digest("make", _MAKE, compiler.identity(step), number, document.key, state.key("allowed", shard), keys)
        if described:
            arguments |= {"services": {step.operator: described}, "budget": budget}
            key = _within(state.ledger.get(key), key, budget)
        run = SERVED if described else "make"
        return [Task(node, shard, run, key, {}, arguments, int(document.counts.get("text_bytes", 0)))]

    return Node(node, "synthesize", ("documents", "label", "allowed"), "shard", plan)


def _within(entry: Entry | None, key: str, budget: dict[str, Any]) -> str:
    """The key under a budget: where an earlier one left rows unasked, those are asked about under another one."""
    if entry is None or not entry.counts.get(UNASKED) or entry.counts.get("budget") == budget:
        return key
    return digest("make within", key, budget)


def _gate(compiler: Compiler, number: int, step: Step) -> Node:
    node, made = gate_node(number, step), make_node(number, step)
    gates = compiler.recipe.synthesis.gates
    held_out = [_content(compiler, path) for path in gates.held_out]

    def plan(state: State, shard: int) -> list[Task]:
        arguments = {
            "records": state.path(made, shard),
            "calibration": state.path("calibrate", 0),
            "gates": gates.model_dump(mode="json"),
            "folder": f"{number}-{step.operator.partition('.')[2]}",
        }
        key = digest("gate", _GATE, state.key(made, shard), state.key("calibrate", 0), held_out)
        return [Task(node, shard, "gate", key, {}, arguments)]

    return Node(node, "gates", (made, "calibrate"), "shard", plan)


def _asking(compiler: Compiler) -> tuple[dict[str, Any], list[object]]:
    """Arguments of tasks that judge by services, and what decides their answers."""
    recipe = compiler.recipe
    dear = recipe.synthesis.dear()
    services = {
        gate: {gate: {"name": held.service, "service": recipe.services[held.service].model_dump(mode="json")}}
        for gate, held in dear.items()
    }
    told = {gate: held.model_dump(mode="json") for gate, held in dear.items()}
    arguments = {"services": services, "settings": told, "budget": recipe.synthesis.budget.model_dump(mode="json")}
    deciding = {gate: {name: value for name, value in held.items() if name != "service"} for gate, held in told.items()}
    prompts = [compiler.prompt(held["prompt"]) for held in told.values()]
    return arguments, [deciding, prompts, [recipe.services[held.service].identity() for held in dear.values()]]


def _bounds(compiler: Compiler) -> Node:
    given, identity = _asking(compiler)

    def plan(state: State, shard: int) -> list[Task]:
        most = compiler.recipe.synthesis.gates.trusted
        arguments = given | {"work": "bounds", "trusted": state.paths("trusted"), "most": most}
        key = digest("bounds", _JUDGE, identity, state.keys("trusted"), most)
        return [Task("bounds", 0, SERVED, _within(state.ledger.get(key), key, given["budget"]), {}, arguments)]

    return Node("bounds", "gates", ("trusted",), "all", plan)


def _judge(compiler: Compiler, number: int, step: Step) -> Node:
    node, made, gated = judge_node(number, step), make_node(number, step), gate_node(number, step)
    given, identity = _asking(compiler)

    def plan(state: State, shard: int) -> list[Task]:
        arguments = given | {
            "work": "judge",
            "records": state.path(made, shard),
            "verdicts": state.path(gated, shard),
            "bounds": state.path("bounds", 0),
            "folder": f"{number}-{step.operator.partition('.')[2]}",
        }
        key = digest("judge", _JUDGE, identity, state.key(gated, shard), state.key("bounds", 0))
        return [Task(node, shard, SERVED, _within(state.ledger.get(key), key, given["budget"]), {}, arguments)]

    return Node(node, "gates", (gated, "bounds"), "shard", plan)


def _judging(recipe: Recipe) -> list[str]:
    """The nodes in which services judge."""
    if not recipe.synthesis.dear():
        return []
    return ["bounds", *(judge_node(number, step) for number, step in enumerate(recipe.synthesize))]


def _places(compiler: Compiler, state: State) -> list[dict[str, Any]]:
    """Records, verdicts and signatures of every step and shard, in the order of steps and shards."""
    found = []
    for number, step in enumerate(compiler.recipe.synthesize):
        made, gated = make_node(number, step), gate_node(number, step)
        last = judge_node(number, step) if compiler.recipe.synthesis.dear() else gated
        for shard in state.done(last):
            found.append(
                {
                    "step": number,
                    "shard": shard,
                    "records": state.path(made, shard),
                    "verdicts": state.path(last, shard),
                    "signatures": state.path(gated, shard, 1),
                }
            )
    return found


def _last(compiler: Compiler) -> tuple[str, ...]:
    """The nodes with the last verdicts of each step."""
    name = judge_node if compiler.recipe.synthesis.dear() else gate_node
    return tuple(name(number, step) for number, step in enumerate(compiler.recipe.synthesize))


def _judged_keys(compiler: Compiler, state: State) -> list[list[str]]:
    return [state.keys(node) if state.done(node) else [] for node in _last(compiler)]


def _choose(compiler: Compiler) -> Node:
    settings = compiler.recipe.synthesis
    given = settings.people.judgements
    judgements = None if given is None else _content(compiler, given)

    def plan(state: State, shard: int) -> list[Task]:
        told = settings.model_dump(mode="json", include={"balance", "people", "gates"})
        arguments = {
            "places": _places(compiler, state),
            "controls": state.paths("trusted", 1),
            "human": summed(state, "trusted").get("human", {}),
            "seed": compiler.recipe.settings.seed,
            **told,
        }
        key = digest("choose", _CHOOSE, _judged_keys(compiler, state), state.keys("trusted"), told, judgements)
        return [Task("choose", 0, "choose", key, {}, arguments)]

    return Node("choose", "gates", ("trusted", *_last(compiler)), "all", plan)


def _release(compiler: Compiler) -> Node:
    recipe = compiler.recipe

    def plan(state: State, shard: int) -> list[Task]:
        from weft.engine.plan_export import told

        text = json.dumps(told(recipe.answering(), f"{recipe.base}/"), indent=1, ensure_ascii=False, sort_keys=True)
        steps = [
            {"recipe": step.operator, "counts": summed(state, make_node(number, step))}
            for number, step in enumerate(recipe.synthesize)
        ]
        judges = [summed(state, node) for node in _judging(recipe)]
        arguments = {
            "name": recipe.name,
            "version": recipe.version,
            "recipe": text,
            "places": _places(compiler, state),
            "decisions": state.path("choose", 0),
            "people": state.path("choose", 0, 1),
            "tasks": state.path("choose", 0, 2),
            "trusted": state.paths("trusted"),
            "most": recipe.synthesis.gates.trusted,
            "steps": steps,
            "judges": judges,
            "unit": recipe.synthesis.balance.unit,
            "denied": summed(state, "allowed").get("rejected", {}),
            "human": summed(state, "trusted").get("human", {}),
            "seed": recipe.settings.seed,
            "currency": next((s.price.currency for s in recipe.services.values() if s.price is not None), None),
        }
        key = digest("synthesis_release", _RELEASE, state.keys("choose"), text)
        return [Task("release", 0, "synthesis_release", key, {}, arguments)]

    return Node("release", "release", ("choose",), "all", plan)


def summed(state: State, node: str) -> dict[str, Any]:
    """Counts of a node over all its shards: numbers are added, by name where there are several."""
    total: dict[str, Any] = {}
    for entries in state.done(node).values():
        _add(total, {name: value for name, value in entries[0].counts.items() if name != "budget"})
    return total


def _add(total: dict[str, Any], counts: dict[str, Any]) -> None:
    for name, value in counts.items():
        if isinstance(value, dict):
            _add(total.setdefault(name, {}), value)
        elif value is not None:
            total[name] = total.get(name, 0) + value
