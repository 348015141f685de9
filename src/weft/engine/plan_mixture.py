"""The nodes of a mixture, between election and selection: what each shard has, and the plan over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weft.construct.mixture_settings import Mixture
from weft.engine.graph import Node, State
from weft.engine.keys import digest
from weft.engine.plan_shared import joint_plan
from weft.engine.record_rules import record_rules
from weft.engine.work import Task
from weft.model.tables import DOCUMENT
from weft.recipe.mixture_checks import unit_of_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from weft.engine.plan import Compiler

    Paths = Callable[[State, tuple[str, ...], int], tuple[list[str], list[str]]]


def records(compiler: Compiler) -> dict[str, Any]:
    """What a task is told in a build that holds records: the rules by which they are judged; else nothing."""
    return {"records": record_rules(compiler.recipe)} if compiler.recipe.records() else {}


def mixture_nodes(compiler: Compiler, labels: tuple[str, ...], paths: Paths) -> list[Node]:
    """`mix_part` and `mix`, or nothing without a mixture; `paths` gives a shard's side tables and their keys."""
    mixture = compiler.recipe.construct.mixture
    return [] if mixture is None else [_part(compiler, mixture, labels, paths), _mix(compiler, mixture)]


def written(compiler: Compiler) -> str | None:
    """How a mixture is written, if the recipe has one."""
    mixture = compiler.recipe.construct.mixture
    return None if mixture is None else mixture.written


def planned(compiler: Compiler) -> Mixture | None:
    """The mixture by which rows are drawn: the recipe's, or all of them once while holders have yet to add up.

    A budget for what several holders have together cannot be divided before it is known what each has of it.
    """
    mixture, joint = compiler.recipe.construct.mixture, joint_plan(compiler)
    return mixture if mixture is None or joint is None or joint.mixture() else once(mixture)


def once(mixture: Mixture) -> Mixture:
    """Everything once, counted as a mixture counts it."""
    absent: dict[str, Any] = {"budget": None, "alpha": None, "weights": {}, "others": None, "rehydrate": None}
    return mixture.model_copy(update=absent | {"method": "natural", "epochs": 1.0})


def drawing(compiler: Compiler, state: State, shard: int) -> tuple[dict[str, Any], list[str]]:
    """What selection needs to know which rows of a shard are drawn, and the key of that; empty without a mixture."""
    mixture = planned(compiler)
    if mixture is None:
        return {}, []
    given = {
        "settings": mixture.model_dump(mode="json"),
        "rows": state.path("mix_part", shard),
        "plan": state.path("mix", 0),
        "weights": state.path("mix", 0, 1),
    }
    return {"mixture": given}, [state.one("mix_part", shard).key, state.one("mix", 0).key]


def facts(compiler: Compiler, state: State) -> dict[str, Any]:
    """What the release says of the mixture; empty without one."""
    mixture = planned(compiler)
    if mixture is None:
        return {}
    selected = [entries[0].counts for entries in state.done("select").values()]
    # A shard that failed after it was planned is missing from the corpus: then there is nothing to compare.
    whole = len(selected) == len(state.done("mix_part"))
    read = sum(int(counts["read"]) for counts in selected) if whole else None
    held = {
        "settings": mixture.model_dump(mode="json"),
        "unit": unit_of_recipe(compiler.recipe, compiler.registry, mixture).name,
    }
    return {"mixture": held | {"plan": state.path("mix", 0), "read": read}}


def _part(compiler: Compiler, mixture: Mixture, labels: tuple[str, ...], paths: Paths) -> Node:
    seed = compiler.recipe.settings.seed
    unit = unit_of_recipe(compiler.recipe, compiler.registry, mixture)
    # Of the settings only those that say what is counted: another budget counts nothing again.
    read: list[object] = [
        mixture.by,
        unit.name,
        unit.column,
        [[name, sorted(held)] for name, held in mixture.quotas.items()],
    ]
    read.append([] if mixture.rehydrate is None else [mixture.rehydrate.by])

    def plan(state: State, shard: int) -> list[Task]:
        files, keys = paths(state, labels, shard)
        decided, elected = state.one("decide", shard), state.one("elect", 0)
        arguments = {
            "documents": state.path("documents", shard),
            "labels": files,
            "decisions": state.path("decide", shard),
            "elected": [state.path("elect", 0)],
            "columns": [name for name in DOCUMENT.names if name != "text"],
            "mixture": mixture.model_dump(mode="json"),
            "unit": {"name": unit.name, "column": unit.column},
            "seed": seed,
        } | records(compiler)
        key = digest("mix_part", read, seed, keys, decided.key, elected.key)
        return [Task("mix_part", shard, "mix_part", key, {}, arguments)]

    return Node("mix_part", "construct", (*labels, "decide", "elect"), "shard", plan)


def _mix(compiler: Compiler, mixture: Mixture) -> Node:
    settings = (planned(compiler) or mixture).model_dump(mode="json")
    unit = unit_of_recipe(compiler.recipe, compiler.registry, mixture)
    joint = joint_plan(compiler)

    def plan(state: State, shard: int) -> list[Task]:
        done = state.done("mix_part").items()
        files = {
            name: [str(entries[0].files[place]["path"]) for _, entries in done]
            for place, name in enumerate(("buckets", "seen", "rates"), 1)
        }
        arguments = files | {
            "rows": [[number, str(entries[0].files[0]["path"])] for number, entries in done],
            "mixture": settings,
            "unit": {"name": unit.name, "column": unit.column},
        }
        over = [] if joint is None else joint.mixture()
        if joint is not None and over:
            arguments["over"] = joint.tables()
        # Quotas apply in the order in which the recipe states them, which a key of sorted JSON does not see.
        key = digest("mix", settings, list(mixture.quotas), state.keys("mix_part"), *over)
        return [Task("mix", 0, "mix", key, {}, arguments)]

    return Node("mix", "construct", ("mix_part",), "all", plan)
