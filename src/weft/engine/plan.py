"""Compiles a recipe and a manifest into a plan: which node reads what, and the key of every task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from weft.engine.graph import Node, Plan, State
from weft.engine.keys import digest, digests_of_files, mark_of, operator_identity
from weft.engine.manifest import Manifest, Shard
from weft.engine.plan_construct import construct_nodes
from weft.engine.plan_cut import cut_node, short_names
from weft.engine.plan_deduplicate import deduplicate_nodes
from weft.engine.plan_earlier import earlier_nodes
from weft.engine.plan_groups import group_nodes
from weft.engine.plan_lanes import label_lanes, names_in
from weft.engine.plan_lines import line_nodes
from weft.engine.plan_shared import shared_nodes
from weft.engine.plan_substrings import substring_nodes
from weft.engine.plan_synthesis import synthesis_nodes
from weft.engine.work import SERVED, Call, Task
from weft.model.tables import DOCUMENT
from weft.operators.contract import OperatorSpec
from weft.operators.registry import Registry
from weft.recipe import Recipe, Step
from weft.recipe.schema import ROW_LABELS
from weft.recipe.services import Service
from weft.synthesize.prompts import digest_of, prompt_parameters

_DOCUMENTS = 2
"""Raised when documents get other columns."""


@dataclass(frozen=True)
class Compiler:
    """A recipe with its operators looked up: what all nodes share."""

    recipe: Recipe
    manifest: Manifest
    registry: Registry
    known: Mapping[str, Any] = field(default_factory=dict)
    """`engine.known` of a build that is read; empty for one that runs."""
    memo: dict[str, Any] = field(default_factory=dict)
    """What nodes have looked up once for all."""

    def identity(self, step: Step) -> list[object]:
        spec = self.registry.get(step.operator)
        files = self.known.get("files", {}).get(mark_of(step))
        if spec.room == "synthesize":  # what a prompt says decides answers, wherever its file lies
            held = digests_of_files(spec, step.params) if files is None else files
            prompts = {name: self.prompt(named) for name, named in prompt_parameters(step.params).items()}
            files = {**held, **prompts}
        made = operator_identity(spec, step.params, step.where, files)
        return [*made, *(service.identity() for service in self.services(step).values())]

    def prompt(self, named: str) -> str:
        """Digest of a prompt, as it was kept where a build is read."""
        kept: Mapping[str, str] = self.known.get("prompts", {})
        return kept[named] if named in kept else digest_of(named)

    def services(self, step: Step) -> dict[str, Service]:
        """The services that a step asks, by parameter."""
        named = self.registry.get(step.operator).asking(step.params)
        return {parameter: self.recipe.services[name] for parameter, name in named.items()}

    def asked(self, operators: Iterable[str]) -> dict[str, Any]:
        """Name and description of the service of each of these operators that asks one."""
        steps = [step for step in self.recipe.label if step.operator in set(operators)]
        return {step.operator: asked for step in steps if (asked := self.described(step))}

    def described(self, step: Step) -> dict[str, Any]:
        """Name and description of each service that a step asks, by parameter; empty where it asks none."""
        return {
            parameter: {"name": step.params[parameter], "service": service.model_dump(mode="json")}
            for parameter, service in self.services(step).items()
        }

    def sources(self) -> dict[str, Any]:
        return {source.name: source for source in self.recipe.acquire}

    def labels(self) -> list[Step]:
        """Every step that adds columns row by row, in order: labels, then those of the deduplicate stage."""
        short = {f"deduplicate.{name}" for name in ROW_LABELS}
        return [*self.recipe.label, *(s for s in self.recipe.deduplicate if s.operator in short)]

    def relation(self, name: str) -> Step | None:
        """The deduplicate step of that short name, if the recipe has it."""
        return next((s for s in self.recipe.deduplicate if s.operator == f"deduplicate.{name}"), None)

    def document_key(self, shard: Shard) -> str:
        source = self.sources()[shard.source]
        return digest(
            "documents",
            _DOCUMENTS,
            _source_facts(source),
            [[u.name, u.reader, u.start, u.stop, u.fingerprint] for u in shard.units],
            {r: self._reader_identity(r, source.options) for r in sorted({u.reader for u in shard.units})},
            [self.identity(step) for step in (*self.recipe.parse, *self.recipe.standardize)],
        )

    def _reader_identity(self, reader: str, options: Mapping[str, Any]) -> list[object]:
        if reader == "unknown":
            return []
        return operator_identity(self.registry.get(f"acquire.{reader}"), options, None)

    def column_keys(self, document_key: str) -> dict[str, str]:
        """Key of every label operator's answer on one shard: itself, the documents, and the labels it reads."""
        keys: dict[str, str] = {}
        writer: dict[str, str] = {}
        for step in self.labels():
            spec = self.registry.get(step.operator)
            read = sorted({*spec.reading(step.params), *names_in(step.where)} & set(writer))
            keys[spec.name] = digest(self.identity(step), document_key, [keys[writer[name]] for name in read])
            writer |= dict.fromkeys(spec.writes, spec.name)
        return keys


def _source_facts(source: Any) -> dict[str, Any]:
    names = ("name", "license", "consent", "basis", "redistribute", "language_hint")
    return {name: getattr(source, name) for name in names}


def call(step: Step) -> dict[str, Any]:
    """A step as plain data for a task."""
    return asdict(Call(step.operator, dict(step.params), step.where))


