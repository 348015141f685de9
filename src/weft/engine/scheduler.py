"""Runs a plan: gives ready tasks to a runner, takes their entries, retries, and goes on past what fails."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol

from weft.engine.graph import Node, Plan, State
from weft.engine.ledger import Entry
from weft.engine.ready import ReadySet
from weft.engine.work import Outcome, Task

ATTEMPTS = 3
WINDOW = 16_384
"""Tasks that are made and not ended at a time, and of one step that is planned once all of them: more than any cluster
has places. The others are made when there is room: a task takes kilobytes."""


class Runner(Protocol):
    """All that the scheduler needs of a place where tasks run."""

    begun: Callable[[Task], None]
    """Called when a task begins to run; the scheduler sets it."""

    @property
    def busy(self) -> int:
        """Tasks that have begun and not ended."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task; its outcome comes out of `outcomes` later."""
        ...

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        """The next finished tasks; blocks until there is at least one. With `begin` false no other task starts."""
        ...

    def close(self) -> None:
        """Give back processes and files."""
        ...


class Listener(Protocol):
    """Who watches a run: a progress bar, a log."""

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None: ...

    def started(self, task: Task) -> None: ...

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        """All that is known of an attempt, before `finished` or `failed`; `again` when it will be tried once more."""
        ...

    def finished(self, task: Task, entries: list[Entry]) -> None: ...

    def failed(self, task: Task, reason: str, again: bool) -> None: ...


@dataclass
class Tally:
    """What a run did: tasks run and found by node, and the tasks that failed for good."""

    ran: Counter[str] = field(default_factory=Counter)
    cached: Counter[str] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)
    failures: list[Outcome] = field(default_factory=list)


class Scheduler:
    """One run of one plan. Tasks start as soon as their own inputs are there."""

    def __init__(
        self,
        plan: Plan,
        state: State,
        runner: Runner | None,
        listener: Listener,
        *,
        seen: Callable[[Task], None] = lambda task: None,
        window: int = WINDOW,
    ) -> None:
        """`seen` is called with every task that has to run."""
        self.plan = plan
        self.state = state
        self.tally = Tally()
        self._runner = runner
        self._listener = listener
        self._told = seen
        self._window = window
        self._open: dict[str, set[int]] = defaultdict(set)
        self._unfinished = 0
        self._ready = ReadySet(plan)
        self._begun: set[str] = set()
        self._closed: set[str] = set()
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._queue: deque[Task] = deque()
        self._partial: dict[tuple[str, int], list[Entry]] = {}

    def run(self) -> Tally:
        """Run until nothing is left that can run. Without a runner: only say what would run."""
        self._advance()
        if self._runner is not None:
            self._runner.begun = self._listener.started
        while self._runner is not None and any(self._open.values()):
            while self._queue:
                self._runner.submit(self._queue.popleft())
            for outcome in self._runner.outcomes():
                self._take(outcome)
            self._advance()
        self.tally.waiting = [n.name for n in self.plan.nodes if n.name not in self._closed]
        return self.tally

    def queued(self) -> Counter[str]:
        """Of a dry run: tasks that are ready, by node."""
        return Counter({node: len(shards) for node, shards in self._open.items() if shards})

    def ready_shards(self) -> Mapping[str, Set[int]]:
        """Of a dry run: the shards, or numbers, of the tasks that `queued` counts."""
        return self._open

    def _advance(self) -> None:
        moved = True
        while moved:
            moved = any([self._advance_node(node) for node in self.plan.nodes if node.name not in self._closed])

    def _advance_node(self, node: Node) -> bool:
        moved = False
        if node.each == "shard":
            while shards := self._ready.take(node.name, self._room(node)):
                moved = True
                for shard in shards:
                    self._plan(node, shard)
                    if shard not in self._open[node.name]:
                        self._ready.met(node.name, shard)
            complete = self._ready.taken(node.name)
        else:
            if node.name not in self._begun and all(name in self._closed for name in node.after):
                moved = True
                self._begun.add(node.name)
                self._plan(node, -1)
            complete = node.name in self._begun
        if complete and not self._open[node.name]:
            self._closed.add(node.name)
            if node.each == "all":
                self._ready.met_whole(node.name)
            return True
        return moved

    def _room(self, node: Node) -> int | None:
        """How many tasks of a node may be made now: what later nodes have ready goes first, so that none waits long."""
        if self._runner is None:
            return None
        later = itertools.takewhile(lambda other: other is not node, reversed(self.plan.nodes))
        return max(0, self._window - self._unfinished - sum(self._ready.count(other.name) for other in later))

    def _ended(self, task: Task) -> None:
        self._open[task.node].discard(task.shard)
        self._unfinished -= 1
        if self.plan.node(task.node).each == "shard":
            self._ready.met(task.node, task.shard)

    def _plan(self, node: Node, shard: int) -> None:
        if self._blocked(node, shard):
            self.state.fail(node.name, shard)
            return
        tasks = node.plan(self.state, shard)
        missing = 0
        for task in tasks:
            missing += self._open_task(node, task)
        size = sum(task.size for task in tasks)
        self._listener.planned(node.name, node.stage, len(tasks), len(tasks) - missing, size)

    def _open_task(self, node: Node, task: Task) -> int:
        names = list(task.keys.values()) or [task.key]
        found = [entry for key in names if (entry := self.state.ledger.get(key)) is not None]
        if len(found) == len(names):
            self.state.record(node.name, task.shard, found)
            self.tally.cached[node.name] += 1
            return 0
        self._open[node.name].add(task.shard)
        self._told(task)
        if self._runner is not None:
            self._partial[(node.name, task.shard)] = found
            self._queue.append(task)
            self._unfinished += 1
        return 1

    def _blocked(self, node: Node, shard: int) -> bool:
        """Whether what this needs has failed for good: a shard's own inputs, or a whole node before it."""
        for name in node.after:
            failed = self.state.failed.get(name, set())
            if -1 in failed or (shard >= 0 and shard in failed):
                return True
            if self.plan.node(name).each == "all" and failed:
                return True
            if self.plan.node(name).each == "shard" and shard == -1 and failed >= set(self.plan.shards):
                return True
        return False

    def _take(self, outcome: Outcome) -> None:
        task = outcome.task
        self._attempts[(task.node, task.shard)] += 1
        attempt = self._attempts[(task.node, task.shard)]
        again = outcome.transient and attempt < ATTEMPTS
        self._listener.took(outcome, attempt, again)
        if outcome.failure is None:
            del self._attempts[(task.node, task.shard)]
            entries = self.state.ledger.add(outcome.entries)
            found = self._partial.pop((task.node, task.shard), [])
            self.state.record(task.node, task.shard, [*found, *entries])
            self._ended(task)
            self.tally.ran[task.node] += 1
            self._listener.finished(task, entries)
            return
        self._listener.failed(task, outcome.failure, again)
        if again:
            self._queue.append(task)
            return
        self._ended(task)
        self.state.fail(task.node, task.shard)
        self.tally.failures.append(outcome)
