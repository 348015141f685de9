"""A runner that works in this process, so that a test can break what a task calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from weft.engine.local import run_task
from weft.engine.work import Outcome, Task


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
