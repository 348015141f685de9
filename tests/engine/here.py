"""A runner that works in this process, so that a test can break what a task calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from weft.engine.local import run_task
from weft.engine.work import Outcome, Task


class Here:
    def __init__(self, root: Path) -> None:
        self._root, self._waiting = str(root), list[Task]()

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    def outcomes(self) -> Iterator[Outcome]:
        tasks, self._waiting = self._waiting, []
        for task in tasks:
            yield run_task(self._root, task)

    def close(self) -> None:
        pass
