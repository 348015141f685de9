"""The nodes that bring a joint plan of several holders into a build: its clusters, its label, its thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.deduplicate.share_contents import Joint, check_files, difference, read_joint
from weft.engine import sharing_mixture
from weft.engine.graph import Node, State
from weft.engine.keys import digest
from weft.engine.known import inputs_of, told_of
from weft.engine.sharing_parameters import parameters_of
from weft.engine.work import Call, Task
from weft.errors import WeftError
from weft.recipe.mixture_checks import unit_of_recipe

if TYPE_CHECKING:
    from weft.engine.plan import Compiler
    from weft.recipe import Step


def shared_nodes(compiler: Compiler, step: Step) -> list[Node]:
    """Two nodes: `shared_clusters` takes the place of `clusters`, `shared` writes the label."""
    plan = joint_plan(compiler)
    assert plan is not None
    return [_clusters(compiler, step, plan), _label()]


def joint_plan(compiler: Compiler) -> JointPlan | None:
    """The joint plan that the recipe of a build follows; None: none."""
    step = compiler.relation("shared")
    if step is not None and "joint" not in compiler.memo:
        compiler.memo["joint"] = JointPlan(compiler, step)
    return compiler.memo.get("joint")


class JointPlan:
    """The joint plan that a recipe names, as it is now, or as it was kept where a build is read."""

    def __init__(self, compiler: Compiler, step: Step) -> None:
        self.folder, self.holder = Path(step.params["joint"]), str(step.params["holder"])
        kept = compiler.known.get("shared")
        self._joint = None if kept is not None else self._checked(compiler)
        self._told: dict[str, Any] = (kept or {}) if self._joint is None else told_of(self._joint)

    def _checked(self, compiler: Compiler) -> Joint:
        """Raises WeftError where the recipe would decide by other parameters than the joint plan did."""
        joint = read_joint(self.folder)
        own = parameters_of(compiler.recipe, compiler.registry)
        unlike = difference(joint.parameters, f"{self.folder / 'joint.json'}", own, "this recipe")
        if unlike is not None:
            raise WeftError(f"deduplicate.shared: {unlike}, or share and merge anew")
        mixture = compiler.recipe.construct.mixture
        if joint.mixture is not None and mixture is not None:
            unit = unit_of_recipe(compiler.recipe, compiler.registry, mixture).name
            here = sharing_mixture.settings(mixture, unit)
            unlike = difference(joint.mixture, f"{self.folder / 'joint.json'}", here, "this recipe")
            if unlike is not None:
                raise WeftError(f"{unlike}, or share and merge anew")
        if joint.decisions == "none":
            message = (
                "the shares that it was merged from had no signatures; expected weft share export --with signatures"
            )
            raise WeftError(f"deduplicate.shared: {self.folder}: {message}")
        check_files(self.folder, joint.files)
        return joint

    def key(self) -> list[Any]:
        """What of it changes the answers of this holder's tasks."""
        return [self._told["digest"], self.holder]

    def mixture(self) -> list[Any]:
        """What of it changes the mixture; nothing where it has none."""
        return [self._told["mixture"]] if self._told["mixture"] is not None else []

    def tables(self) -> dict[str, str]:
        """The tables of its mixture."""
        return {} if self._joint is None else sharing_mixture.paths(self.folder, self._joint.files)

    def arguments(self, state: State) -> dict[str, Any]:
        """What tasks need to know. Raises WeftError when the build has other documents than were shared."""
        if self._joint is None:
            return {}
        place = self._joint.names().index(self.holder)
        if self._joint.of(self.holder)["inputs"] != inputs_of(state):
            raise WeftError(
                f"deduplicate.shared: {self.folder} was made when {self.holder} had other documents; expected the same "
                f"sources and settings as then, or share (weft share export) and merge anew"
            )
        joint = "thresholds.parquet" in self._joint.files
        thresholds = "thresholds.parquet" if joint else f"thresholds-{place}.parquet"
        return {
            "holder": self.holder,
            "joint": str(self.folder / f"holder-{place}.parquet"),
            "thresholds": str(self.folder / thresholds),
        }


def _clusters(compiler: Compiler, step: Step, joint: JointPlan) -> Node:
    spec = compiler.registry.get(step.operator)
    call = Call(spec.name, dict(step.params)).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        arguments = joint.arguments(state) | {
            "call": call,
            "clusters": state.path("clusters", 0),
            "rows": state.rows(),
            "documents": {shard: state.path("documents", shard) for shard in state.done("documents")},
            "records": compiler.recipe.records(),
        }
        key = digest("shared_clusters", spec.version, joint.key(), state.keys("clusters"))
        return [Task("shared_clusters", 0, "shared_clusters", key, {}, arguments)]

    return Node("shared_clusters", "deduplicate", ("documents", "clusters"), "all", plan)


def _label() -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        document = state.one("documents", shard)
        key = digest("shared", document.key, state.keys("shared_clusters"))
        arguments = {"documents": document.files[0]["path"], "shared": state.path("shared_clusters", 0, 1)}
        return [Task("shared", shard, "shared_label", key, {}, arguments)]

    return Node("shared", "deduplicate", ("documents", "shared_clusters"), "shard", plan)
