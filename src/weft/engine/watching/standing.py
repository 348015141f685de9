"""How far a run is: counts by node, what runs now, what took longest, what failed, how fast it goes."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from weft.engine.watching.events import About, Quiet
from weft.engine.watching.lines import told_of
from weft.engine.work import Outcome, Task

WINDOW = 60.0
"""Seconds over which rates are taken."""
SLOWEST, FAILURES, RUNNING = 5, 10, 256
_ELSEWHERE = "on another worker, whose log says why"


@dataclass
class Count:
    """Tasks of a node and what they read and wrote; `expected` counts those that cannot be planned yet as one each."""

    node: str
    stage: str
    expected: int = 0
    planned: int = 0
    cached: int = 0
    done: int = 0
    failed: int = 0
    retried: int = 0
    running: int = 0
    rows: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def over(self) -> int:
        """Tasks with which this run has nothing more to do."""
        return self.cached + self.done + self.failed


class Standing(Quiet):
    """Counts what happens. One thread tells it, others may ask."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._guard = threading.RLock()  # a signal may come while it is held
        self._counts: dict[str, Count] = {}
        self._running: dict[tuple[str, int], tuple[float, int]] = {}
        self._slowest: list[tuple[float, str, int]] = []
        self._failures: deque[dict[str, Any]] = deque(maxlen=FAILURES)
        self._samples: deque[tuple[float, dict[str, Counter[str]]]] = deque()
        self._began = clock()
        self.changes = 0
        """Grows whenever something happened."""

    def began(self, about: About) -> None:
        with self._guard:
            self._began = self._clock()
            for name, stage, each in about.nodes:
                self._counts[name] = Count(name, stage, about.shards if each == "shard" else 1)
            self._samples.append((self._began, self._by_stage()))

    def planned(self, node: str, stage: str, tasks: int, cached: int, size: int) -> None:
        with self._guard:
            held = self._count(node, stage)
            # Until now this shard (or the whole node) was expected to have one task.
            held.expected += tasks - 1 if held.expected else tasks
            held.planned += tasks
            held.cached += cached
            self.changes += 1

    def started(self, task: Task) -> None:
        with self._guard:
            _, attempt = self._running.get((task.node, task.shard), (0.0, 0))
            if not attempt:
                self._count(task.node).running += 1
            self._running[(task.node, task.shard)] = (self._clock(), attempt + 1)
            self.changes += 1

    def took(self, outcome: Outcome, attempt: int, again: bool) -> None:
        task, entries = outcome.task, outcome.entries
        with self._guard:
            held = self._count(task.node)
            if self._running.pop((task.node, task.shard), None) is not None:
                held.running -= 1
            self.changes += 1
            if outcome.failure is not None:
                held.retried += again
                held.failed += not again
                told = _ELSEWHERE if outcome.elsewhere else told_of(outcome.failure, outcome.cause)["reason"]
                place = {"node": task.node, "shard": task.shard, "attempt": attempt, "final": not again}
                self._failures.append(place | {"at": self._clock(), "reason": told, "worker": outcome.worker})
                return
            seconds = sum(entry.seconds for entry in entries)
            held.done += 1
            held.rows += max((int(entry.counts.get("rows_in", 0)) for entry in entries), default=0)
            held.read_bytes += task.size
            held.written_bytes += sum(int(file["bytes"]) for entry in entries for file in entry.files)
            held.seconds += seconds
            held.cpu_seconds += sum(entry.cpu_seconds for entry in entries)
            push = heapq.heappush if len(self._slowest) < SLOWEST else heapq.heappushpop
            push(self._slowest, (seconds, task.node, task.shard))

    def _count(self, node: str, stage: str = "") -> Count:
        return self._counts.setdefault(node, Count(node, stage))

    def ratio(self) -> float:
        """The share of all tasks, those expected among them, with which the run has nothing more to do; 0 to 1."""
        with self._guard:
            return self._ratio()

    def _ratio(self) -> float:
        expected = sum(max(held.expected, held.over) for held in self._counts.values())
        return sum(held.over for held in self._counts.values()) / expected if expected else 0.0

    def running(self, node: str) -> int:
        """Tasks of a node that run now."""
        with self._guard:
            return self._count(node).running

    def counts(self) -> list[Count]:
        """A copy of the counts of each node, in the order of the plan."""
        with self._guard:
            return [Count(**asdict(held)) for held in self._counts.values()]

    def told(self) -> dict[str, Any]:
        """All of it as plain values; times are seconds of this process's clock."""
        with self._guard:
            now = self._clock()
            rates = self._rates(now)
            eta, later = self._remaining(now)
            running = sorted(self._running.items(), key=lambda item: item[1][0])[:RUNNING]
            return {
                "nodes": [asdict(held) for held in self._counts.values()],
                "progress": round(self._ratio(), 4),
                "eta_seconds": eta,
                "nodes_not_begun": later,
                "rates": rates,
                "running": [
                    {"node": node, "shard": shard, "began": round(began, 1)} for (node, shard), (began, _) in running
                ],
                "slowest": [
                    {"node": node, "shard": shard, "seconds": round(seconds, 2)}
                    for seconds, node, shard in sorted(self._slowest, reverse=True)
                ],
                "failures": list(self._failures),
            }

    def _by_stage(self) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {}
        for held in self._counts.values():
            told = found.setdefault(held.stage, Counter())
            told.update({"tasks": held.done, "rows": held.rows, "bytes": held.read_bytes})
        return found

    def _rates(self, now: float) -> dict[str, dict[str, float]]:
        """Tasks, rows and bytes a second of each stage over the last minute, or since the run began."""
        present = self._by_stage()
        if not self._samples or now - self._samples[-1][0] >= 1:
            self._samples.append((now, present))
        while len(self._samples) > 1 and now - self._samples[1][0] >= WINDOW:
            self._samples.popleft()
        then, before = self._samples[0]
        spent = max(now - then, 1e-9)
        return {
            stage: {
                name: round((count - before.get(stage, Counter())[name]) / spent, 3) for name, count in held.items()
            }
            for stage, held in present.items()
        }

    def _remaining(self, now: float) -> tuple[float | None, list[str]]:
        """Seconds that nodes with some task done still take, at the speed so far; and the nodes with none."""
        spent = now - self._began
        done = sum(held.seconds for held in self._counts.values())
        open_nodes = [held for held in self._counts.values() if held.expected > held.over]
        later = [held.node for held in open_nodes if not held.done]
        if not done or spent <= 0:
            return None, later
        left = sum((held.expected - held.over) * held.seconds / held.done for held in open_nodes if held.done)
        return round(left * spent / done, 1), later
