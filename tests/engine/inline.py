"""A runner that runs every task in this process: for tests of what tasks give, where processes would only cost time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from weft.engine.local import open_worker, run_task
from weft.engine.service_loop import _opened
from weft.engine.work import Outcome, Task, unheard


class InlineRunner:
    """Runs tasks one after the other, in the order in which they come."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._tasks: deque[Task] = deque()
        self.begun: Callable[[Task], None] = unheard

    @property
    def busy(self) -> int:
        return 0

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def outcomes(self, *, begin: bool = True) -> Iterator[Outcome]:
        while self._tasks:
            task = self._tasks.popleft()
            self.begun(task)
            yield run_task(self._root, task)

    def close(self) -> None:
        """As a process that ends: what it held open is closed, and nobody finds it again."""
        _opened(self._root).close()
        _opened.cache_clear()
        open_worker.cache_clear()
