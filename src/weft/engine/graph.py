"""What a plan is made of: nodes that depend on nodes, and the state of a run that they plan their tasks from."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from weft.engine.entries import Done
from weft.engine.ledger import Entry, Ledger
from weft.engine.work import Task

T = TypeVar("T")
_NOTHING: Mapping[int, list[Entry]] = {}
_FEW = 1024


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
    entries: dict[str, Done] = field(default_factory=dict)
    failed: dict[str, set[int]] = field(default_factory=dict)
    _changes: Counter[str] = field(default_factory=Counter)
    _gathered: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)

    def done(self, node: str) -> Mapping[int, list[Entry]]:
        """Entries of a node's finished tasks by shard, in shard order; each is made when it is asked for."""
        return self.entries.get(node, _NOTHING)

    def one(self, node: str, shard: int) -> Entry:
        return self.entries[node][shard][0]

    def path(self, node: str, shard: int, position: int = 0) -> str:
        """Path of the n-th file of a finished task."""
        return self.ledger.entries.path(self.entries[node].numbers(shard)[0], position)

    def key(self, node: str, shard: int) -> str:
        """Key of a finished task's first entry."""
        return self.ledger.entries.key_at(self.entries[node].numbers(shard)[0])

    def outputs(self, node: str, shard: int) -> list[tuple[str, str]]:
        """Key and path of the first file of each entry of a finished task."""
        return self.entries[node].outputs(shard)

    def paths(self, node: str, position: int = 0) -> list[str]:
        """The n-th files of a node's tasks, in shard order."""
        return [self.path(node, shard, position) for shard in self.done(node)]

    def files(self, node: str, position: int = 0) -> list[str]:
        """The n-th files of a node's tasks that hold rows."""
        return self._listed(node, f"files {position}", lambda done: _with_rows(done, position))

    def keys(self, node: str) -> list[str]:
        return self._listed(node, "keys", lambda done: self.entries[node].keys_of_entries() if done else [])

    def _listed(self, node: str, what: str, gather: Callable[[Mapping[int, list[Entry]]], list[str]]) -> list[str]:
        """Kept where a node has few tasks: each of many shards asks for them."""
        done = self.done(node)
        return list(self.gathered(node, what, gather)) if len(done) <= _FEW else gather(done)

    def rows(self) -> dict[int, int]:
        """Rows of every finished documents shard."""
        return {shard: int(e[0].counts.get("rows_out", 0)) for shard, e in self.done("documents").items()}

    def record(self, node: str, shard: int, entries: list[Entry]) -> None:
        if node not in self.entries:
            self.entries[node] = Done(self.ledger.entries)
        self.entries[node].put(shard, entries)
        self._changes[node] += 1

    def gathered(self, node: str, what: str, gather: Callable[[Mapping[int, list[Entry]]], T]) -> T:
        """`gather` of all entries of a node, kept under the name `what` until the node has another one."""
        held = self._gathered.get((node, what))
        if held is None or held[0] != self._changes[node]:
            held = self._gathered[(node, what)] = (self._changes[node], gather(self.done(node)))
        return cast(T, held[1])

    def fail(self, node: str, shard: int) -> None:
        self.failed.setdefault(node, set()).add(shard)


def _with_rows(done: Mapping[int, list[Entry]], position: int) -> list[str]:
    held = (entries[0].files[position] for entries in done.values())
    return [str(file["path"]) for file in held if file["rows"]]


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
