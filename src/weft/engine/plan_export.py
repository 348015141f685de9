"""The nodes that write a release: which files it has, the files of each place, and what tells of them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from weft.construct.export import FILE_BYTES
from weft.engine.graph import Node, State
from weft.engine.keys import digest
from weft.engine.plan_mixture import facts, records, written
from weft.engine.plan_order import order_of_files, order_of_release
from weft.engine.work import Task

if TYPE_CHECKING:
    from weft.engine.plan import Compiler
    from weft.recipe import Recipe

_FILES, _EXPORT, _RELEASE = 1, 5, 6
"""Raised when these tasks write other files for the same answers."""
_TABLES = (
    "rejects", "kept", "counts", "sources", "samples", "histograms", "clusters", "evaluation", "sizes", "cuts", "made",
)  # fmt: skip
"""Files of a selection after its first; the last two where something can be cut or is machine-made."""


def _told_of(recipe: Recipe) -> list[str]:
    """The tables of `_TABLES` that a release reads."""
    absent = {"sizes"} | (set() if recipe.construct.cut else {"cuts"}) | (set() if recipe.synthetic() else {"made"})
    return [name for name in _TABLES if name not in absent]


def export_nodes(compiler: Compiler) -> list[Node]:
    """`files`, `export` and `release`."""
    return [_files(compiler), _export(compiler), _release(compiler)]


def places(state: State) -> list[str]:
    """Languages (and places of records) of all passing rows, sorted: their numbers are those of destinations."""
    # Asked for with every shard: found once, or a build of many shards would be planned in the square of their number.
    return state.gathered(
        "decide", "languages", lambda done: sorted({name for e in done.values() for name in e[0].counts["languages"]})
    )


def splits(compiler: Compiler) -> list[str]:
    """Names of the splits: the number of a place, times their number, and a split's number are a destination."""
    return list(compiler.recipe.construct.split.model_dump())


def _files(compiler: Compiler) -> Node:
    def plan(state: State, shard: int) -> list[Task]:
        arguments = {
            "sizes": state.paths("select", 1 + _TABLES.index("sizes")),
            "splits": len(splits(compiler)),
            "limit": FILE_BYTES,
        }
        key = digest("files", _FILES, state.keys("select"), arguments["splits"], FILE_BYTES)
        return [Task("files", 0, "files", key, {}, arguments)]

    return Node("files", "construct", ("select",), "all", plan)


def _export(compiler: Compiler) -> Node:
    mixed = {"written": written(compiler)} if written(compiler) else {}
    mixed |= order_of_files(compiler)
    # Repeated documents lie an epoch apart and an order is over all rows: such a place is written as a whole.
    as_a_whole = "order" in mixed or mixed.get("written") == "copies"
    names = splits(compiler)
    formats = list(compiler.recipe.construct.formats)

    def plan(state: State, shard: int) -> list[Task]:
        parts = state.one("files", 0).counts["parts"]
        # Found once: a language with many files asks for both with each of them.
        files, keys = state.paths("select", 2), state.keys("select")
        made: list[Task] = []
        for place, language in enumerate(places(state)):
            own = {"language": language, "formats": formats, "limit": FILE_BYTES} | mixed
            first = place * len(names)
            divided = () if as_a_whole and "/" not in language else parts.get(str(place), ())
            for split, file, begin, end, before in divided:
                part = {
                    "file": file,
                    "name": f"{names[split]}-{file:05d}",
                    "begin": before,
                    "limit": FILE_BYTES,
                }
                arguments = own | {"part": part, "destinations": [first + split], "files": files[begin:end]}
                # Beside rows of its own shards, only what is written before them moves the borders of a file.
                key = digest("export", _EXPORT, own, part, first + split, keys[begin:end])
                made.append(Task("export", len(made), "export", key, {}, arguments))
            if not divided:
                to = list(range(first, first + len(names)))
                arguments = own | {"destinations": to, "files": files}
                key = digest("export", _EXPORT, own, to, keys)
                made.append(Task("export", len(made), "export", key, {}, arguments))
        return made

    return Node("export", "construct", ("select", "files"), "all", plan)


def _release(compiler: Compiler) -> Node:
    recipe = compiler.recipe
    sought = compiler.relation("contamination")

    def plan(state: State, shard: int) -> list[Task]:
        files = {name: state.paths("select", 1 + _TABLES.index(name)) for name in _told_of(recipe)}
        text = json.dumps(told(recipe.answering(), f"{recipe.base}/"), indent=1, ensure_ascii=False, sort_keys=True)
        exported = [e[0].counts for e in state.done("export").values()]
        arguments = (
            files
            | {
                "name": recipe.name,
                "rules": recipe.construct.all_rules(),
                "record_rules": records(compiler).get("records", {}),
                "thresholds": state.path("thresholds", 0),
                "records": [record for counts in exported for record in counts["records"]],
                "listed": [counts["listed"] for counts in exported if "listed" in counts],
                "stages": _stages(state),
                "recipe": text,
                "version": recipe.version,
                "content": [counts["content"] for counts in exported],
                "sought": None if sought is None else dict(sought.params),
            }
            | order_of_release(compiler, state)
            | facts(compiler, state)
        )
        if recipe.grouped():
            arguments["units"] = state.one("units", 0).counts | recipe.construct.groups.model_dump()
        key = digest("release", _RELEASE, state.keys("select"), state.keys("export"), text)
        return [Task("release", 0, "release", key, {}, arguments)]

    return Node("release", "construct", ("select", "export", "thresholds"), "all", plan)


def told(value: Any, base: str) -> Any:
    """Values of a recipe with its files as they are written there: the card is not of one machine."""
    if isinstance(value, dict):
        return {name: told(inner, base) for name, inner in value.items()}
    if isinstance(value, list):
        return [told(inner, base) for inner in value]
    return value.removeprefix(base) if isinstance(value, str) else value


def _stages(state: State) -> list[dict[str, Any]]:
    """Rows in and out of each stage, without times: the card has to be the same on every machine."""
    from weft.engine.reading import rows_of_stage

    names = ("parse", "label", "deduplicate", "construct")
    return [{"stage": stage} | rows_of_stage(stage, state) for stage in names if state.done(_NODE.get(stage, stage))]


_NODE = {"parse": "documents", "construct": "select"}
