"""What a task is, what it is given and what it gives back: plain data that travels between processes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from weft.engine.ledger import Entry
from weft.engine.storage import Storage
from weft.operators.contract import OperatorSpec
from weft.operators.registry import ROOMS, Registry

SERVED = "served"
"""Work of tasks that ask services: they wait for hours and compute for seconds, so that they take no worker's place."""


@dataclass(frozen=True)
class Call:
    """An operator to be built by a worker: name, parameters, condition."""

    operator: str
    parameters: Mapping[str, Any]
    where: str | None = None


@dataclass(frozen=True)
class Task:
    """One node on one shard. `key` names its answer; `keys` when it gives several, one per output."""

    node: str
    shard: int
    run: str
    key: str
    keys: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0
    """Input bytes, for progress alone."""


@dataclass(frozen=True)
class Cause:
    """The type of an error, its number where the system gave one, and its frames: all but the message."""

    error: str
    number: int | None
    frames: tuple[str, ...]
    """As `file:line in function`, innermost last; of a chain of errors, those of the first come first."""


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its ledger entries, or why it failed."""

    task: Task
    entries: tuple[Entry, ...] = ()
    failure: str | None = None
    trace: str | None = None
    transient: bool = False
    """The failure may pass (a killed worker, a full disk that was freed): worth another try."""
    cause: Cause | None = None
    """Of an error that a task raised; what the runner itself says has none."""
    worker: str | None = None
    """Host and process that ran it, as `host:pid`, where that is known."""
    elsewhere: bool = False
    """Another worker of the same build ran it: it is in the ledger, and in the log of that worker."""


def unheard(task: Task) -> None:
    """What a runner calls when a task begins and nobody listens."""


@dataclass
class Context:
    """What a task may use: the build's storage and the operators."""

    storage: Storage
    registry: Registry

    def spec(self, name: str) -> OperatorSpec:
        return self.registry.get(name)

    def build(self, call: Call) -> Any:
        """The operator's function, built once per process for the same parameters."""
        return _built(self.registry, call.operator, _Frozen(dict(call.parameters)))


class _Frozen:
    """Parameters as a cache key: equal when their canonical text is equal."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.text = repr(sorted(values.items(), key=lambda item: item[0]))

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and other.text == self.text


@functools.lru_cache(maxsize=256)
def _built(registry: Registry, name: str, parameters: _Frozen) -> Any:
    return registry.get(name).build(**parameters.values)


@functools.cache
def rooms_registry() -> Registry:
    """All operators that this installation has; built once per process."""
    return Registry.from_rooms(ROOMS)


TaskFunction = Callable[[Task, Context], list[Entry]]


def entry(task: Task, key: str, files: list[dict[str, Any]], counts: dict[str, Any] | None = None) -> Entry:
    """A ledger entry of this task; times are filled in by the worker."""
    return Entry(key=key, node=task.node, shard=task.shard, files=files, counts=counts or {})
