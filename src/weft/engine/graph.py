"""What a plan is made of: nodes that depend on nodes, and the state of a run that they plan their tasks from."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from weft.engine.ledger import Entry, Ledger
from weft.engine.work import Task

T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """One step of the plan: planned for each shard once its own inputs are there, or once, after all before it."""

    name: str
    stage: str
    after: tuple[str, ...]
    each: Literal["shard", "all"]
    plan: Callable[[State, int], list[Task]]
    """Tasks of a shard (or, for `all`, of the whole node: the number is then -1)."""


@dataclass
class State:
    """What is known while a plan runs: entries by address, and what failed."""

    ledger: Ledger
    shards: list[int]
    entries: dict[str, dict[int, list[Entry]]] = field(default_factory=dict)
    failed: dict[str, set[int]] = field(default_factory=dict)
    _changes: Counter[str] = field(default_factory=Counter)
    _gathered: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)

    def done(self, node: str) -> dict[int, list[Entry]]:
        """Entries of a node's finished tasks by shard, in shard order."""
        return dict(sorted(self.entries.get(node, {}).items()))

    def one(self, node: str, shard: int) -> Entry:
        return self.entries[node][shard][0]

    def path(self, node: str, shard: int, position: int = 0) -> str:
        """Path of the n-th file of a finished task."""
        return str(self.one(node, shard).files[position]["path"])

    def files(self, node: str, position: int = 0) -> list[str]:
        """The n-th files of a node's tasks that hold rows."""
        held = [entries[0].files[position] for entries in self.done(node).values()]
        return [str(file["path"]) for file in held if file["rows"]]

    def keys(self, node: str) -> list[str]:
        return [entry.key for entries in self.done(node).values() for entry in entries]

    def rows(self) -> dict[int, int]:
        """Rows of every finished documents shard."""
        return {shard: int(e[0].counts.get("rows_out", 0)) for shard, e in self.done("documents").items()}

    def record(self, node: str, shard: int, entries: list[Entry]) -> None:
        self.entries.setdefault(node, {})[shard] = entries
        self._changes[node] += 1

    def gathered(self, node: str, what: str, gather: Callable[[dict[int, list[Entry]]], T]) -> T:
        """`gather` of all entries of a node, kept under the name `what` until the node has another one."""
        held = self._gathered.get((node, what))
        if held is None or held[0] != self._changes[node]:
            held = self._gathered[(node, what)] = (self._changes[node], gather(self.done(node)))
        return cast(T, held[1])

    def fail(self, node: str, shard: int) -> None:
        self.failed.setdefault(node, set()).add(shard)


@dataclass(frozen=True)
class Plan:
    """Nodes in an order in which each follows what it depends on."""

    nodes: tuple[Node, ...]
    shards: tuple[int, ...]
    details: dict[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def node(self, name: str) -> Node:
        return self._by_name[name]
