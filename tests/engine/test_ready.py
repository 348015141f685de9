"""Tasks are given out as by a walk over all shards of all nodes at every step, without the walk."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from weft.engine.graph import Node, Plan, State
from weft.engine.ledger import Entry, Ledger
from weft.engine.progress import Silent
from weft.engine.scheduler import Scheduler
from weft.engine.work import Outcome, Task


def drawn(draw: random.Random, shards: tuple[int, ...]) -> Plan:
    """A plan of up to nine nodes, each after some of those before it."""
    nodes: list[Node] = []
    for number in range(draw.randint(1, 9)):
        name = f"n{number}"
        after = tuple(node.name for node in nodes if draw.random() < 0.4)
        each = "shard" if draw.random() < 0.6 else "all"
        several = draw.choice((0, 1, 3))

        def plan(state: State, shard: int, name: str = name, each: str = each, several: int = several) -> list[Task]:
            numbers = [shard] if each == "shard" else list(range(several))
            return [Task(name, n, "none", f"{name}-{n}") for n in numbers]

        nodes.append(Node(name, "label", after, each, plan))  # type: ignore[arg-type]
    return Plan(tuple(nodes), shards)


class Draws:
    """A runner that finishes tasks in a drawn order, some of them never well; it writes down what it is given."""

    def __init__(self, seed: int) -> None:
        self.given: list[tuple[str, int]] = []
        self._waiting: list[Task] = []
        self._draw = random.Random(seed)

    def submit(self, task: Task) -> None:
        self.given.append((task.node, task.shard))
        self._waiting.append(task)

    busy = 0
    """A task begins and ends within `outcomes`."""

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        for _ in range(min(len(self._waiting), self._draw.randint(1, 3))):
            task = self._waiting.pop(self._draw.randrange(len(self._waiting)))
            chance = self._draw.random()
            if chance < 0.1:
                yield Outcome(task, failure="broken", transient=chance < 0.05)
            else:
                yield Outcome(task, (Entry(task.key, task.node, task.shard),))

    def close(self) -> None:
        """Nothing is held."""


class Walking(Scheduler):
    """The same by looking at every shard of every node at every step: slow, and plainly right."""

    def _advance(self) -> None:
        if not hasattr(self, "_seen"):
            self._seen: set[tuple[str, int]] = set()
        moved = True
        while moved:
            moved = any([self._walk(node) for node in self.plan.nodes if node.name not in self._closed])

    def _walk(self, node: Node) -> bool:
        before = len(self._seen)
        shards = self.plan.shards if node.each == "shard" else (-1,)
        for shard in shards:
            if (node.name, shard) not in self._seen and all(self._over(name, node, shard) for name in node.after):
                self._seen.add((node.name, shard))
                self._plan(node, shard)
        if all((node.name, shard) in self._seen for shard in shards) and not self._open[node.name]:
            self._closed.add(node.name)
            return True
        return len(self._seen) > before

    def _over(self, name: str, node: Node, shard: int) -> bool:
        if node.each == "all" or self.plan.node(name).each == "all":
            return name in self._closed
        return (name, shard) in self._seen and shard not in self._open[name]


@pytest.mark.parametrize("seed", range(120))
def test_tasks_come_in_the_order_of_the_walk(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    shards = tuple(sorted(draw.sample(range(20), draw.randint(0, 7))))
    plan = drawn(draw, shards)
    known = [Entry(f"n{n}-{s}", f"n{n}", s) for n in range(9) for s in range(20) if draw.random() < 0.2]
    told = []
    for kind in (Scheduler, Walking):
        ledger = Ledger(tmp_path / "none")
        ledger.add(known)
        runner, state = Draws(seed), State(ledger, list(shards))
        tally = kind(plan, state, runner, Silent()).run()
        told.append((runner.given, dict(tally.ran), dict(tally.cached), tally.waiting, state.failed, state.entries))
    assert told[0] == told[1]
    assert seed or told[0][0], "no task was drawn"


def test_the_cost_of_a_task_does_not_grow_with_the_shards(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        shards = tuple(range(count))
        nodes = [Node("first", "label", (), "shard", lambda s, n: [Task("first", n, "", f"a{n}")])]
        nodes += [Node("second", "label", ("first",), "shard", lambda s, n: [Task("second", n, "", f"b{n}")])]
        began = time.process_time()
        Scheduler(Plan(tuple(nodes), shards), State(Ledger(tmp_path), list(shards)), Draws(1), Silent()).run()
        return (time.process_time() - began) / count

    few, many = (min(seconds(count) for _ in range(3)) for count in (500, 4_000))
    assert many < 4 * max(few, 1e-5)
