"""How long a plan takes on some workers: its steps, in the waves in which they run, as tasks of known length."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from weft.construct.export import FILE_BYTES
from weft.engine.graph import Node, Plan

EXPORT_PART: float = FILE_BYTES
"""Bytes of text of a language that one task exports."""
DRIVER_SECONDS = 0.00015
"""What the process that gives tasks out takes for one (docs/size.md): no number of workers makes it less."""
_MANY_TURNS = 32
"""Shards for each worker from which a wave takes its work divided by the workers."""
_MANY = frozenset({"candidates", "verify", "verify_romanized", "romanized_verify", "semantic"})


def by_key(node: Node) -> bool:
    """Whether a node that is planned once is divided by keys: the tasks of one exchange's destinations."""
    many = node.name in _MANY or node.name.endswith(("verify", "_pairs", "_texts", "_links", "_met"))
    return node.each == "all" and (many or node.name.startswith("learn_"))


def serial(node: Node) -> bool:
    """Whether a node is one task, however large the corpus is."""
    return node.each == "all" and not by_key(node) and node.name != "export"


@dataclass(frozen=True)
class Step:
    """A node's tasks: seconds of each; of one that goes by shard, of one task, and how many there are."""

    node: Node
    seconds: tuple[float, ...]
    shards: int = 0

    @property
    def tasks(self) -> int:
        return self.shards if self.node.each == "shard" else len(self.seconds)

    @property
    def work(self) -> float:
        return sum(self.seconds) * (self.shards if self.node.each == "shard" else 1)


def waves(plan: Plan) -> dict[str, int]:
    """The wave of each node: a step that is planned once ends the one before it, and begins the next."""
    found: dict[str, int] = {}
    for node in plan.nodes:
        before = (plan.node(name) for name in node.after)
        found[node.name] = max((found[b.name] + ("all" in (b.each, node.each)) for b in before), default=0)
    return found


def wall_seconds(plan: Plan, steps: Sequence[Step], workers: int) -> dict[str, float]:
    """Seconds of each node: of a wave's time, its part of the wave's work. Their sum is the time of all."""
    found = waves(plan)
    by_wave: dict[int, list[Step]] = defaultdict(list)
    for step in steps:
        by_wave[found[step.node.name]].append(step)
    told: dict[str, float] = {}
    for held in by_wave.values():
        driven = DRIVER_SECONDS * sum(step.tasks for step in held)
        whole, work = max(_wave(held, workers), driven), sum(step.work for step in held)
        told |= {step.node.name: whole * step.work / work if work else 0.0 for step in held}
    return told


def _wave(steps: Sequence[Step], workers: int) -> float:
    """When the last task of a wave ends, each beginning when a worker is free and its shard's task before it ended."""
    chain = [step for step in steps if step.node.each == "shard"]
    shards = max((step.shards for step in chain), default=0)
    work = sum(step.work for step in steps)
    alone = max((seconds for step in steps if step.node.each == "all" for seconds in step.seconds), default=0.0)
    if shards >= _MANY_TURNS * workers:
        return max(alone, work / workers)
    waiting = deque((seconds, -1) for step in steps if step.node.each == "all" for seconds in step.seconds)
    waiting += ((chain[0].seconds[0], 0) for _ in range(shards))
    running: list[tuple[float, int]] = []
    now = 0.0
    while waiting or running:
        while waiting and len(running) < workers:
            seconds, place = waiting.popleft()
            heapq.heappush(running, (now + seconds, place))
        now, place = heapq.heappop(running)
        if 0 <= place < len(chain) - 1:
            waiting.append((chain[place + 1].seconds[0], place + 1))
    return now


def export_tasks(languages: Sequence[float], text: float) -> list[float]:
    """Parts of the whole of an export that its tasks take; they add up to one.

    `languages` is what each has of the sample's export, in any unit, and `text` the bytes of the whole corpus.
    """
    every = sum(languages)
    if not every:
        return [1.0]
    parts = [max(1, math.ceil(held / every * text / EXPORT_PART)) for held in languages]
    return [held / every / count for held, count in zip(languages, parts, strict=True) for _ in range(count)]
