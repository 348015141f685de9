"""The nodes that cut between the documents that stay: no passage goes in favour of one that is not in the corpus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weft.engine.graph import Node, State
from weft.engine.keys import digest, operator_identity
from weft.engine.plan_cut import cut_node, short_names
from weft.engine.plan_deduplicate import destinations
from weft.engine.plan_mixture import drawing
from weft.engine.work import Call, Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler


@dataclass(frozen=True)
class Staying:
    """One time that who stays is known: after the election, and once more after a mixture has drawn."""

    name: str
    cuts: dict[str, str]
    """The labels that are cut, and the nodes that wrote what is cut so far."""
    cut: str | None = None
    """The node that wrote what is left so far: before the election nobody is known to be left with nothing."""


def staying_nodes(compiler: Compiler, *, drawn: bool) -> list[Node]:
    """Nodes whose last one writes the column `cut` again; `drawn`: after the mixture, else after the election."""
    names = short_names(compiler.recipe.construct.cut)
    now = Staying("staying", {name: name for name in names})
    if drawn:
        now = Staying("drawn", _made(now), "staying_cut")
    nodes = [_staying(compiler, now)]
    if "lines" in names:
        nodes += [_keepers(now), _lines(compiler, now)]
    if "substrings" in names:
        nodes += [_pairs(compiler, now), _texts(now), _substrings(compiler, now)]
    return [*nodes, cut_node(compiler, _made(now), f"{now.name}_cut")]


def last_cut(compiler: Compiler, *, drawn: bool) -> str:
    """The node that says what is cut from the documents that stay."""
    return "drawn_cut" if drawn and compiler.recipe.construct.mixture is not None else "staying_cut"


def _made(now: Staying) -> dict[str, str]:
    return {name: f"{now.name}_{name}" for name in now.cuts}


def _staying(compiler: Compiler, now: Staying) -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        documents, decided = state.one("documents", shard), state.one("decide", shard)
        cut = [state.one(now.cut, shard)] if now.cut else []
        arguments: dict[str, Any] = {
            "documents": documents.files[0]["path"],
            "labels": [str(one.files[0]["path"]) for one in cut],
            "decisions": state.path("decide", shard),
            "elected": [state.path("elect", 0)],
        }
        keys = [documents.key, decided.key, state.one("elect", 0).key, *(one.key for one in cut)]
        if "substrings" in now.cuts:
            arguments["substrings"] = state.path(now.cuts["substrings"], shard)
            keys.append(state.one(now.cuts["substrings"], shard).key)
        if "lines" in now.cuts:
            arguments |= {"line_keys": state.path("line_keys", shard), "learnt": state.files("learn_lines")}
            keys += [state.one("line_keys", shard).key, *state.keys("learn_lines")]
        if now.cut:
            drawn, drawn_keys = drawing(compiler, state, shard)
            arguments |= drawn
            keys += drawn_keys
        return [Task(now.name, shard, "staying", digest(now.name, list(now.cuts), keys), {}, arguments)]

    lines = ("line_keys", "learn_lines") if "lines" in now.cuts else ()
    drawn = (now.cut, "mix_part", "mix") if now.cut else ()
    return Node(
        now.name, "construct", ("documents", "decide", "elect", *now.cuts.values(), *lines, *drawn), "shard", plan
    )


def _keepers(now: Staying) -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        arguments = {"claims": state.files(now.name, 1), "learnt": state.files("learn_lines")}
        key = digest("line_keepers", state.keys(now.name), state.keys("learn_lines"))
        return [Task(f"{now.name}_keepers", 0, "line_keepers", key, {}, arguments)]

    return Node(f"{now.name}_keepers", "construct", (now.name, "learn_lines"), "all", plan)


def _lines(compiler: Compiler, now: Staying) -> Node:
    spec = compiler.registry.get("deduplicate.line_spans")
    identity, call = operator_identity(spec, {}, None), Call(spec.name, {}).__dict__
    keepers = f"{now.name}_keepers"

    def plan(state: State, shard: int) -> list[Task]:
        held = [state.one(node, shard) for node in ("documents", now.name, now.cuts["lines"])]
        names = ("documents", "staying", "before")
        arguments: dict[str, Any] = {name: str(one.files[0]["path"]) for name, one in zip(names, held, strict=True)}
        arguments |= {"keepers": state.path(keepers, 0), "files": state.files("learn_lines"), "call": call}
        found = [one.key for one in held]
        key = digest("staying_lines", identity, found, state.one(keepers, 0).key, state.keys("learn_lines"))
        return [Task(f"{now.name}_lines", shard, "staying_lines", key, {}, arguments)]

    return Node(f"{now.name}_lines", "construct", ("documents", now.name, now.cuts["lines"], keepers), "shard", plan)


def _pairs(compiler: Compiler, now: Staying) -> Node:
    spec = compiler.registry.get("deduplicate.passage_pairs")
    identity, call = operator_identity(spec, {}, None), Call(spec.name, {}).__dict__

    def plan(state: State, shard: int) -> list[Task]:
        keys = [state.keys("fingerprints"), state.keys(now.name)]
        marks = [(number, str(entries[0].files[0]["path"])) for number, entries in state.done(now.name).items()]
        files = state.files("fingerprints")
        tasks = []
        for number, group in enumerate(destinations(sum(state.rows().values()))):
            arguments = {"call": call, "files": files, "destinations": group, "staying": marks}
            key = digest("staying_pairs", identity, keys, group)
            tasks.append(Task(f"{now.name}_pairs", number, "passage_pairs", key, {}, arguments))
        return tasks

    return Node(f"{now.name}_pairs", "construct", ("fingerprints", now.name), "all", plan)


def _texts(now: Staying) -> Node:
    lines = _made(now).get("lines")

    def plan(state: State, shard: int) -> list[Task]:
        requests = state.files(f"{now.name}_pairs", 1)
        tasks = []
        for number in state.done(lines or now.name):
            held = [state.one("documents", number), *([state.one(lines, number)] if lines else [])]
            arguments = {"documents": held[0].files[0]["path"], "requests": requests}
            arguments |= {"lines": str(held[1].files[0]["path"])} if lines else {}
            key = digest("staying_texts", [one.key for one in held], number, state.keys(f"{now.name}_pairs"))
            tasks.append(Task(f"{now.name}_texts", number, "passage_texts", key, {}, arguments))
        return tasks

    after = ("documents", f"{now.name}_pairs", *([lines] if lines else []))
    return Node(f"{now.name}_texts", "construct", after, "all", plan)


def _substrings(compiler: Compiler, now: Staying) -> Node:
    step = compiler.relation("substrings")
    assert step is not None  # the recipe's checks
    least = {name: int(step.params[name]) for name in ("words", "chars")}
    pairs, texts = f"{now.name}_pairs", f"{now.name}_texts"

    def plan(state: State, shard: int) -> list[Task]:
        held = [state.one(node, shard) for node in ("documents", now.name, now.cuts["substrings"])]
        names = ("documents", "staying", "before")
        arguments: dict[str, Any] = {name: str(one.files[0]["path"]) for name, one in zip(names, held, strict=True)}
        arguments |= least | {"pairs": state.files(pairs), "texts": state.files(texts)}
        found = [one.key for one in held]
        key = digest("staying_substrings", least, found, shard, state.keys(pairs), state.keys(texts))
        return [Task(f"{now.name}_substrings", shard, "substring_label", key, {}, arguments)]

    after = ("documents", now.name, now.cuts["substrings"], texts)
    return Node(f"{now.name}_substrings", "construct", after, "shard", plan)