def compile_plan(
    recipe: Recipe, manifest: Manifest, registry: Registry, known: Mapping[str, Any] | None = None
) -> Plan:
    """The whole plan of a recipe over the shards of its sources; `known` as it was kept, where a build is read."""
    compiler = Compiler(recipe, manifest, registry, known or {})
    shards = manifest.active(compiler.sources())
    nodes = [_documents_node(compiler), *_label_nodes(compiler)]
    if recipe.synthesize:
        return Plan((*nodes, *synthesis_nodes(compiler)), tuple(shards))
    related: list[str] = []
    if recipe.clusters():
        nodes += deduplicate_nodes(compiler)
        related.append("deduplicate")
    if step := compiler.relation("shared"):
        nodes += shared_nodes(compiler, step)
        related.append("shared")
    if step := compiler.relation("earlier"):
        nodes += earlier_nodes(compiler, step)
        related.append("earlier")
    if step := compiler.relation("lines"):
        nodes += line_nodes(compiler, step)
        related.append("lines")
    if step := compiler.relation("substrings"):
        nodes += substring_nodes(compiler, step)
        related.append("substrings")
    if recipe.construct.cut:
        nodes.append(cut_node(compiler, {name: name for name in short_names(recipe.construct.cut)}))
        related.append("cut")
    nodes += group_nodes(compiler, clusters="deduplicate" in related)
    nodes += construct_nodes(compiler, tuple(related))
    return Plan(tuple(nodes), tuple(shards))


def _documents_node(compiler: Compiler) -> Node:
    recipe = compiler.recipe
    chain = [call(step) for step in (*recipe.parse, *recipe.standardize)]

    def plan(state: State, shard: int) -> list[Task]:
        held = compiler.manifest.shards[shard]
        source = compiler.sources()[held.source]
        arguments = {
            "units": [asdict(u) for u in held.units],
            "source": _source_facts(source),
            "readers": {u.reader: dict(source.options) for u in held.units},
            "chain": chain,
        }
        size = sum(u.stop - u.start for u in held.units)
        return [Task("documents", shard, "documents", compiler.document_key(held), {}, arguments, size)]

    return Node("documents", "parse", (), "shard", plan)


def label_paths(
    compiler: Compiler, shard: int, keys: Mapping[str, str], specs: Iterable[OperatorSpec]
) -> dict[str, str]:
    """Side table of each stored label operator on one shard, by operator name."""
    return {
        spec.name: f"label/{spec.short}/{shard:05d}-{keys[spec.name][:12]}.parquet"
        for spec in specs
        if not spec.transient
    }


def _label_nodes(compiler: Compiler) -> list[Node]:
    """A node for each service, for GPUs and for cores, which wait for what they read alone; `label` gathers them."""
    steps = compiler.labels()
    everything = {step.operator for step in steps}
    lanes = [lane for lane in label_lanes(steps, compiler.registry) if _stored(compiler, lane.operators)]
    if len(lanes) < 2 and all(compiler.registry.get(name).service is None for name in everything):
        return [_label_node(compiler, "label", everything, ("documents",))]
    names = {lane.node for lane in lanes}
    nodes = [
        _label_node(compiler, lane.node, set(lane.operators), ("documents", *sorted(names & set(lane.after))))
        for lane in lanes
    ]
    return [*nodes, _label_node(compiler, "label", everything, ("documents", *sorted(names)))]


def _stored(compiler: Compiler, operators: Iterable[str]) -> list[str]:
    return [name for name in operators if not compiler.registry.get(name).transient]


def _label_node(compiler: Compiler, node: str, operators: set[str], after: tuple[str, ...]) -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        steps = compiler.labels()
        document = state.one("documents", shard)
        keys = compiler.column_keys(document.key)
        stored = {
            name: keys[name] for name in _stored(compiler, [s.operator for s in steps if s.operator in operators])
        }
        missing = [name for name, key in stored.items() if state.ledger.get(key) is None]
        needed, columns, beside = needs(compiler, missing)
        paths = label_paths(compiler, shard, keys, (compiler.registry.get(step.operator) for step in steps))
        arguments: dict[str, Any] = {
            "documents": document.files[0]["path"],
            "chain": [call(step) for step in steps if step.operator in needed],
            "columns": columns,
            "labels": {name: paths[name] for name in beside},
        }
        key = digest("label", [stored[name] for name in missing])
        run = "labels"
        if asked := compiler.asked(needed):
            run, arguments["services"] = SERVED, asked
            if compiler.recipe.synthesize:  # what labels ask is paid from the same purse as what is made
                arguments["budget"] = compiler.recipe.synthesis.budget.model_dump(mode="json")
        return [Task(node, shard, run, key, stored, arguments, int(document.counts.get("text_bytes", 0)))]

    return Node(node, "label", after, "shard", plan)


def needs(compiler: Compiler, wanted: Iterable[str]) -> tuple[set[str], list[str], list[str]]:
    """What computing some labels takes: operators to run, document columns, and stored labels to read."""
    steps = {s.operator: s for s in compiler.labels()}
    writer = {column: name for name in steps for column in compiler.registry.get(name).writes}
    run = set(wanted)
    columns, beside = {"id", "source", "locator"}, set()
    open_names = list(run)
    while open_names:
        name = open_names.pop()
        spec = compiler.registry.get(name)
        for column in {*spec.reading(steps[name].params), *names_in(steps[name].where)}:
            if column in writer:
                other = writer[column]
                if other in run:
                    continue
                if compiler.registry.get(other).transient:
                    run.add(other)
                    open_names.append(other)
                else:
                    beside.add(other)
            elif column in DOCUMENT.names:
                columns.add(column)
    return run, [n for n in DOCUMENT.names if n in columns], sorted(beside)
