"""Where the local runner's GPU tasks run: one process for each device, beside the workers.

So a model lies on a device once, tasks of models and of cores overlap, and cores never wait for a device.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from weft.engine.work import Outcome, Task

VISIBLE = "CUDA_VISIBLE_DEVICES"
Open = Callable[[dict[str, str]], ProcessPoolExecutor]
"""Opens a pool of one process that starts with these variables."""
Run = Callable[[str, Task], Outcome]


def devices() -> list[str | None]:
    """What each process gets as CUDA_VISIBLE_DEVICES: one device of those that this process may use.

    Where there is none, one process that is given none: its tasks say what they miss.
    """
    given = os.environ.get(VISIBLE)
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip()] or [None]
    try:
        count = int(importlib.import_module("torch").cuda.device_count())
    except ImportError:
        count = 0
    return [str(number) for number in range(count)] or [None]


class DeviceLane:
    """Processes of one device each, of which each runs one task at a time."""

    def __init__(self, open_pool: Open) -> None:
        self._open = open_pool
        self._devices = devices()
        self._pools: dict[int, ProcessPoolExecutor] = {}
        self._free = list(range(len(self._devices)))[::-1]
        self._places: dict[Future[Outcome], int] = {}

    @property
    def full(self) -> bool:
        """Whether every device has a task."""
        return not self._free

    def submit(self, call: Run, root: str, task: Task) -> Future[Outcome]:
        """Run a task on a device that has none; its process starts with the first."""
        place = self._free.pop()
        try:
            future = self._pool(place).submit(call, root, task)
        except BrokenProcessPool:  # it died while it had nothing to do
            self._pools.pop(place).shutdown(wait=False)
            future = self._pool(place).submit(call, root, task)
        self._places[future] = place
        return future

    def _pool(self, place: int) -> ProcessPoolExecutor:
        if place not in self._pools:
            device = self._devices[place]
            self._pools[place] = self._open({} if device is None else {VISIBLE: device})
        return self._pools[place]

    def ended(self, future: Future[Outcome]) -> None:
        """The device of this task takes another one, in a new process if its own died."""
        place = self._places.pop(future)
        if isinstance(future.exception(), BrokenProcessPool):
            self._pools.pop(place).shutdown(wait=False, cancel_futures=True)
        self._free.append(place)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._pools = {}
