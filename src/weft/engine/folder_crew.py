"""Workers that build a folder together: who is alive, and who has which task, as lease files."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from weft.engine import crew, leases
from weft.engine.leases import Leases, Seen
from weft.engine.storage import Storage
from weft.engine.work import Task


class FolderCrew:
    """One worker's part: its own lease and those of its tasks."""

    def __init__(self, storage: Storage, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds
        self.guard: Path | None = None
        """In a folder each process asks for the lease of its task."""
        self.ahead = 0.0
        """Seconds by which the clock of the file system is ahead of this machine's."""
        self._storage = storage
        self._members: Leases | None = None
        self._tasks: Leases | None = None

    def joining(self) -> AbstractContextManager[list[Seen]]:
        """The workers that are there already, while nobody else comes. Raises WeftError when a run builds there."""
        return crew.joining(self._storage)

    def begin(self) -> None:
        """Forget what dead workers left; no worker is alive, and this one is about to be the first."""
        crew.begin(self._storage)

    def agree(self, others: list[Seen], mark: str) -> None:
        """Raises WeftError when workers that are alive have another plan."""
        crew.agree_among(str(self._storage.root), others, mark)

    def enter(self, mark: str) -> None:
        """Become a member."""
        self._members = Leases(self._storage.path(crew.WORKERS), self.name, self.seconds)
        now = leases.clock(self._members.folder)
        # What leases say of times is by the clock of the file system, for readers on any machine.
        self.ahead = now - time.time()
        self._members.take(self.name, role="worker", plan=mark, tasks=0, began=now)
        self._tasks = Leases(self._storage.path(crew.TASKS), self.name, self.seconds)

    def tell(self, tasks: int) -> None:
        """Say how many tasks were done."""
        assert self._members is not None
        self._members.tell(self.name, tasks=tasks)

    @property
    def alive(self) -> bool:
        """Whether others count on this worker still: it was renewed in time."""
        return self._members is not None and self._members.mine(self.name)

    def room(self, room: int, free: int) -> int:
        """How many tasks to take where `room` could begin."""
        return room

    def taken(self) -> set[str]:
        """Keys of tasks that somebody has, or had."""
        return set(os.listdir(self._held.folder))

    def claim(self, tasks: Sequence[Task]) -> list[Task]:
        """Those of some tasks that are now this worker's: they were free, or their worker is dead."""
        began = time.time() + self.ahead
        return [task for task in tasks if self._held.take(task.key, node=task.node, shard=task.shard, began=began)]

    def attempt(self, key: str) -> int:
        """How many workers have had a task of this worker, with it."""
        return self._held.attempt(key)

    def mine(self, key: str) -> bool:
        """Whether a task is still this worker's."""
        return self._held.mine(key)

    def release(self, key: str) -> None:
        """Give a task back."""
        self._held.release(key)

    def fail(self, key: str, reason: str) -> None:
        """Tell all workers that a task failed for good."""
        crew.fail(self._storage, key, reason)

    def failures(self) -> dict[str, str]:
        """Reasons of tasks that failed for good since the first worker came."""
        return crew.failures(self._storage)

    def close(self) -> None:
        """Give everything back."""
        for held in (self._members, self._tasks):
            if held is not None:
                held.close()

    @property
    def _held(self) -> Leases:
        assert self._tasks is not None
        return self._tasks
