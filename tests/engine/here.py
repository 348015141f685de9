"""A runner that works in this process, so that a test can break what a task calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from weft.engine.build import RunResult, run
from weft.engine.local import run_task
from weft.engine.work import Outcome, Task
from weft.recipe import Recipe


class Here:
    def __init__(self, root: Path) -> None:
        self._root, self._waiting = str(root), deque[Task]()

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    busy = 0
    """A task begins and ends within `outcomes`."""

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        if begin:
            yield run_task(self._root, self._waiting.popleft())

    def close(self) -> None:
        pass


def run_here(recipe: Recipe, into: Path, *, only: str | None = None) -> RunResult:
    """A build without a worker, whose start takes a second; for tests that say nothing of workers."""
    return run(recipe, into, runner=Here(into), only=only)
